//! A simulated member: it follows `comms::control` and asserts what a replica may rely on.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use starloom_comms::control::{AggregatorMessage, DataInfo, Holding, Join, NodeMessage, Proposal, Report, Then, View};
use starloom_comms::id::{Attempt, Digest, NodeId, Round, ViewId};
use starloom_comms::ledger::{Dealer, Issue};
use starloom_comms::member::History;

use crate::collective::Collective;
use crate::dice::Dice;
use crate::world::{CHECKPOINT_EVERY, PER_NODE, SAMPLES, Weather};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Life {
    Living,
    Dead,
    Refused(String),
    Left,
}

#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) id: NodeId,
    pub(crate) life: Life,
    /// Stopped: it does nothing, and its connection stays open.
    pub(crate) muted: bool,
    pub(crate) line: Option<u64>,
    pub(crate) spoke: Duration,
    pub(crate) applied: Vec<Digest>,
    pub(crate) history: History,
    /// For each round the samples of its own contribution.
    contributed: BTreeMap<Round, Vec<u64>>,
    pub(crate) views: Vec<(ViewId, Vec<NodeId>)>,
    address: SocketAddr,
    dealer: Dealer,
    issue: Option<Issue>,
    open: Option<Open>,
    seen: Option<Attempt>,
    pending: Option<Proposal>,
    finishing: bool,
    released: bool,
    to_write: VecDeque<Round>,
    written: BTreeSet<Round>,
    duties: VecDeque<Round>,
}

#[derive(Debug, Clone)]
struct Open {
    view: View,
    round: Round,
    attempt: Attempt,
    entered: bool,
    failed: bool,
}

impl Member {
    pub(crate) fn new(slot: u32) -> Self {
        Self {
            id: NodeId::satellite(slot),
            life: Life::Living,
            muted: false,
            line: None,
            spoke: Duration::ZERO,
            applied: Vec::new(),
            history: History::at(Round(0), Digest::default()),
            contributed: BTreeMap::new(),
            views: Vec::new(),
            address: ([127, 0, 0, 1], 4000 + u16::try_from(slot).expect("few")).into(),
            dealer: Dealer::new(SAMPLES, 7),
            issue: None,
            open: None,
            seen: None,
            pending: None,
            finishing: false,
            released: false,
            to_write: VecDeque::new(),
            written: BTreeSet::new(),
            duties: VecDeque::new(),
        }
    }

    pub(crate) fn is_active(&self) -> bool {
        self.life == Life::Living && !self.muted
    }

    /// What it says first on a connection.
    pub(crate) fn introduction(&self) -> Vec<NodeMessage> {
        let join = NodeMessage::Join(Join {
            address: self.address,
            committed: self.history.committed(),
            history: self.history.digest(),
            attempt: self.seen,
            pending: self.pending.clone(),
            data: DataInfo { samples: SAMPLES, holding: Holding::Shared },
            elements: 10,
        });
        std::iter::once(join).chain(self.written.iter().map(|&round| self.has_written(round))).collect()
    }

    pub(crate) fn hear(&mut self, message: AggregatorMessage) -> Vec<NodeMessage> {
        match message {
            AggregatorMessage::Open { view, round, attempt, .. } => self.opened(view, round, attempt),
            AggregatorMessage::Commit { round, digest, contributors, view, then, .. } => {
                self.committed(round, digest, &contributors, view, then);
            }
            AggregatorMessage::TakeCustody { round } if self.written.contains(&round) => self.duties.push_back(round),
            AggregatorMessage::TakeCustody { round } => {
                return vec![NodeMessage::CustodyFailed { round, reason: "not written".into() }];
            }
            AggregatorMessage::Release => self.released = true,
            AggregatorMessage::Refused { reason } => self.life = Life::Refused(reason),
        }
        Vec::new()
    }

    /// Does one thing, or nothing.
    pub(crate) fn act(&mut self, dice: &mut Dice, collective: &mut Collective, weather: Weather) -> Vec<NodeMessage> {
        if self.released && self.to_write.is_empty() {
            self.life = Life::Left;
            let committed = self.history.committed();
            return vec![NodeMessage::Leave(Report { committed, state: self.state(), ..Report::default() })];
        }
        if !self.to_write.is_empty() && dice.one_in(3) {
            let round = self.to_write.pop_front().expect("not empty");
            self.written.insert(round);
            return vec![self.has_written(round)];
        }
        // A delivery takes a while: its custodian may be lost meanwhile.
        if !self.duties.is_empty() && dice.one_in(15) {
            let round = self.duties.pop_front().expect("not empty");
            if weather == Weather::Stormy && dice.one_in(3) {
                return vec![NodeMessage::CustodyFailed { round, reason: "no contact".into() }];
            }
            return vec![NodeMessage::Landed { round, digest: Digest::of(b"model"), bytes: 5, path: "m".into() }];
        }
        self.train(dice, collective, weather).into_iter().collect()
    }

