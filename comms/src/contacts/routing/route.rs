//! What is answered: arrivals at nodes, and routes hop by hop.

use super::label::{Label, Node};
use crate::contacts::Transit;
use crate::units::MissionTime;

/// One contact of a route. Nodes are numbers of the [`ContactGraph`](super::ContactGraph).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hop {
    /// Who sends.
    pub from: u32,
    /// Who receives.
    pub to: u32,
    /// When the bundle passes. Its start tells which contact of the lane it is.
    pub transit: Transit,
}

/// The way of a bundle, no node twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Each from where the one before it leads; none for a bundle that is where it should be.
    pub hops: Vec<Hop>,
    /// When the last bit is at the receiver.
    pub arrival: MissionTime,
}

/// The earliest arrival at every node.
#[derive(Debug)]
pub struct Arrivals<'a> {
    pub(super) labels: &'a [Label],
    pub(super) nodes: &'a [Node],
}

impl Arrivals<'_> {
    /// When the whole bundle is at `node` at the earliest; nothing if it never is.
    #[must_use]
    pub fn at(&self, node: u32) -> Option<MissionTime> {
        Some(MissionTime(self.label(node)?.last))
    }

    /// The last hop of the earliest arrival at `node`; nothing for the sender, and where there is none.
    ///
    /// With [store-and-forward](super::Relaying::StoreAndForward) the hops of all nodes make a tree. With
    /// [cut-through](super::Relaying::CutThrough) they need not: a relay's earliest first bit may be on another way than its earliest
    /// last one, so ask for the [route](Self::route).
    #[must_use]
    pub fn hop(&self, node: u32) -> Option<Hop> {
        let label = self.label(node)?;
        let parent = self.labels.get(label.parent as usize)?;
        Some(label.hop(parent.node))
    }

    /// How the bundle gets to `node` at its earliest arrival; nothing if it never does.
    #[must_use]
    pub fn route(&self, node: u32) -> Option<Route> {
        Some(route(&trace(self.labels, *self.label(node)?)))
    }

    pub(super) fn label(&self, node: u32) -> Option<&Label> {
        let node = self.nodes.get(node as usize)?;
        self.labels.get(node.label as usize)
    }
}

impl Label {
    fn hop(&self, from: u32) -> Hop {
        let [start, sent, arrival] = [self.start, self.sent, self.last].map(MissionTime);
        Hop { from, to: self.node, transit: Transit { start, sent, arrival } }
    }
}

/// The labels that led to `last`, from the start on.
pub(super) fn trace(labels: &[Label], last: Label) -> Vec<Label> {
    let mut trace = vec![last];
    let mut parent = last.parent;
    while let Some(label) = labels.get(parent as usize) {
        trace.push(*label);
        parent = label.parent;
    }
    trace.reverse();
    trace
}

/// The route along a trace.
pub(super) fn route(trace: &[Label]) -> Route {
    let hops = trace.windows(2).map(|pair| pair[1].hop(pair[0].node)).collect();
    Route { hops, arrival: MissionTime(trace.last().map_or(0, |label| label.last)) }
}
