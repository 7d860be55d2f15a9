//! Frames of attempts that this node has not reached yet.
//!
//! A peer that hears of a commit first, or computes faster, sends before this node is ready. Its frames wait here, in
//! their order. The hold is bounded: a lane whose frames find it full is paused, and nothing that is awaited can be
//! behind them, because a peer never goes back to an earlier attempt.

use std::collections::{BTreeSet, VecDeque};

use crate::collective::{Frame, Tag};
use crate::id::{Attempt, NodeId, Round, ViewId};
use crate::limits::MAX_EARLY_FRAMES;

/// Where an attempt stands among all attempts of a job: a round's attempts follow each other, and then the next
/// round's. A view number breaks no tie between members of one job; it tells a foreign frame from an own one.
pub(super) type Place = (Round, Attempt, ViewId);

/// Where `tag` stands.
pub(super) const fn place(tag: Tag) -> Place {
    (tag.round, tag.attempt, tag.view)
}

/// Whether the lane that a frame came from may be read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    Left,
    /// The hold is full: this lane waits until it is read out.
    Full,
}

/// The hold.
#[derive(Debug, Default)]
pub(super) struct EarlyFrames {
    frames: VecDeque<(NodeId, Frame)>,
    paused: BTreeSet<NodeId>,
}

impl EarlyFrames {
    /// Holds a frame. At [`Room::Full`] the lane from `from` is to be paused; what has been read of it is held as well.
    pub(super) fn hold(&mut self, from: &NodeId, frame: Frame) -> Room {
        self.frames.push_back((from.clone(), frame));
        if self.frames.len() < MAX_EARLY_FRAMES {
            return Room::Left;
        }
        self.paused.insert(from.clone());
        Room::Full
    }

    /// The held frames of `tag` in their order. Those of earlier attempts are dropped, later ones stay.
    pub(super) fn take(&mut self, tag: Tag) -> Vec<(NodeId, Frame)> {
        self.drop_before(tag);
        let (due, later) = std::mem::take(&mut self.frames).into_iter().partition(|(_, frame)| frame.tag() == tag);
        self.frames = later;
        Vec::from(due)
    }

    /// Drops the frames of attempts before `tag`: they are void.
    pub(super) fn drop_before(&mut self, tag: Tag) {
        self.frames.retain(|(_, frame)| place(frame.tag()) >= place(tag));
    }

    /// The lanes that were paused and may be read on: all if there is room, and in any case those that nothing is held
    /// of, so that no peer is kept waiting for what another one sent.
    pub(super) fn resumed(&mut self) -> BTreeSet<NodeId> {
        if self.frames.len() < MAX_EARLY_FRAMES {
            return std::mem::take(&mut self.paused);
        }
        let holding: BTreeSet<&NodeId> = self.frames.iter().map(|(from, _)| from).collect();
        let (kept, resumed) = std::mem::take(&mut self.paused).into_iter().partition(|peer| holding.contains(peer));
        self.paused = kept;
        resumed
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::codec::Wire;
    use crate::collective::{Header, Kind};

    fn tag(view: u32, round: u64, attempt: u32) -> Tag {
        Tag { view: ViewId(view), round: Round(round), attempt: Attempt(attempt) }
    }

    fn frame(tag: Tag, segment: u32) -> Frame {
        let header = Header {
            tag,
            kind: Kind::Partial,
            wire: Wire::F32.into(),
            segment,
            share: 0,
            elements: 0,
            offset: 0,
            samples: 0,
        };
        Frame::new(header, Bytes::new())
    }

    #[test]
    fn due_frames_come_out_in_order_and_void_ones_vanish() {
        let mut early = EarlyFrames::default();
        let peer = NodeId::satellite(1);
        for (tag, segment) in [(tag(1, 4, 0), 0), (tag(1, 5, 0), 1), (tag(2, 5, 1), 2), (tag(1, 5, 0), 3)] {
            assert_eq!(early.hold(&peer, frame(tag, segment)), Room::Left);
        }
        let due = early.take(tag(1, 5, 0));
        assert_eq!(due.iter().map(|(_, frame)| frame.header().segment).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(early.take(tag(1, 4, 0)), []);
        assert_eq!(early.take(tag(2, 5, 1)).len(), 1);
    }

    #[test]
    fn a_lane_is_paused_at_the_bound_and_resumed_when_there_is_room() {
        let mut early = EarlyFrames::default();
        let peer = NodeId::satellite(1);
        for _ in 1..MAX_EARLY_FRAMES {
            assert_eq!(early.hold(&peer, frame(tag(1, 2, 0), 0)), Room::Left);
        }
        assert_eq!(early.hold(&peer, frame(tag(1, 2, 0), 0)), Room::Full);
        assert!(early.resumed().is_empty());
        assert_eq!(early.take(tag(1, 2, 0)).len(), MAX_EARLY_FRAMES);
        assert_eq!(early.resumed(), BTreeSet::from([peer]));
    }

    #[test]
    fn a_peer_that_floods_the_hold_does_not_keep_another_waiting() {
        let mut early = EarlyFrames::default();
        let (honest, flood) = (NodeId::satellite(1), NodeId::satellite(2));
        for _ in 0..MAX_EARLY_FRAMES {
            early.hold(&flood, frame(tag(9, 3, 9), 0));
        }
        assert_eq!(early.hold(&honest, frame(tag(1, 2, 0), 0)), Room::Full);
        assert_eq!(early.take(tag(1, 2, 0)).len(), 1);
        assert_eq!(early.resumed(), BTreeSet::from([honest]));
    }
}
