//! What a lane sends in one go.

use crate::collective::frame::Kind;
use crate::id::Rank;
use crate::units::MissionTime;

/// Frames of one segment that leave a lane one after the other, at even distances and in one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Burst {
    /// The sender.
    pub from: Rank,
    /// The receiver.
    pub to: Rank,
    /// The segment that they are of.
    pub segment: u32,
    /// Whether they hold partial sums or final numbers.
    pub kind: Kind,
    /// When the first bit leaves the sender.
    pub start: MissionTime,
    /// When the last bit has left it: no burst of the lane starts before.
    pub sent: MissionTime,
    /// When the last bit has reached the receiver.
    pub arrival: MissionTime,
    /// How many frames.
    pub frames: u32,
    /// Their bytes, headers included.
    pub bytes: u64,
    /// How long the lane sends of the time from `start` to `sent`; the rest it waits for frames to come.
    pub busy_nanos: u64,
}

impl Burst {
    pub(super) const fn of(run: Run, (from, to): (Rank, Rank), segment: u32, kind: Kind) -> Self {
        let Run { start, sent, arrival, frames, bytes, busy_nanos } = run;
        let [start, sent, arrival] = [MissionTime(start), MissionTime(sent), MissionTime(arrival)];
        Self { from, to, segment, kind, start, sent, arrival, frames, bytes, busy_nanos }
    }
}

/// A burst as its lane knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) start: u64,
    pub(super) sent: u64,
    pub(super) arrival: u64,
    pub(super) frames: u32,
    pub(super) bytes: u64,
    pub(super) busy_nanos: u64,
}
