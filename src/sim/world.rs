//! The world of a simulation: satellites, lanes, post, station and aggregator, and one clock that jumps from event to event.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use starloom_aggregator::engine::Session;
use starloom_comms::collective::{Frame, RoundPlanner, Tag};
use starloom_comms::contacts::ActualContacts;
use starloom_comms::control::{AggregatorMessage, NodeMessage};
use starloom_comms::events::What;
use starloom_comms::id::{NodeId, Round};
use starloom_comms::member::{Event, Milestone};
use starloom_comms::scenario::{Fault, FaultTime};
use starloom_comms::units::MissionTime;

use super::agenda::Agenda;
use super::chronicle::Chronicle;
use super::collectives::Collectives;
use super::computers::Computers;
use super::ground::{Ground, Sequel, Step};
use super::lanes::Lanes;
use super::node::Node;
use super::office::{Act, Office, RESTART};
use super::post::Post;

/// All that there is.
pub(super) struct World<'a> {
    pub(super) now: MissionTime,
    pub(super) agenda: Agenda<Happening>,
    pub(super) nodes: BTreeMap<NodeId, Node>,
    pub(super) office: Office,
    pub(super) post: Post<'a>,
    pub(super) lanes: Lanes,
    /// Where vectors are sizes.
    pub(super) collectives: Option<Collectives>,
    pub(super) planner: RoundPlanner,
    /// Elements of the vector.
    pub(super) elements: usize,
    pub(super) ground: Ground,
    pub(super) computers: Computers,
    pub(super) contacts: Arc<ActualContacts>,
    pub(super) chronicle: Chronicle,
    /// Since when nodes compute: what they say of it is still to come.
    pub(super) computing: BTreeSet<(MissionTime, NodeId)>,
    /// Faults that have not struck.
    pub(super) faults: Vec<Fault>,
    pub(super) suspect_after: Duration,
}

/// What can happen at an instant.
#[derive(Debug)]
pub(super) enum Happening {
    /// A node's message is at the aggregator.
    Up(Session, NodeMessage),
    /// A message of the aggregator is at a node.
    Down(NodeId, Session, AggregatorMessage),
    /// The aggregator finds a connection gone.
    Gone(Session),
    /// A node's lane to a peer is connected.
    LaneUp(NodeId, NodeId),
    /// A node finds that a peer is gone.
    PeerGone(NodeId, NodeId),
    /// A frame has left a lane.
    Sent(NodeId, NodeId),
    /// A frame is at the other end of a lane.
    Arrived(NodeId, NodeId, Box<Frame>),
    /// A node has computed its contribution.
    Computed(NodeId),
    /// A collective of sizes has come further at a node; at its end the node has sent so much.
    Progress(NodeId, Tag, Milestone, (u64, u64)),
    /// A delivery goes on.
    Delivery(NodeId, Round, Step),
    /// A node learns what came of its delivery.
    Delivered(NodeId, Box<Event>),
    /// A deadline of a node is due.
    Time(NodeId),
    /// Faults by the clock strike.
    FaultTime,
    /// The aggregator comes back.
    Restart,
}

