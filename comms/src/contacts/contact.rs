//! One window of one lane, and what fits into it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::units::{BitsPerSecond, MissionTime, nanos};

/// A half-open window `[start, end)` in which a lane carries bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The first instant with contact.
    pub start: MissionTime,
    /// The first instant without contact; [`MissionTime::NEVER`] if it lasts.
    pub end: MissionTime,
    /// What the lane carries; never zero in a [`ContactPlan`](super::ContactPlan).
    pub rate: BitsPerSecond,
    /// How long light takes from the sender to the receiver.
    pub light_time: Duration,
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
    /// A frame is not split: it fits if and only if `start + bytes / rate + light_time <= end`.
    #[must_use]
    pub fn transit(&self, ready: MissionTime, bytes: u64) -> Option<Transit> {
        let start = ready.max(self.start);
        let sent = later(start, self.rate.transmit_time(bytes))?;
        let arrival = later(sent, self.light_time)?;
        (start < self.end && arrival <= self.end).then_some(Transit { start, sent, arrival })
    }
}

/// The instant `span` after `at`, or nothing if the mission's clock does not reach that far.
fn later(at: MissionTime, span: Duration) -> Option<MissionTime> {
    at.0.checked_add(nanos(span)).map(MissionTime).filter(|instant| *instant < MissionTime::NEVER)
}
