//! A rank's way through the turns of a schedule: one of an exact schedule, several of gossip.
//!
//! In gossip every rank sends its neighbours what it has, as often as there are turns, and takes the mean of what it then has. Ranks
//! with many neighbours would count for more than others, so weights are split: a rank with `d` neighbours says that it has one
//! `(d + 1)`-th of its weight, to each of them and to itself. All weight stays in the network, and every rank's mean comes closer to that of all
//! contributions (push-sum: D. Kempe, A. Dobra, J. Gehrke, "Gossip-based computation of aggregate information", FOCS 2003).

use std::sync::Arc;

use super::machine::{Completed, Contribution};
use super::schedule::Schedule;
use crate::id::Rank;

/// A sample's weight in gossip, so that it can be split: in whole numbers, as in all frames.
const WEIGHT: u64 = 1 << 20;

/// What a rank contributes in each turn.
///
/// ```
/// use std::sync::Arc;
/// use starloom_comms::codec::Wire;
/// use starloom_comms::collective::strategies::ring;
/// use starloom_comms::collective::{Contribution, Machine, Tag, Turns};
/// use starloom_comms::id::{Attempt, Rank, Round, ViewId};
///
/// let schedule = Arc::new(ring::schedule(&[Rank(0)], 2));
/// let mut turns = Turns::new(&schedule, Rank(0), &Contribution::new(Arc::new(vec![1.0, 2.0]), 5));
/// let tag = Tag { view: ViewId(1), round: Round(1), attempt: Attempt(0) };
/// let machine = Machine::new(schedule.clone(), Rank(0), tag, Wire::F32, turns.contribution(), None);
/// // Here its frames would be carried until it is complete.
/// let completed = turns.end(machine.finish()).expect("an exact schedule has one turn");
/// assert_eq!((completed.mean, completed.samples), (vec![1.0, 2.0], 5));
/// ```
#[derive(Debug)]
pub struct Turns {
    contribution: Contribution,
    /// How many are to come.
    left: u32,
    /// In how many parts a weight is split; nothing where it stays whole.
    parts: Option<u64>,
    raw_bytes: u64,
    wire_bytes: u64,
}

impl Turns {
    /// The way of `rank`, which begins with `contribution`.
    #[must_use]
    pub fn new(schedule: &Schedule, rank: Rank, contribution: &Contribution) -> Self {
        let parts = (!schedule.is_exact()).then(|| schedule.destinations(rank).len() as u64 + 1);
        let contribution = match parts {
            Some(parts) => {
                let samples = contribution.samples().saturating_mul(WEIGHT) / parts;
                Contribution::new(contribution.values().clone(), samples)
            }
            None => contribution.clone(),
        };
        Self { contribution, left: schedule.turns(), parts, raw_bytes: 0, wire_bytes: 0 }
    }

    /// What the rank contributes in this turn.
    #[must_use]
    pub const fn contribution(&self) -> &Contribution {
        &self.contribution
    }

    /// Takes what has come of a turn, and gives what has come of all after the last one.
    #[must_use]
    pub fn end(&mut self, completed: Completed) -> Option<Completed> {
        self.left = self.left.saturating_sub(1);
        self.raw_bytes += completed.raw_bytes;
        self.wire_bytes += completed.wire_bytes;
        match self.parts {
            Some(parts) if self.left > 0 => {
                self.contribution = Contribution::new(Arc::new(completed.mean), completed.samples / parts);
                None
            }
            _ => {
                let samples = self.parts.map_or(completed.samples, |_| completed.samples / WEIGHT);
                Some(Completed { samples, raw_bytes: self.raw_bytes, wire_bytes: self.wire_bytes, ..completed })
            }
        }
    }
}
