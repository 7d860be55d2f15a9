//! A schedule at work on sets of contributions.

use std::collections::{BTreeMap, VecDeque};

use super::super::frame::Kind;
use super::super::schedule::{Action, Schedule, Step};
use super::super::shares::Shares;
use super::{VerifyError, programs};
use crate::id::Rank;

/// The state of all ranks and lanes.
pub(super) struct Execution {
    ranks: Vec<RankState>,
    lanes: BTreeMap<(Rank, Rank), VecDeque<Set>>,
    /// All contributions to each segment.
    whole: Vec<Set>,
    /// Who has made which share of what it held, and what that was.
    owned: BTreeMap<(u32, u32), (Rank, Set)>,
    shares: Vec<Shares>,
    contributors: usize,
}

struct RankState {
    rank: Rank,
    /// Steps that wait for each other: those of one lane; the others wait for themselves. With their places in the program.
    queues: Vec<VecDeque<(u32, Step)>>,
    segments: Vec<SegmentState>,
}

#[derive(Default)]
struct SegmentState {
    received: u32,
    /// What came before its turn, by its place among the segment's partial sums.
    early: BTreeMap<u32, Set>,
    /// Where the holds end that leave one after the other: the `after` of each partial send and finalize.
    ends: VecDeque<u32>,
    /// What is held for each of those ends, and in the last place what nobody takes.
    holds: VecDeque<Set>,
    /// How often each share has come or been made.
    shares: BTreeMap<u32, u32>,
}

impl Execution {
    pub(super) fn new(schedule: &Schedule, held: impl Fn(Rank, u32) -> Vec<Rank>) -> Result<Self, VerifyError> {
        let mut whole = vec![Set::default(); schedule.segments.len()];
        let mut ranks = Vec::with_capacity(schedule.ranks());
        for (rank, program) in programs(schedule) {
            let mut state = RankState::new(rank, program, schedule.segments.len());
            for (segment, (whole, state)) in (0..).zip(whole.iter_mut().zip(&mut state.segments)) {
                for contribution in held(rank, segment) {
                    let own = Set::of(contribution);
                    let twice = |_| VerifyError::Twice { rank, segment, contribution };
                    whole.add(&own).map_err(twice)?;
                    state.holds[0].add(&own).map_err(twice)?;
                }
            }
            ranks.push(state);
        }
        let (shares, contributors) = (schedule.shares.clone(), schedule.contributors);
        Ok(Self { ranks, lanes: BTreeMap::new(), whole, owned: BTreeMap::new(), shares, contributors })
    }

    const fn is_relay(&self, rank: Rank) -> bool {
        rank.index() >= self.contributors
    }

    /// Gives every queue of every rank its turn; says whether any step could be done.
    pub(super) fn advance(&mut self) -> Result<bool, VerifyError> {
        let mut progress = false;
        for rank in 0..self.ranks.len() {
            for queue in 0..self.ranks[rank].queues.len() {
                while let Some(&(_, step)) = self.ranks[rank].queues[queue].front() {
                    if !self.perform(rank, step)? {
                        break;
                    }
                    self.ranks[rank].queues[queue].pop_front();
                    progress = true;
                }
            }
        }
        Ok(progress)
    }

    /// What must hold when nothing moves any more.
    pub(super) fn check_end(&self) -> Result<(), VerifyError> {
        for state in &self.ranks {
            if let Some(&(index, step)) = state.queues.iter().filter_map(VecDeque::front).min_by_key(|(index, _)| index)
            {
                return Err(VerifyError::Deadlock { rank: state.rank, index: index as usize, step });
            }
        }
        for state in &self.ranks {
            for (segment, run) in (0..).zip(&state.segments) {
                if let Some(contribution) = run.holds.iter().find_map(Set::first) {
                    return Err(VerifyError::Missing { rank: state.rank, segment, contribution });
                }
                if let Some((&share, &times)) = run.shares.iter().find(|(_, times)| **times > 1) {
                    return Err(VerifyError::Finals { rank: state.rank, segment, share, times });
                }
                // A relay may pass a mean on, and needs none.
                let mut roots = self.shares[segment as usize].roots().filter(|_| !self.is_relay(state.rank));
                if let Some(share) = roots.find(|root| !run.shares.contains_key(root)) {
                    return Err(VerifyError::Finals { rank: state.rank, segment, share, times: 0 });
                }
            }
        }
        (0..).zip(&self.whole).try_for_each(|(segment, whole)| self.check_whole(segment, whole))
    }

    /// The shares of a segment must have all its contributions, each once.
    fn check_whole(&self, segment: u32, whole: &Set) -> Result<(), VerifyError> {
        let mut sum = Set::default();
        let mut last = Rank(0);
        for (_, (owner, held)) in self.owned.range((segment, 0)..=(segment, u32::MAX)) {
            sum.add(held).map_err(|contribution| VerifyError::Twice { rank: *owner, segment, contribution })?;
            last = *owner;
        }
        match whole.first_without(&sum) {
            Some(contribution) => Err(VerifyError::Missing { rank: last, segment, contribution }),
            None => Ok(()),
        }
    }

