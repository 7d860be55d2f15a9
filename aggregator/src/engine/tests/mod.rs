//! One job, told event by event. The laws in `tests/laws` hold in all worlds; these say what happens in one.

mod endings;
mod relays;
mod restarts;
mod roster;
mod rounds;

use std::collections::BTreeMap;

use starloom_comms::control::{DataInfo, Holding, Join, Proposal, Report, Then};
use starloom_comms::events::{LossKind, Outcome};
use starloom_comms::id::{Attempt, Digest, ViewId};
use starloom_comms::member::History;
use starloom_comms::units::MissionTime;

use super::testing::address;
use super::*;

/// An engine with its journal, and what it has said to each node.
struct Job {
    engine: Engine,
    now: Duration,
    journal: Vec<Record>,
    said: BTreeMap<NodeId, Vec<AggregatorMessage>>,
    events: Vec<What>,
    outcome: Option<Outcome>,
    histories: Vec<History>,
}

const SESSION_PER_NODE: u64 = 1000;

fn sat(slot: u32) -> NodeId {
    NodeId::satellite(slot)
}

fn mean(round: u64) -> Digest {
    Digest::of(&round.to_le_bytes())
}

fn rules(nodes: u32) -> Rules {
    Rules {
        nodes: (0..nodes).map(sat).collect(),
        relays: Vec::new(),
        rounds: 3,
        samples_per_node: 8,
        checkpoint_every: 2,
        round_deadline: Duration::from_secs(60),
        attempts: 3,
        landing_deadline: Duration::from_secs(30),
        suspect_after: Duration::from_secs(2),
        join_deadline: Duration::from_secs(20),
        min_nodes: 1,
        passes: Passes::default(),
        planner: super::testing::planner(nodes.max(7)),
        lead: Duration::ZERO,
        pace: Pace { begin: MissionTime::ZERO, time_scale: 1.0 },
    }
}

fn join(slot: u32) -> Join {
    Join {
        address: address(slot),
        committed: Round(0),
        history: Digest::default(),
        attempt: None,
        pending: None,
        data: DataInfo { samples: 100, holding: Holding::Shared },
        elements: 10,
    }
}

impl Job {
    fn with(rules: Rules) -> Self {
        let engine = Engine::new(rules, Duration::ZERO);
        let histories = vec![History::at(Round(0), Digest::default())];
        Self {
            engine,
            now: Duration::ZERO,
            journal: Vec::new(),
            said: BTreeMap::new(),
            events: Vec::new(),
            outcome: None,
            histories,
        }
    }

    /// A job of `nodes` nodes that have all joined.
    fn begun(nodes: u32) -> Self {
        let mut job = Self::with(rules(nodes));
        for slot in 0..nodes {
            job.joins(slot, join(slot));
        }
        job
    }

    fn restart(&mut self) {
        self.engine = Engine::recover(self.engine.rules.clone(), self.now, &self.journal);
        self.said.clear();
    }

    fn tell(&mut self, event: Event) {
        for command in self.engine.handle(self.now, event) {
            match command {
                Command::Journal(record) => self.journal.push(record),
                Command::Send { session, message } => {
                    let slot = u32::try_from(session.0 % SESSION_PER_NODE).expect("small");
                    self.said.entry(sat(slot)).or_default().push(message);
                }
                Command::Close { .. } => {}
                Command::Emit(what) => self.events.push(what),
                Command::End(outcome) => self.outcome = Some(outcome),
            }
        }
    }

    fn joins(&mut self, slot: u32, join: Join) {
        self.tell(Event::Joined { node: sat(slot), session: session(slot), join });
    }

    fn says(&mut self, slot: u32, message: NodeMessage) {
        self.tell(Event::Message { node: sat(slot), session: session(slot), message });
    }

    fn proposes(&mut self, slot: u32, digest: Digest) {
        let proposal = self.proposal(digest);
        self.says(slot, NodeMessage::Proposal(proposal));
    }

    fn proposal(&self, digest: Digest) -> Proposal {
        let Stage::Running(open) = &self.engine.stage else { panic!("no round is open") };
        let OpenRound { round, attempt, ref view, .. } = *open;
        Proposal { view: view.id, round, attempt, digest, samples: 8, refused: None }
    }

    fn fails(&mut self, slot: u32, peer: u32) {
        let Proposal { view, round, attempt, .. } = self.proposal(Digest::default());
        let (peer, reason) = (Some(sat(peer)), "the link broke".into());
        self.says(slot, NodeMessage::AttemptFailed { view, round, attempt, peer, reason });
    }

    fn closes(&mut self, slot: u32) {
        self.tell(Event::Closed { node: sat(slot), session: session(slot) });
    }

    fn commits(&mut self, slots: &[u32]) {
        let round = self.engine.committed().0 + 1;
        for &slot in slots {
            self.proposes(slot, mean(round));
        }
        assert_eq!(self.engine.committed().0, round, "the round is committed");
        let mut history = *self.histories.last().expect("a beginning");
        history.append(mean(round));
        self.histories.push(history);
    }

    fn wait(&mut self, span: Duration, living: &[u32]) {
        let until = self.now + span;
        while let Some(deadline) = self.engine.next_deadline().filter(|&deadline| deadline <= until) {
            self.now = self.now.max(deadline);
            for &slot in living {
                self.says(slot, NodeMessage::Heartbeat);
            }
            self.tell(Event::Tick);
        }
        self.now = until;
    }

    /// What a node that has applied `committed` rounds says when it comes back.
    fn comes_back(&mut self, slot: u32, committed: usize, pending: Option<Proposal>) {
        let history = self.histories[committed];
        let (committed, history) = (history.committed(), history.digest());
        self.joins(slot, Join { committed, history, attempt: Some(Attempt(0)), pending, ..join(slot) });
    }

    fn last_said(&self, slot: u32) -> &AggregatorMessage {
        self.said.get(&sat(slot)).and_then(|all| all.last()).expect("something was said")
    }

    fn refusal(&self, slot: u32) -> &str {
        match self.last_said(slot) {
            AggregatorMessage::Refused { reason } => reason,
            other => panic!("{other:?} is no refusal"),
        }
    }

    fn lost(&self) -> Vec<(NodeId, LossKind, u64)> {
        let lost = self.events.iter().filter_map(|what| match what {
            What::NodeLost { lost, how, samples, .. } => Some((lost.clone(), *how, *samples)),
            _ => None,
        });
        lost.collect()
    }
}

fn session(slot: u32) -> Session {
    Session(u64::from(slot))
}
