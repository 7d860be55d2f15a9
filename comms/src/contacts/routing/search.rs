//! Earliest arrival by labels.
//!
//! Labels are settled in the order of their last bits (Dijkstra), then of their first: no later one has an earlier last bit,
//! so a label is of use if and only if its first bit is earlier than that of all settled ones of its node. The first label of
//! a node is its earliest arrival.
//!
//! A settled label looks at the contacts that have started when its last bit is there. Those that start later wait in the heap
//! as one entry, for the earliest of them: the far future is not looked at unless the search gets there. The first label of a
//! node does that for all its labels, as it is ready by then.
//!
//! A search [bound](super::BoundSearch) for one node settles labels in the order of their last bits plus the light time that is ahead of
//! them at least (A*; Hart, Nilsson, Raphael, IEEE Transactions on Systems Science and Cybernetics 4, 1968). What is ahead shrinks by
//! no more than a hop takes, so labels of one node keep their order, and nodes off the way are never looked at.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::bound::Ahead;
use super::graph::ContactGraph;
use super::label::{Label, NEVER, NONE, Node};
use super::query::{Query, Relaying};
use super::route::{Arrivals, Route, route, trace};
use crate::units::{MissionTime, nanos};

/// Asks a [`ContactGraph`], and keeps its memory from query to query. Same query, same answer, whatever was asked before.
#[derive(Debug, Clone)]
pub struct Search<'g> {
    graph: &'g ContactGraph,
    labels: Vec<Label>,
    nodes: Vec<Node>,
    /// Where this is bound for, if it is.
    pub(super) ahead: Ahead,
    /// By last bit and what is ahead, first bit, and label. A settled label stands for its next contact, by that one's start.
    heap: BinaryHeap<Reverse<(u64, u64, u32)>>,
    /// Contacts that the start must not take.
    barred: Vec<u32>,
    bytes: u64,
    least_sending: u64,
    relaying: Relaying,
}

/// Where a search begins, and what it must keep off.
pub(super) struct Start<'a> {
    /// The label to begin with.
    pub(super) label: Label,
    /// Labels whose nodes must not be entered.
    pub(super) visited: &'a [Label],
    /// Contacts that the start must not take.
    pub(super) barred: &'a [u32],
}

impl<'g> Search<'g> {
    /// A search over `graph`.
    #[must_use]
    pub const fn new(graph: &'g ContactGraph) -> Self {
        Self {
            graph,
            labels: Vec::new(),
            nodes: Vec::new(),
            ahead: Ahead::NOTHING,
            heap: BinaryHeap::new(),
            barred: Vec::new(),
            bytes: 0,
            least_sending: 0,
            relaying: Relaying::StoreAndForward,
        }
    }

    /// The earliest arrival at every node.
    pub fn arrivals(&mut self, query: &Query<'_>) -> Arrivals<'_> {
        let label = Label::sender(query.from, query.ready);
        self.run(query, &Start { label, visited: &[], barred: &[] }, None);
        self.found()
    }

    /// The route of the earliest arrival at `to`; nothing if there is none.
    pub fn route(&mut self, query: &Query<'_>, to: u32) -> Option<Route> {
        let label = Label::sender(query.from, query.ready);
        self.trace(query, &Start { label, visited: &[], barred: &[] }, to).map(|trace| route(&trace))
    }

    /// The labels of the earliest arrival at `to`, from the start on.
    pub(super) fn trace(&mut self, query: &Query<'_>, start: &Start<'_>, to: u32) -> Option<Vec<Label>> {
        self.run(query, start, Some(to));
        let found = self.found();
        found.label(to).map(|label| trace(found.labels, *label))
    }

    /// The earliest arrival at `to`.
    pub(super) fn arrival(&mut self, query: &Query<'_>, to: u32) -> Option<MissionTime> {
        let label = Label::sender(query.from, query.ready);
        self.run(query, &Start { label, visited: &[], barred: &[] }, Some(to));
        self.found().at(to)
    }

    fn found(&self) -> Arrivals<'_> {
        Arrivals { labels: &self.labels, nodes: &self.nodes }
    }

    /// Settles labels until all nodes have one, or the one that is asked for.
    fn run(&mut self, query: &Query<'_>, start: &Start<'_>, to: Option<u32>) {
        let mut wanted = self.begin(query, start, to);
        while wanted > 0
            && let Some(Reverse((_, _, id))) = self.heap.pop()
        {
            let label = self.labels[id as usize];
            if label.next != NONE {
                self.resume(id, label);
                continue;
            }
            let node = &mut self.nodes[label.node as usize];
            if node.first <= label.first {
                continue;
            }
            let before = std::mem::replace(&mut node.first, label.first);
            if before == NEVER {
                node.label = id;
                let counts = id > 0 && to.is_none_or(|to| to == label.node);
                wanted -= usize::from(counts);
                if wanted == 0 {
                    return;
                }
            }
            self.settle(id, label, before);
        }
    }

