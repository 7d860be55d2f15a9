//! Which neighbours are added up before they travel on.
//!
//! Groups are of members that follow each other in the roster, and nested in each other: a few neighbours, a plane, a few planes.
//! The more is merged, the fewer shares everybody receives, and the longer some contribution waits for the others of its group.

use super::super::rank;
use crate::collective::shares::Shares;

/// Members of a group of neighbours.
const FEW: usize = 4;

/// Groups nested in each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Nesting {
    /// From the innermost level on: behind which member each group ends. What ends a group ends all groups in it.
    levels: Vec<Vec<usize>>,
    /// The members in the order in which they are grouped.
    order: Vec<usize>,
    /// How many follow each other as neighbours.
    run: usize,
}

/// Nestings of `members` that follow each other in runs of `run` neighbours, a divisor: none at all, a few neighbours or about a square root
/// of all, runs, few of them in each, and several of them. The one with the fewest shares comes first.
pub(super) fn all(members: usize, run: usize) -> Vec<Nesting> {
    let runs = members / run;
    // Within a run: how many groups there are, from the innermost level on.
    let few = (2..=FEW).map(|size| vec![run.div_ceil(size)]);
    let nested = (2..=FEW).map(|size| run.div_ceil(2 * size)).map(|groups| vec![2 * groups, groups]);
    let squares = (FEW + 1..members).filter(|size| run.is_multiple_of(*size) && is_about_square(*size, members));
    let within = std::iter::once(Vec::new()).chain(few).chain(nested).chain(squares.map(|size| vec![run / size]));
    // Among runs: the runs themselves, and then so many groups of them that there are two in each, or two of two.
    let mut among = vec![Vec::new()];
    if run > 1 && runs > 1 {
        let pairs = runs.div_ceil(2);
        let fours = runs.div_ceil(4);
        among.extend([vec![runs], vec![runs, pairs], vec![runs, 2 * fours, fours], vec![runs, fours]]);
    }
    let mut all: Vec<Nesting> =
        within.flat_map(|within| among.iter().map(move |among| Nesting::of(members, run, &within, among))).collect();
    all.sort_by(|a, b| a.received().cmp(&b.received()).then_with(|| a.levels.cmp(&b.levels)));
    all.dedup();
    all
}

const fn is_about_square(size: usize, members: usize) -> bool {
    size * size * 4 >= members && size * size <= members * 4
}

impl Nesting {
    /// In each run so many groups as `within` says for each level, then so many groups of runs as `among` says.
    fn of(members: usize, run: usize, within: &[usize], among: &[usize]) -> Self {
        let runs = members / run;
        let in_each =
            |groups: usize| (0..runs).flat_map(move |first| ends(run, groups).map(move |end| first * run + end));
        let inner = within.iter().map(|groups| in_each(*groups).collect());
        let outer = among.iter().map(|groups| ends(runs, *groups).map(|end| end * run).collect());
        let mut levels: Vec<Vec<usize>> = inner.chain(outer).collect();
        // One that is all, or each by itself, is none.
        levels.retain(|ends| (2..members).contains(&ends.len()));
        levels.dedup();
        Self { levels, order: (0..members).collect(), run }
    }

    /// Shares that members receive, all together.
    pub(super) fn copies(&self) -> usize {
        let members = self.order.len();
        let singles: Vec<usize> = (1..=members).collect();
        let inner = std::iter::once(&singles).chain(&self.levels);
        let all = vec![members];
        let outer = self.levels.iter().chain([&all]);
        let level = |(inner, outer): (&Vec<usize>, &Vec<usize>)| -> usize {
            groups(outer).map(|(from, to)| (to - from) * (parts(inner, from, to).count() - 1)).sum()
        };
        inner.zip(outer).map(level).sum()
    }

    /// Shares that a member receives, in the mean.
    pub(super) fn received(&self) -> usize {
        self.copies().div_ceil(self.order.len().max(1))
    }

    /// The same with other neighbours: groups that begin half a group later in each run, and pairs of every other one. What comes from
    /// afar comes as part of a group, from the side of that; with one half of the vector in other groups it comes from two sides.
    pub(super) fn with_other_neighbours(&self) -> impl Iterator<Item = Self> {
        let (run, members) = (self.run, self.order.len());
        let group = self.levels.first().map_or(1, |ends| (members / ends.len()).max(2));
        let later = move |place: usize| place - place % run + (place + group / 2) % run;
        // Of four the two in the middle change places.
        let every_other = move |place: usize| match place % run % 4 {
            1 if place % run + 1 < run => place + 1,
            2 => place - 1,
            _ => place,
        };
        let shifted = (0..members).map(later).collect();
        let crossed = (0..members).map(every_other).collect();
        let orders: [Vec<usize>; 2] = [shifted, crossed];
        orders.into_iter().filter(move |_| group > 1).map(|order| Self { order, ..self.clone() })
    }

