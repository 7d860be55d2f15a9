//! Dealing shared samples to a roster, epoch after epoch.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::permutation::{Permutation, mix};
use crate::id::NodeId;

/// The replicated dealer of samples that every node can read.
///
/// The same calls in the same order give the same state everywhere. Its memory is a few numbers, and the samples
/// that lost nodes left behind in the current epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub struct Dealer {
    fields: Fields,
}

/// What one round's samples are: fixed when the round opens, kept over all attempts at it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// The epoch, from 0: once over the data each.
    pub epoch: u64,
    /// For each node of the roster the samples it trains on, in this order. Near an epoch's end there are fewer, or none.
    pub deals: BTreeMap<NodeId, Vec<u64>>,
}

/// What became of an issue's samples.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Settled {
    /// Samples in the agreed mean.
    pub used: u64,
    /// Samples whose contribution was refused; they are not dealt again in this epoch.
    pub refused: u64,
    /// Samples that died with their node; they are dealt again in this epoch.
    pub returned: u64,
}

impl Dealer {
    /// A dealer of samples `0..samples` at the start of its first epoch.
    #[must_use]
    pub const fn new(samples: u64, seed: u64) -> Self {
        Self { fields: Fields { samples, seed, epoch: 0, cursor: 0, returned: Vec::new() } }
    }

    /// Samples of the data.
    #[must_use]
    pub const fn samples(&self) -> u64 {
        self.fields.samples
    }

    /// The epoch that the next issue belongs to, from 0.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.fields.epoch
    }

    /// Samples that this epoch has still to deal.
    #[must_use]
    pub const fn left(&self) -> u64 {
        self.fields.returned.len() as u64 + (self.fields.samples - self.fields.cursor)
    }

    /// The samples of the next round for each of `roster`: `per_node` each, or an even share of what the epoch has left.
    ///
    /// It changes nothing: asked again, it gives the same issue, until [`commit`](Self::commit).
    #[must_use]
    pub fn issue(&self, roster: &[NodeId], per_node: u64) -> Issue {
        let nodes = roster.len() as u64;
        let share = |index: u64| match self.left() {
            left if left / per_node.max(1) >= nodes => per_node,
            left => (left / nodes + u64::from(index < left % nodes)).min(per_node),
        };
        let mut next = self.remaining();
        let deals = roster.iter().zip(0..).map(|(node, index)| {
            let deal = next.by_ref().take(usize::try_from(share(index)).unwrap_or(usize::MAX)).collect();
            (node.clone(), deal)
        });
        Issue { epoch: self.fields.epoch, deals: deals.collect() }
    }

    /// Settles a committed round.
    ///
    /// `contributors` are those of the commit, with their samples; `roster_after` is the roster that the next round
    /// is dealt to. A deal counts as used if its node contributed samples, as refused if its node contributed none
    /// and is still in, and returns to the epoch otherwise.
    ///
    /// # Panics
    /// If `issue` is of another epoch, or of more samples than the epoch has left: the caller lost track of a round.
    pub fn commit(&mut self, issue: &Issue, contributors: &[(NodeId, u64)], roster_after: &[NodeId]) -> Settled {
        assert_eq!(issue.epoch, self.fields.epoch, "an issue of another epoch cannot be settled");
        let dealt = issue.deals.values().map(|deal| deal.len() as u64).sum();
        assert!(dealt <= self.left(), "{dealt} samples were issued and the epoch has {} left", self.left());

        let contributed: BTreeMap<&NodeId, u64> = contributors.iter().map(|(node, samples)| (node, *samples)).collect();
        let still_in: BTreeSet<&NodeId> = roster_after.iter().collect();
        let mut settled = Settled::default();
        let mut died = Vec::new();
        for (node, deal) in &issue.deals {
            let samples = deal.len() as u64;
            match contributed.get(node) {
                Some(1..) => settled.used += samples,
                Some(0) if still_in.contains(node) => settled.refused += samples,
                _ => {
                    settled.returned += samples;
                    died.extend_from_slice(deal);
                }
            }
        }
        self.advance(dealt);
        self.fields.returned.append(&mut died);
        if self.left() == 0 {
            self.fields.epoch += 1;
            self.fields.cursor = 0;
        }
        settled
    }

    /// What the epoch has left, in the order in which it is dealt: first what lost nodes left behind.
    fn remaining(&self) -> impl Iterator<Item = u64> {
        let Fields { samples, seed, epoch, cursor, ref returned } = self.fields;
        let order = Permutation::new(samples, mix(seed).wrapping_add(epoch));
        returned.iter().copied().chain((cursor..samples).map(move |position| order.at(position)))
    }

    fn advance(&mut self, dealt: u64) {
        let pool = self.fields.returned.len() as u64;
        let from_pool = dealt.min(pool);
        self.fields.returned.drain(..usize::try_from(from_pool).unwrap_or(usize::MAX));
        self.fields.cursor += dealt - from_pool;
    }
}

impl Issue {
    /// The samples dealt to `node`; none if it was not in the roster.
    #[must_use]
    pub fn dealt_to(&self, node: &NodeId) -> &[u64] {
        self.deals.get(node).map_or(&[], Vec::as_slice)
    }
}

/// Why a stored dealer is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidDealer {
    /// The position lies outside the data.
    #[error("the dealer is at sample {cursor} of {samples}")]
    Cursor {
        /// The position in the epoch.
        cursor: u64,
        /// Samples of the data.
        samples: u64,
    },
    /// A returned sample is not one of the data, or came back twice.
    #[error("sample {sample} cannot have come back: the data has {samples} samples, and a sample comes back once")]
    Returned {
        /// The returned sample.
        sample: u64,
        /// Samples of the data.
        samples: u64,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Fields {
    samples: u64,
    seed: u64,
    epoch: u64,
    /// Position in the epoch's permutation of the first sample that was never dealt.
    cursor: u64,
    /// Dealt, and died with their nodes.
    returned: Vec<u64>,
}

impl From<Dealer> for Fields {
    fn from(dealer: Dealer) -> Self {
        dealer.fields
    }
}

impl TryFrom<Fields> for Dealer {
    type Error = InvalidDealer;

    fn try_from(fields: Fields) -> Result<Self, Self::Error> {
        let Fields { samples, cursor, ref returned, .. } = fields;
        if cursor > samples {
            return Err(InvalidDealer::Cursor { cursor, samples });
        }
        let mut sorted = returned.clone();
        sorted.sort_unstable();
        let doubled = sorted.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0]);
        match doubled.or_else(|| sorted.last().copied().filter(|&last| last >= samples)) {
            Some(sample) => Err(InvalidDealer::Returned { sample, samples }),
            None => Ok(Self { fields }),
        }
    }
}

#[cfg(test)]
#[path = "dealer_tests.rs"]
mod tests;
