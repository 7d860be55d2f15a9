//! Inside groups first, then across them.
//!
//! In each group, a plane for example, a ring reduces and scatters: each member ends with a shard of the group's sum. The owners of a
//! shard, one a group, reduce it among all groups, and each group's ring gathers the shards again. In `g` groups of `m` that takes
//! `2(m−1)` hops inside and `2(g−1)` across, where a ring of all takes `2(gm−1)` (X. Jia et al., "Highly scalable deep learning
//! training system with mixed-precision", arXiv 1807.11205, 2018; for planes of satellites N. Razmi et al., "Ground-assisted
//! federated learning in LEO satellite constellations", and FedISL, arXiv 2111.12769).
//!
//! Groups follow from the contacts: members that follow each other in the roster and see each other, if those make groups of one
//! size, and else about the square root of all. The owners of a shard are found from group to group along contacts. If they close a
//! ring, the shard goes round it in as many parts as there are groups; if not, it is folded into the middle of a chain.

use super::{Strategy, rank};
use crate::collective::builder::ScheduleBuilder;
use crate::collective::frame::Kind;
use crate::collective::planner::{PlanError, Request};
use crate::collective::schedule::{Schedule, Segment};
use crate::id::Rank;
use crate::scenario::StrategyChoice;

pub(super) const STRATEGY: Strategy = Strategy { choice: StrategyChoice::Hierarchical, plan };

fn plan(request: &Request<'_>) -> Result<Vec<Schedule>, PlanError> {
    let groups = groups(request);
    let owners = owners(request, &groups);
    let closes = owners.iter().all(|shard| match shard[..] {
        [first, .., last] => request.ever_open(last, first),
        _ => true,
    });
    let across = if closes { Across::Ring } else { Across::Chain };
    let schedule = among(&groups, &owners, across, request.relays.len(), request.elements);
    request.check_lanes(&schedule)?;
    Ok(vec![schedule])
}

/// What the owners of a shard make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Across {
    /// Each sends to the next, and the last to the first.
    Ring,
    /// Each is linked with the next, both ways.
    Chain,
}

/// An all-reduce in `groups`, which name each of the ranks from 0 on once; none of them is empty. The owner of a shard has the
/// same place in each group, as far as these are of one size.
#[must_use]
pub fn schedule(groups: &[Vec<Rank>], across: Across, elements: usize) -> Schedule {
    let shards = groups.iter().map(Vec::len).max().unwrap_or(1);
    let owner = |shard: usize| groups.iter().map(|group| group[shard % group.len()]).collect();
    among(groups, &(0..shards).map(owner).collect::<Vec<_>>(), across, 0, elements)
}

/// `owners` has for each shard one member of each group, in the order of the groups.
fn among(groups: &[Vec<Rank>], owners: &[Vec<Rank>], across: Across, relays: usize, elements: usize) -> Schedule {
    // Where each part of a shard is summed: at the owner in each group in turn, or in the middle.
    let sums: Vec<usize> = match across {
        Across::Ring => (0..groups.len()).collect(),
        Across::Chain => vec![groups.len() / 2],
    };
    let segments = Segment::split(elements, owners.len() * sums.len());
    let ranks = groups.iter().map(Vec::len).sum();
    let name = StrategyChoice::Hierarchical.as_str();
    let mut builder = ScheduleBuilder::new(name, ranks, relays, segments);
    let per_shard = sums.len();
    let parts = |shard: usize| (0..per_shard).map(move |part| rank(shard * per_shard + part).0);
    let deepest = groups.iter().map(Vec::len).max().unwrap_or(0);
    for step in 1..deepest {
        for (index, group) in groups.iter().enumerate().filter(|(_, group)| step < group.len()) {
            for (shard, owners) in owners.iter().enumerate() {
                let (from, to) = hop(group, owners[index], step);
                parts(shard).for_each(|segment| builder.transfer(from, to, segment, Kind::Partial));
            }
        }
    }
    for kind in [Kind::Partial, Kind::Final] {
        for step in 0..groups.len().saturating_sub(1) {
            for (shard, owners) in owners.iter().enumerate() {
                for (segment, &sum) in parts(shard).zip(&sums) {
                    for (from, to) in hops_across(across, groups.len(), sum, kind, step) {
                        builder.transfer(owners[from], owners[to], segment, kind);
                    }
                }
            }
        }
        if kind == Kind::Partial {
            for (shard, owners) in owners.iter().enumerate() {
                parts(shard).zip(&sums).for_each(|(segment, &sum)| builder.finalize(owners[sum], segment));
            }
        }
    }
    for step in 0..deepest.saturating_sub(1) {
        for (index, group) in groups.iter().enumerate().filter(|(_, group)| step + 1 < group.len()) {
            for (shard, owners) in owners.iter().enumerate() {
                let (from, to) = hop(group, owners[index], step);
                parts(shard).for_each(|segment| builder.transfer(from, to, segment, Kind::Final));
            }
        }
    }
    builder.build()
}

