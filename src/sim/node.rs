//! A satellite in a simulation: the member that a real node has, its trainer, and what they want of the world.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use starloom_aggregator::engine::Session;
use starloom_comms::collective::Tag;
use starloom_comms::control::{AggregatorMessage, NodeMessage, Report};
use starloom_comms::events::{Phase, What};
use starloom_comms::id::{Attempt, NodeId, Round};
use starloom_comms::member::{Command, Event, Member, Part};
use starloom_comms::net::membership::WrittenCheckpoint;
use starloom_comms::scenario::{Fault, FaultTime};
use starloom_comms::units::MissionTime;

use super::trainer::{Reply, Trainer};
use super::world::{Happening, World};

/// A satellite.
pub(super) struct Node {
    pub(super) member: Member,
    /// Nothing on a relay, and on a satellite that is gone.
    pub(super) trainer: Option<Box<dyn Trainer>>,
    session: Option<Session>,
    life: Life,
    /// From when until when it computes.
    pub(super) computes: (MissionTime, MissionTime),
    pub(super) checkpoints: BTreeMap<Round, Arc<WrittenCheckpoint>>,
    /// The attempt that the aggregator has opened last.
    pub(super) opening: Option<Tag>,
    deadline: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Alive,
    /// It has left, or failed.
    Over,
    /// It was struck.
    Dead,
}

impl Node {
    pub(super) const fn new(member: Member, trainer: Option<Box<dyn Trainer>>) -> Self {
        Self {
            member,
            trainer,
            session: None,
            life: Life::Alive,
            computes: (MissionTime::ZERO, MissionTime::ZERO),
            checkpoints: BTreeMap::new(),
            opening: None,
            deadline: None,
        }
    }

    /// Whether it can still be struck.
    pub(super) fn lives(&self) -> bool {
        self.life == Life::Alive
    }

    /// Nothing of it runs on. Gives its connection to the aggregator, if it had one.
    pub(super) fn die(&mut self) -> Option<Session> {
        self.life = Life::Dead;
        self.trainer = None;
        self.session.take()
    }
}

