//! What happens to a member.

use super::custody::Landing;
use crate::collective::{Contribution, Frame, FrameError, Tag};
use crate::control::{AggregatorMessage, Report};
use crate::id::{Digest, NodeId, Round};

/// How far an attempt gets at a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Milestone {
    /// The first final numbers are there.
    Gather,
    /// It has the mean, or as a relay has passed on all.
    Complete,
}

/// What happens to a member.
#[derive(Debug)]
pub enum Event {
    /// A control connection is established.
    Connected,
    /// The control connection is lost.
    Disconnected,
    /// The aggregator says something.
    Message(AggregatorMessage),
    /// The trainer gives its vector for the round after the last commit.
    ///
    /// It has as many elements as [`Part::Train`](super::Part::Train) says.
    Contribution(Contribution),
    /// A frame arrived.
    Frame {
        /// On whose lane.
        from: NodeId,
        /// The frame.
        frame: Frame,
    },
    /// An attempt whose numbers are [nowhere](super::Numbers::Nowhere) has got further.
    Progress {
        /// Which attempt.
        tag: Tag,
        /// How far.
        step: Milestone,
    },
    /// A frame arrived damaged and is lost.
    Corrupt {
        /// On whose lane.
        from: NodeId,
        /// What is wrong with it.
        error: FrameError,
    },
    /// The lane to a peer is connected.
    LaneUp {
        /// The peer.
        to: NodeId,
    },
    /// The lane to a peer broke, with the frames on it.
    LaneDown {
        /// The peer.
        to: NodeId,
        /// What happened.
        reason: String,
    },
    /// A peer will not have a lane from here, whenever it is asked.
    LaneRefused {
        /// The peer.
        to: NodeId,
        /// Why.
        reason: String,
    },
    /// The lane from a peer broke, with the frames on it.
    SourceDown {
        /// The peer.
        from: NodeId,
        /// What happened.
        reason: String,
    },
    /// The committed state of a round is on disk, verified.
    CheckpointWritten {
        /// The round.
        round: Round,
        /// Digest of the common state.
        state: Digest,
    },
    /// A delivery is complete.
    Landed {
        /// Of which round's checkpoint.
        round: Round,
        /// What the station says.
        landing: Landing,
    },
    /// A delivery failed for good.
    DeliveryFailed {
        /// Of which round's checkpoint.
        round: Round,
        /// Why.
        reason: String,
    },
    /// The trainer has finished and waits to be released.
    Leave(Report),
    /// A deadline has passed; see [`Member::next_deadline`](super::Member::next_deadline).
    Time,
}
