//! Schedules for the rounds of a job: planned once, and again when the roster or the contacts ask for it.
//!
//! The aggregator says with each attempt for which instant it is planned, and what came out: a [`PlanStamp`]. Every node plans for
//! that instant by itself and compares. A [`RoundPlanner`] remembers what it has planned, so that attempts and rounds with the
//! same stamp cost nothing, and its clones share that memory.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::guard::{self, GUARD};
use super::round::RoundPlan;
use super::{PlanError, Task, plan};
use crate::codec::Wire;
use crate::collective::cost::{CostModel, predict_from};
use crate::contacts::ContactPlan;
use crate::contacts::routing::{ContactGraph, Query, Relaying, Search};
use crate::control::{Member, View};
use crate::id::NodeId;
use crate::scenario::{Scenario, StrategyChoice};
use crate::units::MissionTime;

/// How many plans are remembered: that of the open round, and those of rosters just before it.
const REMEMBERED: usize = 4;

/// Plans the rounds of one job. Clones share what they remember.
#[derive(Debug, Clone)]
pub struct RoundPlanner {
    strategy: StrategyChoice,
    model: CostModel,
    /// Who adds up where one does.
    server: Option<NodeId>,
    contacts: Arc<ContactPlan>,
    /// How long before contacts end plans are done with them, if that costs little.
    guard: Duration,
    /// From where openings travel, if they do.
    host: Option<Arc<Host>>,
    memory: Arc<Mutex<VecDeque<Arc<RoundPlan>>>>,
}

/// Where the aggregator is among the satellites.
#[derive(Debug)]
struct Host {
    graph: ContactGraph,
    node: u32,
}

impl RoundPlanner {
    /// A planner of all-reduces by `strategy` over `contacts`, that has planned nothing.
    #[must_use]
    pub fn new(strategy: StrategyChoice, model: CostModel, contacts: Arc<ContactPlan>) -> Self {
        Self { strategy, model, server: None, contacts, guard: GUARD, host: None, memory: Arc::default() }
    }

    /// The same planner for a job whose openings travel over the contacts, from the satellite `host`.
    #[must_use]
    pub fn opened_from(self, host: &NodeId) -> Self {
        let graph = ContactGraph::new(&self.contacts);
        let host = graph.index(host).map(|node| Arc::new(Host { graph, node }));
        Self { host, ..self }
    }

    /// When each of a view knows of an opening of `bytes` that leaves now. At once, where openings do not travel; who is out of
    /// reach is not waited for.
    #[must_use]
    pub fn heard(&self, view: &View, now: MissionTime, bytes: u64) -> Vec<MissionTime> {
        let Some(host) = &self.host else { return view.ranks().map(|_| now).collect() };
        let Host { graph, node } = &**host;
        let mut search = Search::new(graph);
        let query = Query { from: *node, ready: now, bytes, relaying: Relaying::StoreAndForward, lost: &[] };
        let arrivals = search.arrivals(&query);
        let heard = |member: &Member| arrivals.at(graph.index(&member.id)?);
        view.ranks().map(|member| heard(member).unwrap_or(now)).collect()
    }

    /// How long a plan's collective is expected to take from when the last rank is ready, where each is ready at its instant. It is
    /// found out once: rounds that share a plan are expected to be alike.
    #[must_use]
    pub fn expected(&self, plan: &RoundPlan, ready: &[MissionTime]) -> Duration {
        let last = ready.iter().copied().max().unwrap_or(plan.stamp.at);
        if ready.iter().all(|instant| *instant == last) {
            return plan.predicted;
        }
        *plan.expected.get_or_init(|| {
            let prediction = predict_from(&plan.schedule, plan.ranks(), &self.contacts, ready, &self.model);
            prediction.completes.map_or(plan.predicted, |completes| completes.since(last))
        })
    }

    /// The planner of a job: `planned` is what it may know of the scenario's contacts. Emulated links that count each byte
    /// several times are planned for as they are.
    #[must_use]
    pub fn of(scenario: &Scenario, planned: &ContactPlan) -> Self {
        let contacts = Arc::new(planned.dilated(scenario.emulation.byte_scale));
        let planner = Self::new(scenario.collective.strategy, CostModel::in_scenario(scenario), contacts);
        Self { server: scenario.collective.server.clone(), guard: guard::in_scenario(scenario), ..planner }
    }

    /// The format that numbers are planned to travel in.
    #[must_use]
    pub const fn wire(&self) -> Wire {
        self.model.wire
    }

    /// The plan for exactly this instant.
    ///
    /// # Errors
    /// [`PlanError`], naming who cannot reach whom.
    pub fn at(&self, view: &View, elements: usize, at: MissionTime) -> Result<Arc<RoundPlan>, PlanError> {
        let known = |plan: &RoundPlan| plan.is_for(view, elements) && plan.stamp.at == at;
        match self.remembered(known) {
            Some(plan) => Ok(plan),
            None => self.make(view, elements, at),
        }
    }

    /// The plan to go by from an instant on: the last one, while its roster is the same and every contact that it uses lasts, or
    /// else a new one for this instant.
    ///
    /// # Errors
    /// [`PlanError`], naming who cannot reach whom.
    pub fn from(&self, view: &View, elements: usize, at: MissionTime) -> Result<Arc<RoundPlan>, PlanError> {
        let good = |plan: &RoundPlan| {
            plan.is_for(view, elements) && plan.stamp.at <= at && at + plan.predicted <= plan.lasts_until
        };
        match self.remembered(good) {
            Some(plan) => Ok(plan),
            None => self.make(view, elements, at),
        }
    }

