//! The states that events tell of: phases of a round, lanes, losses, endings.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where in a round a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The round has opened and nothing is computed yet.
    Open,
    /// Inner steps.
    Compute,
    /// Partial sums travel.
    Reduce,
    /// Agreed segments travel.
    Gather,
    /// The result is complete and waits for the commit.
    Commit,
    /// The committed state is being written.
    Checkpoint,
}

impl Phase {
    /// Every phase, in the order of a round.
    pub const ALL: [Self; 6] = [Self::Open, Self::Compute, Self::Reduce, Self::Gather, Self::Commit, Self::Checkpoint];

    /// Whether a relay enters it as well: it neither trains nor writes.
    #[must_use]
    pub const fn is_of_relays(self) -> bool {
        !matches!(self, Self::Compute | Self::Checkpoint)
    }

    /// The phase as events and scenarios write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Compute => "compute",
            Self::Reduce => "reduce",
            Self::Gather => "gather",
            Self::Commit => "commit",
            Self::Checkpoint => "checkpoint",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The state of a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// Connected and in contact.
    Up,
    /// Connected, and out of contact: frames wait for the next window.
    Waiting,
    /// Not connected.
    Down,
}

/// How a loss was noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossKind {
    /// Its connection broke.
    Connection,
    /// It missed its heartbeats.
    Silence,
    /// It never came, or did not come back after a restart of the aggregator.
    Absence,
    /// It said that it cannot go on, or what it said cannot be so.
    Refused,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Outcome {
    /// All rounds committed and the last checkpoint landed.
    Completed,
    /// Stopped on request, after a checkpoint.
    Interrupted,
    /// All rounds committed, but the last checkpoint did not land in time.
    NotLanded {
        /// What is known about why.
        reason: String,
    },
    /// The job could not go on.
    Failed {
        /// Why.
        reason: String,
    },
}
