//! The aggregator in a simulation: the engine that a real aggregator has, and connections that take their time.

use std::collections::BTreeMap;
use std::time::Duration;

use starloom_aggregator::engine::{Command, Engine, Event, Record, Rules, Session};
use starloom_comms::control::{AggregatorMessage, NodeMessage};
use starloom_comms::events::{Outcome, What};
use starloom_comms::id::NodeId;
use starloom_comms::units::MissionTime;

/// How long an aggregator that was struck is away.
pub(super) const RESTART: Duration = Duration::from_secs(1);

/// The aggregator and its connections.
pub(super) struct Office {
    rules: Rules,
    /// Nothing while it is struck.
    engine: Option<Engine>,
    /// What a restart goes by. Kept if one is to come.
    journal: Option<Vec<Record>>,
    sessions: BTreeMap<Session, NodeId>,
    opened: u64,
    /// The engine's next deadline, if it is known since it last heard something.
    deadline: Option<Option<Duration>>,
    pub(super) outcome: Option<Outcome>,
}

/// What the aggregator does.
#[derive(Debug)]
pub(super) enum Act {
    /// Says this to a node.
    Say(NodeId, Session, AggregatorMessage),
    /// Tells the world.
    Tell(What),
}

impl Office {
    /// An aggregator by these rules; `restarts` if it will be struck.
    pub(super) fn new(rules: Rules, restarts: bool) -> Self {
        let engine = Some(Engine::new(rules.clone(), Duration::ZERO));
        let journal = restarts.then(Vec::new);
        Self { rules, engine, journal, sessions: BTreeMap::new(), opened: 0, deadline: None, outcome: None }
    }

    /// A node connects. Nothing while nobody is there.
    pub(super) fn connect(&mut self, node: &NodeId) -> Option<Session> {
        self.engine.as_ref()?;
        let session = Session(self.opened);
        self.opened += 1;
        self.sessions.insert(session, node.clone());
        Some(session)
    }

    /// A message arrives.
    pub(super) fn hear(&mut self, session: Session, message: NodeMessage, now: MissionTime) -> Vec<Act> {
        let Some(node) = self.sessions.get(&session).cloned() else { return Vec::new() };
        self.handle(
            now,
            match message {
                NodeMessage::Join(join) => Event::Joined { node, session, join },
                NodeMessage::JoinAsRelay { address } => Event::RelayJoined { node, session, address },
                message => Event::Message { node, session, message },
            },
        )
    }

    /// A connection is found to be gone.
    pub(super) fn lose(&mut self, session: Session, now: MissionTime) -> Vec<Act> {
        let Some(node) = self.sessions.remove(&session) else { return Vec::new() };
        self.handle(now, Event::Closed { node, session })
    }

    /// Time has passed. Heartbeats are taken as heard from all whose connection is not gone.
    pub(super) fn tick(&mut self, now: MissionTime) -> Vec<Act> {
        let mut acts = Vec::new();
        for (session, node) in self.sessions.clone() {
            acts.extend(self.handle(now, Event::Message { node, session, message: NodeMessage::Heartbeat }));
        }
        acts.extend(self.handle(now, Event::Tick));
        acts
    }

    /// It is struck.
    pub(super) fn fall(&mut self) {
        (self.engine, self.deadline) = (None, None);
        self.sessions.clear();
    }

    /// It comes back with its journal.
    pub(super) fn rise(&mut self, now: MissionTime) {
        let journal = self.journal.as_deref().unwrap_or_default();
        self.engine = Some(Engine::recover(self.rules.clone(), since_start(now), journal));
        self.deadline = None;
    }

    /// When it has to be told that time has passed.
    pub(super) fn next_at(&mut self) -> Option<MissionTime> {
        let engine = self.engine.as_ref()?;
        let deadline = *self.deadline.get_or_insert_with(|| engine.next_deadline());
        Some(MissionTime::ZERO + deadline?)
    }

    fn handle(&mut self, now: MissionTime, event: Event) -> Vec<Act> {
        let Some(engine) = &mut self.engine else { return Vec::new() };
        self.deadline = None;
        let mut acts = Vec::new();
        for command in engine.handle(since_start(now), event) {
            match command {
                Command::Journal(record) => {
                    if let Some(journal) = &mut self.journal {
                        journal.push(record);
                    }
                }
                Command::Send { session, message } => {
                    if let Some(node) = self.sessions.get(&session) {
                        acts.push(Act::Say(node.clone(), session, message));
                    }
                }
                Command::Close { session } => drop(self.sessions.remove(&session)),
                Command::Emit(what) => acts.push(Act::Tell(what)),
                Command::End(outcome) => self.outcome = Some(outcome),
            }
        }
        acts
    }
}

/// The engine's clock: it runs as the mission does.
fn since_start(now: MissionTime) -> Duration {
    now.since(MissionTime::ZERO)
}
