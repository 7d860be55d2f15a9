//! Each rank exchanges what it has with its neighbours, several times over, and ends near the mean.
//!
//! The one inexact strategy: nobody waits for anybody but its neighbours, and each rank ends with a mean of its own (S. Boyd, A. Ghosh,
//! B. Prabhakar, D. Shah, "Randomized gossip algorithms", IEEE Transactions on Information Theory 52, 2006; the weights are those of push-sum,
//! see [`Turns`](crate::collective::Turns)). How far the means are off falls with the rounds, and fast where few hops lead from
//! everybody to everybody. It shows what agreement costs; [`verify`](crate::collective::verify()) has nothing to prove about it, and no job can go by it.
//!
//! Neighbours are those who have contact both ways at once, up to four of each rank; and of the others those with the earliest
//! contacts that it takes for all to be connected.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::{Strategy, rank};
use crate::collective::builder::ScheduleBuilder;
use crate::collective::planner::{PlanError, Request};
use crate::collective::schedule::{Schedule, Segment};
use crate::collective::shares::Shares;
use crate::scenario::StrategyChoice;

pub(super) const STRATEGY: Strategy = Strategy { choice: StrategyChoice::Gossip, over_relays: false, plan };

/// Neighbours that a rank has at most, unless more are needed: as many as a satellite has terminals, mostly.
const NEIGHBOURS: usize = 4;

fn plan(request: &Request<'_>) -> Result<Vec<Schedule>, PlanError> {
    let pairs = neighbours(request)?;
    let per_frame = request.wire.frame_elements();
    Ok(vec![schedule(
        request.members.len(),
        request.relays.len(),
        &pairs,
        request.elements,
        request.gossip_rounds,
        per_frame,
    )])
}

/// Gossip of `members`, with `relays` behind them that have no part in it, where each of the `pairs` exchanges what it has in each of
/// the `rounds`.
#[must_use]
pub fn schedule(
    members: usize,
    relays: usize,
    pairs: &[(usize, usize)],
    elements: usize,
    rounds: u32,
    frame_elements: usize,
) -> Schedule {
    let segments = Segment::split(elements, 1);
    let mut builder = ScheduleBuilder::new(StrategyChoice::Gossip.as_str(), members, relays, segments);
    builder.limit_frames(frame_elements);
    builder.gossip(rounds);
    // Each has a share of its own, which goes to its neighbours.
    builder.share_out(0, Shares::merged(members, Vec::new()));
    (0..members).map(rank).for_each(|member| builder.own(member, 0, member.0));
    for &(a, b) in pairs {
        builder.copy(rank(a), rank(b), 0, rank(a).0);
        builder.copy(rank(b), rank(a), 0, rank(b).0);
    }
    builder.build()
}

/// Who exchanges with whom: pairs of ranks, the lower one first.
fn neighbours(request: &Request<'_>) -> Result<Vec<(usize, usize)>, PlanError> {
    let members = request.members.len();
    let by_name: BTreeMap<_, usize> = request.members.iter().zip(0..).collect();
    let since = |from: usize, to: usize| {
        let next = request.plan.next(&request.members[from], &request.members[to], request.at)?;
        Some(next.start.max(request.at))
    };
    let mut pairs = Vec::new();
    for (a, from) in request.members.iter().enumerate() {
        let heard = request.plan.receivers(from).filter_map(|to| by_name.get(to).copied());
        for b in heard.filter(|b| a < *b) {
            if let (Some(there), Some(back)) = (since(a, b), since(b, a)) {
                let apart = (b - a).min(members - (b - a));
                pairs.push((there.max(back), apart, a, b));
            }
        }
    }
    pairs.sort_unstable();
    let (mut degrees, mut groups) = (vec![0; members], (0..members).collect::<Vec<_>>());
    let mut taken = Vec::new();
    for &(since, _, a, b) in &pairs {
        let joins = groups[a] != groups[b];
        if joins || since == request.at && degrees[a].max(degrees[b]) < NEIGHBOURS {
            let (from, into) = (groups[b], groups[a]);
            groups.iter_mut().filter(|group| **group == from).for_each(|group| *group = into);
            degrees[a] += 1;
            degrees[b] += 1;
            taken.push((a, b));
        }
    }
    taken.sort_unstable_by_key(|&(a, b)| (a, Reverse(b)));
    if groups.iter().any(|group| *group != groups[0]) {
        request.reach()?;
        return Err(PlanError::Nothing { strategy: StrategyChoice::Gossip.as_str(), at: request.at });
    }
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Wire;
    use crate::collective::in_memory;

    /// How far the means of ranks are from the exact one at worst, after some rounds along pairs.
    fn worst_error(members: usize, pairs: &[(usize, usize)], rounds: u32) -> f32 {
        let gossip = schedule(members, 0, pairs, 3, rounds, Wire::F32.frame_elements());
        let samples = |member: usize| member as u64 % 3 + 1;
        let contributions = (0..members).map(|member| (vec![member as f32, 1.0, -(member as f32)], samples(member)));
        let total: u64 = (0..members).map(samples).sum();
        let exact = (0..members).map(|member| member as f32 * samples(member) as f32).sum::<f32>() / total as f32;
        let completed = in_memory::all_reduce(&gossip, Wire::F32, contributions.collect()).expect("finite sums");
        let error = |mean: &[f32]| (mean[0] - exact).abs().max((mean[1] - 1.0).abs()).max((mean[2] + exact).abs());
        completed.iter().map(|completed| error(&completed.mean)).fold(0.0, f32::max)
    }

    #[test]
    fn all_come_as_near_to_the_mean_as_rounds_allow() {
        let ring: Vec<_> = (0..7).map(|member| (member.min((member + 1) % 7), member.max((member + 1) % 7))).collect();
        let star: Vec<_> = (1..7).map(|member| (0, member)).collect();
        let all: Vec<_> = (0..4).flat_map(|a| (a + 1..4).map(move |b| (a, b))).collect();
        assert!(worst_error(4, &all, 1) < 1e-5, "who hears all at once has the mean at once");
        for pairs in [ring, star] {
            let errors = [1, 10, 80].map(|rounds| worst_error(7, &pairs, rounds));
            assert!(errors[0] > 0.3 && errors[1] < errors[0] / 4.0 && errors[2] < 1e-4, "{errors:?}");
        }
        assert_eq!(worst_error(1, &[], 3), 0.0);
    }
}