    /// Each of as many members as there are makes a share, and groups merge them.
    pub(super) fn shares(&self) -> Shares {
        let mut merged: Vec<Vec<u32>> = Vec::new();
        let members = self.order.len();
        // Those of the level below, each with the place behind which it ends.
        let mut level: Vec<(usize, u32)> = (1..=members).zip(self.order.iter().map(|member| rank(*member).0)).collect();
        for ends in &self.levels {
            let above = groups(ends).map(|(from, to)| {
                let parts: Vec<u32> =
                    level.iter().filter(|(end, _)| (from + 1..=to).contains(end)).map(|(_, share)| *share).collect();
                if let [only] = parts[..] {
                    return (to, only);
                }
                merged.push(parts);
                (to, rank(members + merged.len() - 1).0)
            });
            level = above.collect();
        }
        Shares::merged(members, merged)
    }
}

/// Where so many groups of equal size, give or take one, end.
fn ends(members: usize, groups: usize) -> impl Iterator<Item = usize> {
    let groups = groups.clamp(1, members.max(1));
    (1..=groups).map(move |group| group * members / groups)
}

/// Each group by where it begins and ends.
fn groups(ends: &[usize]) -> impl Iterator<Item = (usize, usize)> {
    std::iter::once(0).chain(ends.iter().copied()).zip(ends.iter().copied())
}

/// The groups of a level in a group of a level above.
fn parts(ends: &[usize], from: usize, to: usize) -> impl Iterator<Item = usize> {
    let (first, behind) = (ends.partition_point(|end| *end <= from), ends.partition_point(|end| *end <= to));
    ends[first..behind].iter().copied()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_merged_twice_is_received_once_by_those_outside() {
        // Two planes of five: pairs, then planes. A member receives one of its pair, two pairs of its plane, and the other plane.
        let nesting = Nesting::of(10, 5, &[3], &[2]);
        assert_eq!(nesting.levels, [vec![1, 3, 5, 6, 8, 10], vec![5, 10]]);
        let (of_pairs, of_planes, of_all) = (4 * 2, 2 * 5 * 2, 10);
        assert_eq!(nesting.copies(), of_pairs + of_planes + of_all);
        let shares = nesting.shares();
        assert_eq!((shares.parts(10), shares.parts(11)), (&[1, 2][..], &[3, 4][..]));
        assert_eq!(shares.parts(14), &[0, 10, 11]);
        assert!(shares.roots().eq([14, 15]));
    }

    #[test]
    fn each_is_paired_with_its_other_neighbour_and_with_the_one_behind_it() {
        let pairs = Nesting::of(8, 4, &[2], &[]);
        let parts = |nesting: &Nesting| (8..12).map(|share| nesting.shares().parts(share).to_vec()).collect::<Vec<_>>();
        assert_eq!(parts(&pairs), [[0, 1], [2, 3], [4, 5], [6, 7]]);
        let others: Vec<_> = pairs.with_other_neighbours().map(|pairs| parts(&pairs)).collect();
        assert_eq!(others, [[[1, 2], [3, 0], [5, 6], [7, 4]], [[0, 2], [1, 3], [4, 6], [5, 7]]]);
    }

    #[test]
    fn six_planes_of_eleven_are_merged_without_a_group_across_planes() {
        let all = all(66, 11);
        assert!(all.len() > 10 && all.iter().any(|nesting| nesting.levels.is_empty()), "{all:?}");
        for nesting in &all {
            for (from, to) in nesting.levels.iter().flat_map(|ends| groups(ends)) {
                assert!(from / 11 == (to - 1) / 11 || from % 11 == 0 && to % 11 == 0, "{from}..{to}: {nesting:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn shares_are_sound_and_those_that_are_received_are_counted(run in 1_usize..12, runs in 1_usize..8) {
            let members = run * runs;
            let all = all(members, run);
            for nesting in all.iter().cloned().chain(all.iter().flat_map(Nesting::with_other_neighbours)) {
                let shares = nesting.shares();
                prop_assert_eq!(shares.unsound(), None);
                // Who a share stands for; whoever is in the group that it is merged in, and not in it, receives it.
                let mut of: Vec<Vec<u32>> = Vec::new();
                for share in (0..).take(shares.len()) {
                    let parts = shares.parts(share).iter().flat_map(|part| of[*part as usize].clone());
                    of.push(if shares.parts(share).is_empty() { vec![share] } else { parts.collect() });
                }
                let into = |share: u32| (0..shares.len()).position(|sum| shares.parts(rank(sum).0).contains(&share));
                let receivers = (0..).take(shares.len()).map(|share| {
                    into(share).map_or(members, |sum| of[sum].len()) - of[share as usize].len()
                });
                prop_assert_eq!(receivers.sum::<usize>(), nesting.copies());
            }
        }
    }
}
