//! An aggregator in miniature that keeps the documented protocol: it opens attempts, commits what all living members
//! propose, and survives its own restart with what it has journaled.

use std::collections::{BTreeMap, BTreeSet};

use starloom_comms::collective::RoundPlanner;
use starloom_comms::control::{AggregatorMessage, Join, Member, NodeMessage, PlanStamp, Proposal, Then, View};
use starloom_comms::id::{Attempt, Digest, NodeId, Round, ViewId};
use starloom_comms::units::MissionTime;

/// What is on its disk.
#[derive(Debug, Clone)]
pub(crate) struct Journal {
    pub(crate) roster: BTreeMap<NodeId, Member>,
    relays: BTreeMap<NodeId, Member>,
    /// The roster that the first round's samples are dealt to.
    first: Option<View>,
    view: ViewId,
    pub(crate) commits: Vec<AggregatorMessage>,
    landed: bool,
}

pub(crate) struct Aggregator {
    pub(crate) journal: Journal,
    rounds: u64,
    planner: RoundPlanner,
    elements: u64,
    /// Members that have introduced themselves, and since a restart all that matters about it.
    joined: BTreeSet<NodeId>,
    attempt: Option<Attempt>,
    highest: Option<Attempt>,
    proposals: BTreeMap<NodeId, Proposal>,
    written: BTreeSet<NodeId>,
    custodian: Option<NodeId>,
    released: bool,
    pub(crate) outbox: Vec<(NodeId, AggregatorMessage)>,
    pub(crate) rollbacks: u32,
}

impl Aggregator {
    pub(crate) fn new(nodes: &[NodeId], relays: &[NodeId], rounds: u64, planner: RoundPlanner) -> Self {
        let member = |id: &NodeId| Member { id: id.clone(), address: ([127, 0, 0, 1], 1).into() };
        let [roster, relays] = [nodes, relays].map(|ids| ids.iter().map(|id| (id.clone(), member(id))).collect());
        let journal = Journal { roster, relays, first: None, view: ViewId(1), commits: Vec::new(), landed: false };
        Self::with(journal, rounds, planner)
    }

    /// What comes up after a crash.
    pub(crate) fn restarted(self) -> Self {
        Self {
            rollbacks: self.rollbacks,
            elements: self.elements,
            ..Self::with(self.journal, self.rounds, self.planner)
        }
    }

    fn with(journal: Journal, rounds: u64, planner: RoundPlanner) -> Self {
        Self {
            journal,
            rounds,
            planner,
            elements: 0,
            joined: BTreeSet::new(),
            attempt: None,
            highest: None,
            proposals: BTreeMap::new(),
            written: BTreeSet::new(),
            custodian: None,
            released: false,
            outbox: Vec::new(),
            rollbacks: 0,
        }
    }

    fn committed(&self) -> Round {
        Round(self.journal.commits.len() as u64)
    }

    /// Members that it still waits for before it goes on.
    pub(crate) fn absent(&self) -> Vec<NodeId> {
        self.everybody().filter(|id| !self.joined.contains(*id)).cloned().collect()
    }

    fn everybody(&self) -> impl Iterator<Item = &NodeId> {
        self.journal.roster.keys().chain(self.journal.relays.keys())
    }

    pub(crate) fn handle(&mut self, from: &NodeId, message: NodeMessage) {
        if !self.everybody().any(|id| id == from) {
            self.say(from, AggregatorMessage::Refused { reason: "not a member".into() });
            return;
        }
        match message {
            NodeMessage::Join(join) => self.join(from, join),
            NodeMessage::JoinAsRelay { .. } => self.join_as_relay(from),
            NodeMessage::Heartbeat => {}
            NodeMessage::Proposal(proposal) => self.propose(from, proposal),
            NodeMessage::AttemptFailed { round, attempt, .. } => {
                if round == self.committed().next() && Some(attempt) == self.attempt {
                    self.reopen();
                }
            }
            NodeMessage::CheckpointWritten { .. } => {
                self.written.insert(from.clone());
                self.settle_custody();
            }
            NodeMessage::Landed { .. } => {
                self.journal.landed = true;
                self.settle_custody();
            }
            NodeMessage::CustodyFailed { .. } => {
                self.written.remove(from);
                self.custodian = None;
                self.settle_custody();
            }
            NodeMessage::Leave(_) => {
                self.journal.roster.remove(from);
                self.journal.relays.remove(from);
            }
        }
    }

    /// A member is gone for good.
    pub(crate) fn lost(&mut self, node: &NodeId) {
        if self.journal.roster.remove(node).or_else(|| self.journal.relays.remove(node)).is_none() {
            return;
        }
        self.written.remove(node);
        if self.custodian.as_ref() == Some(node) {
            self.custodian = None;
        }
        if self.committed().0 == self.rounds {
            return self.settle_custody();
        }
        self.journal.view = self.journal.view.next();
        if self.attempt.is_none() {
            self.begin_if_all_are_here();
        } else if self.proposals.contains_key(node) {
            // What it proposed counts, if the others hold it as well.
            self.commit_if_agreed();
        } else {
            self.reopen();
        }
    }

