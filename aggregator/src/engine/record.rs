//! What the journal keeps: enough to be the same aggregator again.
//!
//! The engine's durable part is a fold over its records ([`super::durable`]): it is the same function that a live
//! engine applies when it writes a record and that a restarted one applies when it reads it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use starloom_comms::control::{AggregatorMessage, DataInfo, PlanStamp, Then, View};
use starloom_comms::events::{LossKind, Outcome};
use starloom_comms::id::{Attempt, Digest, NodeId, Round};

/// One fact, written before anybody is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Record {
    /// A roster is complete and the round after `base` opens. A second one in a journal begins a resumed job: commits
    /// after its `base` are void, because no replica has their state any more.
    Opened {
        /// The last round that all members have applied.
        base: Round,
        /// Their history up to it.
        history: Digest,
        /// Elements of the vector that they exchange.
        elements: u64,
        /// What each of them trains on.
        data: BTreeMap<NodeId, DataInfo>,
        /// The roster.
        view: View,
        /// Nodes of the scenario that are not in it.
        absent: Vec<NodeId>,
    },
    /// A member is gone.
    Lost {
        /// Who.
        node: NodeId,
        /// In which round.
        round: Round,
        /// How it was noticed.
        how: LossKind,
        /// The roster without it.
        view: View,
    },
    /// An attempt is void.
    RolledBack {
        /// The round.
        round: Round,
        /// The attempt.
        attempt: Attempt,
        /// Why.
        reason: String,
    },
    /// All living members hold the same bytes for a round.
    Committed(Commit),
    /// The members have applied rounds that a damaged journal lost.
    Adopted {
        /// The last round that they have applied.
        round: Round,
        /// Their history up to it.
        history: Digest,
    },
    /// A checkpoint is complete and verified on the ground.
    Landed {
        /// The round.
        round: Round,
        /// Digest of `model.safetensors`.
        digest: Digest,
        /// Its size.
        bytes: u64,
        /// Where it lies, relative to the ground store.
        path: String,
    },
    /// Nothing is left to do: members may leave.
    Released,
    /// The job is over.
    Finished {
        /// What came of it.
        outcome: Outcome,
    },
}

/// What all living members agree on; the content of [`AggregatorMessage::Commit`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// The round.
    pub round: Round,
    /// The attempt that is agreed.
    pub attempt: Attempt,
    /// What is agreed.
    pub digest: Digest,
    /// Whose samples are in it, and how many, in the order of the attempt's view.
    pub contributors: Arc<[(NodeId, u64)]>,
    /// The roster that the next round runs in.
    pub view: View,
    /// What follows.
    pub then: Then,
    /// Which schedule the next round's attempt 0 runs by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<PlanStamp>,
}

impl From<Commit> for AggregatorMessage {
    fn from(commit: Commit) -> Self {
        let Commit { round, attempt, digest, contributors, view, then, next } = commit;
        Self::Commit { round, attempt, digest, contributors, view, then, next }
    }
}

impl Record {
    /// The round that the record tells of, where it is void once that round is.
    pub(super) const fn round(&self) -> Option<Round> {
        match self {
            Self::RolledBack { round, .. } | Self::Adopted { round, .. } | Self::Landed { round, .. } => Some(*round),
            Self::Committed(commit) => Some(commit.round),
            Self::Opened { .. } | Self::Lost { .. } | Self::Released | Self::Finished { .. } => None,
        }
    }
}
