//! When the frames of a segment are somewhere: one after the other, mostly evenly.
//!
//! A segment of 16 GB is tens of thousands of frames, and they follow each other over a lane at equal distances until a window
//! ends or something overtakes them. A [`Flow`] therefore holds the instants at which that changes, and straight lines between
//! them. What lanes and ranks do to frames (send one after the other, wait for a window, add two of them up) makes flows of
//! flows, so that the cost of a prediction does not grow with the bytes.

use smallvec::{SmallVec, smallvec};

use crate::units::MissionTime;

/// When each frame of a segment is there, in nanoseconds: never later ones before earlier ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::collective) struct Flow {
    /// Frames and instants, from frame 0 to the last; the frames in between stand evenly.
    /// Most flows are one even stretch, which needs no memory of its own.
    knots: SmallVec<[Knot; 2]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::collective) struct Knot {
    pub(in crate::collective) frame: u32,
    pub(in crate::collective) at: u64,
}

impl Flow {
    /// All of `frames` frames at once; there is at least one.
    pub(in crate::collective) fn at_once(frames: u32, at: MissionTime) -> Self {
        let mut flow = Self { knots: smallvec![Knot { frame: 0, at: at.0 }] };
        flow.push(frames.saturating_sub(1), at.0);
        flow
    }

    pub(in crate::collective) const fn empty() -> Self {
        Self { knots: SmallVec::new_const() }
    }

    /// Goes on evenly to a later frame.
    pub(in crate::collective) fn push(&mut self, frame: u32, at: u64) {
        if let [.., before, last] = self.knots[..]
            && last.frame < frame
            && even(before, last, Knot { frame, at })
        {
            self.knots.pop();
        }
        if self.knots.last().is_none_or(|last| last.frame < frame) {
            self.knots.push(Knot { frame, at });
        }
    }

    /// How many frames there are.
    pub(in crate::collective) fn frames(&self) -> u32 {
        self.knots.last().map_or(0, |last| last.frame + 1)
    }

    /// When the first frame is there.
    pub(in crate::collective) fn first(&self) -> MissionTime {
        MissionTime(self.knots.first().map_or(0, |first| first.at))
    }

    /// When the last frame is there, and with it all.
    pub(in crate::collective) fn last(&self) -> MissionTime {
        MissionTime(self.knots.last().map_or(0, |last| last.at))
    }

    /// The even stretch that begins with a frame: its instant, the last frame of the stretch and the instant of that.
    pub(in crate::collective) fn stretch(&self, frame: u32) -> (u64, Knot) {
        let next = self.knots.partition_point(|knot| knot.frame <= frame).min(self.knots.len() - 1);
        (self.at(frame), self.knots[next])
    }

    /// When both are there, frame by frame.
    pub(in crate::collective) fn and(&self, other: &Self) -> Self {
        let mut both = Self::empty();
        let (mut a, mut b) = (self.knots.iter().peekable(), other.knots.iter().peekable());
        while let Some(frame) = [a.peek(), b.peek()].into_iter().flatten().map(|knot| knot.frame).min() {
            let now = (self.at(frame), other.at(frame));
            if let Some(before) = both.knots.last().map(|last| last.frame) {
                both.cross(before, (self.at(before), other.at(before)), frame, now);
            }
            both.push(frame, now.0.max(now.1));
            a.next_if(|knot| knot.frame == frame);
            b.next_if(|knot| knot.frame == frame);
        }
        both
    }

    /// When a worker that takes `each` nanoseconds for a frame, one after the other, and is `free` from an instant on has done them,
    /// and is free again.
    pub(in crate::collective) fn worked(&self, each: u64, free: &mut u64) -> Self {
        // A worker that is always busy from the first frame on, and one that waits for each frame: the later of the two at every
        // knot, since what holds him up is always a knot.
        let mut worked = Self::empty();
        let mut frame = 0;
        while frame < self.frames() {
            let (ready, end) = self.stretch(frame);
            let count = u64::from(end.frame - frame);
            let start = ready.max(*free);
            let (busy_until, waits_until) = (start + each * (count + 1), end.at + each);
            let pace = (end.at - ready).checked_div(count).unwrap_or_default();
            worked.push(frame, start + each);
            if start > ready && waits_until > busy_until && pace > each {
                let caught_up =
                    u32::try_from((start - ready) / (pace - each)).unwrap_or(u32::MAX).min(end.frame - frame);
                worked.push(frame + caught_up, start + each * (u64::from(caught_up) + 1));
            }
            *free = busy_until.max(waits_until);
            worked.push(end.frame, *free);
            frame = end.frame + 1;
        }
        worked
    }

    fn at(&self, frame: u32) -> u64 {
        let next = self.knots.partition_point(|knot| knot.frame < frame);
        let Some(&after) = self.knots.get(next) else { return self.last().0 };
        if after.frame == frame || next == 0 {
            return after.at;
        }
        between(self.knots[next - 1], after, frame)
    }

    /// Where two lines change places between two frames: the frames around it.
    fn cross(&mut self, before: u32, then: (u64, u64), frame: u32, now: (u64, u64)) {
        let (was, is) = (i128::from(then.0) - i128::from(then.1), i128::from(now.0) - i128::from(now.1));
        if was * is >= 0 || frame - before < 2 {
            return;
        }
        let span = i128::from(frame - before);
        let passed = u32::try_from(span * was / (was - is)).unwrap_or_default();
        let line = |from: u64, to: u64, at: u32| between(Knot { frame: before, at: from }, Knot { frame, at: to }, at);
        for at in [before + passed, before + passed + 1] {
            if before < at && at < frame {
                self.push(at, line(then.0, now.0, at).max(line(then.1, now.1, at)));
            }
        }
    }
}

/// The instant of a frame between two knots.
fn between(before: Knot, after: Knot, frame: u32) -> u64 {
    let (passed, span) = (u128::from(frame - before.frame), u128::from(after.frame - before.frame));
    let since = u128::from(after.at - before.at) * passed / span.max(1);
    before.at + u64::try_from(since).unwrap_or(u64::MAX)
}

/// Whether a knot may be left out between two others.
fn even(before: Knot, middle: Knot, after: Knot) -> bool {
    between(before, after, middle.frame) == middle.at
}