    fn join(&mut self, from: &NodeId, join: Join) {
        if let Some(member) = self.journal.roster.get_mut(from) {
            member.address = join.address;
        }
        self.joined.insert(from.clone());
        self.elements = join.elements;
        if join.committed.next() == self.committed() {
            let commit = self.journal.commits.last().expect("there is a commit").clone();
            self.say(from, commit);
            self.highest = self.highest.max(Some(Attempt(0)));
        } else {
            assert_eq!(join.committed, self.committed(), "{from} is rounds away");
            self.highest = self.highest.max(join.attempt);
            // The first deal must be the same everywhere.
            if let (None, Some(view)) = (join.attempt, self.journal.first.clone())
                && join.committed == Round(0)
            {
                self.say(from, self.opening_of(view, Round(1), Attempt(0)));
            }
            if let Some(proposal) = join.pending {
                self.propose(from, proposal);
            }
        }
        if self.committed().0 == self.rounds {
            self.written.remove(from);
            if self.custodian.as_ref() == Some(from) {
                self.custodian = None;
            }
            if self.released {
                self.say(from, AggregatorMessage::Release);
            }
            return self.settle_custody();
        }
        match self.attempt {
            Some(attempt) => self.say(from, self.opening(attempt)),
            None => self.begin_if_all_are_here(),
        }
    }

    fn join_as_relay(&mut self, from: &NodeId) {
        self.joined.insert(from.clone());
        if self.released || self.journal.landed {
            self.say(from, AggregatorMessage::Release);
        }
        match self.attempt.filter(|_| self.committed().0 < self.rounds) {
            Some(attempt) => self.say(from, self.opening(attempt)),
            None => self.begin_if_all_are_here(),
        }
    }

    fn begin_if_all_are_here(&mut self) {
        if self.attempt.is_some() || !self.absent().is_empty() || self.committed().0 == self.rounds {
            return;
        }
        if self.journal.first.is_none() {
            self.journal.first = Some(self.view());
        }
        self.open(self.highest.map_or(Attempt(0), Attempt::next));
    }

    fn propose(&mut self, from: &NodeId, proposal: Proposal) {
        if proposal.round == self.committed().next() && Some(proposal.attempt) == self.attempt {
            self.proposals.insert(from.clone(), proposal);
            self.commit_if_agreed();
        }
    }

    fn commit_if_agreed(&mut self) {
        if !self.journal.roster.keys().all(|id| self.proposals.contains_key(id)) {
            return;
        }
        let round = self.committed().next();
        let proposals = std::mem::take(&mut self.proposals);
        let digests: BTreeSet<Digest> = proposals.values().map(|proposal| proposal.digest).collect();
        assert_eq!(digests.len(), 1, "round {round} has different results: {proposals:?}");
        let then = if round.0 == self.rounds { Then::Finish } else { Then::Continue };
        let commit = AggregatorMessage::Commit {
            round,
            attempt: self.attempt.expect("an attempt is open"),
            digest: digests.into_iter().next().expect("one"),
            contributors: proposals.into_iter().map(|(id, proposal)| (id, proposal.samples)).collect(),
            view: self.view(),
            then,
            next: self.stamp(&self.view()).filter(|_| then == Then::Continue),
        };
        self.journal.commits.push(commit.clone());
        self.attempt = Some(Attempt(0));
        self.tell_all(&commit);
    }

    fn reopen(&mut self) {
        self.rollbacks += 1;
        self.open(self.attempt.map_or(Attempt(0), Attempt::next));
    }

    fn open(&mut self, attempt: Attempt) {
        self.proposals.clear();
        self.attempt = Some(attempt);
        self.tell_all(&self.opening(attempt));
    }

    fn settle_custody(&mut self) {
        if self.journal.landed {
            self.released = true;
            return self.tell_all(&AggregatorMessage::Release);
        }
        if self.custodian.is_none()
            && let Some(custodian) = self.written.first().cloned()
        {
            self.say(&custodian, AggregatorMessage::TakeCustody { round: self.committed() });
            self.custodian = Some(custodian);
        }
    }

    fn opening(&self, attempt: Attempt) -> AggregatorMessage {
        self.opening_of(self.view(), self.committed().next(), attempt)
    }

    fn opening_of(&self, view: View, round: Round, attempt: Attempt) -> AggregatorMessage {
        let elements = self.elements;
        match self.stamp(&view) {
            Some(planned) => AggregatorMessage::Open { view, round, attempt, elements, planned },
            None => AggregatorMessage::Refused { reason: "nobody is left who sees the others".into() },
        }
    }

    /// Which schedule a roster runs by, if there is one.
    fn stamp(&self, view: &View) -> Option<PlanStamp> {
        let elements = usize::try_from(self.elements).expect("a short vector");
        Some(self.planner.at(view, elements, MissionTime::ZERO).ok()?.stamp)
    }

    fn view(&self) -> View {
        let [members, relays] =
            [&self.journal.roster, &self.journal.relays].map(|list| list.values().cloned().collect());
        View { id: self.journal.view, members, relays }
    }

    fn tell_all(&mut self, message: &AggregatorMessage) {
        for id in self.joined.clone().intersection(&self.everybody().cloned().collect()) {
            self.say(id, message.clone());
        }
    }

    fn say(&mut self, to: &NodeId, message: AggregatorMessage) {
        self.outbox.push((to.clone(), message));
    }
}
