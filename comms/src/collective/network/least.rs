//! What no order on the lanes undercuts, for given trees.

use super::packing::Tree;

/// How long it takes at least along these trees, whatever goes first: no lane is busy before the first of what it carries can be
/// there, and when it has carried all, the last has a way to go still.
pub(in crate::collective) fn takes_at_least(trees: &[Tree], (ranks, links): (usize, usize)) -> u64 {
    let mut lanes = vec![(u64::MAX, 0_u64, u64::MAX); links];
    let mut longest = 0;
    for tree in trees {
        let (depth, height) = distances(tree, ranks);
        let whole = height[tree.root];
        longest = longest.max(2 * whole);
        for hop in &tree.hops {
            let ways = [
                (hop.inwards, height[hop.rank], depth[hop.rank] + whole),
                (hop.outwards, whole + depth[hop.before], hop.light + height[hop.rank]),
            ];
            for (link, before, after) in ways {
                let lane = &mut lanes[link];
                *lane = (lane.0.min(before), lane.1 + hop.busy, lane.2.min(after));
            }
        }
    }
    let lanes = lanes.into_iter().filter(|(_, busy, _)| *busy > 0);
    lanes.map(|(before, busy, after)| before + busy + after).max().unwrap_or(0).max(longest)
}

/// How long light takes from the root of a tree to each rank, and from each rank to the farthest behind it.
pub(super) fn distances(tree: &Tree, ranks: usize) -> (Vec<u64>, Vec<u64>) {
    let (mut depth, mut height) = (vec![0_u64; ranks], vec![0_u64; ranks]);
    for hop in &tree.hops {
        depth[hop.rank] = depth[hop.before] + hop.light;
    }
    for hop in tree.hops.iter().rev() {
        height[hop.before] = height[hop.before].max(height[hop.rank] + hop.light);
    }
    (depth, height)
}
