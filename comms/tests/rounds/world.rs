//! The seeded world: members, their lanes and control connections, an aggregator; and one step at a time, drawn from
//! all that could happen next. Lanes and connections keep their order, everything else may overtake everything.

mod disaster;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use starloom_comms::codec::Wire;
use starloom_comms::collective::Frame;
use starloom_comms::collective::RoundPlanner;
use starloom_comms::collective::cost::CostModel;
use starloom_comms::contacts::{Contact, ContactPlan};
use starloom_comms::control::{AggregatorMessage, NodeMessage};
use starloom_comms::id::NodeId;
use starloom_comms::limits::LANE_QUEUE_FRAMES;
use starloom_comms::member::{Command, Event};
use starloom_comms::scenario::StrategyChoice;
use starloom_comms::units::{BitsPerSecond, MissionTime};

pub(crate) use self::disaster::Disaster;
use crate::aggregator::Aggregator;
use crate::node::{Node, Work};

/// What a world is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setup {
    pub(crate) seed: u64,
    pub(crate) nodes: u32,
    /// Relays behind the nodes. If there are some, nodes see them alone, and not each other.
    pub(crate) relays: u32,
    pub(crate) rounds: u64,
    pub(crate) elements: usize,
    pub(crate) strategy: StrategyChoice,
}

type Pair = (NodeId, NodeId);

/// What a connection carries: messages, and at last the notice that it broke.
type Stream<T> = VecDeque<Option<T>>;

pub(crate) struct World {
    pub(crate) nodes: BTreeMap<NodeId, Node>,
    pub(crate) aggregator: Option<Aggregator>,
    /// Its disk, while it is down.
    crashed: Option<Aggregator>,
    killed: BTreeSet<NodeId>,
    up: BTreeMap<NodeId, Stream<NodeMessage>>,
    down: BTreeMap<NodeId, Stream<AggregatorMessage>>,
    /// Nodes with a control connection that holds.
    online: BTreeSet<NodeId>,
    /// Frames under way. An entry outlives the lane's end, until the receiver has read it.
    lanes: BTreeMap<Pair, Stream<Frame>>,
    wanted: BTreeSet<Pair>,
    connected: BTreeSet<Pair>,
    /// Broken, and the sender does not know yet.
    broken: BTreeSet<Pair>,
    paused: BTreeSet<Pair>,
    rng: ChaCha8Rng,
    pub(crate) steps: u64,
}

#[derive(Debug, Clone)]
enum Action {
    Up(NodeId),
    Down(NodeId),
    Reconnect(NodeId),
    Train(NodeId),
    Land(NodeId),
    Dial(Pair),
    Send(Pair),
    Receive(Pair),
    NoticeBreak(Pair),
    RestartAggregator,
    SuspectAbsent(NodeId),
}

impl World {
    pub(crate) fn new(setup: Setup) -> Self {
        let all = setup.nodes + setup.relays;
        let ids: Vec<NodeId> = (0..all).map(NodeId::satellite).collect();
        let (trainers, relays) = ids.split_at(setup.nodes as usize);
        let contacts = Arc::new(always(&ids, |a, b| relays.is_empty() || relays.contains(a) || relays.contains(b)));
        let planner = RoundPlanner::new(setup.strategy, CostModel::of(Wire::Fp16), contacts);
        let elements = |index| (index < setup.nodes).then_some(setup.elements);
        let node = |index| Node::new(index, elements(index), planner.clone());
        let nodes: BTreeMap<NodeId, Node> = (0..all).map(node).map(|node| (node.id.clone(), node)).collect();
        Self {
            nodes,
            aggregator: Some(Aggregator::new(trainers, relays, setup.rounds, planner.clone())),
            crashed: None,
            killed: BTreeSet::new(),
            up: BTreeMap::new(),
            down: BTreeMap::new(),
            online: BTreeSet::new(),
            lanes: BTreeMap::new(),
            wanted: BTreeSet::new(),
            connected: BTreeSet::new(),
            broken: BTreeSet::new(),
            paused: BTreeSet::new(),
            rng: ChaCha8Rng::seed_from_u64(setup.seed),
            steps: 0,
        }
    }

