//! The schedule: what every rank sends and receives, over which segments, in which order.
//!
//! A strategy writes it, [`verify`](super::verify()) proves it, a [`Machine`](super::Machine) executes it. A rank's
//! program is a list of [`Step`]s with two orders in it and no other:
//!
//! - **lanes**: frames to one peer leave in the order of the sends to it, and arrive in the order of the receives
//!   there;
//! - **segments**: the partial sums that come for one segment are added in their order, and what hands the sum on, or makes a
//!   share of it, happens after the first [`Step::after`] of them.
//!
//! A rank holds, for each segment, its own contribution and the partial sums it has received; sending a partial sum hands all of
//! it on and leaves nothing, so a contribution is never in two places. Whoever has all contributions of a segment
//! finalizes it (divides by the samples, encodes once) and is its owner; final numbers are copied freely, and wait for nothing but
//! themselves. A mean may also be finalized in several [`Shares`], by an owner each. Both orders hold
//! for each frame inside a segment by itself, so the frames of a segment follow each other through a schedule like
//! drops in a pipe.
//!
//! The first ranks contribute and get the mean. The ranks behind them, if there are any, are **relays**: they have no
//! contribution, need no result, and pass on what they are sent. To the two orders they are ranks like any other, so
//! whatever holds for a schedule holds for its relays too.

use blake3::Hasher;

use super::frame::Kind;
use super::shares::Shares;
use crate::codec::Wire;
use crate::id::{Digest, Rank};

/// A run of the vector that travels as a whole, in frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// Index of its first element in the vector.
    pub start: usize,
    /// Elements; may be 0, and is then one empty frame.
    pub elements: usize,
}

impl Segment {
    /// Cuts a vector of `elements` into `parts` segments of equal length, give or take one element.
    #[must_use]
    pub fn split(elements: usize, parts: usize) -> Vec<Self> {
        let (length, longer) = (elements / parts, elements % parts);
        (0..parts)
            .map(|part| Self { start: part * length + part.min(longer), elements: length + usize::from(part < longer) })
            .collect()
    }

    /// Its indices in the vector.
    #[must_use]
    pub const fn range(self) -> std::ops::Range<usize> {
        self.start..self.start + self.elements
    }
}

/// What a step does with its segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Sends what is held of the segment, and with [`Kind::Partial`] holds it no longer.
    Send {
        /// The receiver.
        to: Rank,
        /// Partial sum or final numbers.
        kind: Kind,
    },
    /// Receives a partial sum and adds it to what is held.
    ReceiveReduce {
        /// The sender.
        from: Rank,
    },
    /// Receives final numbers.
    ReceiveStore {
        /// The sender.
        from: Rank,
    },
    /// Makes final numbers of what is held, as their owner.
    Finalize,
    /// Makes final numbers of their parts.
    Merge,
}

/// One step of a rank's program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Step {
    /// Index of the segment.
    pub segment: u32,
    /// Which of the segment's [`Shares`], for final numbers; 0 for partial sums.
    pub share: u32,
    /// How many partial sums of this segment this rank must have added before.
    pub after: u32,
    /// What it does.
    pub action: Action,
}

/// Programs for all ranks over one division of the vector. Strategies make it with a [`ScheduleBuilder`](super::ScheduleBuilder).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    pub(super) strategy: &'static str,
    pub(super) segments: Vec<Segment>,
    /// What the mean of each segment consists of.
    pub(super) shares: Vec<Shares>,
    pub(super) programs: Vec<Vec<Step>>,
    /// How many of the ranks contribute; the others are relays.
    pub(super) contributors: usize,
    /// Most elements of a frame.
    pub(super) frame_elements: usize,
    /// How often it is gone through, where that leaves each rank with a mean of its own.
    pub(super) gossip: Option<u32>,
}

