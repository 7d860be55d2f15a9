//! One attempt at a round: who has proposed what, and what follows from it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use starloom_comms::control::{PlanStamp, Proposal, View};
use starloom_comms::id::{Attempt, Digest, NodeId, Round};

/// The open round.
#[derive(Debug, Clone)]
pub(super) struct OpenRound {
    pub(super) round: Round,
    pub(super) attempt: Attempt,
    /// The roster that the attempt runs in. Members lost since are still in it.
    pub(super) view: View,
    /// Which schedule it runs by; nothing for one that an earlier aggregator has opened.
    pub(super) planned: Option<PlanStamp>,
    pub(super) proposals: BTreeMap<NodeId, Proposal>,
    pub(super) state: AttemptState,
    /// Attempts in a row that failed with this roster.
    pub(super) failures: u32,
    /// How often each member was named in them.
    pub(super) blame: BTreeMap<NodeId, u32>,
}

/// Whether an attempt runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AttemptState {
    /// It runs, and fails at `until`.
    Running {
        /// Its deadline.
        until: Duration,
    },
    /// It has failed; the next one begins at `until`.
    Pausing {
        /// The end of the pause.
        until: Duration,
    },
}

/// What follows from a set of proposals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Not everybody has proposed.
    Open,
    /// The living agree, but for a minority with other bytes.
    Agreed {
        /// What is agreed.
        digest: Digest,
        /// Who holds something else.
        minority: Vec<(NodeId, Digest)>,
    },
    /// No digest has a majority.
    Split {
        /// What is proposed, by how many.
        digests: BTreeMap<Digest, usize>,
    },
}

impl OpenRound {
    pub(super) fn new(round: Round, attempt: Attempt, view: View, planned: Option<PlanStamp>, until: Duration) -> Self {
        let state = AttemptState::Running { until };
        Self { round, attempt, view, planned, proposals: BTreeMap::new(), state, failures: 0, blame: BTreeMap::new() }
    }

    /// The next attempt, in `view`.
    pub(super) fn retry(&mut self, view: View, planned: PlanStamp, until: Duration) {
        self.attempt = self.attempt.next();
        self.view = view;
        self.planned = Some(planned);
        self.proposals.clear();
        self.state = AttemptState::Running { until };
    }

    /// Takes a proposal if it is for this attempt, which must run.
    pub(super) fn propose(&mut self, node: &NodeId, proposal: Proposal) {
        let member = self.view.members.iter().any(|member| member.id == *node);
        let current = (proposal.view, proposal.round, proposal.attempt) == (self.view.id, self.round, self.attempt);
        if member && current && self.is_running() {
            self.proposals.insert(node.clone(), proposal);
        }
    }

    pub(super) const fn is_running(&self) -> bool {
        matches!(self.state, AttemptState::Running { .. })
    }

    pub(super) const fn until(&self) -> Duration {
        match self.state {
            AttemptState::Running { until } | AttemptState::Pausing { until } => until,
        }
    }

    /// Members of the attempt that have not proposed.
    pub(super) fn missing(&self) -> impl Iterator<Item = &NodeId> {
        self.view.members.iter().map(|member| &member.id).filter(|id| !self.proposals.contains_key(*id))
    }

    /// Whether all members of the attempt have proposed.
    pub(super) fn is_complete(&self) -> bool {
        self.proposals.len() == self.view.members.len()
    }

    /// What follows, if `living` are the members left.
    pub(super) fn verdict(&self, living: &View) -> Verdict {
        if !self.is_running() || !self.is_complete() {
            return Verdict::Open;
        }
        let held: Vec<(&NodeId, Digest)> = living
            .members
            .iter()
            .filter_map(|member| Some((&member.id, self.proposals.get(&member.id)?.digest)))
            .collect();
        match Vote::of(held.iter().copied()) {
            Vote::Majority { digest, others } => Verdict::Agreed { digest, minority: others },
            Vote::Split(digests) => Verdict::Split { digests },
        }
    }

