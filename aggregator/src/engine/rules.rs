//! What the engine needs to know of a scenario.

use std::time::Duration;

use starloom_comms::collective::RoundPlanner;
use starloom_comms::contacts::ContactPlan;
use starloom_comms::id::NodeId;
use starloom_comms::scenario::Scenario;
use starloom_comms::units::MissionTime;

use super::passes::Passes;

/// The rules of a job. All times are on the engine's own clock.
#[derive(Debug, Clone)]
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
    /// What makes the schedules of rounds.
    pub planner: RoundPlanner,
    /// Mission time that nodes are expected to compute for, from the opening of a round to their contributions.
    pub lead: Duration,
    /// How the engine's clock runs against the mission's.
    pub pace: Pace,
}

/// How the engine's clock runs against the mission's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Mission time when the engine's clock stands at zero.
    pub begin: MissionTime,
    /// Mission seconds in a second of the engine's clock; positive and finite.
    pub time_scale: f64,
}

impl Pace {
    /// Mission time at a reading of the engine's clock.
    #[must_use]
    pub fn mission(&self, now: Duration) -> MissionTime {
        self.begin + scaled(now, self.time_scale)
    }

    /// How long a span of mission time takes on the engine's clock.
    #[must_use]
    pub fn engine(&self, mission: Duration) -> Duration {
        scaled(mission, 1.0 / self.time_scale)
    }
}

/// Exact where one clock is as fast as the other.
fn scaled(span: Duration, by: f64) -> Duration {
    if (by - 1.0).abs() < f64::EPSILON {
        return span;
    }
    Duration::try_from_secs_f64(span.as_secs_f64() * by).unwrap_or(Duration::MAX)
}

impl Rules {
    /// The rules of `scenario`, whose `planned` contacts the job plans by, on a clock of this pace.
    #[must_use]
    pub fn of(scenario: &Scenario, planned: &ContactPlan, pace: Pace) -> Self {
        let Scenario { training, checkpoint, aggregator, round, job, .. } = scenario;
        let per_step = u64::from(training.batch_size).saturating_mul(u64::from(training.accumulation));
        let lead = if job.moves_bytes_only() { job.compute * training.inner_steps } else { Duration::ZERO };
        Self {
            nodes: scenario.nodes(),
            relays: scenario.relays(),
            rounds: training.rounds,
            samples_per_node: per_step.saturating_mul(u64::from(training.inner_steps)),
            checkpoint_every: checkpoint.every_rounds,
            round_deadline: pace.engine(round.deadline),
            attempts: round.attempts,
            landing_deadline: pace.engine(checkpoint.landing_deadline),
            suspect_after: aggregator.suspect_after,
            join_deadline: aggregator.join_deadline,
            min_nodes: aggregator.min_nodes,
            passes: Passes::of(scenario, planned, pace),
            planner: RoundPlanner::of(scenario, planned),
            lead,
            pace,
        }
    }

    /// Pause before an attempt that failed is tried again with the same roster, after `failures` in a row.
    pub(super) fn pause(&self, failures: u32) -> Duration {
        let first = self.suspect_after / 40;
        (first * 2_u32.saturating_pow(failures.saturating_sub(1).min(8))).min(self.suspect_after)
    }
}
