//! Trees: a convergecast that adds up on the way, and a broadcast.
//!
//! A tree for convergecast and broadcast moves each byte `2(n−1)` times, which no exact all-reduce undercuts. The vector is cut into
//! segments, each with a root at which its sum is made. Which trees do not stand in each other's way is found in two manners:
//!
//! - `packed`: where links last as long as it takes, trees are laid so that all links carry as much, and sums and means are on
//!   their way at once. That is what many bytes need.
//! - `flooded`: in time, over contacts that come and go; first all is gathered, then it spreads. How many roots, and how many
//!   segments for each, is found by trying.

mod flooded;
mod packed;

use super::Strategy;
use crate::collective::planner::{PlanError, Request};
use crate::collective::schedule::Schedule;
use crate::scenario::StrategyChoice;

pub(super) const STRATEGY: Strategy = Strategy { choice: StrategyChoice::ContactTree, over_relays: true, plan };

/// Most hops of a schedule that is worth a try.
const MAX_HOPS: usize = 20_000;

fn plan(request: &Request<'_>) -> Result<Vec<Schedule>, PlanError> {
    let roots = request.roots()?;
    if roots.is_empty() {
        return Ok(Vec::new());
    }
    let packed = packed::plan(request, roots);
    // Where nearly half of the time lanes are busy that are shared evenly, there is little to gain, and among many nodes much to be done.
    let is_full = |packed: &&packed::Packed| packed.busiest.saturating_mul(5) > packed.takes.saturating_mul(2);
    if let Some(packed) = packed.as_ref().filter(is_full).filter(|_| !request.are_few()) {
        return Ok(vec![packed.schedule.clone()]);
    }
    let until = packed.as_ref().map_or(request.until, |packed| request.until.min(request.a_little_after(packed.takes)));
    Ok(packed.map(|packed| packed.schedule).into_iter().chain(flooded::plan(request, roots, until)).collect())
}
