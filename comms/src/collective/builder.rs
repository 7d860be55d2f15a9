//! Writing a schedule: what strategies do.

use super::frame::Kind;
use super::schedule::{Action, Schedule, Segment, Step};
use super::shares::Shares;
use crate::codec::BLOCK;
use crate::id::Rank;

/// Writes a [`Schedule`] step by step. Each rank's steps are given in an order that it could execute them in; what
/// a step must wait for follows from it.
#[derive(Debug)]
pub struct ScheduleBuilder {
    schedule: Schedule,
    /// Partial sums received so far, by rank and segment.
    received: Vec<Vec<u32>>,
}

impl ScheduleBuilder {
    /// An empty schedule for `contributors` ranks and `relays` behind them over `segments`, which follow each other
    /// without a gap from element 0. The mean of each is [one share](Shares::one), unless [`Self::share_out`] says otherwise.
    #[must_use]
    pub fn new(strategy: &'static str, contributors: usize, relays: usize, segments: Vec<Segment>) -> Self {
        let ranks = contributors + relays;
        let received = vec![vec![0; segments.len()]; ranks];
        let programs = vec![Vec::new(); ranks];
        let shares = vec![Shares::one(); segments.len()];
        let schedule =
            Schedule { strategy, segments, shares, programs, contributors, frame_elements: usize::MAX, gossip: None };
        Self { schedule, received }
    }

    /// Frames have at most so many elements, in whole blocks of the codecs.
    pub fn limit_frames(&mut self, elements: usize) {
        self.schedule.frame_elements = elements.next_multiple_of(BLOCK).max(BLOCK);
    }

    /// Every rank ends with the mean of the shares that it has, and goes through the schedule so many times.
    pub fn gossip(&mut self, turns: u32) {
        self.schedule.gossip = Some(turns);
    }

    /// The mean of `segment` consists of `shares`.
    pub fn share_out(&mut self, segment: u32, shares: Shares) {
        self.schedule.shares[segment as usize] = shares;
    }

    /// `rank` sends what it holds of `segment` to `to`.
    pub fn send(&mut self, rank: Rank, to: Rank, segment: u32, kind: Kind) {
        self.push(rank, segment, 0, Action::Send { to, kind });
    }

    /// `rank` receives `segment` from `from`: adds a partial sum, stores final numbers.
    pub fn receive(&mut self, rank: Rank, from: Rank, segment: u32, kind: Kind) {
        match kind {
            Kind::Partial => {
                self.push(rank, segment, 0, Action::ReceiveReduce { from });
                self.received[rank.index()][segment as usize] += 1;
            }
            Kind::Final => self.push(rank, segment, 0, Action::ReceiveStore { from }),
        }
    }

    /// `from` sends what it holds of `segment` to `to`, which receives it.
    pub fn transfer(&mut self, from: Rank, to: Rank, segment: u32, kind: Kind) {
        self.send(from, to, segment, kind);
        self.receive(to, from, segment, kind);
    }

    /// `rank` makes the final mean of `segment`.
    pub fn finalize(&mut self, rank: Rank, segment: u32) {
        self.own(rank, segment, 0);
    }

    /// `rank` makes a share of what it holds of `segment`.
    pub fn own(&mut self, rank: Rank, segment: u32, share: u32) {
        self.push(rank, segment, share, Action::Finalize);
    }

    /// `rank` makes a share of its parts, which it has or will receive.
    pub fn merge(&mut self, rank: Rank, segment: u32, share: u32) {
        self.push(rank, segment, share, Action::Merge);
    }

    /// `from` sends a share to `to`, which receives it.
    pub fn copy(&mut self, from: Rank, to: Rank, segment: u32, share: u32) {
        self.push(from, segment, share, Action::Send { to, kind: Kind::Final });
        self.push(to, segment, share, Action::ReceiveStore { from });
    }

    /// The schedule as written; [`verify`](super::verify()) tells whether it is a sound one.
    #[must_use]
    pub fn build(self) -> Schedule {
        self.schedule
    }

    fn push(&mut self, rank: Rank, segment: u32, share: u32, action: Action) {
        let after = self.received[rank.index()][segment as usize];
        self.schedule.programs[rank.index()].push(Step { segment, share, after, action });
    }
}