impl World<'_> {
    /// Lets everything happen.
    ///
    /// # Errors
    /// Where the event stream cannot be written.
    pub(super) fn run(&mut self) -> io::Result<()> {
        for fault in &self.faults {
            if let FaultTime::MissionTime(at) = fault.at {
                self.agenda.plan(at, Happening::FaultTime);
            }
        }
        for node in self.nodes.keys().cloned().collect::<Vec<_>>() {
            self.connect(&node);
        }
        loop {
            let (happens, tick) = (self.agenda.next_at(), self.office.next_at());
            let Some(next) = happens.into_iter().chain(tick).min() else { return self.chronicle.close() };
            if next > self.now {
                let earliest = self.computing.first().map_or(next, |(since, _)| *since);
                self.chronicle.release(earliest.min(next))?;
                self.now = next;
            }
            match self.agenda.pop_at(next) {
                Some(happening) => self.happen(happening),
                None => {
                    let acts = self.office.tick(self.now);
                    self.act(acts);
                }
            }
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Up(session, message) => {
                let acts = self.office.hear(session, message, self.now);
                self.act(acts);
            }
            Happening::Down(node, session, message) => self.hear(&node, session, message),
            Happening::Gone(session) => {
                let acts = self.office.lose(session, self.now);
                self.act(acts);
            }
            Happening::LaneUp(node, to) => self.tell_member(&node, Event::LaneUp { to }),
            Happening::PeerGone(node, peer) => self.peer_gone(&node, &peer),
            Happening::Sent(from, to) => {
                self.lanes.left(&from, &to);
                self.fill(&from);
            }
            Happening::Arrived(from, to, frame) => {
                if let Some(frame) = self.lanes.read(&to, &from, *frame) {
                    self.lanes.arrived(&from, &to, &frame, self.now);
                    self.tell_member(&to, Event::Frame { from, frame });
                }
            }
            Happening::Computed(node) => self.computed(&node),
            Happening::Progress(node, tag, step, sent) => {
                if self.collectives.as_ref().is_some_and(|collectives| collectives.runs(tag)) {
                    self.lanes.count(&node, sent);
                    self.tell_member(&node, Event::Progress { tag, step });
                }
            }
            Happening::Delivery(node, round, step) => {
                let sequel = self.ground.step(&node, round, step, self.now);
                self.follow_delivery(&node, round, sequel);
            }
            Happening::Delivered(node, event) => self.tell_member(&node, *event),
            Happening::Time(node) => self.time(&node),
            Happening::FaultTime => {
                let due = |fault: &Fault| matches!(fault.at, FaultTime::MissionTime(at) if at <= self.now);
                let (struck, rest) = std::mem::take(&mut self.faults).into_iter().partition(due);
                self.faults = rest;
                self.strike(struck);
            }
            Happening::Restart => {
                self.office.rise(self.now);
                for node in self.nodes.keys().cloned().collect::<Vec<_>>() {
                    self.connect(&node);
                }
            }
        }
    }

    /// Does what the aggregator wants.
    fn act(&mut self, acts: Vec<Act>) {
        for act in acts {
            match act {
                Act::Say(node, session, message) => match self.post.down(&node, self.now, &message) {
                    Some(at) => self.agenda.plan(at, Happening::Down(node, session, message)),
                    None => self.warn(&NodeId::aggregator(), format!("no way leads to {node} any more")),
                },
                Act::Tell(what) => {
                    self.settle_lanes(&what);
                    self.tell(&NodeId::aggregator(), what);
                }
            }
        }
    }

    /// Where an attempt is over, what lanes have sent of it is told.
    fn settle_lanes(&mut self, what: &What) {
        let open = match what {
            What::RoundPlanned { round, attempt, .. } => Some((*round, *attempt)),
            What::Finished { .. } => None,
            _ => return,
        };
        for (node, sent) in self.lanes.settle(open) {
            self.tell(&node, sent);
        }
    }

    /// Strikes whom faults name.
    pub(super) fn strike(&mut self, faults: Vec<Fault>) {
        for fault in faults {
            let running = self.office.outcome.is_none();
            if fault.kill == NodeId::aggregator() && running {
                self.tell(&fault.kill, What::Fault { fault: fault.to_string() });
                self.office.fall();
                self.disconnect_all();
                self.agenda.plan(self.now + RESTART, Happening::Restart);
            } else if self.nodes.get(&fault.kill).is_some_and(Node::lives) {
                self.tell(&fault.kill, What::Fault { fault: fault.to_string() });
                self.kill(&fault.kill);
            }
        }
    }

    /// A satellite is gone, from one instant to the next.
    fn kill(&mut self, dead: &NodeId) {
        let Some(node) = self.nodes.get_mut(dead) else { return };
        let session = node.die();
        self.computing.retain(|(_, node)| node != dead);
        if let Some(session) = session {
            self.agenda.plan(self.now + self.suspect_after, Happening::Gone(session));
        }
        let mut peers: BTreeSet<NodeId> = self.lanes.sources(dead).cloned().collect();
        peers.extend(self.lanes.peers(dead).iter().cloned());
        for peer in peers {
            // Who has light from it sees it go dark; the others learn of it when it does not answer.
            let contact = self.contacts.next(dead, &peer, self.now).filter(|contact| contact.covers(self.now));
            let notice = contact.map_or(self.suspect_after, |contact| contact.light_time.at(self.now));
            self.agenda.plan(self.now + notice, Happening::PeerGone(peer, dead.clone()));
        }
        if let Some(collectives) = &mut self.collectives {
            collectives.lose(dead);
        }
        self.post.lose(dead);
        self.ground.lose(dead);
    }

    pub(super) fn follow_delivery(&mut self, node: &NodeId, round: Round, sequel: Sequel) {
        let Sequel { steps, told, learns } = sequel;
        for (by, what) in told {
            self.tell(&by, what);
        }
        for (at, step) in steps {
            self.agenda.plan(at, Happening::Delivery(node.clone(), round, step));
        }
        if let Some((at, event)) = learns {
            self.agenda.plan(at, Happening::Delivered(node.clone(), Box::new(event)));
        }
    }

    pub(super) fn tell(&mut self, node: &NodeId, what: What) {
        self.chronicle.tell(self.now, node, what);
    }

    pub(super) fn warn(&mut self, node: &NodeId, message: String) {
        self.tell(node, What::Warning { message });
    }
}
