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
    /// A step names a rank or segment that does not exist, or its own rank as a peer.
    #[error("step {index} of rank {rank} names a rank or segment that it cannot: {step:?}")]
    Reference {
        /// Whose step.
        rank: Rank,
        /// Its place in the program.
        index: usize,
        /// The step.
        step: Step,
    },
    /// A step's `after` is not the number of receives of its segment before it.
    #[error("step {index} of rank {rank} waits for {} receives of its segment, and {expected} stand before it", step.after)]
    After {
        /// Whose step.
        rank: Rank,
        /// Its place in the program.
        index: usize,
        /// The step.
        step: Step,
        /// Receives of the segment before it.
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
        /// Segment and kind as sent, if it is sent.
        sent: Option<(u32, Kind)>,
        /// Segment and kind as received, if it is received.
        received: Option<(u32, Kind)>,
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
    /// Two ranks, or one rank twice, make the mean of a segment.
    #[error("ranks {first} and {second} both make the mean of segment {segment}")]
    Owners {
        /// The segment.
        segment: u32,
        /// An owner.
        first: Rank,
        /// Another, or the same.
        second: Rank,
    },
    /// A rank gets the final mean of a segment other than once.
    #[error("rank {rank} gets the final mean of segment {segment} {times} times")]
    Finals {
        /// Where.
        rank: Rank,
        /// Of which segment.
        segment: u32,
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
