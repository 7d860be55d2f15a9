//! The closed ring: reduce-scatter, then all-gather.
//!
//! With `n` ranks and `n` segments, each rank sends one segment to its successor in each of `2(n−1)` steps:
//! bandwidth-optimal, with `2(n−1)/n` of the vector over each lane (P. Patarasuk and X. Yuan, "Bandwidth optimal
//! all-reduce algorithms for clusters of workstations", J. Parallel Distrib. Comput. 69(2), 2009).

use super::Strategy;
use crate::collective::frame::Kind;
use crate::collective::planner::{PlanError, Request};
use crate::collective::schedule::{Schedule, ScheduleBuilder, Segment};
use crate::id::Rank;
use crate::scenario::StrategyChoice;

pub(super) const STRATEGY: Strategy = Strategy { choice: StrategyChoice::Ring, plan };

/// The ring in the order of the roster, if each member ever reaches the next, and the last the first.
fn plan(request: &Request<'_>) -> Result<Schedule, PlanError> {
    let order = request.ranks();
    for (&from, &to) in order.iter().zip(order.iter().cycle().skip(1)) {
        if from != to && !request.reaches(from, to) {
            return Err(request.no_contact(from, to));
        }
    }
    Ok(schedule(&order, request.elements))
}

/// The ring through `order`, which names each of the ranks `0..order.len()` once.
///
/// Every rank sends to the next in order, and the last to the first.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "ranks are u32, and there are as many segments")]
pub fn schedule(order: &[Rank], elements: usize) -> Schedule {
    let ranks = order.len();
    let mut builder =
        ScheduleBuilder::new(StrategyChoice::Ring.as_str(), ranks, Segment::split(elements, ranks.max(1)));
    for (place, &rank) in order.iter().enumerate() {
        let (next, previous) = (order[(place + 1) % ranks], order[(place + ranks - 1) % ranks]);
        // The segment that is `back` places behind this rank's own.
        let segment = |back: usize| ((place + 2 * ranks - back) % ranks) as u32;
        for step in 0..ranks - 1 {
            builder.send(rank, next, segment(step), Kind::Partial);
            builder.receive(rank, previous, segment(step + 1), Kind::Partial);
        }
        builder.finalize(rank, segment(ranks - 1));
        for step in 0..ranks - 1 {
            builder.send(rank, next, segment(ranks - 1 + step), Kind::Final);
            builder.receive(rank, previous, segment(ranks + step), Kind::Final);
        }
    }
    builder.build()
}
