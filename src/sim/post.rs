//! How messages to and from the aggregator travel: over the contacts that take place, by their earliest arrival.
//!
//! The aggregator flies on a satellite. Its messages are small and go whole from satellite to satellite, each of which has all of
//! one before it passes it on. They do not take capacity from the collectives.

use std::collections::BTreeMap;

use starloom_comms::collective::Tag;
use starloom_comms::contacts::routing::{BoundSearch, ContactGraph, Query, Relaying, Search};
use starloom_comms::control::{AggregatorMessage, NodeMessage};
use starloom_comms::id::NodeId;
use starloom_comms::net::control::{length_down, length_up};
use starloom_comms::units::MissionTime;

/// The way between the aggregator's host and everybody.
pub(super) struct Post<'a> {
    search: Search<'a>,
    /// The way to the host, if anybody has contact to it.
    to_host: Option<BoundSearch<'a>>,
    graph: &'a ContactGraph,
    host: NodeId,
    lost: Vec<u32>,
    /// The last message to all: when and how long it was, and when it arrives where.
    down: Option<(MissionTime, u64, BTreeMap<NodeId, MissionTime>)>,
    /// The length of the last opening or commit, which is the same for all.
    length: Option<(Opens, u64)>,
}

/// Which attempt a message opens, and whether it commits the one before: what tells such messages apart.
type Opens = (bool, Tag);

impl<'a> Post<'a> {
    /// A post over the contacts of `graph`, from and to `host`.
    pub(super) fn new(graph: &'a ContactGraph, host: NodeId) -> Self {
        let to_host = graph.index(&host).map(|host| BoundSearch::new(graph, host));
        Self { search: Search::new(graph), to_host, graph, host, lost: Vec::new(), down: None, length: None }
    }

    /// Where the aggregator is.
    pub(super) const fn host(&self) -> &NodeId {
        &self.host
    }

    /// A satellite passes nothing on any more. The aggregator stays where it is.
    pub(super) fn lose(&mut self, node: &NodeId) {
        if *node != self.host {
            self.lost.extend(self.graph.index(node));
            self.down = None;
        }
    }

    /// When a message of `node` is at the aggregator, if it ever is.
    pub(super) fn up(&mut self, node: &NodeId, at: MissionTime, message: &NodeMessage) -> Option<MissionTime> {
        // Who takes part is settled on the ground, before the mission starts.
        let joins = matches!(message, NodeMessage::Join(_) | NodeMessage::JoinAsRelay { .. });
        if joins || *node == self.host {
            return Some(at);
        }
        let from = self.graph.index(node)?;
        let query =
            Query { from, ready: at, bytes: length_up(message), relaying: Relaying::StoreAndForward, lost: &self.lost };
        self.to_host.as_mut()?.arrival(&query)
    }

    /// When a message of the aggregator is at `node`, if it ever is.
    pub(super) fn down(&mut self, node: &NodeId, at: MissionTime, message: &AggregatorMessage) -> Option<MissionTime> {
        if *node == self.host {
            return Some(at);
        }
        let bytes = self.length(message);
        if self.down.as_ref().is_none_or(|(when, length, _)| (*when, *length) != (at, bytes)) {
            let from = self.graph.index(&self.host)?;
            let query = Query { from, ready: at, bytes, relaying: Relaying::StoreAndForward, lost: &self.lost };
            let arrivals = self.search.arrivals(&query);
            let nodes = self.graph.nodes().iter().zip(0..);
            let known = nodes.filter_map(|(node, index)| Some((node.clone(), arrivals.at(index)?))).collect();
            self.down = Some((at, bytes, known));
        }
        self.down.as_ref().and_then(|(_, _, known)| known.get(node).copied())
    }

    fn length(&mut self, message: &AggregatorMessage) -> u64 {
        let Some(opens) = opens(message) else { return length_down(message) };
        match &self.length {
            Some((known, length)) if *known == opens => *length,
            _ => {
                let length = length_down(message);
                self.length = Some((opens, length));
                length
            }
        }
    }
}

fn opens(message: &AggregatorMessage) -> Option<Opens> {
    match message {
        AggregatorMessage::Open { view, round, attempt, .. } => {
            Some((false, Tag { view: view.id, round: *round, attempt: *attempt }))
        }
        AggregatorMessage::Commit { view, round, attempt, .. } => {
            Some((true, Tag { view: view.id, round: *round, attempt: *attempt }))
        }
        _ => None,
    }
}