impl Schedule {
    /// The name of the strategy that made it.
    #[must_use]
    pub const fn strategy(&self) -> &'static str {
        self.strategy
    }

    /// How many ranks take part, relays among them.
    #[must_use]
    pub fn ranks(&self) -> usize {
        self.programs.len()
    }

    /// How many ranks contribute and get the mean: those from 0 on.
    #[must_use]
    pub const fn contributors(&self) -> usize {
        self.contributors
    }

    /// Whether `rank` only passes on what it is sent.
    #[must_use]
    pub const fn is_relay(&self, rank: Rank) -> bool {
        rank.index() >= self.contributors
    }

    /// Whether all ranks end with the same mean of all contributions. Only of such schedules does [`verify`](super::verify())
    /// prove something.
    #[must_use]
    pub const fn is_exact(&self) -> bool {
        self.gossip.is_none()
    }

    /// How often it is gone through, each time with what the time before has left: more than once in gossip only. See
    /// [`Turns`](super::Turns).
    #[must_use]
    pub fn turns(&self) -> u32 {
        self.gossip.unwrap_or(1)
    }

    /// Elements of the vector.
    #[must_use]
    pub fn elements(&self) -> usize {
        self.segments.iter().map(|segment| segment.elements).sum()
    }

    /// Elements of a full frame in a format: as many as the format allows, or fewer, which wait less for each other on a way of
    /// several hops.
    #[must_use]
    pub fn frame_elements(&self, wire: Wire) -> usize {
        wire.frame_elements().min(self.frame_elements)
    }

    /// The division of the vector, in its order.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// What the mean of a segment consists of.
    ///
    /// # Panics
    /// If there is no such segment.
    #[must_use]
    pub fn shares(&self, segment: u32) -> &Shares {
        &self.shares[segment as usize]
    }

    /// The steps of `rank`; none if it is no rank of the schedule.
    #[must_use]
    pub fn program(&self, rank: Rank) -> &[Step] {
        self.programs.get(rank.index()).map_or(&[], Vec::as_slice)
    }

    /// The ranks that `rank` sends to, each once, in order: the lanes that it has to open.
    #[must_use]
    pub fn destinations(&self, rank: Rank) -> Vec<Rank> {
        sorted(self.program(rank).iter().filter_map(|step| match step.action {
            Action::Send { to, .. } => Some(to),
            _ => None,
        }))
    }

    /// The ranks that `rank` receives from, each once, in order.
    #[must_use]
    pub fn sources(&self, rank: Rank) -> Vec<Rank> {
        sorted(self.program(rank).iter().filter_map(|step| match step.action {
            Action::ReceiveReduce { from } | Action::ReceiveStore { from } => Some(from),
            _ => None,
        }))
    }

    /// A hash over all that the schedule says: two nodes with equal digests do matching things.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut hasher = Hasher::new();
        let mut put = |number: u64| {
            hasher.update(&number.to_le_bytes());
        };
        put(self.segments.len() as u64);
        for (segment, shares) in self.segments.iter().zip(&self.shares) {
            put(segment.elements as u64);
            put(shares.len() as u64);
            for parts in (0..).map(|share| shares.parts(share)).take(shares.len()) {
                put(parts.len() as u64);
                parts.iter().for_each(|part| put(u64::from(*part)));
            }
        }
        put(self.programs.len() as u64);
        put(self.contributors as u64);
        put(self.frame_elements as u64);
        put(u64::from(self.gossip.unwrap_or_default()));
        for program in &self.programs {
            put(program.len() as u64);
            for step in program {
                let (action, peer) = match step.action {
                    Action::Send { to, kind: Kind::Partial } => (0, to.0),
                    Action::Send { to, kind: Kind::Final } => (1, to.0),
                    Action::ReceiveReduce { from } => (2, from.0),
                    Action::ReceiveStore { from } => (3, from.0),
                    Action::Finalize => (4, 0),
                    Action::Merge => (5, 0),
                };
                put(u64::from(step.segment) << 32 | u64::from(step.after));
                put(u64::from(step.share));
                put(action << 32 | u64::from(peer));
            }
        }
        Digest(*hasher.finalize().as_bytes())
    }
}

fn sorted(ranks: impl Iterator<Item = Rank>) -> Vec<Rank> {
    let mut ranks: Vec<_> = ranks.collect();
    ranks.sort_unstable();
    ranks.dedup();
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collective::ScheduleBuilder;

    #[test]
    fn a_split_covers_the_vector_in_parts_that_differ_by_one_element_at_most() {
        for (elements, parts) in [(0, 1), (0, 4), (1, 4), (3, 4), (4, 4), (5, 4), (1_000_003, 7)] {
            let segments = Segment::split(elements, parts);
            assert_eq!(segments.len(), parts);
            let mut next = 0;
            for segment in segments {
                assert_eq!(segment.start, next, "{elements} in {parts}");
                assert!(segment.elements.abs_diff(elements / parts) <= 1, "{elements} in {parts}");
                next = segment.range().end;
            }
            assert_eq!(next, elements);
        }
    }

    #[test]
    fn the_digest_changes_with_any_step() {
        let written = |kind| {
            let mut builder = ScheduleBuilder::new("test", 2, 0, Segment::split(8, 1));
            builder.send(Rank(0), Rank(1), 0, kind);
            builder.receive(Rank(1), Rank(0), 0, kind);
            builder.build()
        };
        assert_eq!(written(Kind::Partial).digest(), written(Kind::Partial).digest());
        assert_ne!(written(Kind::Partial).digest(), written(Kind::Final).digest());
    }
}
