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
//!
//! The chain may lead over relays, which pass on what comes.

use std::collections::BTreeSet;

use super::Strategy;
use crate::collective::builder::ScheduleBuilder;
use crate::collective::frame::Kind;
use crate::collective::planner::{PlanError, Request};
use crate::collective::schedule::{Schedule, Segment};
use crate::id::Rank;
use crate::scenario::StrategyChoice;

pub(super) const STRATEGY: Strategy = Strategy { choice: StrategyChoice::Chain, over_relays: true, plan };

/// A chain through all members along links that ever have contact both ways.
fn plan(request: &Request<'_>) -> Result<Vec<Schedule>, PlanError> {
    Ok(vec![along(&request.path()?, request.members.len(), request.relays.len(), request.elements)])
}

/// The chain along `order`, which names each of the ranks `0..order.len()` once.
///
/// Every rank sends to its neighbours in order and to nobody else.
#[must_use]
pub fn schedule(order: &[Rank], elements: usize) -> Schedule {
    along(order, order.len(), 0, elements)
}

/// The chain along a `walk` through the ranks `0..contributors`, each at least once, and any of the `relays` ranks behind
/// them. No rank follows itself.
#[must_use]
pub fn along(walk: &[Rank], contributors: usize, relays: usize, elements: usize) -> Schedule {
    let middles = match walk.len() {
        0 => vec![],
        places if places % 2 == 1 => vec![places / 2],
        places => vec![places / 2 - 1, places / 2],
    };
    let segments = Segment::split(elements, middles.len().max(1));
    let mut builder = ScheduleBuilder::new(StrategyChoice::Chain.as_str(), contributors, relays, segments);
    for (segment, &owner) in (0..).zip(&middles) {
        fold(&mut builder, walk, contributors, owner, segment);
    }
    for (segment, &owner) in (0..).zip(&middles) {
        unfold(&mut builder, walk, owner, segment);
    }
    builder.build()
}

/// Takes the partial sums of a segment from both ends to the owner, which makes the mean.
fn fold(builder: &mut ScheduleBuilder, walk: &[Rank], contributors: usize, owner: usize, segment: u32) {
    let from_start = walk[..=owner].windows(2).map(|pair| (pair[0], pair[1]));
    let from_end = walk[owner..].windows(2).rev().map(|pair| (pair[1], pair[0]));
    // What has been handed on and has not come by again.
    let mut empty: BTreeSet<Rank> = walk.iter().copied().filter(|rank| rank.index() >= contributors).collect();
    for (from, to) in from_start.chain(from_end) {
        if empty.insert(from) {
            builder.transfer(from, to, segment, Kind::Partial);
            empty.remove(&to);
        }
    }
    builder.finalize(walk[owner], segment);
}

/// Takes the mean of a segment from its owner to both ends; where the walk comes by again, it is there already.
fn unfold(builder: &mut ScheduleBuilder, walk: &[Rank], owner: usize, segment: u32) {
    let mut has = vec![walk[owner]];
    let to_end = walk[owner..].windows(2).map(|pair| (pair[0], pair[1]));
    let to_start = walk[..=owner].windows(2).rev().map(|pair| (pair[1], pair[0]));
    for (from, to) in to_end.chain(to_start) {
        if !has.contains(&to) {
            builder.copy(from, to, segment, 0);
            has.push(to);
        }
    }
}
