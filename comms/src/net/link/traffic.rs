//! What a lane has carried, and when its laser sent it.

use std::iter::Sum;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use metrics::Counter;

use crate::collective::{Frame, Tag};
use crate::contacts::{Contact, Transit};
use crate::id::NodeId;
use crate::limits::MAX_LANE_SPANS;
use crate::net::laser::NoContact;
use crate::net::laser_stream::Observer;
use crate::units::MissionTime;

/// Frames and bytes that were put on streams.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LaneTraffic {
    /// Frames.
    pub frames: u64,
    /// Their elements as bare `f32`, in bytes.
    pub raw_bytes: u64,
    /// Bytes handed to the stream: gRPC prefix, header and payload; before HTTP/2 and TLS.
    pub wire_bytes: u64,
}

impl Sum for LaneTraffic {
    fn sum<I: Iterator<Item = Self>>(lanes: I) -> Self {
        lanes.fold(Self::default(), |sum, lane| Self {
            frames: sum.frames + lane.frames,
            raw_bytes: sum.raw_bytes + lane.raw_bytes,
            wire_bytes: sum.wire_bytes + lane.wire_bytes,
        })
    }
}

/// What a lane's laser sends of an attempt in one window of contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaneSpan {
    /// The attempt.
    pub tag: Tag,
    /// When the first bit of the first frame leaves.
    pub start: MissionTime,
    /// When the last bit of the last frame has left; up to two milliseconds of wall time ahead when it is asked for.
    pub end: MissionTime,
    /// How long it sends of the time from `start` to `end`; the rest it waits for frames.
    pub busy: Duration,
    /// How many frames.
    pub frames: u64,
    /// Bytes handed to the stream for them, as [`LaneTraffic::wire_bytes`] counts.
    pub bytes: u64,
}

/// The counters of all lanes to one peer, one after the other.
pub(super) struct Counts {
    frames: AtomicU64,
    raw_bytes: AtomicU64,
    wire_bytes: AtomicU64,
    frames_metric: Counter,
    bytes_metric: Counter,
    spans: Mutex<Vec<LaneSpan>>,
}

impl Counts {
    pub(super) fn to(peer: &NodeId) -> Self {
        Self {
            frames: AtomicU64::new(0),
            raw_bytes: AtomicU64::new(0),
            wire_bytes: AtomicU64::new(0),
            frames_metric: metrics::counter!("starloom_link_sent_frames_total", "peer" => peer.to_string()),
            bytes_metric: metrics::counter!("starloom_link_sent_bytes_total", "peer" => peer.to_string()),
            spans: Mutex::default(),
        }
    }

    pub(super) fn add(&self, frame: &Frame) {
        let wire_bytes = wire_bytes(frame);
        self.frames.fetch_add(1, Ordering::Relaxed);
        self.raw_bytes.fetch_add(u64::from(frame.header().elements) * 4, Ordering::Relaxed);
        self.wire_bytes.fetch_add(wire_bytes, Ordering::Relaxed);
        self.frames_metric.increment(1);
        self.bytes_metric.increment(wire_bytes);
    }

    /// What lasers have sent since this was asked for last.
    pub(super) fn take_spans(&self) -> Vec<LaneSpan> {
        std::mem::take(&mut *self.spans.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, frame: &Frame, transit: Transit, contact: &Contact) {
        let (tag, bytes) = (frame.header().tag, wire_bytes(frame));
        let busy = transit.sent.since(transit.start);
        let mut spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |last: &&mut LaneSpan| last.tag == tag && contact.covers(last.start);
        if let Some(last) = spans.last_mut().filter(same) {
            let (busy, frames, bytes) = (last.busy + busy, last.frames + 1, last.bytes + bytes);
            *last = LaneSpan { end: transit.sent, busy, frames, bytes, ..*last };
        } else if spans.len() < MAX_LANE_SPANS {
            spans.push(LaneSpan { tag, start: transit.start, end: transit.sent, busy, frames: 1, bytes });
        } else {
            tracing::warn!("a lane sends in more windows than are noted");
        }
    }

    pub(super) fn traffic(&self) -> LaneTraffic {
        LaneTraffic {
            frames: self.frames.load(Ordering::Relaxed),
            raw_bytes: self.raw_bytes.load(Ordering::Relaxed),
            wire_bytes: self.wire_bytes.load(Ordering::Relaxed),
        }
    }
}

/// Notes what a laser sends.
pub(super) struct Notes(pub(super) Arc<Counts>);

impl Observer<Frame> for Notes {
    fn departs(&mut self, frame: &Frame, transit: Transit, contact: &Contact, _: Option<NoContact>) {
        self.0.note(frame, transit, contact);
    }

    fn arrives(&mut self, _: &Frame, _: &Contact) {}

    fn strands(&mut self, _: &Frame, _: NoContact) {}
}

impl std::fmt::Debug for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.traffic().fmt(f)
    }
}

/// What a frame is on the stream.
pub(super) fn wire_bytes(frame: &Frame) -> u64 {
    super::deframe::PREFIX_BYTES as u64 + frame.wire_bytes()
}