    fn train(&mut self, dice: &mut Dice, collective: &mut Collective, weather: Weather) -> Option<NodeMessage> {
        let open = self.open.as_mut().filter(|open| !open.failed && self.pending.is_none() && !self.finishing)?;
        let key = (open.view.id, open.round, open.attempt);
        if weather == Weather::Stormy && dice.one_in(120) {
            open.failed = true;
            let others: Vec<_> = open.view.members.iter().filter(|member| member.id != self.id).collect();
            let peer = dice.pick(&others).filter(|_| weather == Weather::Stormy).map(|member| member.id.clone());
            let (view, round, attempt) = key;
            return Some(NodeMessage::AttemptFailed { view, round, attempt, peer, reason: "broken".into() });
        }
        if !open.entered {
            open.entered = true;
            let deal = || self.issue.as_ref().expect("issued at its opening").dealt_to(&self.id).to_vec();
            let refused = weather == Weather::Stormy && dice.one_in(30);
            let round = open.round;
            let input = self.contributed.entry(round).or_insert_with(|| if refused { Vec::new() } else { deal() });
            collective.enter(key, &self.id, input.clone());
            return None;
        }
        let mut digest = collective.complete(key, &open.view)?;
        // Alone nobody could tell.
        if open.view.members.len() > 1 && weather == Weather::Stormy && dice.one_in(60) {
            digest = Digest::of(format!("a bit flipped at {}", self.id).as_bytes());
        }
        let (view, round, attempt) = key;
        let samples = self.contributed[&round].len() as u64;
        let proposal = Proposal { view, round, attempt, digest, samples, refused: None };
        self.pending = Some(proposal.clone());
        Some(NodeMessage::Proposal(proposal))
    }

    fn opened(&mut self, view: View, round: Round, attempt: Attempt) {
        let next = self.history.committed().next();
        assert!(round <= next, "{} is to run round {round} and lacks round {next}", self.id);
        if round < next || self.seen.is_some_and(|seen| attempt <= seen) {
            return;
        }
        self.begin(view, round, attempt);
    }

    fn begin(&mut self, view: View, round: Round, attempt: Attempt) {
        let roster: Vec<NodeId> = view.members.iter().map(|member| member.id.clone()).collect();
        assert!(roster.contains(&self.id), "{} is to run round {round} without being in it", self.id);
        self.views.push((view.id, roster.clone()));
        if self.issue.is_none() {
            self.issue = Some(self.dealer.issue(&roster, PER_NODE));
        }
        self.seen = Some(attempt);
        self.pending = None;
        self.open = Some(Open { view, round, attempt, entered: false, failed: false });
    }

    fn committed(&mut self, round: Round, digest: Digest, contributors: &[(NodeId, u64)], view: View, then: Then) {
        let next = self.history.committed().next();
        if round < next {
            let applied = self.applied[usize::try_from(round.0).expect("few") - 1];
            assert_eq!(applied, digest, "{} is told of another round {round} than it applied", self.id);
            return;
        }
        let held = self.pending.take().map(|pending| (pending.round, pending.digest));
        assert_eq!(held, Some((round, digest)), "{} cannot apply round {round}", self.id);
        self.history.append(digest);
        self.applied.push(digest);
        let roster: Vec<NodeId> = view.members.iter().map(|member| member.id.clone()).collect();
        let issue = self.issue.take().expect("issued at its opening");
        self.dealer.commit(&issue, contributors, &roster);
        self.finishing = then == Then::Finish;
        if self.finishing || round.0.is_multiple_of(CHECKPOINT_EVERY) {
            self.to_write.push_back(round);
        }
        self.begin(view, round.next(), Attempt(0));
        // The commit alone has been seen of the round after it.
        self.seen = None;
    }

    fn has_written(&self, round: Round) -> NodeMessage {
        NodeMessage::CheckpointWritten { round, state: self.applied[usize::try_from(round.0).expect("few") - 1] }
    }

    fn state(&self) -> Digest {
        Digest::of(format!("{:?} {:?}", self.applied, self.dealer).as_bytes())
    }
}