/// The hop of a group's ring that begins `step` members after the owner.
fn hop(group: &[Rank], owner: Rank, step: usize) -> (Rank, Rank) {
    let place = group.iter().position(|member| *member == owner).unwrap_or_default();
    (group[(place + step) % group.len()], group[(place + step + 1) % group.len()])
}

/// The hops in one step of a part that is summed in group `sum`, by groups.
fn hops_across(across: Across, groups: usize, sum: usize, kind: Kind, step: usize) -> Vec<(usize, usize)> {
    match (across, kind) {
        (Across::Ring, Kind::Partial) => vec![((sum + 1 + step) % groups, (sum + 2 + step) % groups)],
        (Across::Ring, Kind::Final) => vec![((sum + step) % groups, (sum + step + 1) % groups)],
        // From both ends, so that all are there after the longer half.
        (Across::Chain, Kind::Partial) => {
            let from_start = (step < sum).then(|| (step, step + 1));
            let from_end = (groups - 1 - step > sum).then(|| (groups - 1 - step, groups - 2 - step));
            from_start.into_iter().chain(from_end).collect()
        }
        (Across::Chain, Kind::Final) => {
            let to_start = (step < sum).then(|| (sum - step, sum - step - 1));
            let to_end = (sum + step + 1 < groups).then(|| (sum + step, sum + step + 1));
            to_start.into_iter().chain(to_end).collect()
        }
    }
}

/// Runs of members that see each other, or about the square root of all.
fn groups(request: &Request<'_>) -> Vec<Vec<Rank>> {
    let members = request.members.len();
    let run = request.run_length();
    let size = if run < members && run > 1 { run } else { members.isqrt().max(1) };
    let ranks: Vec<Rank> = (0..members).map(rank).collect();
    ranks.chunks(size).map(<[Rank]>::to_vec).collect()
}

/// For each shard its owner in each group: one that the owner in the group before has contact to and that owns no other shard, if
/// there is one.
fn owners(request: &Request<'_>, groups: &[Vec<Rank>]) -> Vec<Vec<Rank>> {
    let shards = groups.iter().map(Vec::len).max().unwrap_or(1);
    let mut owners: Vec<Vec<Rank>> = vec![Vec::new(); shards];
    for group in groups {
        let mut free = group.clone();
        for (shard, owners) in owners.iter_mut().enumerate() {
            let before = owners.last().copied();
            let fits = |rank: &Rank| before.is_none_or(|before| request.ever_open(before, *rank));
            // The same place first: it is as far as any in a constellation, and stays there.
            let same = group[shard % group.len()];
            let found =
                std::iter::once(same).chain(group.iter().copied()).find(|rank| free.contains(rank) && fits(rank));
            let owner = found.or_else(|| group.iter().copied().find(fits)).unwrap_or(same);
            free.retain(|rank| *rank != owner);
            owners.push(owner);
        }
    }
    owners
}
