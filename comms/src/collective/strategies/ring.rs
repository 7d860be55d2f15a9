//! The closed ring: reduce-scatter, then all-gather.
//!
//! With `n` ranks and `n` segments, each rank sends one segment to its successor in each of `2(n−1)` steps:
//! bandwidth-optimal, with `2(n−1)/n` of the vector over each lane (P. Patarasuk and X. Yuan, "Bandwidth optimal
//! all-reduce algorithms for clusters of workstations", J. Parallel Distrib. Comput. 69(2), 2009).
//!
//! The ring may lead over relays. Every segment then takes more steps, and each of them is still a step of the ring.

use super::Strategy;
use crate::collective::builder::ScheduleBuilder;
use crate::collective::frame::Kind;
use crate::collective::planner::{PlanError, Request};
use crate::collective::schedule::{Schedule, Segment};
use crate::id::Rank;
use crate::scenario::StrategyChoice;

pub(super) const STRATEGY: Strategy = Strategy { choice: StrategyChoice::Ring, over_relays: true, plan };

/// The ring in the order of the roster, if each member ever reaches the next, and the last the first.
fn plan(request: &Request<'_>) -> Result<Vec<Schedule>, PlanError> {
    Ok(vec![along(&request.circle()?, request.members.len(), request.relays.len(), request.elements)])
}

/// The ring through `order`, which names each of the ranks `0..order.len()` once.
///
/// Every rank sends to the next in order, and the last to the first.
#[must_use]
pub fn schedule(order: &[Rank], elements: usize) -> Schedule {
    along(order, order.len(), 0, elements)
}

/// The ring along a closed `walk` through the ranks `0..contributors`, each at least once, and any of the `relays`
/// ranks behind them. No rank follows itself.
///
/// A rank adds its own to a segment when that comes by for the first time, and passes it on whenever it comes by again.
#[must_use]
pub fn along(walk: &[Rank], contributors: usize, relays: usize, elements: usize) -> Schedule {
    let segments = Segment::split(elements, contributors.max(1));
    let mut builder = ScheduleBuilder::new(StrategyChoice::Ring.as_str(), contributors, relays, segments);
    lay(&mut builder, walk, (contributors, relays), 0);
    builder.build()
}

/// Lays a ring over as many segments as there are contributors, from `first` on.
#[expect(clippy::cast_possible_truncation, reason = "ranks are u32, and there are as many segments")]
pub(super) fn lay(builder: &mut ScheduleBuilder, walk: &[Rank], (contributors, relays): (usize, usize), first: usize) {
    let homes = homes(walk, contributors);
    let at = |place: usize| walk[place % walk.len()];
    // Segment `k` starts at the `k`-th home; the home before it is the last that it reaches, and owns it.
    let back = |segment: usize, by: usize| homes[(segment + by * (contributors - 1)) % contributors];
    let ahead = |from: usize, to: usize| (to + walk.len() - from) % walk.len();
    let steps = |segment, by| (back(segment, by), ahead(back(segment, by), back(segment, by + 1)));
    for step in 0..walk.len() {
        for segment in 0..contributors {
            let (start, length) = steps(segment, 0);
            if step < length {
                let (from, to) = (at(start + step), at(start + step + 1));
                builder.transfer(from, to, (first + segment) as u32, Kind::Partial);
            }
        }
    }
    for segment in 0..contributors {
        builder.finalize(at(back(segment, 1)), (first + segment) as u32);
    }
    let mut has = vec![vec![false; contributors + relays]; contributors];
    for segment in 0..contributors {
        has[segment][at(back(segment, 1)).index()] = true;
    }
    for step in 0..walk.len() {
        for (segment, has) in has.iter_mut().enumerate() {
            let (start, length) = steps(segment, 1);
            let (from, to) = (at(start + step), at(start + step + 1));
            // Where the walk comes by again, the mean is there already.
            if step < length && !std::mem::replace(&mut has[to.index()], true) {
                builder.copy(from, to, (first + segment) as u32, 0);
            }
        }
    }
}

/// Where the walk visits each contributor for the first time, in the order of the walk.
fn homes(walk: &[Rank], contributors: usize) -> Vec<usize> {
    let mut visited = vec![false; contributors];
    let mut first = |rank: Rank| {
        let visited = visited.get_mut(rank.index());
        visited.is_some_and(|visited| !std::mem::replace(visited, true))
    };
    (0..walk.len()).filter(|&place| first(walk[place])).collect()
}
