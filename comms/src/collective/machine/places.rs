//! Where the numbers of a frame lie, and in which format they travel.

use std::ops::Range;

use super::super::frame::{Header, Kind};
use super::super::schedule::Segment;
use super::Machine;
use crate::codec::Format;

/// A receive of one frame: which segment, which frame of it, which of the receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) segment: u32,
    pub(super) frame: u32,
    pub(super) index: u32,
}

impl Machine {
    /// What a frame of this rank says of itself.
    #[expect(clippy::cast_possible_truncation, reason = "a frame's elements fit its header")]
    pub(super) fn header(&self, kind: Kind, segment: u32, number: u32, samples: u64) -> Header {
        let (range, start) = (self.range(segment, number), self.schedule.segments()[segment as usize].start);
        Header {
            tag: self.tag,
            kind,
            wire: self.format_of(&range),
            segment,
            share: 0,
            elements: range.len() as u32,
            offset: (range.start - start) as u64,
            samples,
        }
    }

    /// In which format the numbers of a frame travel.
    pub(super) fn format_of(&self, range: &Range<usize>) -> Format {
        let exempt_from = self.exempt_from.map_or(range.len(), |from| from.saturating_sub(range.start));
        Format::exempting(self.wire, range.len(), exempt_from)
    }

    /// Where the numbers of a frame lie in the vector.
    pub(super) fn range(&self, segment: u32, number: u32) -> Range<usize> {
        let range = self.schedule.segments()[segment as usize].range();
        let elements = self.schedule.frame_elements(self.wire);
        let start = range.start + number as usize * elements;
        start..range.end.min(start + elements)
    }
}

/// How many frames a segment makes: at least one, so that an empty segment is heard of too.
#[expect(clippy::cast_possible_truncation, reason = "MAX_ELEMENTS in frames fits")]
pub(super) fn frames(frame_elements: usize, segment: Segment) -> u32 {
    segment.elements.div_ceil(frame_elements).max(1) as u32
}
