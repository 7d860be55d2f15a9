//! Which schedule an attempt runs by: planned here for an instant, and by every node for the same.

use std::sync::Arc;
use std::time::Duration;

use starloom_comms::collective::{PlanError, RoundPlan};
use starloom_comms::control::View;
use starloom_comms::events::What;
use starloom_comms::id::{Attempt, Round};

use super::Engine;

/// About what an opening is on the wire.
const OPENING_BYTES: u64 = 1024;

impl Engine {
    /// The plan of an attempt that begins now in `view`. Nodes are expected to contribute after [`lead`](super::Rules::lead).
    pub(super) fn plan(&self, now: Duration, view: &View) -> Result<Arc<RoundPlan>, PlanError> {
        let elements = usize::try_from(self.durable.elements).unwrap_or(usize::MAX);
        let planner = &self.rules.planner;
        let known = planner.known_to_all(view, self.rules.pace.mission(now), OPENING_BYTES);
        planner.from(view, elements, known + self.rules.lead)
    }

    /// Says what an attempt is planned to take.
    pub(super) fn emit_plan(&mut self, round: Round, attempt: Attempt, plan: &RoundPlan) {
        self.emit(What::RoundPlanned {
            round,
            attempt,
            strategy: plan.schedule.strategy().to_owned(),
            at_secs: plan.stamp.at.as_secs_f64(),
            predicted_secs: plan.predicted.as_secs_f64(),
        });
    }

    /// Ends a job whose members cannot all reach each other any more.
    pub(super) fn give_up_unplanned(&mut self, round: Round, error: &PlanError) {
        self.give_up(format!("there is no schedule for round {round}: {error}"));
    }
}
