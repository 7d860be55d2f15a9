//! Which schedule an attempt runs by: planned here for an instant, and by every node for the same.

use std::sync::Arc;
use std::time::Duration;

use starloom_comms::collective::{PlanError, RoundPlan};
use starloom_comms::control::View;
use starloom_comms::events::What;
use starloom_comms::id::{Attempt, Round};
use starloom_comms::units::MissionTime;

use super::Engine;

/// About what an opening is on the wire.
const OPENING_BYTES: u64 = 1024;

impl Engine {
    /// The plan of an attempt that begins now in `view`. Nodes are expected to contribute after [`lead`](super::Rules::lead).
    pub(super) fn plan(&self, now: Duration, view: &View) -> Result<Arc<RoundPlan>, PlanError> {
        let elements = usize::try_from(self.durable.elements).unwrap_or(usize::MAX);
        let ready = self.ready(now, view).into_iter().max();
        self.rules.planner.from(view, elements, ready.unwrap_or_else(|| self.rules.pace.mission(now)))
    }

    /// When each of a view is expected to be ready, if the attempt is opened now.
    fn ready(&self, now: Duration, view: &View) -> Vec<MissionTime> {
        let heard = self.rules.planner.heard(view, self.rules.pace.mission(now), OPENING_BYTES);
        heard.into_iter().map(|heard| heard + self.rules.lead).collect()
    }

    /// Says what the open attempt is planned to take.
    pub(super) fn emit_plan(&mut self, now: Duration, round: Round, attempt: Attempt, plan: &RoundPlan) {
        let ready = self.ready(now, &self.durable.view);
        let expected = self.rules.planner.expected(plan, &ready);
        self.emit(What::RoundPlanned {
            round,
            attempt,
            strategy: plan.schedule.strategy().to_owned(),
            at_secs: plan.stamp.at.as_secs_f64(),
            predicted_secs: expected.as_secs_f64(),
        });
    }

    /// Ends a job whose members cannot all reach each other any more.
    pub(super) fn give_up_unplanned(&mut self, round: Round, error: &PlanError) {
        self.give_up(format!("there is no schedule for round {round}: {error}"));
    }
}
