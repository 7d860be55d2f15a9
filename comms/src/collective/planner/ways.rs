//! Who reaches whom, by itself or over relays.

use std::collections::{BTreeMap, VecDeque};

/// Whom each node of a graph reaches, by its number: neighbours, and over the last of the nodes, which are relays, others.
#[derive(Debug)]
pub(super) struct Ways {
    /// For each node that is no relay: whom it reaches, and over whom.
    ways: Vec<BTreeMap<usize, Vec<usize>>>,
}

impl Ways {
    /// The shortest ways in `graph`, which lists each node's neighbours in ascending order. Its nodes from `ends` on are
    /// relays: the way leads over them, and neither begins nor ends there.
    pub(super) fn new(graph: &[Vec<usize>], ends: usize) -> Self {
        Self { ways: (0..ends).map(|from| shortest(graph, ends, from)).collect() }
    }

    /// Whom each node reaches, in ascending order.
    pub(super) fn graph(&self) -> Vec<Vec<usize>> {
        self.ways.iter().map(|ways| ways.keys().copied().collect()).collect()
    }

    /// The relays between two nodes: none between neighbours. `None` if there is no way.
    pub(super) fn between(&self, from: usize, to: usize) -> Option<&[usize]> {
        self.ways[from].get(&to).map(Vec::as_slice)
    }
}

/// The shortest ways from `from`; of several equal ones, the one over the first nodes.
fn shortest(graph: &[Vec<usize>], ends: usize, from: usize) -> BTreeMap<usize, Vec<usize>> {
    let mut before: BTreeMap<usize, usize> = BTreeMap::from([(from, from)]);
    let mut open = VecDeque::from([from]);
    while let Some(node) = open.pop_front() {
        for &next in &graph[node] {
            if before.contains_key(&next) {
                continue;
            }
            before.insert(next, node);
            if next >= ends {
                open.push_back(next);
            }
        }
    }
    let way = |to: usize| {
        let mut way = Vec::new();
        let mut node = before[&to];
        while node != from {
            way.push(node);
            node = before[&node];
        }
        way.reverse();
        way
    };
    before.keys().filter(|&&to| to < ends && to != from).map(|&to| (to, way(to))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_lead_over_relays_and_not_over_other_ends() {
        // 0 - 3 - 4 - 1 - 2, where 3 and 4 are relays; 0 and 2 meet only through 1.
        let graph = [vec![3], vec![2, 4], vec![1], vec![0, 4], vec![1, 3]];
        let ways = Ways::new(&graph, 3);
        assert_eq!(ways.graph(), [vec![1], vec![0, 2], vec![1]]);
        assert_eq!(ways.between(0, 1), Some(&[3, 4][..]));
        assert_eq!(ways.between(1, 0), Some(&[4, 3][..]));
        assert_eq!(ways.between(1, 2), Some(&[][..]));
        assert_eq!(ways.between(0, 2), None);
    }

    #[test]
    fn a_neighbour_is_reached_directly_although_a_relay_knows_it_too() {
        let graph = [vec![1, 2], vec![0, 2], vec![0, 1]];
        assert_eq!(Ways::new(&graph, 2).between(0, 1), Some(&[][..]));
    }
}
