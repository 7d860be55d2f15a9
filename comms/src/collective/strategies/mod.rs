//! The strategies: each turns a roster and a contact plan into a schedule.
//!
//! A strategy is one file with a pure function that makes schedules, and a `Strategy` that finds what it needs in the contacts.
//! To add one, write its file, its `pub mod`, its line in `STRATEGIES` and its word in `StrategyChoice`; the tests of this module then hold it to the law of all
//! schedules.

pub mod chain;
pub mod contact_gather;
pub mod contact_ring;
pub mod contact_tree;
#[cfg(test)]
mod feedback_tests;
pub mod gossip;
pub mod halving_doubling;
pub mod hierarchical;
#[cfg(test)]
mod law_tests;
pub mod parameter_server;
pub mod ring;
#[cfg(test)]
mod tests;

use super::planner::{PlanError, Request};
use super::schedule::Schedule;
use crate::id::Rank;
use crate::scenario::StrategyChoice;

/// Every strategy, in the order in which `auto` tries them.
pub(super) const STRATEGIES: &[Strategy] = &[
    ring::STRATEGY,
    chain::STRATEGY,
    hierarchical::STRATEGY,
    halving_doubling::STRATEGY,
    contact_ring::STRATEGY,
    contact_gather::STRATEGY,
    contact_tree::STRATEGY,
    parameter_server::STRATEGY,
    gossip::STRATEGY,
];

/// A way to make schedules.
pub(super) struct Strategy {
    /// How a scenario chooses it.
    pub(super) choice: StrategyChoice,
    /// Whether it leads over relays, where there are some: else it makes the same schedules without them.
    pub(super) over_relays: bool,
    /// Makes one or several schedules, of which the first to complete is taken, or says which contacts it lacks.
    pub(super) plan: fn(&Request<'_>) -> Result<Vec<Schedule>, PlanError>,
}

/// A rank by its index.
fn rank(index: usize) -> Rank {
    Rank(u32::try_from(index).unwrap_or(u32::MAX))
}
