//! What a node and the aggregator say to each other.
//!
//! The aggregator is off the data path: one [`NodeMessage::Proposal`] per node and round goes up, one
//! [`AggregatorMessage::Commit`] comes down. Everything else is membership, failure and custody.
//!
//! A round in the order of its messages:
//!
//! ```text
//! node        ── Join ──────────────►  aggregator      (once)
//! node        ◄── Open(view, round) ─                  (first round, and after each change of the roster)
//! nodes       ◄══ frames ══►  nodes                    (the collective; never through the aggregator)
//! node        ── Proposal(digest) ──►
//! node        ◄── Commit(digest, view) ─               (all living members hold the same bytes; opens the next round)
//! ```

use std::net::SocketAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::id::{Attempt, Digest, NodeId, Rank, Round, ViewId};
use crate::units::MissionTime;

/// A member of a view and where its links listen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Who.
    pub id: NodeId,
    /// Where its data links listen.
    pub address: SocketAddr,
}

/// A version of the roster. A member's rank is its index in `members`, which are in the order of their ids' slots; the
/// ranks of the relays follow. Clones share both lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// The version.
    pub id: ViewId,
    /// Who contributes and is dealt samples.
    pub members: Arc<[Member]>,
    /// Who carries what others send, and nothing else.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub relays: Arc<[Member]>,
}

impl View {
    /// Members and relays, by their ranks.
    pub fn ranks(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().chain(&*self.relays)
    }

    /// Whether the same nodes have the same ranks in another view.
    #[must_use]
    pub fn has_ranks_of(&self, other: &Self) -> bool {
        let same = |a: &Arc<[Member]>, b: &Arc<[Member]>| {
            Arc::ptr_eq(a, b) || a.len() == b.len() && a.iter().zip(&**b).all(|(a, b)| a.id == b.id)
        };
        same(&self.members, &other.members) && same(&self.relays, &other.relays)
    }

    /// The member or relay of a rank.
    #[must_use]
    pub fn rank(&self, rank: Rank) -> Option<&Member> {
        let index = rank.index();
        self.members.get(index).or_else(|| self.relays.get(index - self.members.len()))
    }

    /// Whether a node is a member or a relay.
    #[must_use]
    pub fn includes(&self, node: &NodeId) -> bool {
        self.ranks().any(|member| member.id == *node)
    }
}

/// For when an attempt is planned, and what came out. Every node makes the schedule by itself, from the same contact plan; one that
/// gets another schedule must not take part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanStamp {
    /// The instant.
    pub at: MissionTime,
    /// [Digest](crate::collective::Schedule::digest) of the schedule.
    pub schedule: Digest,
}

/// What a node has computed and not yet been told to apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// The view that the collective ran in.
    pub view: ViewId,
    /// The round.
    pub round: Round,
    /// The try at it.
    pub attempt: Attempt,
    /// Digest of the agreed mean's encoded bytes.
    pub digest: Digest,
    /// The node's own samples in it; 0 if its contribution was refused.
    pub samples: u64,
    /// Why its own contribution was refused, if it was.
    pub refused: Option<String>,
}

/// The data a node trains on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataInfo {
    /// Samples in it.
    pub samples: u64,
    /// Whether all nodes hold the same data and are dealt parts of it, or each its own.
    pub holding: Holding,
}

/// Who holds which data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holding {
    /// Every node can read every sample; shards are dealt and re-dealt.
    Shared,
    /// Each node has samples that never move.
    Private,
}

/// A node's introduction, at its start and after each lost connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Join {
    /// Where its data links listen.
    pub address: SocketAddr,
    /// The last round it has applied.
    pub committed: Round,
    /// Digest over all agreed means up to `committed`; equal on all replicas.
    pub history: Digest,
    /// The highest attempt it has seen of round `committed + 1`, if any.
    pub attempt: Option<Attempt>,
    /// What it holds for the next round.
    pub pending: Option<Proposal>,
    /// What it trains on.
    pub data: DataInfo,
    /// Elements of the vector it exchanges.
    pub elements: u64,
}

/// What a node reports when it leaves a finished job.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The last round it applied.
    pub committed: Round,
    /// Digest of its common state.
    pub state: Digest,
    /// Mean training loss over its last round.
    pub train_loss: Option<f64>,
    /// Accuracy on the held-out split, if the task measures one.
    pub eval_accuracy: Option<f64>,
    /// Loss on the held-out split, if the task measures one.
    pub eval_loss: Option<f64>,
    /// Bytes of the collective's transfers that it sent, counted as bare `f32`.
    pub raw_bytes: u64,
    /// Bytes handed to links for them: framing included, before TLS.
    pub wire_bytes: u64,
}

/// From a node to the aggregator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum NodeMessage {
    /// "Here I am": the first message on a connection of a node that trains.
    Join(Join),
    /// "Here I am, to carry what others send": the first message on a connection of a relay.
    JoinAsRelay {
        /// Where its data links listen.
        address: SocketAddr,
    },
    /// "I live."
    Heartbeat,
    /// "The collective is complete here; this is what came out."
    Proposal(Proposal),
    /// "This attempt cannot complete here."
    AttemptFailed {
        /// The view of the attempt.
        view: ViewId,
        /// The round.
        round: Round,
        /// The attempt.
        attempt: Attempt,
        /// The peer it broke at, if it is one peer's doing.
        peer: Option<NodeId>,
        /// What happened.
        reason: String,
    },
    /// "The committed state of this round is on my disk, verified."
    CheckpointWritten {
        /// The round.
        round: Round,
        /// Digest of the common state in it.
        state: Digest,
    },
    /// "The station holds this checkpoint, complete and verified."
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
    /// "I cannot deliver the checkpoint of this round."
    CustodyFailed {
        /// The round.
        round: Round,
        /// Why.
        reason: String,
    },
    /// "I have finished, do not wait for me." The node closes its connection after it.
    Leave(Report),
}

/// From the aggregator to a node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AggregatorMessage {
    /// Run this attempt of this round in this view. An earlier attempt of it is void.
    Open {
        /// Who takes part.
        view: View,
        /// The round, the one after the last commit.
        round: Round,
        /// The attempt.
        attempt: Attempt,
        /// Elements of the vector that the members exchange.
        elements: u64,
        /// Which schedule it runs by.
        planned: PlanStamp,
    },
    /// All living members hold the same bytes for this round: apply them, and go on with the next round.
    Commit {
        /// The round.
        round: Round,
        /// The attempt that is agreed.
        attempt: Attempt,
        /// What is agreed.
        digest: Digest,
        /// Whose samples are in it, and how many, in the order of the view of the attempt. Zero for a refused contribution.
        contributors: Arc<[(NodeId, u64)]>,
        /// The roster that the next round's samples are dealt to and its attempt 0 runs in.
        view: View,
        /// Whether and why this is the last round.
        then: Then,
        /// Which schedule the next round's attempt 0 runs by. Nothing after the last round, and if there is none.
        next: Option<PlanStamp>,
    },
    /// You deliver the checkpoint of this round to the station.
    TakeCustody {
        /// The round.
        round: Round,
    },
    /// Nothing is left to do: report and leave.
    Release,
    /// You are not, or no longer, a member. The connection closes after it.
    Refused {
        /// Why, with both values where two disagree.
        reason: String,
    },
}

/// What follows a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// The next round.
    Continue,
    /// No further round: write the checkpoint of this one and wait for [`AggregatorMessage::Release`].
    Finish,
}