    /// Does one thing of those that can happen. False if nothing can.
    pub(crate) fn step(&mut self) -> bool {
        let mut actions = self.possible();
        if actions.is_empty() {
            return false;
        }
        let action = actions.swap_remove(self.rng.random_range(0..actions.len()));
        self.steps += 1;
        self.perform(action);
        true
    }

    pub(crate) fn living(&self) -> impl Iterator<Item = &Node> {
        self.nodes.values().filter(|node| !self.killed.contains(&node.id))
    }

    pub(crate) fn is_done(&self) -> bool {
        self.living().all(|node| node.left)
    }

    fn possible(&self) -> Vec<Action> {
        let mut actions = Vec::new();
        let waiting = |(id, _): (&NodeId, _)| id.clone();
        if let Some(aggregator) = &self.aggregator {
            actions.extend(self.up.iter().filter(|(_, queue)| !queue.is_empty()).map(waiting).map(Action::Up));
            let absent = aggregator.absent();
            actions.extend(absent.into_iter().filter(|id| self.killed.contains(id)).map(Action::SuspectAbsent));
        } else {
            actions.push(Action::RestartAggregator);
        }
        let down = self.down.iter().filter(|(_, queue)| !queue.is_empty());
        actions.extend(down.map(|(id, _)| Action::Down(id.clone())));
        for node in self.living().filter(|node| !node.left) {
            let id = &node.id;
            let noticed = self.down.get(id).is_none_or(VecDeque::is_empty);
            if self.aggregator.is_some() && !self.online.contains(id) && noticed {
                actions.push(Action::Reconnect(id.clone()));
            }
            if node.is_training() {
                actions.push(Action::Train(id.clone()));
            }
            if node.delivering.is_some() {
                actions.push(Action::Land(id.clone()));
            }
        }
        for pair in &self.wanted {
            if self.broken.contains(pair) {
                actions.push(Action::NoticeBreak(pair.clone()));
            } else if self.connected.contains(pair) {
                if self.lanes.get(pair).is_none_or(|stream| stream.len() < LANE_QUEUE_FRAMES) {
                    actions.push(Action::Send(pair.clone()));
                }
            } else if !self.killed.contains(&pair.1) && !self.nodes[&pair.1].left {
                actions.push(Action::Dial(pair.clone()));
            }
        }
        let readable = |(pair, stream): &(&Pair, &Stream<Frame>)| !stream.is_empty() && !self.paused.contains(*pair);
        actions.extend(self.lanes.iter().filter(readable).map(|(pair, _)| Action::Receive(pair.clone())));
        actions
    }

    fn perform(&mut self, action: Action) {
        match action {
            Action::Up(id) => self.deliver_up(&id),
            Action::Down(id) => match self.down.get_mut(&id).and_then(VecDeque::pop_front) {
                Some(Some(message)) => self.happen(&id, Event::Message(message)),
                Some(None) => self.happen(&id, Event::Disconnected),
                None => {}
            },
            Action::Reconnect(id) => {
                self.online.insert(id.clone());
                self.up.insert(id.clone(), VecDeque::new());
                self.happen(&id, Event::Connected);
            }
            Action::Train(id) => self.work(&id, Node::train),
            Action::Land(id) => self.work(&id, Node::land),
            Action::Dial(pair) => {
                self.connected.insert(pair.clone());
                self.happen(&pair.0, Event::LaneUp { to: pair.1.clone() });
            }
            Action::Send(pair) => self.send(&pair),
            Action::Receive(pair) => match self.lanes.get_mut(&pair).and_then(VecDeque::pop_front) {
                Some(Some(frame)) => self.happen(&pair.1, Event::Frame { from: pair.0.clone(), frame }),
                Some(None) => {
                    self.happen(&pair.1, Event::SourceDown { from: pair.0.clone(), reason: "reset".into() });
                }
                None => {}
            },
            Action::NoticeBreak(pair) => {
                self.broken.remove(&pair);
                self.happen(&pair.0, Event::LaneDown { to: pair.1.clone(), reason: "reset".into() });
            }
            Action::RestartAggregator => self.aggregator = self.crashed.take().map(Aggregator::restarted),
            Action::SuspectAbsent(id) => self.tell(|aggregator| aggregator.lost(&id)),
        }
    }

    fn deliver_up(&mut self, id: &NodeId) {
        match self.up.get_mut(id).and_then(VecDeque::pop_front) {
            Some(Some(message)) => self.tell(|aggregator| aggregator.handle(id, message)),
            Some(None) => self.tell(|aggregator| aggregator.lost(id)),
            None => {}
        }
    }

