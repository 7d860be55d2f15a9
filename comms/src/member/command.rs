//! What a member wants done, and why it may be unable to go on.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use crate::control::{NodeMessage, Report, Then, View};
use crate::events::{Phase, What};
use crate::id::{Attempt as AttemptNumber, Digest, NodeId, Round, ViewId};

/// What a member wants done, in this order.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Tell the aggregator.
    Send(NodeMessage),
    /// Hold lanes to exactly these peers.
    Connect(BTreeMap<NodeId, SocketAddr>),
    /// Dial a peer whose lane is down again.
    Redial(NodeId),
    /// Read no further on the lane from this peer.
    Pause(NodeId),
    /// Read on.
    Resume(NodeId),
    /// The job has begun; the first round's samples are dealt to this roster.
    Opened(View),
    /// A round is committed.
    Agreed(Box<Agreed>),
    /// A relay has nothing left to carry, and is to leave.
    Unneeded,
    /// Bring this round's checkpoint to the station.
    Deliver(Round),
    /// This round's checkpoint will not be asked for.
    Forget(Round),
    /// This node enters a phase.
    Phase(Round, AttemptNumber, Phase),
    /// Something to report.
    Emit(What),
    /// The member has left: close the control connection once all is sent. The last command.
    Left(Report),
    /// The member cannot go on. The last command.
    Fail(Failure),
}

/// A committed round.
#[derive(Debug, Clone, PartialEq)]
pub struct Agreed {
    /// The round.
    pub round: Round,
    /// The mean over all contributions, weighted by their samples: the same bits on every replica.
    pub mean: Vec<f32>,
    /// Whose samples are in it, and how many. Zero for a refused contribution.
    pub contributors: Arc<[(NodeId, u64)]>,
    /// The roster that the next round's samples are dealt to.
    pub view: View,
    /// Whether there is a next round.
    pub then: Then,
    /// What was agreed.
    pub digest: Digest,
    /// Digest over all rounds agreed so far, this one included.
    pub history: Digest,
}

/// Why a member cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Failure {
    /// It is not, or no longer, a member.
    #[error("the aggregator refuses this node: {reason}")]
    Refused {
        /// Why.
        reason: String,
    },
    /// The aggregator stays away.
    #[error("the aggregator has been out of reach for {patience:?} (`aggregator.patience_secs`)")]
    AggregatorLost {
        /// How long it was waited for.
        patience: Duration,
    },
    /// The job committed something else than what this node computed. It must not go on.
    #[error("round {round} is committed as {committed}, this node computed {computed}: it has diverged and leaves")]
    Diverged {
        /// The round.
        round: Round,
        /// What the others hold.
        committed: Digest,
        /// What this node holds.
        computed: Digest,
    },
    /// A commit of something that this node does not hold.
    #[error("round {round} is committed as {digest}, and this node (round {applied} applied) holds nothing for it")]
    NotPending {
        /// The committed round.
        round: Round,
        /// What is committed.
        digest: Digest,
        /// The last round that this node applied.
        applied: Round,
    },
    /// An attempt at a round that cannot be next here.
    #[error("the aggregator opens round {opened}, and this node has applied round {applied}: {} is next", applied.next())]
    OutOfStep {
        /// The round to run.
        opened: Round,
        /// The last round that this node applied.
        applied: Round,
    },
    /// A roster without this node.
    #[error("view {view} is without this node")]
    NotInView {
        /// The view.
        view: ViewId,
    },
    /// Its schedule is not the one that the others run by.
    #[error(
        "for view {view} this node plans schedule {computed} and the aggregator {told}: they must have the same scenario and the \
         same starloom, built alike"
    )]
    OtherSchedule {
        /// The view.
        view: ViewId,
        /// What came out here.
        computed: Digest,
        /// What came out there.
        told: Digest,
    },
    /// The contact plan does not join the members.
    #[error("no schedule for view {view}: {reason}")]
    NoSchedule {
        /// The view.
        view: ViewId,
        /// Why.
        reason: String,
    },
}
