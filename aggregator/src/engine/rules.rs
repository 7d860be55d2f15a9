//! What the engine needs to know of a scenario.

use std::time::Duration;

use starloom_comms::id::NodeId;
use starloom_comms::net::clock::MissionClock;
use starloom_comms::orbit::PropagationError;
use starloom_comms::scenario::Scenario;

use super::passes::Passes;

/// The rules of a job. All times are on the engine's own clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// The nodes of the scenario; members of every view are in this order.
    pub nodes: Vec<NodeId>,
    /// Those that carry what the nodes send; relays of every view are in this order.
    pub relays: Vec<NodeId>,
    /// Rounds to commit.
    pub rounds: u64,
    /// Samples that a round issues to each node.
    pub samples_per_node: u64,
    /// Rounds from one checkpoint to the next; 0 for the last round alone.
    pub checkpoint_every: u64,
    /// How long an attempt may take.
    pub round_deadline: Duration,
    /// Attempts at a round with one roster, at least 1.
    pub attempts: u32,
    /// How long the last checkpoint may take to land.
    pub landing_deadline: Duration,
    /// How long a member may be silent.
    pub suspect_after: Duration,
    /// How long to wait for all nodes at the start, and for their reports at the end.
    pub join_deadline: Duration,
    /// Members below which the job fails, at least 1.
    pub min_nodes: u32,
    /// When whom passes the ground.
    pub passes: Passes,
}

impl Rules {
    /// The rules of `scenario` on a wall clock that begins with this call; `clock` says how much of that a mission second takes.
    ///
    /// # Errors
    /// [`PropagationError`] if a satellite does not stay up.
    pub fn of(scenario: &Scenario, clock: &MissionClock) -> Result<Self, PropagationError> {
        let Scenario { training, checkpoint, aggregator, round, .. } = scenario;
        let per_step = u64::from(training.batch_size).saturating_mul(u64::from(training.accumulation));
        Ok(Self {
            nodes: scenario.nodes(),
            relays: scenario.relays(),
            rounds: training.rounds,
            samples_per_node: per_step.saturating_mul(u64::from(training.inner_steps)),
            checkpoint_every: checkpoint.every_rounds,
            round_deadline: clock.wall(round.deadline),
            attempts: round.attempts,
            landing_deadline: clock.wall(checkpoint.landing_deadline),
            suspect_after: aggregator.suspect_after,
            join_deadline: aggregator.join_deadline,
            min_nodes: aggregator.min_nodes,
            passes: Passes::of(scenario, clock)?,
        })
    }

    /// Pause before an attempt that failed is tried again with the same roster, after `failures` in a row.
    pub(super) fn pause(&self, failures: u32) -> Duration {
        let first = self.suspect_after / 40;
        (first * 2_u32.saturating_pow(failures.saturating_sub(1).min(8))).min(self.suspect_after)
    }
}
