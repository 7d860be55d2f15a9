//! From a roster and a contact plan to a schedule: which strategy, and in which order of the ranks.

mod path;
#[cfg(test)]
mod tests;

use thiserror::Error;

use super::schedule::Schedule;
use super::strategies::STRATEGIES;
use super::verify::verify;
use crate::contacts::ContactPlan;
use crate::id::{NodeId, Rank};
use crate::scenario::StrategyChoice;
use crate::units::MissionTime;

/// Makes the schedule of an all-reduce over `elements` numbers among `members`, whose ranks are their indices, from
/// `at` on.
///
/// `auto` takes the first strategy that the contact plan has the contacts for: the ring in the order of the roster,
/// or else a chain. All nodes with the same arguments get the same schedule.
///
/// # Errors
/// [`PlanError`], naming who cannot reach whom; for `auto` that of the strategy that needs the fewest contacts.
pub fn plan(
    choice: StrategyChoice,
    members: &[NodeId],
    elements: usize,
    plan: &ContactPlan,
    at: MissionTime,
) -> Result<Schedule, PlanError> {
    if members.is_empty() {
        return Err(PlanError::NoMembers);
    }
    let request = Request { members, elements, plan, at };
    let mut outcome = Err(PlanError::NoMembers);
    for strategy in STRATEGIES {
        if outcome.is_err() && (choice == StrategyChoice::Auto || choice == strategy.choice) {
            outcome = (strategy.plan)(&request);
        }
    }
    debug_assert_eq!(outcome.as_ref().map(verify).unwrap_or(Ok(())), Ok(()));
    outcome
}

/// Why there is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlanError {
    /// There is nobody to plan for.
    #[error("a collective without members")]
    NoMembers,
    /// The strategy needs a lane that never has contact.
    #[error("{from} has no contact to {to} after {at}, which the strategy needs")]
    NoContact {
        /// The sender.
        from: NodeId,
        /// The receiver.
        to: NodeId,
        /// From when on.
        at: MissionTime,
    },
    /// The members fall apart into groups that never have contact.
    #[error("after {at} there is no way from {} to {}, not even over other members", names(reached), names(unreached))]
    Apart {
        /// The first member and whom it reaches, over others too.
        reached: Vec<NodeId>,
        /// The others.
        unreached: Vec<NodeId>,
        /// From when on.
        at: MissionTime,
    },
    /// No path visits each member once.
    #[error(
        "found no chain through all members after {at}: one goes along {}, and {} cannot be put into it",
        names(path),
        names(left)
    )]
    NoChain {
        /// The longest path that was found.
        path: Vec<NodeId>,
        /// Who is not on it.
        left: Vec<NodeId>,
        /// From when on.
        at: MissionTime,
    },
}

fn names(nodes: &[NodeId]) -> String {
    nodes.iter().map(NodeId::as_str).collect::<Vec<_>>().join(", ")
}

/// What a strategy plans for.
pub(super) struct Request<'a> {
    /// The roster, by rank; never empty.
    pub(super) members: &'a [NodeId],
    /// Elements of the vector.
    pub(super) elements: usize,
    plan: &'a ContactPlan,
    at: MissionTime,
}

impl Request<'_> {
    /// All ranks in the order of the roster.
    pub(super) fn ranks(&self) -> Vec<Rank> {
        (0..).map(Rank).take(self.members.len()).collect()
    }

    /// Whether `from` ever has contact to `to`.
    pub(super) fn reaches(&self, from: Rank, to: Rank) -> bool {
        let (from, to) = (&self.members[from.index()], &self.members[to.index()]);
        self.plan.next(from, to, self.at).is_some()
    }

    pub(super) fn no_contact(&self, from: Rank, to: Rank) -> PlanError {
        let (from, to) = (self.members[from.index()].clone(), self.members[to.index()].clone());
        PlanError::NoContact { from, to, at: self.at }
    }

    /// A path that visits each member once, along links that ever have contact both ways.
    pub(super) fn path(&self) -> Result<Vec<Rank>, PlanError> {
        let linked = |a: Rank, b: Rank| self.reaches(a, b) && self.reaches(b, a);
        let graph: Vec<Vec<usize>> = self
            .ranks()
            .into_iter()
            .map(|a| self.ranks().into_iter().filter(|&b| a != b && linked(a, b)).map(Rank::index).collect())
            .collect();
        let named = |ranks: &[usize]| ranks.iter().map(|&rank| self.members[rank].clone()).collect::<Vec<_>>();
        let others = |ranks: &[usize]| (0..graph.len()).filter(|rank| !ranks.contains(rank)).collect::<Vec<_>>();
        let reached = path::component(&graph, 0);
        if reached.len() < graph.len() {
            let unreached = named(&others(&reached));
            return Err(PlanError::Apart { reached: named(&reached), unreached, at: self.at });
        }
        match path::through_all(&graph) {
            Ok(path) => Ok(path.into_iter().map(|rank| self.ranks()[rank]).collect()),
            Err(longest) => {
                Err(PlanError::NoChain { path: named(&longest), left: named(&others(&longest)), at: self.at })
            }
        }
    }
}
