//! Which samples a node trains on: dealt to it from what all share, or its own.

use starloom_comms::control::{DataInfo, Holding};
use starloom_comms::id::{NodeId, Round};
use starloom_comms::ledger::{Dealer, Issue, PrivateDealer};
use starloom_comms::scenario::{Scenario, Training};
use thiserror::Error;

/// One node's view of the samples. Every replica makes the same calls, so the shared dealer is part of the common state.
#[derive(Debug, Clone)]
pub(crate) struct Shard {
    node: NodeId,
    per_node: u64,
    dealer: Either,
}

#[derive(Debug, Clone)]
enum Either {
    Shared(Dealer),
    Private {
        dealer: PrivateDealer,
        /// The samples that are the node's own.
        own: Vec<u64>,
    },
}

/// Samples that a round issues to each node: those of all its inner steps.
pub(crate) fn samples_per_node(training: &Training) -> u64 {
    u64::from(training.batch_size)
        .saturating_mul(u64::from(training.accumulation))
        .saturating_mul(u64::from(training.inner_steps))
}

impl Shard {
    /// `samples` samples that every node can read.
    pub(crate) fn shared(scenario: &Scenario, node: NodeId, samples: u64) -> Self {
        let dealer = Either::Shared(Dealer::new(samples, scenario.seed));
        Self { node, per_node: samples_per_node(&scenario.training), dealer }
    }

    /// Samples that never leave `node`.
    pub(crate) fn private(scenario: &Scenario, node: NodeId, own: Vec<u64>) -> Self {
        let dealer = PrivateDealer::new(node.clone(), own.len() as u64, scenario.seed);
        let dealer = Either::Private { dealer, own };
        Self { node, per_node: samples_per_node(&scenario.training), dealer }
    }

    /// What the node says about its data when it joins.
    pub(crate) fn info(&self) -> DataInfo {
        match &self.dealer {
            Either::Shared(dealer) => DataInfo { samples: dealer.samples(), holding: Holding::Shared },
            Either::Private { own, .. } => DataInfo { samples: own.len() as u64, holding: Holding::Private },
        }
    }

    /// Whose shard it is.
    pub(crate) const fn node(&self) -> &NodeId {
        &self.node
    }

    /// The issue of the next round to `roster`. It changes nothing.
    pub(crate) fn issue(&self, roster: &[NodeId]) -> Issue {
        match &self.dealer {
            Either::Shared(dealer) => dealer.issue(roster, self.per_node),
            Either::Private { dealer, .. } => dealer.issue(self.per_node),
        }
    }

    /// The samples of this node in an issue.
    #[expect(clippy::cast_possible_truncation, reason = "sample numbers are indices")]
    pub(crate) fn dealt(&self, issue: &Issue) -> Vec<u64> {
        let dealt = issue.dealt_to(&self.node);
        match &self.dealer {
            Either::Shared(_) => dealt.to_vec(),
            Either::Private { own, .. } => dealt.iter().map(|at| own[*at as usize]).collect(),
        }
    }

    /// Settles a committed round; the arguments are those of [`Dealer::commit`].
    pub(crate) fn commit(&mut self, issue: &Issue, contributors: &[(NodeId, u64)], roster_after: &[NodeId]) {
        match &mut self.dealer {
            Either::Shared(dealer) => dealer.commit(issue, contributors, roster_after),
            Either::Private { dealer, .. } => dealer.commit(issue, contributors, roster_after),
        };
    }

    /// The dealer that is part of the common state, if there is one.
    pub(crate) const fn shared_dealer(&self) -> Option<&Dealer> {
        match &self.dealer {
            Either::Shared(dealer) => Some(dealer),
            Either::Private { .. } => None,
        }
    }

    /// The shard after `rounds` committed rounds, with the dealer that their checkpoint holds.
    ///
    /// A private dealer is in no checkpoint: where it stands follows from the number of rounds alone.
    ///
    /// # Errors
    /// [`OtherData`] if the stored dealer deals other data.
    pub(crate) fn restored(mut self, stored: Option<Dealer>, rounds: Round) -> Result<Self, OtherData> {
        match (&mut self.dealer, stored) {
            (Either::Shared(mine), Some(stored)) if stored.samples() == mine.samples() => *mine = stored,
            (Either::Shared(mine), stored) => {
                return Err(OtherData { stored: stored.map(|dealer| dealer.samples()), samples: mine.samples() });
            }
            (Either::Private { dealer, .. }, _) => {
                for _ in 0..rounds.0 {
                    let issue = dealer.issue(self.per_node);
                    let samples = issue.dealt_to(&self.node).len() as u64;
                    dealer.commit(&issue, &[(self.node.clone(), samples)], std::slice::from_ref(&self.node));
                }
            }
        }
        Ok(self)
    }
}

/// The data is not what a checkpoint's samples were dealt from.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "the checkpoint's samples were dealt from {}, but the data has {samples} training samples",
    stored.map_or_else(|| "private shards".to_owned(), |stored| format!("{stored} training samples"))
)]
pub struct OtherData {
    /// Samples that the checkpoint's dealer deals, if it has one.
    pub stored: Option<u64>,
    /// Training samples of the data.
    pub samples: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::scenario;

    #[test]
    fn a_private_shard_deals_the_nodes_own_samples() {
        let node = NodeId::satellite(1);
        let shard = Shard::private(&scenario(&[]), node.clone(), vec![3, 5, 8]);
        let mut dealt = shard.dealt(&shard.issue(&[NodeId::satellite(0), node]));
        dealt.sort_unstable();
        assert_eq!(dealt, [3, 5, 8]);
        assert_eq!(shard.info(), DataInfo { samples: 3, holding: Holding::Private });
    }

    #[test]
    fn a_private_shard_goes_on_where_its_rounds_left_it() {
        let node = NodeId::satellite(1);
        let roster = std::slice::from_ref(&node);
        let fresh = Shard::private(&scenario(&[("training.batch_size", "4")]), node.clone(), (0..10).collect());
        let mut walked = fresh.clone();
        for _ in 0..4 {
            let issue = walked.issue(roster);
            let samples = walked.dealt(&issue).len() as u64;
            walked.commit(&issue, &[(node.clone(), samples)], roster);
        }
        let restored = fresh.restored(None, Round(4)).expect("private shards need no dealer");
        assert_eq!(restored.issue(roster), walked.issue(roster));
    }

    #[test]
    fn a_dealer_of_other_data_is_refused_with_both_counts() {
        let shard = Shard::shared(&scenario(&[]), NodeId::satellite(0), 100);
        let error = shard.restored(Some(Dealer::new(90, 7)), Round(1)).expect_err("other data").to_string();
        assert!(error.contains("90") && error.contains("100"), "{error}");
    }
}
