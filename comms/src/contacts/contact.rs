//! One window of one lane, and what fits into it.

use super::light_time::LightTime;
use super::rate::Rate;
use crate::units::{MissionTime, nanos};

/// A half-open window `[start, end)` in which a lane carries bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// The first instant with contact.
    pub start: MissionTime,
    /// The first instant without contact; [`MissionTime::NEVER`] if it lasts.
    pub end: MissionTime,
    /// What the lane carries; never zero in a [`ContactPlan`](super::ContactPlan).
    pub rate: Rate,
    /// How long light takes from the sender to the receiver.
    pub light_time: LightTime,
}

/// The passage of one frame over one lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transit {
    /// When its first bit leaves the sender.
    pub start: MissionTime,
    /// When its last bit has left the sender, which is when the next frame may start.
    pub sent: MissionTime,
    /// When its last bit has reached the receiver.
    pub arrival: MissionTime,
}

impl Contact {
    /// Whether there is contact at `at`.
    #[must_use]
    pub fn covers(&self, at: MissionTime) -> bool {
        self.start <= at && at < self.end
    }

    /// The earliest passage of `bytes` in this window by a sender that is ready at `ready`.
    ///
    /// A frame is not split: it fits if and only if `start + bytes / rate + light_time <= end`, with the light time of the
    /// instant at which its last bit leaves.
    #[must_use]
    pub fn transit(&self, ready: MissionTime, bytes: u64) -> Option<Transit> {
        self.relay(ready, ready, bytes)
    }

    /// The earliest passage of `bytes` in this window by a relay that sends on each bit as it comes: the first is there at
    /// `first`, the last at `last`. No bit waits for another, but the last does not leave before it is there.
    ///
    /// It fits as in [`Contact::transit`], which is this for a sender that has all bits at once.
    #[must_use]
    pub fn relay(&self, first: MissionTime, last: MissionTime, bytes: u64) -> Option<Transit> {
        let start = first.max(self.start);
        if start >= self.end {
            return None;
        }
        let sent = self.rate.sent(start, bytes)?.max(last);
        let arrival = self.arrival(sent)?;
        (arrival <= self.end).then_some(Transit { start, sent, arrival })
    }

    /// Most bytes that the window carries: as one frame that begins with it.
    #[must_use]
    pub fn capacity(&self) -> u64 {
        let Some(sent) = self.last_departure(self.end) else { return 0 };
        self.rate.bytes_between(self.start, sent)
    }

    /// The last instant at which a bit can leave and still arrive in the window, no later than `by`; nothing if none can.
    pub(crate) fn last_departure(&self, by: MissionTime) -> Option<MissionTime> {
        let by = by.min(self.end);
        let arrives = |sent: u64| self.arrival(MissionTime(sent)).is_some_and(|arrival| arrival <= by);
        if !arrives(self.start.0) {
            return None;
        }
        // A light time hardly changes while the light is on its way, so the last departure is close to this guess. What leaves
        // later does not arrive earlier.
        let guess = (by - self.light_time.at(by)).0.max(self.start.0);
        let (mut does, mut does_not) = (self.start.0, by.0.saturating_add(1));
        let mut step = 1;
        if arrives(guess) {
            does = guess;
            while does_not - does > step && arrives(does + step) {
                (does, step) = (does + step, step * 2);
            }
            does_not = does_not.min(does.saturating_add(step));
        } else {
            does_not = guess;
            while does_not - does > step && !arrives(does_not - step) {
                (does_not, step) = (does_not - step, step * 2);
            }
            does = does.max(does_not.saturating_sub(step));
        }
        while does_not - does > 1 {
            let middle = does + (does_not - does) / 2;
            if arrives(middle) {
                does = middle;
            } else {
                does_not = middle;
            }
        }
        Some(MissionTime(does))
    }

    fn arrival(&self, sent: MissionTime) -> Option<MissionTime> {
        let arrival = sent.0.checked_add(nanos(self.light_time.at(sent)))?;
        Some(MissionTime(arrival)).filter(|arrival| *arrival < MissionTime::NEVER)
    }
}
