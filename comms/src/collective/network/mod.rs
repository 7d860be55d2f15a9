//! The lanes among the ranks of a collective, as strategies that plan by time look at them.
//!
//! A [`Network`] knows how far each lane is taken, so what is planned later queues behind what was planned before. Ranks are
//! indices here: those of the members, and behind them the relays.
//!
//! - [`Flood`] lets many units spread at once, in the order of time;
//! - [`Network::spread`] finds the tree along which a flow gets from one rank to others at the earliest, and takes its lanes;
//! - [`Packing`] lays trees that share lasting links evenly, and [`pipelined`] says what crosses which lane when along them;
//! - [`Backwards`] is the plan as it looks from a later instant on, with time and lanes turned round: a tree that spreads from
//!   a rank there is a tree that gathers at it here, with everything on time.

mod backwards;
mod flood;
mod least;
mod packing;
mod pipeline;
mod spread;

use std::collections::BTreeMap;

use super::cost::lane::Lane;
use crate::contacts::ContactPlan;
use crate::id::NodeId;

pub(super) use backwards::Backwards;
pub(super) use flood::{Event, Everything, Flood, Spreading, trees};
pub(super) use least::takes_at_least;
pub(super) use packing::{Laying, Packing, Tree};
pub(super) use pipeline::{Crossing, Way, pipelined};
pub(super) use spread::{Edge, Purpose};

/// Lanes between ranks.
#[derive(Debug, Clone)]
pub(super) struct Network<'a> {
    pub(super) links: Vec<Link<'a>>,
    /// The links that begin at each rank.
    pub(super) out: Vec<Vec<usize>>,
}

/// One lane and its ends.
#[derive(Debug, Clone)]
pub(super) struct Link<'a> {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) lane: Lane<'a>,
}

impl<'a> Network<'a> {
    /// The lanes that `plan` has between `nodes`.
    pub(super) fn new(nodes: &[&NodeId], plan: &'a ContactPlan) -> Self {
        let ranks: BTreeMap<&NodeId, usize> = nodes.iter().copied().zip(0..).collect();
        let mut links = Vec::new();
        for (from, node) in nodes.iter().enumerate() {
            let receivers = plan.receivers(node).filter_map(|to| Some((to, *ranks.get(to)?)));
            let lane = |to: &NodeId| Lane::new(plan.contacts(node, to));
            links.extend(receivers.map(|(node, to)| Link { from, to, lane: lane(node) }));
        }
        Self::of(links, nodes.len())
    }

    fn of(links: Vec<Link<'a>>, ranks: usize) -> Self {
        let mut out = vec![Vec::new(); ranks];
        for (index, link) in links.iter().enumerate() {
            out[link.from].push(index);
        }
        Self { links, out }
    }

    /// How many ranks there are.
    pub(super) fn ranks(&self) -> usize {
        self.out.len()
    }
}
