//! When information can be at each node at the earliest, and until when it can still be of use.
//!
//! Both ask for something infinitely small, which nothing that carries information is faster than: it leaves at once where there is
//! contact, and takes the light time alone.

use std::collections::BinaryHeap;

use super::lanes::Lanes;
use crate::contacts::routing::{Query, Relaying, Search};
use crate::units::MissionTime;

/// No instant: what is nowhere is there after all times.
pub(super) const NEVER: u64 = u64::MAX;

/// The first instant at which what `from` knows at `start` can be at each node, or [`NEVER`].
pub(super) fn earliest(search: &mut Search<'_>, nodes: usize, from: u32, start: u64, lost: &[u32]) -> Vec<u64> {
    let query = Query { from, ready: MissionTime(start), bytes: 0, relaying: Relaying::CutThrough, lost };
    let arrivals = search.arrivals(&query);
    (0..).take(nodes).map(|node| arrivals.at(node).map_or(NEVER, |at| at.0)).collect()
}

/// The last instant at which something can be at each node and still get to `to` by `by`; 0, by which nothing gets anywhere, if
/// there is none.
///
/// Nodes are settled from the last such instant on (Dijkstra, backwards in time).
pub(super) fn latest(lanes: &Lanes<'_>, to: u32, by: u64) -> Vec<u64> {
    let mut latest = vec![0; lanes.nodes()];
    latest[to as usize] = by;
    let mut heap = BinaryHeap::from([(by, to)]);
    while let Some((at, node)) = heap.pop() {
        if at < latest[node as usize] {
            continue;
        }
        for lane in lanes.into(node) {
            let known = &mut latest[lane.from as usize];
            if *known < at
                && let Some(departure) = lane.last_departure(at).filter(|departure| *departure > *known)
            {
                *known = departure;
                heap.push((departure, lane.from));
            }
        }
    }
    latest
}
