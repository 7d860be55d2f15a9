//! When the frames of a segment are somewhere, in the two ways in which it is followed: as a [`Flow`], whose cost does not grow with
//! the frames, or frame by frame where they are so few that this is less.

use super::burst::Run;
use super::flow::Flow;
use super::lane::{Cut, Lane};
use crate::units::MissionTime;

/// When frames of a segment are somewhere.
pub(super) trait Timing: Clone {
    /// All frames at once.
    fn at_once(frames: u32, at: MissionTime) -> Self;

    /// When both are there, frame by frame.
    fn and(&self, other: &Self) -> Self;

    /// When a worker that takes `each` nanoseconds for a frame, and is `free` from an instant on, has done them, and is free again.
    fn worked(&self, each: u64, free: &mut u64) -> Self;

    /// When the first frame is there.
    fn first(&self) -> MissionTime;

    /// When the last one is.
    fn last(&self) -> MissionTime;

    /// When a lane has carried them, which tells of what it sends; nothing if its contacts do not suffice.
    fn carried(&self, lane: &mut Lane<'_>, cut: Cut, told: impl FnMut(Run)) -> Option<Self>;
}

impl Timing for Flow {
    fn at_once(frames: u32, at: MissionTime) -> Self {
        Self::at_once(frames, at)
    }

    fn and(&self, other: &Self) -> Self {
        self.and(other)
    }

    fn worked(&self, each: u64, free: &mut u64) -> Self {
        self.worked(each, free)
    }

    fn first(&self) -> MissionTime {
        self.first()
    }

    fn last(&self) -> MissionTime {
        self.last()
    }

    fn carried(&self, lane: &mut Lane<'_>, cut: Cut, told: impl FnMut(Run)) -> Option<Self> {
        lane.carry_told(self, cut, told)
    }
}

/// The instants of `N` frames, one by one.
impl<const N: usize> Timing for [u64; N] {
    fn at_once(_: u32, at: MissionTime) -> Self {
        [at.0; N]
    }

    fn and(&self, other: &Self) -> Self {
        std::array::from_fn(|frame| self[frame].max(other[frame]))
    }

    fn worked(&self, each: u64, free: &mut u64) -> Self {
        self.map(|ready| {
            *free = ready.max(*free) + each;
            *free
        })
    }

    fn first(&self) -> MissionTime {
        MissionTime(self.as_slice().first().copied().unwrap_or_default())
    }

    fn last(&self) -> MissionTime {
        MissionTime(self.as_slice().last().copied().unwrap_or_default())
    }

    fn carried(&self, lane: &mut Lane<'_>, cut: Cut, mut told: impl FnMut(Run)) -> Option<Self> {
        let mut arrived = [0; N];
        for (frame, (ready, arrived)) in self.iter().zip(&mut arrived).enumerate() {
            let run = lane.carry_one(*ready, if frame + 1 == N { cut.last } else { cut.full })?;
            *arrived = run.arrival;
            told(run);
        }
        Some(arrived)
    }
}
