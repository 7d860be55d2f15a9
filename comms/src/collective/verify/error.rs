//! What can be wrong with a schedule.

use thiserror::Error;

use super::super::frame::Kind;
use super::super::schedule::Step;
use crate::id::Rank;

/// What is wrong with a schedule.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum VerifyError {
    /// The segments do not follow each other from element 0, or a schedule has none.
    #[error("segment {segment} starts at element {start} and should start at {expected}")]
    Segments {
        /// The segment.
        segment: usize,
        /// Where it starts.
        start: usize,
        /// Where the one before it ends.
        expected: usize,
    },
    /// A share is not merged from earlier ones that are part of no other.
    #[error(
        "share {share} of segment {segment} is merged from itself, from a later share or from one that is merged elsewhere"
    )]
    Share {
        /// The segment.
        segment: u32,
        /// The share.
        share: u32,
    },
    /// A step names a rank, segment or share that does not exist, its own rank as a peer, or a share that is made otherwise.
    #[error("step {index} of rank {rank} names a rank, segment or share that it cannot: {step:?}")]
    Reference {
        /// Whose step.
        rank: Rank,
        /// Its place in the program.
        index: usize,
        /// The step.
        step: Step,
    },
    /// A step's `after` is not the number of partial sums of its segment that come before it.
    #[error("step {index} of rank {rank} waits for {} partial sums of its segment, and {expected} come before it", step.after)]
    After {
        /// Whose step.
        rank: Rank,
        /// Its place in the program.
        index: usize,
        /// The step.
        step: Step,
        /// Partial sums of the segment that come before it.
        expected: u32,
    },
    /// What one end of a lane sends is not what the other end receives.
    #[error("message {index} from rank {from} to rank {to} is sent as {sent:?} and received as {received:?}")]
    Lane {
        /// The sender.
        from: Rank,
        /// The receiver.
        to: Rank,
        /// Its place on the lane.
        index: usize,
        /// Segment, share and kind as sent, if it is sent.
        sent: Option<(u32, u32, Kind)>,
        /// Segment, share and kind as received, if it is received.
        received: Option<(u32, u32, Kind)>,
    },
    /// A contribution would be added to itself.
    #[error("rank {rank} gets the contribution of rank {contribution} to segment {segment} twice")]
    Twice {
        /// Where.
        rank: Rank,
        /// Of which segment.
        segment: u32,
        /// Whose contribution.
        contribution: Rank,
    },
    /// A partial sum without any contribution in it is sent.
    #[error("rank {rank} sends on segment {segment} and holds nothing of it")]
    Nothing {
        /// The sender.
        rank: Rank,
        /// The segment.
        segment: u32,
    },
    /// A mean is made of less than all contributions, or a partial sum is never passed on.
    #[error("rank {rank} has segment {segment} without the contribution of rank {contribution}")]
    Missing {
        /// Where.
        rank: Rank,
        /// Of which segment.
        segment: u32,
        /// Whose contribution, for example.
        contribution: Rank,
    },
    /// Two ranks, or one rank twice, make a share of what they hold.
    #[error("ranks {first} and {second} both own share {share} of segment {segment}")]
    Owners {
        /// The segment.
        segment: u32,
        /// The share.
        share: u32,
        /// An owner.
        first: Rank,
        /// Another, or the same.
        second: Rank,
    },
    /// A rank gets a share of the mean that it needs other than once, or one that it does not need twice.
    #[error("rank {rank} gets share {share} of the mean of segment {segment} {times} times")]
    Finals {
        /// Where.
        rank: Rank,
        /// Of which segment.
        segment: u32,
        /// Which share.
        share: u32,
        /// How often.
        times: u32,
    },
    /// A step waits for something that never happens.
    #[error("step {index} of rank {rank} waits for ever: {step:?}")]
    Deadlock {
        /// Whose step.
        rank: Rank,
        /// Its place in the program.
        index: usize,
        /// The step.
        step: Step,
    },
}