impl World<'_> {
    /// A node connects to the aggregator.
    pub(super) fn connect(&mut self, id: &NodeId) {
        let Some(node) = self.nodes.get_mut(id).filter(|node| node.lives()) else { return };
        node.session = self.office.connect(id);
        if node.session.is_some() {
            self.tell_member(id, Event::Connected);
        }
    }

    /// The aggregator is gone.
    pub(super) fn disconnect_all(&mut self) {
        for id in self.nodes.keys().cloned().collect::<Vec<_>>() {
            if let Some(node) = self.nodes.get_mut(&id).filter(|node| node.lives()) {
                node.session = None;
                self.tell_member(&id, Event::Disconnected);
            }
        }
    }

    /// A message of the aggregator arrives.
    pub(super) fn hear(&mut self, id: &NodeId, session: Session, message: AggregatorMessage) {
        let Some(node) = self.nodes.get_mut(id).filter(|node| node.session == Some(session)) else { return };
        if let Some(collectives) = &mut self.collectives {
            node.opening = collectives.opened(&message).or(node.opening);
        }
        self.tell_member(id, Event::Message(message));
    }

    /// Tells a member what happens, and does what it wants.
    pub(super) fn tell_member(&mut self, id: &NodeId, event: Event) {
        let now = self.now.since(MissionTime::ZERO);
        let Some(node) = self.nodes.get_mut(id).filter(|node| node.lives()) else { return };
        let commands = node.member.handle(now, event);
        self.execute(id, commands);
        self.fill(id);
    }

    /// A member's deadline may be due.
    pub(super) fn time(&mut self, id: &NodeId) {
        let now = self.now.since(MissionTime::ZERO);
        let Some(node) = self.nodes.get_mut(id).filter(|node| node.lives()) else { return };
        node.deadline = None;
        if node.member.next_deadline().is_some_and(|deadline| deadline <= now) {
            self.tell_member(id, Event::Time);
        } else {
            self.fill(id);
        }
    }

    /// A peer is found to be gone.
    pub(super) fn peer_gone(&mut self, id: &NodeId, peer: &NodeId) {
        let reason = || format!("{peer} does not answer any more");
        if self.lanes.peers(id).contains(peer) {
            self.tell_member(id, Event::LaneDown { to: peer.clone(), reason: reason() });
        }
        self.tell_member(id, Event::SourceDown { from: peer.clone(), reason: reason() });
    }

    /// Puts frames on a node's lanes for as long as there are some and lanes have room.
    pub(super) fn fill(&mut self, id: &NodeId) {
        for peer in self.lanes.peers(id).to_vec() {
            while self.lanes.has_room(id, &peer) {
                let Some(node) = self.nodes.get_mut(id).filter(|node| node.lives()) else { return };
                let Some(frame) = node.member.poll_transmit(&peer) else { break };
                match self.lanes.send(id, &peer, self.now, frame) {
                    Some((transit, frame)) => {
                        self.agenda.plan(transit.sent, Happening::Sent(id.clone(), peer.clone()));
                        let arrives = Happening::Arrived(id.clone(), peer.clone(), Box::new(frame));
                        self.agenda.plan(transit.arrival, arrives);
                    }
                    None => self.warn(id, format!("a frame to {peer} fits into no contact that is left")),
                }
            }
        }
        let Some(node) = self.nodes.get_mut(id).filter(|node| node.lives()) else { return };
        let commands = node.member.poll_commands();
        let deadline = node.member.next_deadline();
        if let Some(at) = deadline.filter(|at| node.deadline.is_none_or(|known| *at < known)) {
            node.deadline = Some(at);
            self.agenda.plan(MissionTime::ZERO + at, Happening::Time(id.clone()));
        }
        if !commands.is_empty() {
            self.execute(id, commands);
            self.fill(id);
        }
    }

    /// Does what a member wants, in its order.
    fn execute(&mut self, id: &NodeId, commands: Vec<Command>) {
        let mut goes_on = false;
        for command in commands {
            let Some(node) = self.nodes.get_mut(id).filter(|node| node.lives()) else { return };
            match command {
                Command::Send(message) => self.send_up(id, message),
                Command::Connect(peers) => {
                    for to in self.lanes.connect(id, peers.into_keys().collect()) {
                        self.dial(id, to);
                    }
                }
                Command::Redial(to) => self.dial(id, to),
                Command::Pause(from) => self.lanes.pause(id, &from),
                Command::Resume(from) => {
                    for frame in self.lanes.resume(id, &from) {
                        self.agenda.plan(self.now, Happening::Arrived(from.clone(), id.clone(), Box::new(frame)));
                    }
                }
                Command::Opened(view) => {
                    goes_on = true;
                    node.reply(self.now, Reply::Opened(view));
                }
                Command::Agreed(agreed) => {
                    goes_on = true;
                    node.reply(self.now, Reply::Agreed(agreed));
                }
                Command::Unneeded => self.leave(id, Report::default()),
                Command::Deliver(round) => {
                    let checkpoint = node.checkpoints.get(&round).cloned();
                    let sequel = self.ground.begin(id, round, checkpoint.as_deref(), self.now);
                    self.follow_delivery(id, round, sequel);
                }
                Command::Forget(round) => drop(node.checkpoints.remove(&round)),
                Command::Phase(round, attempt, phase) => {
                    self.enter(id, round, attempt, phase);
                    if phase == Phase::Reduce {
                        self.run_elsewhere(id, round, attempt);
                    }
                }
                Command::Emit(what) => self.tell(id, what),
                Command::Left(report) => {
                    node.life = Life::Over;
                    node.reply(self.now, Reply::Left(report.clone()));
                    let is_relay = node.member.part() == Part::Relay;
                    let (raw_bytes, wire_bytes) = (report.raw_bytes, report.wire_bytes);
                    let carried = What::Carried { raw_bytes, wire_bytes };
                    self.tell(id, if is_relay { carried } else { What::Left { report } });
                }
                Command::Fail(failure) => self.end(id, &failure.to_string()),
            }
        }
        if goes_on {
            self.follow_trainer(id);
        }
    }

    fn send_up(&mut self, id: &NodeId, message: NodeMessage) {
        let Some(session) = self.nodes.get(id).and_then(|node| node.session) else { return };
        // What it proposes it has decoded.
        let ready = match &message {
            NodeMessage::Proposal(_) => self.lanes.decoded(id).max(self.now),
            _ => self.now,
        };
        match self.post.up(id, ready, &message) {
            Some(at) => self.agenda.plan(at, Happening::Up(session, message)),
            None => self.warn(id, "no way leads to the aggregator any more".to_owned()),
        }
    }

    fn dial(&mut self, id: &NodeId, to: NodeId) {
        if self.nodes.get(&to).is_some_and(Node::lives) {
            self.agenda.plan(self.now, Happening::LaneUp(id.clone(), to));
        }
    }

    pub(super) fn leave(&mut self, id: &NodeId, report: Report) {
        let (raw_bytes, wire_bytes) = self.lanes.sent(id);
        self.tell_member(id, Event::Leave(Report { raw_bytes, wire_bytes, ..report }));
    }

    /// A node cannot go on.
    pub(super) fn end(&mut self, id: &NodeId, why: &str) {
        self.warn(id, why.to_owned());
        let Some(node) = self.nodes.get_mut(id) else { return };
        node.life = Life::Over;
        node.trainer = None;
        self.computing.retain(|(_, node)| node != id);
        if let Some(session) = node.session.take() {
            let at = self.post.up(id, self.now, &NodeMessage::Heartbeat).unwrap_or(self.now + self.suspect_after);
            self.agenda.plan(at, Happening::Gone(session));
        }
    }

    /// A node enters a phase; faults strike there.
    pub(super) fn enter(&mut self, id: &NodeId, round: Round, attempt: Attempt, phase: Phase) {
        self.tell(id, What::Phase { round, attempt, phase });
        let here = FaultTime::Phase { round, phase };
        let strikes = |fault: &Fault| fault.at == here && (fault.kill == *id || fault.kill == NodeId::aggregator());
        if self.faults.iter().any(strikes) {
            let (struck, rest) = std::mem::take(&mut self.faults).into_iter().partition(strikes);
            self.faults = rest;
            self.strike(struck);
        }
    }
}

impl Node {
    pub(super) fn reply(&mut self, now: MissionTime, reply: Reply) {
        if let Some(trainer) = &mut self.trainer {
            trainer.tell(now, reply);
        }
    }
}
