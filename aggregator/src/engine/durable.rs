//! The part of the engine that outlives it: a fold over the journal's records.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use starloom_comms::control::{DataInfo, Member, Then, View};
use starloom_comms::events::Outcome;
use starloom_comms::id::{Digest, NodeId, Round, ViewId};
use starloom_comms::member::History;

use super::accounts::Accounts;
use super::record::{Commit, Record};

/// How far a job is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Progress {
    /// No roster yet.
    Nothing,
    /// Rounds run, or the last checkpoint is on its way.
    Rounds,
    /// Members may leave.
    Released,
    /// The job is over.
    Over(Outcome),
}

/// Everything that a restarted aggregator knows.
#[derive(Debug, Clone)]
pub(super) struct Durable {
    pub(super) progress: Progress,
    pub(super) view: View,
    pub(super) elements: u64,
    pub(super) data: BTreeMap<NodeId, DataInfo>,
    /// The last round before this roster's first.
    pub(super) base: Round,
    pub(super) history: History,
    /// The history before the last commit.
    pub(super) previous: Digest,
    pub(super) last: Option<Commit>,
    pub(super) lost: Vec<NodeId>,
    pub(super) landed: BTreeSet<Round>,
    pub(super) accounts: Accounts,
}

impl Durable {
    pub(super) fn new(per_node: u64) -> Self {
        Self {
            progress: Progress::Nothing,
            view: View { id: ViewId(0), members: Arc::default(), relays: Arc::default() },
            elements: 0,
            data: BTreeMap::new(),
            base: Round(0),
            history: History::at(Round(0), Digest::default()),
            previous: Digest::default(),
            last: None,
            lost: Vec::new(),
            landed: BTreeSet::new(),
            accounts: Accounts::new(per_node),
        }
    }

    /// What `records` leave, up to round `until` if there is one.
    pub(super) fn replay(per_node: u64, records: &[Record], until: Option<Round>) -> Self {
        let void = |record: &Record, base: Round| record.round().is_some_and(|round| round > base);
        let mut valid: Vec<&Record> = Vec::new();
        for record in records {
            if let Record::Opened { base, .. } = record {
                valid.retain(|earlier| !void(earlier, *base));
            }
            valid.push(record);
        }
        let mut durable = Self::new(per_node);
        for record in valid.into_iter().filter(|record| until.is_none_or(|until| !void(record, until))) {
            durable.apply(record);
        }
        durable
    }

    pub(super) fn apply(&mut self, record: &Record) {
        match record {
            Record::Opened { base, history, elements, data, view, absent } => {
                self.progress = Progress::Rounds;
                self.base = *base;
                self.history = History::at(*base, *history);
                self.last = None;
                self.view = view.clone();
                self.elements = *elements;
                self.data = data.clone();
                self.lost = absent.clone();
                self.landed.retain(|round| round <= base);
                self.accounts.take_up(data);
                self.accounts.issue(view);
            }
            Record::Lost { node, view, .. } => {
                self.view = view.clone();
                self.lost.push(node.clone());
            }
            Record::RolledBack { .. } => self.accounts.totals.rounds_rolled_back += 1,
            Record::Committed(commit) => {
                self.previous = self.history.digest();
                self.history.append(commit.digest);
                self.accounts.settle(&commit.contributors, &commit.view);
                self.accounts.issue(&commit.view);
                self.view = commit.view.clone();
                self.last = Some(commit.clone());
            }
            Record::Adopted { round, history } => {
                for _ in self.history.committed().0..round.0 {
                    self.accounts.settle(&self.accounts.nominal(), &self.view);
                    self.accounts.issue(&self.view);
                }
                self.history = History::at(*round, *history);
                self.last = None;
            }
            Record::Landed { round, .. } => {
                self.landed.insert(*round);
            }
            Record::Released => self.progress = Progress::Released,
            Record::Finished { outcome } => self.progress = Progress::Over(outcome.clone()),
        }
    }

    pub(super) const fn committed(&self) -> Round {
        self.history.committed()
    }

    pub(super) fn is_member(&self, node: &NodeId) -> bool {
        self.view.members.iter().any(|member| member.id == *node)
    }

    /// The roster without `node`, as the next view.
    pub(super) fn view_without(&self, node: &NodeId) -> View {
        let rest = |list: &[Member]| list.iter().filter(|member| member.id != *node).cloned().collect();
        View { id: self.view.id.next(), members: rest(&self.view.members), relays: rest(&self.view.relays) }
    }

    /// Whether no further round is to come.
    pub(super) fn is_finishing(&self, rounds: u64) -> bool {
        self.committed().0 >= rounds || self.last.as_ref().is_some_and(|commit| commit.then == Then::Finish)
    }
}