    fn remembered(&self, is_right: impl Fn(&RoundPlan) -> bool) -> Option<Arc<RoundPlan>> {
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.iter().rev().find(|plan| is_right(plan)).cloned()
    }

    fn make(&self, view: &View, elements: usize, at: MissionTime) -> Result<Arc<RoundPlan>, PlanError> {
        let names = |list: &[Member]| list.iter().map(|member| member.id.clone()).collect::<Vec<NodeId>>();
        let (members, relays) = (names(&view.members), names(&view.relays));
        let task = Task {
            members: &members,
            relays: &relays,
            server: self.server.as_ref(),
            gossip_rounds: 1,
            elements,
            model: self.model,
            plan: &self.contacts,
            at,
            guard: self.guard,
        };
        if !self.strategy.is_exact() {
            return Err(PlanError::Inexact { strategy: self.strategy.as_str() });
        }
        let planned = plan(self.strategy, &task)?;
        let spare = guard::to_spare(&planned.prediction, &[members, relays].concat(), &self.contacts, at);
        let spare = spare.unwrap_or_default();
        // A plan that could not mind the guard is no better when it is made again.
        let lasts_until = planned.completes + spare.checked_sub(self.guard).unwrap_or(spare);
        let plan = Arc::new(RoundPlan::new(view, planned, at, lasts_until));
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.push_back(plan.clone());
        if memory.len() > REMEMBERED {
            memory.pop_front();
        }
        Ok(plan)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contacts::Contact;
    use crate::id::ViewId;
    use crate::units::BitsPerSecond;

    fn view(slots: &[u32]) -> View {
        let member = |slot: &u32| Member { id: NodeId::satellite(*slot), address: ([127, 0, 0, 1], 1).into() };
        View { id: ViewId(1), members: slots.iter().map(member).collect(), relays: Arc::default() }
    }

    /// 0, 1 and 2 see each other; 0 sees 1 no longer from second 100 on.
    fn planner() -> RoundPlanner {
        let contact = |until: f64| Contact {
            start: MissionTime::ZERO,
            end: MissionTime::from_secs_f64(until),
            rate: BitsPerSecond(1_000_000).into(),
            light_time: Duration::from_millis(3).into(),
        };
        let sat = NodeId::satellite;
        let links = [(0, 1, 100.0), (1, 2, 1e6), (0, 2, 1e6)];
        let both = links
            .into_iter()
            .flat_map(|(a, b, until)| [(sat(a), sat(b), contact(until)), (sat(b), sat(a), contact(until))]);
        let contacts = ContactPlan::new(both).expect("a sound plan");
        RoundPlanner::new(StrategyChoice::Auto, CostModel::of(Wire::Fp16), Arc::new(contacts))
    }

    #[test]
    fn rounds_share_a_plan_until_a_contact_is_about_to_end_or_the_roster_changes() {
        let (planner, secs) = (planner(), MissionTime::from_secs_f64);
        let all = view(&[0, 1, 2]);
        let first = planner.from(&all, 1000, secs(5.0)).expect("a plan");
        assert!(Arc::ptr_eq(&first, &planner.from(&all, 1000, secs(30.0)).expect("a plan")));
        let careful = planner.from(&all, 1000, secs(50.0)).expect("a plan");
        assert_eq!(careful.stamp.at, secs(50.0), "the contact ends within a minute");
        let late = planner.from(&all, 1000, secs(99.99)).expect("a plan");
        assert!(Arc::ptr_eq(&careful, &late), "it does without that contact");
        let fewer = planner.from(&view(&[1, 2]), 1000, secs(6.0)).expect("a plan");
        assert_eq!((fewer.stamp.at, fewer.schedule.ranks()), (secs(6.0), 2));
        assert_ne!(planner.from(&all, 1001, secs(7.0)).expect("a plan").stamp.at, first.stamp.at);
    }

    #[test]
    fn openings_that_travel_are_heard_later_and_by_some_before_others() {
        let (planner, secs) = (planner(), MissionTime::from_secs_f64);
        let all = view(&[0, 1, 2]);
        assert_eq!(planner.heard(&all, secs(150.0), 1000), [secs(150.0); 3], "they do not travel");
        let planner = planner.opened_from(&NodeId::satellite(0));
        // From second 100 on, 0 reaches 1 by way of 2: two hops of 8 ms and 3 ms each.
        let heard = planner.heard(&all, secs(150.0), 1000);
        assert_eq!(heard, [secs(150.0), secs(150.022), secs(150.011)]);
        let plan = planner.from(&all, 1000, secs(150.022)).expect("a plan");
        assert_eq!(planner.expected(&plan, &[secs(150.022); 3]), plan.predicted);
        let expected = planner.expected(&plan, &heard);
        assert!(expected <= plan.predicted && expected > Duration::ZERO, "who hears first begins first: {expected:?}");
    }

    #[test]
    fn who_plans_for_the_same_instant_gets_the_same_stamp() {
        let at = MissionTime::from_secs_f64(5.0);
        let stamp = |planner: RoundPlanner| planner.at(&view(&[0, 1, 2]), 1000, at).expect("a plan").stamp;
        assert_eq!(stamp(planner()), stamp(planner()));
        let nobody = planner().at(&view(&[]), 1000, at).map(|plan| plan.stamp);
        assert!(matches!(nobody, Err(PlanError::NoMembers)), "{nobody:?}");
    }
}