    /// Makes everything ready, and counts the nodes that a label is wanted for.
    fn begin(&mut self, query: &Query<'_>, start: &Start<'_>, to: Option<u32>) -> usize {
        self.labels.clear();
        self.heap.clear();
        self.nodes.clear();
        self.nodes.resize(self.graph.nodes().len(), Node { first: NEVER, best: (NEVER, NEVER), label: NONE });
        self.barred.clear();
        self.barred.extend_from_slice(start.barred);
        self.bytes = query.bytes;
        self.least_sending = self.graph.least_sending(query.bytes);
        self.relaying = query.relaying;
        for lost in query.lost.iter().copied().chain(start.visited.iter().map(|label| label.node)) {
            if let Some(node) = self.nodes.get_mut(lost as usize) {
                node.first = 0;
            }
        }
        let label = Label { parent: NONE, next: NONE, ..start.label };
        let Some(sender) = self.nodes.get_mut(label.node as usize).filter(|sender| sender.first == NEVER) else {
            return 0;
        };
        (sender.best, sender.label) = ((label.last, label.first), 0);
        self.labels.push(label);
        self.push(label.last, label.first, 0);
        let open = |node: u32, known: &Node| {
            node != label.node && known.first == NEVER && self.graph.hears_after(node, MissionTime(label.first))
        };
        match to {
            Some(to) => usize::from(self.nodes.get(to as usize).is_some_and(|known| open(to, known))),
            None => (0..).zip(&self.nodes).filter(|(node, known)| open(*node, known)).count(),
        }
    }

    /// Takes all hops of a label that can start by when its last bit is there, but none that a settled label of its node has
    /// taken as early. The first bit of those was there at `before`.
    fn settle(&mut self, id: u32, label: Label, before: u64) {
        let graph = self.graph;
        let end = graph.range(label.node).end;
        let (lasting, mut next) = graph.lasting(label.node, label.first);
        for contact in lasting {
            self.hop(id, &label, *contact);
        }
        let until = label.last.min(before.saturating_sub(1));
        while next < end && graph.window(next).start <= until {
            self.hop(id, &label, next);
            next += 1;
        }
        if before == NEVER {
            self.wait(id, next, end);
        }
    }

    /// Takes the hop that a settled label has waited for, and waits for the next that leads to a node without a label.
    fn resume(&mut self, id: u32, label: Label) {
        let graph = self.graph;
        let end = graph.range(label.node).end;
        self.hop(id, &label, label.next);
        let mut next = label.next + 1;
        while next < end && self.nodes[graph.window(next).to as usize].first != NEVER {
            next += 1;
        }
        self.wait(id, next, end);
    }

    fn wait(&mut self, id: u32, next: u32, end: u32) {
        self.labels[id as usize].next = next;
        if next < end {
            let start = self.graph.window(next).start;
            self.push(start, start, id);
        }
    }

    /// Makes the label at the other end of a contact, if the bundle fits and it is of use.
    fn hop(&mut self, id: u32, label: &Label, contact: u32) {
        let window = self.graph.window(contact);
        if window.end <= label.first || (id == 0 && self.barred.contains(&contact)) {
            return;
        }
        let node = &mut self.nodes[window.to as usize];
        // What no passage can be earlier than spares most of them.
        let start = label.first.max(window.start);
        let earliest = start.saturating_add(self.least_sending).max(label.last).saturating_add(window.nearest);
        let earliest_first = match self.relaying {
            Relaying::StoreAndForward => earliest,
            Relaying::CutThrough => start.saturating_add(window.nearest),
        };
        if earliest > window.end || !node.wants(earliest_first, earliest) {
            return;
        }
        let contact_there = self.graph.contact(contact);
        let Some(transit) = contact_there.relay(MissionTime(label.first), MissionTime(label.last), self.bytes) else {
            return;
        };
        let last = transit.arrival.0;
        let first = match self.relaying {
            Relaying::StoreAndForward => last,
            Relaying::CutThrough => transit.start.0 + nanos(contact_there.light_time.at(transit.start)),
        };
        if !node.wants(first, last) {
            return;
        }
        node.best = node.best.min((last, first));
        let (start, sent, to) = (transit.start.0, transit.sent.0, window.to);
        #[expect(clippy::cast_possible_truncation, reason = "four billion labels fit no memory")]
        let made = self.labels.len() as u32;
        self.labels.push(Label { first, last, start, sent, node: to, parent: id, contact, next: NONE });
        self.push(last, first, made);
    }

    /// Puts a label among those to be settled, with the instant of its last bit, or of what it waits for.
    fn push(&mut self, last: u64, first: u64, id: u32) {
        let node = self.labels[id as usize].node as usize;
        let least = self.ahead.light.get(node).map_or(last, |light| last.saturating_add(*light));
        if least <= self.ahead.until {
            self.heap.push(Reverse((least, first, id)));
        }
    }
}
