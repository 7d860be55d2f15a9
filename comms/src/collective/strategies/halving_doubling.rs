//! Recursive halving, then recursive doubling.
//!
//! With `2^k` ranks, each exchanges half of what it still reduces with a partner at half the distance in each of `k` steps, until
//! each owns a part; then the steps run backwards with the means. It moves as little as a ring in `2k` steps instead of `2(n−1)`
//! (R. Thakur, R. Rabenseifner and W. Gropp, "Optimization of collective communication operations in MPICH", Int. J. High Perform.
//! Comput. Appl. 19(1), 2005). For another number of ranks, some hand their contribution to a neighbour first and get the mean
//! from it at the end.
//!
//! Partners at every power of two must have contact, both ways: a full mesh does, few constellations do.

use super::{Strategy, rank};
use crate::collective::builder::ScheduleBuilder;
use crate::collective::frame::Kind;
use crate::collective::planner::{PlanError, Request};
use crate::collective::schedule::{Schedule, Segment};
use crate::id::Rank;
use crate::scenario::StrategyChoice;

pub(super) const STRATEGY: Strategy = Strategy { choice: StrategyChoice::HalvingDoubling, over_relays: false, plan };

fn plan(request: &Request<'_>) -> Result<Vec<Schedule>, PlanError> {
    let schedule = among(request.members.len(), request.relays.len(), request.elements);
    request.check_lanes(&schedule)?;
    Ok(vec![schedule])
}

/// Halving and doubling among `ranks` ranks, of which there is at least one.
#[must_use]
pub fn schedule(ranks: usize, elements: usize) -> Schedule {
    among(ranks, 0, elements)
}

fn among(ranks: usize, relays: usize, elements: usize) -> Schedule {
    let core = 1 << ranks.max(1).ilog2();
    let extra = ranks.saturating_sub(core);
    // Of each of the first pairs the second stays, then come those without a pair.
    let seat = |place: usize| rank(if place < extra { 2 * place + 1 } else { place + extra });
    let segments = Segment::split(elements, core);
    let name = StrategyChoice::HalvingDoubling.as_str();
    let mut builder = ScheduleBuilder::new(name, ranks, relays, segments);
    for pair in 0..extra {
        hand(&mut builder, rank(2 * pair), rank(2 * pair + 1), 0..core, Kind::Partial);
    }
    let steps = core.ilog2();
    for distance in (0..steps).rev().map(|step| 1 << step) {
        for place in 0..core {
            let partner = place ^ distance;
            // Of the block that is still reduced here, the partner's half.
            let first = partner & !(distance - 1);
            hand(&mut builder, seat(place), seat(partner), first..first + distance, Kind::Partial);
        }
    }
    (0..core).for_each(|place| builder.finalize(seat(place), rank(place).0));
    for distance in (0..steps).map(|step| 1 << step) {
        for place in 0..core {
            let first = place & !(distance - 1);
            hand(&mut builder, seat(place), seat(place ^ distance), first..first + distance, Kind::Final);
        }
    }
    for pair in 0..extra {
        hand(&mut builder, rank(2 * pair + 1), rank(2 * pair), 0..core, Kind::Final);
    }
    builder.build()
}

/// `from` hands some segments to `to`.
fn hand(builder: &mut ScheduleBuilder, from: Rank, to: Rank, segments: std::ops::Range<usize>, kind: Kind) {
    for segment in segments.map(|segment| rank(segment).0) {
        builder.transfer(from, to, segment, kind);
    }
}
