//! The chain: an open ring, folded in its middle.
//!
//! Both ends send their contributions inwards, every rank adds its own on the way, the middle makes the mean and
//! sends it back out. Frames follow each other, so the lanes of a link (one inwards, one outwards) are busy at the
//! same time and each carries the vector once, which no schedule over an open chain can undercut: across any link,
//! all that one side knows must reach the other. It takes `n` hops of latency, where a reduce to one end and a
//! broadcast from there take `2n`. Pipelined chains are described in E. Chan, M. Heimlich, A. Purkayastha and R. van
//! de Geijn, "Collective communication: theory, practice, and experience", Concurrency Computat.: Pract. Exper. 19,
//! 2007.
//!
//! A chain of an even number of ranks has two middles; each owns half of the vector, which halves the work of the
//! owner.

use std::cmp::Ordering;

use super::Strategy;
use crate::collective::frame::Kind;
use crate::collective::planner::{PlanError, Request};
use crate::collective::schedule::{Schedule, ScheduleBuilder, Segment};
use crate::id::Rank;
use crate::scenario::StrategyChoice;

pub(super) const STRATEGY: Strategy = Strategy { choice: StrategyChoice::Chain, plan };

/// A chain through all members along links that ever have contact both ways.
fn plan(request: &Request<'_>) -> Result<Schedule, PlanError> {
    Ok(schedule(&request.path()?, request.elements))
}

/// The chain along `order`, which names each of the ranks `0..order.len()` once.
///
/// Every rank sends to its neighbours in order and to nobody else.
#[must_use]
pub fn schedule(order: &[Rank], elements: usize) -> Schedule {
    let middles = match order.len() {
        0 => vec![],
        ranks if ranks % 2 == 1 => vec![ranks / 2],
        ranks => vec![ranks / 2 - 1, ranks / 2],
    };
    let segments = Segment::split(elements, middles.len().max(1));
    let mut builder = ScheduleBuilder::new(StrategyChoice::Chain.as_str(), order.len(), segments);
    for place in 0..order.len() {
        for (segment, &owner) in (0..).zip(&middles) {
            fold(&mut builder, order, place, owner, segment);
        }
        for (segment, &owner) in (0..).zip(&middles) {
            unfold(&mut builder, order, place, owner, segment);
        }
    }
    builder.build()
}

/// What the rank at `place` does for the partial sums of a segment to reach the owner.
fn fold(builder: &mut ScheduleBuilder, order: &[Rank], place: usize, owner: usize, segment: u32) {
    let rank = order[place];
    for outer in outwards(order, place, owner) {
        builder.receive(rank, outer, segment, Kind::Partial);
    }
    match inwards(order, place, owner) {
        Some(inner) => builder.send(rank, inner, segment, Kind::Partial),
        None => builder.finalize(rank, segment),
    }
}

/// What the rank at `place` does for the mean of a segment to reach the ends.
fn unfold(builder: &mut ScheduleBuilder, order: &[Rank], place: usize, owner: usize, segment: u32) {
    let rank = order[place];
    if let Some(inner) = inwards(order, place, owner) {
        builder.receive(rank, inner, segment, Kind::Final);
    }
    for outer in outwards(order, place, owner) {
        builder.send(rank, outer, segment, Kind::Final);
    }
}

/// The neighbour of `place` on the side of the owner; none for the owner itself.
fn inwards(order: &[Rank], place: usize, owner: usize) -> Option<Rank> {
    match place.cmp(&owner) {
        Ordering::Less => Some(order[place + 1]),
        Ordering::Equal => None,
        Ordering::Greater => Some(order[place - 1]),
    }
}

/// The neighbours of `place` away from the owner: none at an end, up to two at the owner.
fn outwards(order: &[Rank], place: usize, owner: usize) -> impl Iterator<Item = Rank> {
    let before = if place <= owner { place.checked_sub(1) } else { None };
    let behind = if place >= owner { Some(place + 1) } else { None };
    before.into_iter().chain(behind).filter_map(|neighbour| order.get(neighbour).copied())
}
