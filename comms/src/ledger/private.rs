//! Dealing samples that never leave their node.

use serde::{Deserialize, Serialize};

use super::{Dealer, Issue, Settled};
use crate::id::NodeId;

/// The dealer of one node's own samples: the same epochs and the same accounts as [`Dealer`], for a roster of one.
///
/// Each node keeps its own; the aggregator keeps one per node, so that both know how many samples a round issues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivateDealer {
    owner: NodeId,
    dealer: Dealer,
}

impl PrivateDealer {
    /// A dealer of `owner`'s samples `0..samples` at the start of its first epoch.
    #[must_use]
    pub const fn new(owner: NodeId, samples: u64, seed: u64) -> Self {
        Self { owner, dealer: Dealer::new(samples, seed) }
    }

    /// Whose samples these are.
    #[must_use]
    pub const fn owner(&self) -> &NodeId {
        &self.owner
    }

    /// The epoch that the next issue belongs to, from 0.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.dealer.epoch()
    }

    /// The owner's samples of the next round: `per_node`, or what the epoch has left. It changes nothing.
    #[must_use]
    pub fn issue(&self, per_node: u64) -> Issue {
        self.dealer.issue(std::slice::from_ref(&self.owner), per_node)
    }

    /// Settles a committed round; the arguments are those of [`Dealer::commit`].
    ///
    /// # Panics
    /// If `issue` is not what this dealer issued last.
    pub fn commit(&mut self, issue: &Issue, contributors: &[(NodeId, u64)], roster_after: &[NodeId]) -> Settled {
        self.dealer.commit(issue, contributors, roster_after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_pass_deals_each_of_the_owners_samples_once() {
        let owner = NodeId::satellite(2);
        let mut dealer = PrivateDealer::new(owner.clone(), 25, 3);
        let mut seen = Vec::new();
        while dealer.epoch() == 0 {
            let issue = dealer.issue(10);
            let deal = issue.dealt_to(&owner);
            seen.extend_from_slice(deal);
            dealer.commit(&issue, &[(owner.clone(), deal.len() as u64)], std::slice::from_ref(&owner));
        }
        seen.sort_unstable();
        assert_eq!(seen, (0..25).collect::<Vec<_>>());
    }
}