    fn send(&mut self, pair: &Pair) {
        let Some(node) = self.nodes.get_mut(&pair.0) else { return };
        let frame = node.member.poll_transmit(&pair.1);
        let commands = node.member.poll_commands();
        if let Some(frame) = frame {
            self.lanes.entry(pair.clone()).or_default().push_back(Some(frame));
        }
        self.execute(&pair.0, commands);
    }

    fn work(&mut self, id: &NodeId, work: impl FnOnce(&mut Node) -> Option<Event>) {
        if let Some(event) = self.nodes.get_mut(id).and_then(work) {
            self.happen(id, event);
        }
    }

    fn happen(&mut self, id: &NodeId, event: Event) {
        let Some(node) = self.nodes.get_mut(id) else { return };
        let commands = node.member.handle(Duration::ZERO, event);
        self.execute(id, commands);
    }

    fn tell(&mut self, act: impl FnOnce(&mut Aggregator)) {
        let Some(aggregator) = &mut self.aggregator else { return };
        act(aggregator);
        for (to, message) in std::mem::take(&mut aggregator.outbox) {
            if self.online.contains(&to) {
                self.down.entry(to).or_default().push_back(Some(message));
            }
        }
    }

    fn execute(&mut self, id: &NodeId, commands: Vec<Command>) {
        for command in commands {
            let Some(node) = self.nodes.get_mut(id) else { return };
            let pair = |peer: NodeId| (peer, id.clone());
            match command {
                Command::Send(message) => {
                    if self.online.contains(id) {
                        self.up.entry(id.clone()).or_default().push_back(Some(message));
                    }
                }
                Command::Connect(peers) => self.connect(id, &peers.into_keys().collect()),
                // A lane that is wanted and not connected is dialled anyway.
                Command::Redial(_) | Command::Forget(_) | Command::Phase(..) | Command::Emit(_) => {}
                Command::Pause(peer) => drop(self.paused.insert(pair(peer))),
                Command::Resume(peer) => drop(self.paused.remove(&pair(peer))),
                Command::Opened(_) => {
                    assert_eq!(node.work, Work::Joining, "{id} joins once");
                    node.work = Work::Computing(node.member.history().committed().next());
                }
                Command::Agreed(agreed) => {
                    let aggregator = self.aggregator.as_ref().or(self.crashed.as_ref()).expect("one of them");
                    let committed = aggregator.journal.commits.iter().any(|commit| {
                        matches!(commit, AggregatorMessage::Commit { round, digest, .. }
                            if (*round, *digest) == (agreed.round, agreed.digest))
                    });
                    assert!(committed, "{id} applies in round {} what is not committed", agreed.round);
                    node.apply(*agreed);
                }
                Command::Deliver(round) => node.delivering = Some(round),
                Command::Unneeded => self.work(id, Node::leave),
                Command::Left(_) => {
                    node.left = true;
                    self.connect(id, &BTreeSet::new());
                }
                Command::Fail(failure) => panic!("{id}: {failure}"),
            }
        }
    }

    /// Hangs up on all peers but these. A lane that is hung up ends after what is on it, and nobody calls it broken.
    fn connect(&mut self, id: &NodeId, peers: &BTreeSet<NodeId>) {
        let ended = |(from, to): &Pair| from == id && !peers.contains(to);
        self.connected.retain(|pair| !ended(pair));
        self.broken.retain(|pair| !ended(pair));
        self.wanted.retain(|pair| !ended(pair));
        self.wanted.extend(peers.iter().map(|peer| (id.clone(), peer.clone())));
    }
}

fn always(ids: &[NodeId], sees: impl Fn(&NodeId, &NodeId) -> bool) -> ContactPlan {
    let contact = Contact {
        start: MissionTime::ZERO,
        end: MissionTime::NEVER,
        rate: BitsPerSecond(1_000_000_000).into(),
        light_time: Duration::from_millis(1).into(),
    };
    let pairs = ids.iter().flat_map(|a| ids.iter().map(move |b| (a.clone(), b.clone())));
    ContactPlan::new(pairs.filter(|(a, b)| a != b && sees(a, b)).map(|(a, b)| (a, b, contact.clone())))
        .expect("a sound plan")
}
