//! Inside groups first, then across them.
//!
//! In each group, a plane for example, a ring reduces and scatters: each member ends with a shard of the group's sum. The owners of a
//! shard, one a group, reduce it among all groups, and each group's ring gathers the shards again. In `g` groups of `m` that takes
//! `2(m−1)` hops inside and `2(g−1)` across, where a ring of all takes `2(gm−1)` (X. Jia et al., "Highly scalable deep learning
//! training system with mixed-precision", arXiv 1807.11205, 2018; for planes of satellites N. Razmi et al., "Ground-assisted
//! federated learning in LEO satellite constellations", and FedISL, arXiv 2111.12769).
//!
//! Groups follow from the contacts: members that follow each other in the roster and see each other, if those make groups of one
//! size, and else about the square root of all. The owners of a shard are found from group to group along contacts, over other
//! members where the next group is not in sight. If the last one leads back to the first, the shard goes round this ring in as many
//! parts as there are groups; if not, it is folded into the middle of a chain.

use std::collections::{BTreeMap, VecDeque};

use super::{Strategy, rank};
use crate::collective::builder::ScheduleBuilder;
use crate::collective::frame::Kind;
use crate::collective::planner::{PlanError, Request};
use crate::collective::schedule::{Schedule, Segment};
use crate::id::Rank;
use crate::scenario::StrategyChoice;

pub(super) const STRATEGY: Strategy = Strategy { choice: StrategyChoice::Hierarchical, over_relays: false, plan };

