//! Who brings which checkpoint to the ground.
//!
//! Every member writes every checkpoint, so any of them may deliver it. The one that passes a station next is asked, of
//! several one in turn; if it is lost or says that it cannot, another that has written it is. The newest checkpoint goes
//! first.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use starloom_comms::control::View;
use starloom_comms::id::{Digest, NodeId, Round};

use super::attempt::Vote;
use super::passes::Passes;

/// The checkpoints that are not on the ground yet.
#[derive(Debug, Clone)]
pub(super) struct Custody {
    /// How long the member whose turn it is may write, and how long until a checkpoint that all declined is tried again.
    patience: Duration,
    passes: Passes,
    waiting: BTreeMap<Round, Waiting>,
    turn: usize,
}

#[derive(Debug, Clone)]
struct Waiting {
    written: BTreeMap<NodeId, Digest>,
    custodian: Option<NodeId>,
    declined: BTreeSet<NodeId>,
    /// Who declined last, and why.
    trouble: Option<(NodeId, String)>,
    /// When somebody other than the member whose turn it is may be asked.
    patient_until: Duration,
    turn: usize,
}

/// Members with another state than the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Divergence {
    /// Most hold `state`, these do not.
    Minority {
        /// What most hold.
        state: Digest,
        /// Who holds something else.
        others: Vec<(NodeId, Digest)>,
    },
    /// No state has a majority.
    Split,
}

impl Custody {
    pub(super) const fn new(patience: Duration, passes: Passes) -> Self {
        Self { patience, passes, waiting: BTreeMap::new(), turn: 0 }
    }

    /// `node` has written the checkpoint of `round`. Says if its state is not the one of the others.
    pub(super) fn written(
        &mut self,
        node: &NodeId,
        round: Round,
        state: Digest,
        view: &View,
        now: Duration,
    ) -> Option<Divergence> {
        let waiting = self.waiting.entry(round).or_insert_with(|| {
            self.turn += 1;
            Waiting {
                written: BTreeMap::new(),
                custodian: None,
                declined: BTreeSet::new(),
                trouble: None,
                patient_until: now + self.patience,
                turn: self.turn - 1,
            }
        });
        waiting.written.insert(node.clone(), state);
        waiting.declined.remove(node);
        let held = waiting.written.iter().map(|(node, state)| (node, *state));
        if held.clone().all(|(_, other)| other == state) {
            return None;
        }
        let complete = view.members.iter().all(|member| waiting.written.contains_key(&member.id));
        match Vote::of(held) {
            Vote::Majority { digest: state, others } if complete => Some(Divergence::Minority { state, others }),
            Vote::Split(_) if complete => Some(Divergence::Split),
            _ => None,
        }
    }

    pub(super) fn landed(&mut self, round: Round) {
        self.waiting.remove(&round);
    }

    /// `node` cannot deliver the checkpoint of `round`.
    pub(super) fn declined(&mut self, node: &NodeId, round: Round, reason: String, now: Duration) {
        let patience = self.patience;
        if let Some(waiting) = self.waiting.get_mut(&round) {
            if waiting.custodian.as_ref() == Some(node) {
                waiting.custodian = None;
            }
            waiting.declined.insert(node.clone());
            waiting.trouble = Some((node.clone(), reason));
            waiting.patient_until = waiting.patient_until.max(now + patience);
        }
    }

    pub(super) fn lost(&mut self, node: &NodeId) {
        for waiting in self.waiting.values_mut() {
            waiting.written.remove(node);
            waiting.declined.remove(node);
            if waiting.custodian.as_ref() == Some(node) {
                waiting.custodian = None;
            }
        }
    }

    /// Who takes custody of what: newest first, who passes a station next first, the least loaded of these, then in turn.
    pub(super) fn assign(&mut self, view: &View, now: Duration) -> Vec<(NodeId, Round)> {
        let mut load: BTreeMap<NodeId, usize> = BTreeMap::new();
        for custodian in self.waiting.values().filter_map(|waiting| waiting.custodian.as_ref()) {
            *load.entry(custodian.clone()).or_default() += 1;
        }
        let mut given = Vec::new();
        for (&round, waiting) in self.waiting.iter_mut().rev().filter(|(_, waiting)| waiting.custodian.is_none()) {
            let Some(node) = waiting.choose(view, &self.passes, &load, now) else {
                if now >= waiting.patient_until {
                    waiting.patient_until = now + self.patience;
                }
                continue;
            };
            *load.entry(node.clone()).or_default() += 1;
            waiting.custodian = Some(node.clone());
            waiting.patient_until = now + self.patience;
            given.push((node, round));
        }
        given
    }

    /// When [`assign`](Self::assign) may have more to say though nothing happens.
    pub(super) fn next_deadline(&self) -> Option<Duration> {
        let open = self.waiting.values().filter(|waiting| waiting.custodian.is_none());
        open.map(|waiting| waiting.patient_until).min()
    }

    /// What is known about why the checkpoint of `round` is not on the ground.
    pub(super) fn obstacle(&self, round: Round) -> String {
        let Some(waiting) = self.waiting.get(&round) else { return "no member has written it".into() };
        match (&waiting.custodian, &waiting.trouble) {
            (Some(custodian), None) => format!("{custodian} was still delivering it"),
            (Some(custodian), Some((node, reason))) => {
                format!("{custodian} was still delivering it after {node} could not: {reason}")
            }
            (None, Some((node, reason))) => format!("{node} could not deliver it: {reason}"),
            (None, None) => "nobody who has written it is left".into(),
        }
    }
}

impl Waiting {
    fn choose(
        &mut self,
        view: &View,
        passes: &Passes,
        load: &BTreeMap<NodeId, usize>,
        now: Duration,
    ) -> Option<NodeId> {
        let impatient = now >= self.patient_until;
        if impatient && self.written.keys().all(|node| self.declined.contains(node)) {
            // Some time has passed since the last one declined: what was in the way may be gone.
            self.declined.clear();
        }
        let members = view.members.len();
        let mut in_turn: Vec<&NodeId> = (0..members)
            .map(|offset| &view.members[(self.turn + offset) % members].id)
            .filter(|id| !self.declined.contains(*id))
            .collect();
        in_turn.sort_by_key(|id| passes.wait(id, now));
        if !impatient && in_turn.first().is_some_and(|first| !self.written.contains_key(*first)) {
            return None;
        }
        let able = in_turn.into_iter().filter(|id| self.written.contains_key(*id));
        able.min_by_key(|id| (passes.wait(id, now), load.get(*id).copied().unwrap_or(0))).cloned()
    }
}

#[cfg(test)]
#[path = "custody_tests.rs"]
mod tests;
