//! From a roster and a contact plan to a schedule: which strategy, and how.
//!
//! [`plan`] asks the chosen strategy, or with `auto` all exact ones, for schedules, predicts each with the
//! [cost model](super::cost), and takes the one that completes first. All of it is a function of its arguments in integers: every
//! node that plans for the same [`Task`] gets the same schedule.

mod cycle;
mod error;
pub mod guard;
mod path;
mod request;
mod roots;
mod round;
mod rounds;
#[cfg(test)]
mod test_graphs;
#[cfg(test)]
mod tests;
mod ways;

use std::time::Duration;

use self::request::{Known, Over};
use super::cost::{CostModel, Prediction, predict};
use super::schedule::Schedule;
use super::strategies::{STRATEGIES, Strategy};
use super::verify::verify;
use crate::contacts::ContactPlan;
use crate::id::NodeId;
use crate::scenario::StrategyChoice;
use crate::units::MissionTime;

pub use error::PlanError;
pub(super) use request::Request;
pub(super) use roots::Root;
pub use round::RoundPlan;
pub use rounds::RoundPlanner;

/// An all-reduce to be planned.
#[derive(Debug, Clone, Copy)]
pub struct Task<'a> {
    /// Who contributes: their ranks are their indices.
    pub members: &'a [NodeId],
    /// Who may carry what others send: the ranks behind them.
    pub relays: &'a [NodeId],
    /// Who of them is to add up where one does; nothing for whoever can first.
    pub server: Option<&'a NodeId>,
    /// How often neighbours exchange in gossip.
    pub gossip_rounds: u32,
    /// Elements of the vector.
    pub elements: usize,
    /// How they travel, and what they cost beside that.
    pub model: CostModel,
    /// Who can reach whom, when.
    pub plan: &'a ContactPlan,
    /// When all ranks are ready.
    pub at: MissionTime,
    /// How long before contacts end all should be done with them, as [`guard`] says.
    pub guard: Duration,
}

/// A schedule and what it is predicted to come to.
#[derive(Debug, Clone)]
pub struct Planned {
    /// Sound, and over all relays of its task, though it may not use them.
    pub schedule: Schedule,
    /// By the contact plan that it was made for.
    pub prediction: Prediction,
    /// When every member has the mean.
    pub completes: MissionTime,
}

/// Makes the schedule that completes first, of those that the chosen strategy makes; with `auto` of all exact strategies. One that
/// needs no relays comes before one that is as fast over relays, and one that is done with each contact a [guard](Task::guard) before it
/// ends before one that is a little faster.
///
/// # Errors
/// [`PlanError`], naming who cannot reach whom; for `auto` the one that says most of the contacts: who is apart from whom, or else
/// who has too little contact to whom.
pub fn plan(choice: StrategyChoice, task: &Task<'_>) -> Result<Planned, PlanError> {
    let guarded = if task.guard.is_zero() { None } else { task.plan.guarded(task.guard) };
    let careful = guarded.and_then(|guarded| {
        let planned = first_to_complete(choice, &Task { plan: &guarded, ..*task }).ok()?;
        let is_as_predicted = guard::to_spare(&planned.prediction, &task.nodes(), &guarded, task.at).is_some();
        if is_as_predicted { Some(planned) } else { fastest(choice, vec![planned.schedule], task).ok() }
    });
    let takes = |planned: &Planned| planned.completes.since(task.at);
    let careful = match careful {
        Some(careful) if takes(&careful) <= task.guard => return Ok(careful),
        careful => careful,
    };
    let bold = first_to_complete(choice, task)?;
    Ok(careful.filter(|careful| guard::is_worth_it(takes(careful), takes(&bold))).unwrap_or(bold))
}

/// The schedule that completes first by the contacts of a task, whatever is about to end.
fn first_to_complete(choice: StrategyChoice, task: &Task<'_>) -> Result<Planned, PlanError> {
    if task.members.is_empty() {
        return Err(PlanError::NoMembers);
    }
    let mut best: Result<Planned, PlanError> = Err(PlanError::NoMembers);
    for over in [Over::Members, Over::Relays] {
        if over == Over::Relays && task.relays.is_empty() {
            break;
        }
        let mut request = task.over(over);
        let is_asked_for = |strategy: &&Strategy| {
            strategy.choice == choice || choice == StrategyChoice::Auto && strategy.choice.is_exact()
        };
        for strategy in STRATEGIES.iter().filter(is_asked_for) {
            if over == Over::Relays && !strategy.over_relays {
                continue;
            }
            // What members cannot do without relays says nothing of what they can with them.
            let is_asked_again = over == Over::Members && strategy.over_relays && !task.relays.is_empty();
            if let Ok(best) = &best {
                request.until = request.a_little_after(best.completes.0.saturating_sub(task.at.0));
            }
            let schedules = (strategy.plan)(&request);
            match schedules.and_then(|schedules| fastest(strategy.choice, schedules, task)) {
                Ok(planned) if best.as_ref().is_ok_and(|best| best.completes <= planned.completes) => {}
                Err(_) if is_asked_again => {}
                Err(error) if best.as_ref().map_or_else(PlanError::tells, |_| u8::MAX) >= error.tells() => {}
                outcome => best = outcome,
            }
        }
    }
    let exact = best.as_ref().ok().filter(|planned| planned.schedule.is_exact());
    debug_assert_eq!(exact.map_or(Ok(()), |planned| verify(&planned.schedule)), Ok(()));
    best
}

/// The schedule that completes first.
fn fastest(strategy: StrategyChoice, schedules: Vec<Schedule>, task: &Task<'_>) -> Result<Planned, PlanError> {
    let nodes = task.nodes();
    let mut best = Err(PlanError::Nothing { strategy: strategy.as_str(), at: task.at });
    for schedule in schedules {
        let prediction = predict(&schedule, &nodes, task.plan, task.at, &task.model);
        match prediction.completes.clone() {
            Ok(completes) => {
                if best.as_ref().is_ok_and(|best: &Planned| best.completes <= completes) {
                    continue;
                }
                best = Ok(Planned { schedule, prediction, completes });
            }
            Err(never) if best.is_err() => {
                best = Err(PlanError::Never { strategy: strategy.as_str(), at: task.at, never });
            }
            Err(_) => {}
        }
    }
    best
}

impl<'a> Task<'a> {
    /// The members, and behind them the relays.
    fn nodes(&self) -> Vec<NodeId> {
        self.members.iter().chain(self.relays).cloned().collect()
    }

    fn over(&self, over: Over) -> Request<'a> {
        let Self { members, relays, server, gossip_rounds, elements, model, plan, at, guard: _ } = *self;
        Request {
            members,
            relays,
            server,
            gossip_rounds,
            over,
            elements,
            wire: model.wire,
            plan,
            at,
            until: MissionTime::NEVER,
            known: Known::default(),
        }
    }
}