    /// Does a step if what it waits for is there.
    fn perform(&mut self, rank: usize, step: Step) -> Result<bool, VerifyError> {
        let RankState { rank, segments, .. } = &mut self.ranks[rank];
        let (rank, segment) = (*rank, step.segment);
        let run = &mut segments[segment as usize];
        match step.action {
            Action::Send { to, kind } => {
                if run.received < step.after || (kind == Kind::Final && !run.shares.contains_key(&step.share)) {
                    return Ok(false);
                }
                let contributions = match kind {
                    Kind::Final => Set::default(),
                    Kind::Partial => run.take(step.after).ok_or(VerifyError::Nothing { rank, segment })?,
                };
                self.lanes.entry((rank, to)).or_default().push_back(contributions);
            }
            Action::ReceiveReduce { from } | Action::ReceiveStore { from } => {
                let arrived = self.lanes.get_mut(&(from, rank)).and_then(VecDeque::pop_front);
                let Some(contributions) = arrived else { return Ok(false) };
                if matches!(step.action, Action::ReceiveStore { .. }) {
                    *run.shares.entry(step.share).or_default() += 1;
                } else {
                    run.early.insert(step.after, contributions);
                    run.apply_in_turn().map_err(|contribution| VerifyError::Twice { rank, segment, contribution })?;
                }
            }
            Action::Finalize => {
                if run.received < step.after {
                    return Ok(false);
                }
                let contributions = run.take(step.after).unwrap_or_default();
                let whole = &self.whole[segment as usize];
                if let Some(contribution) =
                    whole.first_without(&contributions).filter(|_| self.shares[segment as usize].is_one())
                {
                    return Err(VerifyError::Missing { rank, segment, contribution });
                }
                let share = step.share;
                if let Some((first, _)) = self.owned.insert((segment, share), (rank, contributions)) {
                    return Err(VerifyError::Owners { segment, share, first, second: rank });
                }
                *run.shares.entry(share).or_default() += 1;
            }
            Action::Merge => {
                let mut parts = self.shares[segment as usize].parts(step.share).iter();
                if !parts.all(|part| run.shares.contains_key(part)) {
                    return Ok(false);
                }
                *run.shares.entry(step.share).or_default() += 1;
            }
        }
        Ok(true)
    }
}

impl RankState {
    fn new(rank: Rank, program: &[Step], segments: usize) -> Self {
        let mut queues: BTreeMap<(u8, u32), VecDeque<(u32, Step)>> = BTreeMap::new();
        let mut segments: Vec<_> = (0..segments).map(|_| SegmentState::default()).collect();
        for (index, &step) in (0..).zip(program) {
            let queue = match step.action {
                Action::Send { to, .. } => (0, to.0),
                Action::ReceiveReduce { from } | Action::ReceiveStore { from } => (1, from.0),
                // These wait for nothing but what they are made of.
                Action::Finalize | Action::Merge => (2, index),
            };
            queues.entry(queue).or_default().push_back((index, step));
            if matches!(step.action, Action::Finalize | Action::Send { kind: Kind::Partial, .. }) {
                segments[step.segment as usize].ends.push_back(step.after);
            }
        }
        for state in &mut segments {
            state.holds.resize_with(state.ends.len() + 1, Set::default);
        }
        Self { rank, queues: queues.into_values().collect(), segments }
    }
}

impl SegmentState {
    /// Takes what is held until the `after`-th receive; nothing if there is nothing.
    fn take(&mut self, after: u32) -> Option<Set> {
        let place = self.ends.iter().position(|end| *end == after)?;
        // Whoever comes second to the same end finds it empty.
        Some(std::mem::take(&mut self.holds[place])).filter(|held| held.first().is_some())
    }

    fn apply_in_turn(&mut self) -> Result<(), Rank> {
        while let Some(contributions) = self.early.remove(&self.received) {
            let place = self.ends.partition_point(|end| *end <= self.received);
            self.holds[place].add(&contributions)?;
            self.received += 1;
        }
        Ok(())
    }
}

/// A set of contributions, as bits.
#[derive(Debug, Clone, Default)]
struct Set(Vec<u64>);

impl Set {
    fn of(contribution: Rank) -> Self {
        let mut words = vec![0; contribution.index() / 64 + 1];
        words[contribution.index() / 64] = 1 << (contribution.index() % 64);
        Self(words)
    }

    /// Adds contributions that are not in it.
    fn add(&mut self, other: &Self) -> Result<(), Rank> {
        self.0.resize(self.0.len().max(other.0.len()), 0);
        for (index, (word, added)) in self.0.iter_mut().zip(&other.0).enumerate() {
            if *word & added != 0 {
                return Err(rank_of(index, *word & added));
            }
            *word |= added;
        }
        Ok(())
    }

    fn first(&self) -> Option<Rank> {
        self.first_without(&Self::default())
    }

    /// The first contribution that is not in `other`.
    fn first_without(&self, other: &Self) -> Option<Rank> {
        (0..).zip(&self.0).find_map(|(index, word)| {
            let rest = word & !other.0.get(index).copied().unwrap_or_default();
            (rest != 0).then(|| rank_of(index, rest))
        })
    }
}

#[expect(clippy::cast_possible_truncation, reason = "ranks are u32")]
fn rank_of(word: usize, bits: u64) -> Rank {
    Rank(word as u32 * 64 + bits.trailing_zeros())
}
