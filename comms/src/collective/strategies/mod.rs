//! The strategies: each turns a roster and a contact plan into a schedule.
//!
//! A strategy is one file with a pure function `schedule(order, elements)` and a `Strategy` that finds the order.
//! To add one, write its file and its line in `STRATEGIES`; the tests of this module then hold it to the law of all
//! schedules.

pub mod chain;
pub mod ring;
#[cfg(test)]
mod tests;

use super::planner::{PlanError, Request};
use super::schedule::Schedule;
use crate::scenario::StrategyChoice;

/// Every strategy, in the order in which `auto` tries them.
pub(super) const STRATEGIES: &[Strategy] = &[ring::STRATEGY, chain::STRATEGY];

/// A way to make schedules.
pub(super) struct Strategy {
    /// How a scenario chooses it.
    pub(super) choice: StrategyChoice,
    /// Makes the schedule, or says which contacts it lacks.
    pub(super) plan: fn(&Request<'_>) -> Result<Schedule, PlanError>,
}