fn plan(request: &Request<'_>) -> Result<Vec<Schedule>, PlanError> {
    let groups = groups(request);
    let lines = lines(request, &groups)?;
    let closes = groups.len() < 2 || lines.iter().all(|line| line.legs.len() == groups.len());
    let across = if closes { Across::Ring } else { Across::Chain };
    let schedule = among(&groups, &lines, across, request.relays.len(), request.elements);
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

/// The owners of a shard, one a group, and how one leads to the next.
#[derive(Debug, Clone)]
struct Line {
    owners: Vec<Rank>,
    /// From each owner to the one in the next group, both included; a last one leads back to the first group if there is a way.
    legs: Vec<Vec<Rank>>,
}

/// An all-reduce in `groups`, which name each of the ranks from 0 on once; none of them is empty. The owner of a shard has the
/// same place in each group, as far as these are of one size.
#[must_use]
pub fn schedule(groups: &[Vec<Rank>], across: Across, elements: usize) -> Schedule {
    let shards = groups.iter().map(Vec::len).max().unwrap_or(1);
    let line = |shard: usize| {
        let owners: Vec<Rank> = groups.iter().map(|group| group[shard % group.len()]).collect();
        let legs = owners.iter().zip(owners.iter().cycle().skip(1)).map(|(from, to)| vec![*from, *to]).collect();
        Line { owners, legs }
    };
    among(groups, &(0..shards).map(line).collect::<Vec<_>>(), across, 0, elements)
}

fn among(groups: &[Vec<Rank>], lines: &[Line], across: Across, relays: usize, elements: usize) -> Schedule {
    // Where each part of a shard is summed: at the owner in each group in turn, or in the middle.
    let sums: Vec<usize> = match across {
        Across::Ring => (0..groups.len()).collect(),
        Across::Chain => vec![groups.len() / 2],
    };
    let segments = Segment::split(elements, lines.len() * sums.len());
    let ranks = groups.iter().map(Vec::len).sum();
    let mut has = vec![vec![false; ranks]; segments.len()];
    let name = StrategyChoice::Hierarchical.as_str();
    let mut builder = ScheduleBuilder::new(name, ranks, relays, segments);
    let per_shard = sums.len();
    let parts = |shard: usize| (0..per_shard).map(move |part| rank(shard * per_shard + part).0);
    let deepest = groups.iter().map(Vec::len).max().unwrap_or(0);
    // Whoever is on the way gets the mean early, and need not get it again.
    let mut spread = |builder: &mut ScheduleBuilder, from: Rank, to: Rank, segment: u32| {
        has[segment as usize][from.index()] = true;
        if !std::mem::replace(&mut has[segment as usize][to.index()], true) {
            builder.copy(from, to, segment, 0);
        }
    };
    for step in 1..deepest {
        for (index, group) in groups.iter().enumerate().filter(|(_, group)| step < group.len()) {
            for (shard, line) in lines.iter().enumerate() {
                let (from, to) = hop(group, line.owners[index], step);
                parts(shard).for_each(|segment| builder.transfer(from, to, segment, Kind::Partial));
            }
        }
    }
    for kind in [Kind::Partial, Kind::Final] {
        for step in 0..groups.len().saturating_sub(1) {
            for (shard, line) in lines.iter().enumerate() {
                for (segment, &sum) in parts(shard).zip(&sums) {
                    for leg in legs_across(line, across, sum, kind, step) {
                        for pair in leg.windows(2) {
                            match kind {
                                Kind::Partial => builder.transfer(pair[0], pair[1], segment, kind),
                                Kind::Final => spread(&mut builder, pair[0], pair[1], segment),
                            }
                        }
                    }
                }
            }
        }
        if kind == Kind::Partial {
            for (shard, line) in lines.iter().enumerate() {
                parts(shard).zip(&sums).for_each(|(segment, &sum)| builder.finalize(line.owners[sum], segment));
            }
        }
    }
    for step in 0..deepest.saturating_sub(1) {
        for (index, group) in groups.iter().enumerate().filter(|(_, group)| step + 1 < group.len()) {
            for (shard, line) in lines.iter().enumerate() {
                let (from, to) = hop(group, line.owners[index], step);
                parts(shard).for_each(|segment| spread(&mut builder, from, to, segment));
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

/// The legs that a part which is summed in group `sum` takes in one step, each in its direction.
fn legs_across(line: &Line, across: Across, sum: usize, kind: Kind, step: usize) -> Vec<Vec<Rank>> {
    let groups = line.owners.len();
    let onwards = |from: usize| line.legs[from].clone();
    let backwards = |from: usize| line.legs[from - 1].iter().rev().copied().collect::<Vec<_>>();
    match (across, kind) {
        (Across::Ring, Kind::Partial) => vec![onwards((sum + 1 + step) % groups)],
        (Across::Ring, Kind::Final) => vec![onwards((sum + step) % groups)],
        // From both ends, so that all are there after the longer half.
        (Across::Chain, Kind::Partial) => {
            let from_start = (step < sum).then(|| onwards(step));
            let from_end = (groups - 1 - step > sum).then(|| backwards(groups - 1 - step));
            from_start.into_iter().chain(from_end).collect()
        }
        (Across::Chain, Kind::Final) => {
            let to_start = (step < sum).then(|| backwards(sum - step));
            let to_end = (sum + step + 1 < groups).then(|| onwards(sum + step));
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

/// The owners of all shards: from group to group the nearest that own little.
fn lines(request: &Request<'_>, groups: &[Vec<Rank>]) -> Result<Vec<Line>, PlanError> {
    let shards = groups.iter().map(Vec::len).max().unwrap_or(1);
    let mut owned: BTreeMap<Rank, usize> = BTreeMap::new();
    let mut lines = Vec::with_capacity(shards);
    for shard in 0..shards {
        let mut line = Line { owners: Vec::new(), legs: Vec::new() };
        for group in groups {
            let same = group[shard % group.len()];
            let Some(&before) = line.owners.last() else {
                line.owners.push(same);
                continue;
            };
            let ways = ways(request, before, &groups[line.owners.len() - 1], group);
            let key = |rank: &&Rank| (ways[*rank].len(), owned.get(*rank).copied().unwrap_or_default(), **rank != same);
            let Some(&next) = group.iter().filter(|rank| ways.contains_key(rank)).min_by_key(key) else {
                let [from, to] = [before, same].map(|rank| request.members[rank.index()].clone());
                return Err(PlanError::NoContact { from, to, at: request.at });
            };
            line.legs.push(ways[&next].clone());
            line.owners.push(next);
        }
        if let ([first, .., last], [of_first, .., of_last]) = (&line.owners[..], groups) {
            let back = ways(request, *last, of_last, of_first).remove(first);
            line.legs.extend(back);
        }
        line.owners.iter().for_each(|owner| *owned.entry(*owner).or_default() += 1);
        lines.push(line);
    }
    Ok(lines)
}

/// The shortest ways from a member to others of its group and of the next, over these: along contacts that are open when the
/// collective begins, if those suffice, and else along any.
fn ways(request: &Request<'_>, from: Rank, here: &[Rank], there: &[Rank]) -> BTreeMap<Rank, Vec<Rank>> {
    let along = |open: &dyn Fn(Rank, Rank) -> bool| {
        let mut ways = BTreeMap::from([(from, vec![from])]);
        let mut next = VecDeque::from([from]);
        while let Some(rank) = next.pop_front() {
            for &to in there.iter().chain(here) {
                if !ways.contains_key(&to) && open(rank, to) {
                    let way = [&ways[&rank][..], &[to]].concat();
                    ways.insert(to, way);
                    next.push_back(to);
                }
            }
        }
        ways
    };
    let now = along(&|from, to| request.is_open(from, to));
    if there.iter().any(|rank| now.contains_key(rank)) { now } else { along(&|from, to| request.ever_open(from, to)) }
}
