//! The ledger: what was used, what was lost, and what the open round has issued to whom.
//!
//! The aggregator runs the dealers that the nodes run, so that it knows what dies with a node without being told.

use std::collections::BTreeMap;

use starloom_comms::control::{DataInfo, Holding, View};
use starloom_comms::id::NodeId;
use starloom_comms::ledger::{Dealer, Issue, PrivateDealer};

/// The numbers of a job.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Rounds that every replica applied.
    pub rounds_committed: u64,
    /// Attempts that no replica applied.
    pub rounds_rolled_back: u64,
    /// Samples in committed rounds.
    pub samples_used: u64,
    /// Samples issued for committed rounds whose contribution died with its node or was refused.
    pub samples_lost: u64,
    /// Samples that are in only a part of a committed vector.
    pub samples_partial: u64,
}

/// Totals and dealers.
#[derive(Debug, Clone)]
pub(super) struct Accounts {
    per_node: u64,
    pub(super) totals: Totals,
    shared: Option<(u64, Dealer)>,
    private: BTreeMap<NodeId, (u64, PrivateDealer)>,
    open: Issue,
    /// The roster that the open round is issued to.
    pub(super) issued_to: Option<View>,
}

impl Accounts {
    pub(super) fn new(per_node: u64) -> Self {
        Self {
            per_node,
            totals: Totals::default(),
            shared: None,
            private: BTreeMap::new(),
            open: Issue::default(),
            issued_to: None,
        }
    }

    /// Takes up the data of a roster. Dealers of the same data go on where they are.
    pub(super) fn take_up(&mut self, data: &BTreeMap<NodeId, DataInfo>) {
        // Only the sizes of deals matter here, and they do not depend on the seed.
        const SEED: u64 = 0;
        let shared = data.values().find(|info| info.holding == Holding::Shared).map(|info| info.samples);
        match shared {
            Some(samples) => {
                self.private.clear();
                if self.shared.as_ref().is_none_or(|(held, _)| *held != samples) {
                    self.shared = Some((samples, Dealer::new(samples, SEED)));
                }
            }
            None => {
                self.shared = None;
                self.private.retain(|node, (held, _)| data.get(node).is_some_and(|info| info.samples == *held));
                for (node, info) in data {
                    let fresh = || (info.samples, PrivateDealer::new(node.clone(), info.samples, SEED));
                    self.private.entry(node.clone()).or_insert_with(fresh);
                }
            }
        }
    }

    /// Issues the next round to `roster`.
    pub(super) fn issue(&mut self, roster: &View) {
        let nodes: Vec<NodeId> = roster.members.iter().map(|member| member.id.clone()).collect();
        self.open = match &self.shared {
            Some((_, dealer)) => dealer.issue(&nodes, self.per_node),
            None => {
                let own = |node: &NodeId| Some(self.private.get(node)?.1.issue(self.per_node).deals);
                Issue { epoch: 0, deals: nodes.iter().filter_map(own).flatten().collect() }
            }
        };
        self.issued_to = Some(roster.clone());
    }

    /// Samples of the open round that were issued to `node`.
    pub(super) fn issued(&self, node: &NodeId) -> u64 {
        self.open.dealt_to(node).len() as u64
    }

    /// Each node of the open round with what was issued to it: what a commit without refusals would say.
    pub(super) fn nominal(&self) -> Vec<(NodeId, u64)> {
        let roster = self.issued_to.iter().flat_map(|view| view.members.iter());
        roster.map(|member| (member.id.clone(), self.issued(&member.id))).collect()
    }

    /// Books a committed round.
    pub(super) fn settle(&mut self, contributors: &[(NodeId, u64)], after: &View) {
        let after: Vec<NodeId> = after.members.iter().map(|member| member.id.clone()).collect();
        let by_node: BTreeMap<&NodeId, u64> = contributors.iter().map(|(node, samples)| (node, *samples)).collect();
        let contributed = |node: &NodeId| by_node.get(node).copied().unwrap_or(0);
        self.totals.rounds_committed += 1;
        self.totals.samples_used += contributors.iter().map(|(_, samples)| samples).sum::<u64>();
        self.totals.samples_lost += self
            .open
            .deals
            .iter()
            .map(|(node, deal)| (deal.len() as u64).saturating_sub(contributed(node)))
            .sum::<u64>();
        let issue = std::mem::take(&mut self.open);
        match &mut self.shared {
            Some((_, dealer)) => {
                dealer.commit(&issue, contributors, &after);
            }
            None => {
                for node in issue.deals.keys() {
                    if let Some((_, dealer)) = self.private.get_mut(node) {
                        dealer.commit(&dealer.issue(self.per_node), contributors, &after);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::testing::view;

    fn accounts(holding: Holding) -> (Accounts, View) {
        let view = view(1, &[0, 1]);
        let mut accounts = Accounts::new(8);
        let data = view.members.iter().map(|member| (member.id.clone(), DataInfo { samples: 20, holding })).collect();
        accounts.take_up(&data);
        accounts.issue(&view);
        (accounts, view)
    }

    #[test]
    fn a_shared_pass_is_shared_out_and_a_private_one_is_each_nodes_own() {
        for (holding, second, third) in [(Holding::Shared, 2, 8), (Holding::Private, 8, 4)] {
            let (mut accounts, view) = accounts(holding);
            for expected in [8, second, third] {
                assert_eq!(accounts.issued(&view.members[1].id), expected, "{holding:?}");
                accounts.settle(&accounts.nominal(), &view);
                accounts.issue(&view);
            }
        }
    }

    #[test]
    fn what_a_lost_or_refused_node_was_issued_is_lost() {
        for holding in [Holding::Shared, Holding::Private] {
            let (mut accounts, both) = accounts(holding);
            accounts.settle(&[(both.members[0].id.clone(), 8)], &view(2, &[0]));
            accounts.issue(&view(2, &[0]));
            assert_eq!((accounts.totals.samples_used, accounts.totals.samples_lost), (8, 8), "{holding:?}");
            accounts.settle(&[(both.members[0].id.clone(), 0)], &view(2, &[0]));
            assert_eq!((accounts.totals.samples_used, accounts.totals.samples_lost), (8, 16), "{holding:?}");
        }
    }
}