    /// Whose samples are in the agreed mean, in the order of the attempt's view.
    pub(super) fn contributors(&self) -> Arc<[(NodeId, u64)]> {
        let samples = |id: &NodeId| self.proposals.get(id).map_or(0, |proposal| proposal.samples);
        self.view.members.iter().map(|member| (member.id.clone(), samples(&member.id))).collect()
    }

    pub(super) fn name(&mut self, peer: &NodeId) {
        *self.blame.entry(peer.clone()).or_default() += 1;
    }

    /// The member or relay of `view` that was named most often; the last one of several.
    pub(super) fn most_named(&self, view: &View) -> Option<(NodeId, u32)> {
        let named = view.ranks().filter_map(|member| Some((member.id.clone(), *self.blame.get(&member.id)?)));
        named.max_by_key(|(_, times)| *times)
    }
}

/// What several members hold, counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Vote {
    /// More than half hold the same.
    Majority {
        /// What they hold.
        digest: Digest,
        /// Who holds something else.
        others: Vec<(NodeId, Digest)>,
    },
    /// How many hold which.
    Split(BTreeMap<Digest, usize>),
}

impl Vote {
    pub(super) fn of<'a>(held: impl Iterator<Item = (&'a NodeId, Digest)> + Clone) -> Self {
        let mut digests: BTreeMap<Digest, usize> = BTreeMap::new();
        for (_, digest) in held.clone() {
            *digests.entry(digest).or_default() += 1;
        }
        let all: usize = digests.values().sum();
        match digests.iter().find(|(_, count)| **count * 2 > all) {
            Some((&digest, _)) => {
                let others = held.filter(|(_, other)| *other != digest);
                Self::Majority { digest, others: others.map(|(node, other)| (node.clone(), other)).collect() }
            }
            None => Self::Split(digests),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::testing::view;

    fn round_with(digests: &[&[u8]]) -> OpenRound {
        let slots: Vec<u32> = (0..4).collect();
        let mut round = OpenRound::new(Round(3), Attempt(1), view(2, &slots), None, Duration::from_secs(9));
        for (slot, bytes) in digests.iter().enumerate() {
            let digest = Digest::of(bytes);
            let slot = u32::try_from(slot).expect("few");
            round.propose(&NodeId::satellite(slot), proposal(&round, digest));
        }
        round
    }

    fn proposal(round: &OpenRound, digest: Digest) -> Proposal {
        let OpenRound { round, attempt, ref view, .. } = *round;
        Proposal { view: view.id, round, attempt, digest, samples: 8, refused: None }
    }

    #[test]
    fn a_round_waits_for_every_member() {
        assert_eq!(round_with(&[b"a", b"a", b"a"]).verdict(&view(2, &[0, 1, 2, 3])), Verdict::Open);
    }

    #[test]
    fn a_minority_is_told_apart() {
        let verdict = round_with(&[b"a", b"b", b"a", b"a"]).verdict(&view(2, &[0, 1, 2, 3]));
        let minority = vec![(NodeId::satellite(1), Digest::of(b"b"))];
        assert_eq!(verdict, Verdict::Agreed { digest: Digest::of(b"a"), minority });
    }

    #[test]
    fn the_living_decide() {
        let round = round_with(&[b"a", b"a", b"b", b"b"]);
        assert!(matches!(round.verdict(&view(2, &[0, 1, 2, 3])), Verdict::Split { .. }));
        assert!(
            matches!(round.verdict(&view(3, &[0, 1, 2])), Verdict::Agreed { digest, .. } if digest == Digest::of(b"a"))
        );
    }

    #[test]
    fn a_proposal_for_another_attempt_or_from_a_stranger_is_not_taken() {
        let mut round = round_with(&[]);
        let good = proposal(&round, Digest::of(b"a"));
        round.propose(&NodeId::satellite(0), Proposal { attempt: Attempt(0), ..good.clone() });
        round.propose(&NodeId::satellite(7), good.clone());
        assert!(round.proposals.is_empty());
        round.propose(&NodeId::satellite(0), good);
        assert_eq!(round.missing().count(), 3);
    }
}
