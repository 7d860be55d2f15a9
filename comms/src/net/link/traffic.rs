//! What a lane has carried.

use std::iter::Sum;
use std::sync::atomic::{AtomicU64, Ordering};

use metrics::Counter;

use crate::collective::Frame;
use crate::id::NodeId;

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

/// The counters of all lanes to one peer, one after the other.
pub(super) struct Counts {
    frames: AtomicU64,
    raw_bytes: AtomicU64,
    wire_bytes: AtomicU64,
    frames_metric: Counter,
    bytes_metric: Counter,
}

impl Counts {
    pub(super) fn to(peer: &NodeId) -> Self {
        Self {
            frames: AtomicU64::new(0),
            raw_bytes: AtomicU64::new(0),
            wire_bytes: AtomicU64::new(0),
            frames_metric: metrics::counter!("starloom_link_sent_frames_total", "peer" => peer.to_string()),
            bytes_metric: metrics::counter!("starloom_link_sent_bytes_total", "peer" => peer.to_string()),
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

    pub(super) fn traffic(&self) -> LaneTraffic {
        LaneTraffic {
            frames: self.frames.load(Ordering::Relaxed),
            raw_bytes: self.raw_bytes.load(Ordering::Relaxed),
            wire_bytes: self.wire_bytes.load(Ordering::Relaxed),
        }
    }
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
