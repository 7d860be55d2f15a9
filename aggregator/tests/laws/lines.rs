//! Control connections: two queues each, and an end that either side may drop.

use std::collections::{BTreeMap, VecDeque};

use starloom_aggregator::engine::{Event, Session};
use starloom_comms::control::{AggregatorMessage, NodeMessage};
use starloom_comms::id::NodeId;

use crate::dice::Dice;

/// All connections, by number.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    lines: BTreeMap<u64, Line>,
    opened: u64,
}

/// A connection with what is on its way in it.
#[derive(Debug)]
struct Line {
    node: NodeId,
    up: VecDeque<NodeMessage>,
    down: VecDeque<AggregatorMessage>,
    node_has_closed: bool,
    aggregator_has_closed: bool,
    /// The introduction has arrived.
    introduced: bool,
}

impl Lines {
    pub(crate) fn open(&mut self, node: &NodeId) -> u64 {
        self.opened += 1;
        let line = Line {
            node: node.clone(),
            up: VecDeque::new(),
            down: VecDeque::new(),
            node_has_closed: false,
            aggregator_has_closed: false,
            introduced: false,
        };
        self.lines.insert(self.opened, line);
        self.opened
    }

    pub(crate) fn say(&mut self, line: u64, messages: Vec<NodeMessage>) {
        if let Some(line) = self.lines.get_mut(&line) {
            line.up.extend(messages);
        }
    }

    pub(crate) fn send(&mut self, session: Session, message: AggregatorMessage) {
        if let Some(line) = self.lines.get_mut(&session.0).filter(|line| !line.node_has_closed) {
            line.down.push_back(message);
        }
    }

    /// The aggregator closes a connection: what it said arrives, what it has not read does not.
    pub(crate) fn close(&mut self, session: Session) {
        if let Some(line) = self.lines.get_mut(&session.0) {
            line.up.clear();
            line.aggregator_has_closed = true;
        }
    }

    /// The aggregator dies: of what it said only a beginning may arrive.
    pub(crate) fn close_all(&mut self, dice: &mut Dice) {
        for line in self.lines.values_mut() {
            line.up.clear();
            line.aggregator_has_closed = true;
            line.down.truncate(dice.below(4));
        }
    }

    /// The node closes a connection after what it said.
    pub(crate) fn leave(&mut self, line: u64) {
        if let Some(line) = self.lines.get_mut(&line) {
            line.node_has_closed = true;
            line.down.clear();
        }
    }

    /// The node's end breaks, perhaps with what it said.
    pub(crate) fn break_off(&mut self, line: u64, dice: &mut Dice) {
        self.leave(line);
        if let Some(line) = self.lines.get_mut(&line).filter(|_| dice.one_in(2)) {
            line.up.clear();
        }
    }

    /// Something arrives at the aggregator from a connection that the dice choose, if anything is on its way.
    pub(crate) fn arrive(&mut self, dice: &mut Dice) -> Arrival {
        let busy = self.lines.iter().filter(|(_, line)| !line.up.is_empty() || line.node_has_closed);
        let busy: Vec<u64> = busy.map(|(&id, _)| id).collect();
        let Some(&id) = dice.pick(&busy) else { return Arrival::Nothing };
        let Some(line) = self.lines.get_mut(&id) else { return Arrival::Nothing };
        let (node, session) = (line.node.clone(), Session(id));
        match line.up.pop_front() {
            Some(NodeMessage::Join(join)) => {
                line.introduced = true;
                Arrival::from(Event::Joined { node, session, join })
            }
            Some(message) => Arrival::from(Event::Message { node, session, message }),
            None => match self.lines.remove(&id) {
                Some(line) if line.introduced => Arrival::from(Event::Closed { node, session }),
                _ => Arrival::Unheard,
            },
        }
    }

    /// Whether a node has something to hear on a connection: words, or its end.
    pub(crate) fn is_heard(&self, line: u64) -> bool {
        self.lines.get(&line).is_some_and(|line| !line.down.is_empty() || line.aggregator_has_closed)
    }

    /// What a node hears next on a connection; `None` is its end.
    pub(crate) fn hear(&mut self, id: u64) -> Option<AggregatorMessage> {
        let word = self.lines.get_mut(&id).and_then(|line| line.down.pop_front());
        if word.is_none() {
            self.lines.remove(&id);
        }
        word
    }
}

/// What came up.
pub(crate) enum Arrival {
    Event(Box<Event>),
    /// The end of a connection on which nothing was said.
    Unheard,
    Nothing,
}

impl From<Event> for Arrival {
    fn from(event: Event) -> Self {
        Self::Event(Box::new(event))
    }
}
