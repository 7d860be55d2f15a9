//! Many questions for one destination.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;
use std::time::Duration;

use super::graph::ContactGraph;
use super::query::Query;
use super::search::Search;
use crate::units::{MissionTime, nanos};

/// For how long what is ahead is found out at once, and looked at again.
const SPAN: Duration = Duration::from_secs(600);

/// A [`Search`] for those who ask again and again for the earliest arrival at one node, mostly in the order of time: where links last it
/// looks at little more than the way there.
#[derive(Debug, Clone)]
pub struct BoundSearch<'g> {
    graph: &'g ContactGraph,
    to: u32,
    span: Duration,
    /// Knows what is ahead of bundles that are ready in `known`, as far as they arrive within two spans.
    near: Search<'g>,
    known: Range<MissionTime>,
    far: Search<'g>,
}

/// What is ahead of bundles that are bound for one node.
#[derive(Debug, Clone)]
pub(super) struct Ahead {
    /// How long light takes at least from each node to there; empty if that is not known.
    pub(super) light: Vec<u64>,
    /// What cannot be there by then is not looked at.
    pub(super) until: u64,
}

impl<'g> BoundSearch<'g> {
    /// A search over `graph` for ways to `to`.
    #[must_use]
    pub const fn new(graph: &'g ContactGraph, to: u32) -> Self {
        Self::over(graph, to, SPAN)
    }

    pub(super) const fn over(graph: &'g ContactGraph, to: u32, span: Duration) -> Self {
        let never = MissionTime::NEVER..MissionTime::NEVER;
        Self { graph, to, span, near: Search::new(graph), known: never, far: Search::new(graph) }
    }

    /// The earliest arrival; nothing if there is none.
    pub fn arrival(&mut self, query: &Query<'_>) -> Option<MissionTime> {
        if !self.known.contains(&query.ready) {
            self.known = query.ready..query.ready + self.span;
            self.near.ahead = Ahead::of(self.graph, self.to, query.ready, query.ready + self.span * 2);
        }
        // What arrives in time takes contacts of that time only, so nothing that is earlier has been left out.
        self.near.arrival(query, self.to).or_else(|| self.far.arrival(query, self.to))
    }
}

impl Ahead {
    pub(super) const NOTHING: Self = Self { light: Vec::new(), until: u64::MAX };

    /// What is ahead on the way to a node, over contacts between two instants.
    fn of(graph: &ContactGraph, to: u32, from: MissionTime, until: MissionTime) -> Self {
        let nodes = graph.nodes().len();
        let mut heard: Vec<Vec<(u32, u64)>> = vec![Vec::new(); nodes];
        for sender in (0..).take(nodes) {
            for contact in graph.range(sender) {
                let window = graph.window(contact);
                let (start, end) = (from.0.max(window.start), until.0.min(window.end));
                if start < end {
                    let light = &graph.contact(contact).light_time;
                    let knots = light.knots_between(MissionTime(start), MissionTime(end));
                    heard[window.to as usize]
                        .extend(knots.map(|(_, light)| nanos(light)).min().map(|least| (sender, least)));
                }
            }
        }
        let mut light = vec![u64::MAX; nodes];
        let mut heap = BinaryHeap::from([Reverse((0, to))]);
        while let Some(Reverse((least, node))) = heap.pop() {
            let Some(known) = light.get_mut(node as usize).filter(|known| least < **known) else { continue };
            *known = least;
            heap.extend(
                heard[node as usize].iter().map(|(sender, hop)| Reverse((least.saturating_add(*hop), *sender))),
            );
        }
        Self { light, until: until.0 }
    }
}
