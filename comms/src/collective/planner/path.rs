//! A path that visits each node of a graph once, found with bounded work.
//!
//! The general question is NP-complete. Up to [`EXACT`] nodes it is answered exactly, by the table of M. Held and R.
//! Karp ("A dynamic programming approach to sequencing problems", J. SIAM 10, 1962). Beyond, a depth-first search
//! goes to the neighbour with the fewest ways on (H. C. von Warnsdorff's rule) and gives up after [`MAX_PATH_STEPS`]
//! steps. The order of the nodes' own numbers is tried first: where it does, nodes keep their places.

use std::collections::BTreeSet;

use crate::limits::MAX_PATH_STEPS;

/// Nodes up to which the answer is exact.
const EXACT: usize = 16;

/// The nodes that can be reached from `start`, itself included, in ascending order. `graph` lists each node's
/// neighbours.
pub(super) fn component(graph: &[Vec<usize>], start: usize) -> Vec<usize> {
    let (mut reached, mut open) = (BTreeSet::from([start]), vec![start]);
    while let Some(node) = open.pop() {
        open.extend(graph[node].iter().filter(|&&neighbour| reached.insert(neighbour)));
    }
    reached.into_iter().collect()
}

/// A path through all nodes, or the longest that was found. `graph` lists each node's neighbours in ascending order,
/// both ways.
pub(super) fn through_all(graph: &[Vec<usize>]) -> Result<Vec<usize>, Vec<usize>> {
    if (1..graph.len()).all(|node| graph[node].binary_search(&(node - 1)).is_ok()) {
        return Ok((0..graph.len()).collect());
    }
    let longest = if graph.len() <= EXACT { longest(graph) } else { search(graph, MAX_PATH_STEPS) };
    if longest.len() == graph.len() { Ok(longest) } else { Err(longest) }
}

/// The longest path. Of several, the same one each time.
fn longest(graph: &[Vec<usize>]) -> Vec<usize> {
    let neighbours: Vec<usize> = graph.iter().map(|nodes| nodes.iter().map(|node| 1 << node).sum()).collect();
    let nodes_of = |set: usize| (0..graph.len()).filter(move |node| set >> node & 1 == 1);
    // For each set of nodes: where paths end that visit exactly these.
    let mut ends = vec![0_usize; 1 << graph.len()];
    for set in 1..ends.len() {
        for node in nodes_of(set) {
            let rest = set ^ (1 << node);
            if rest == 0 || ends[rest] & neighbours[node] != 0 {
                ends[set] |= 1 << node;
            }
        }
    }
    let visited = (1..ends.len()).filter(|&set| ends[set] != 0).max_by_key(|set| (set.count_ones(), usize::MAX - set));
    let (mut set, mut allowed) = (visited.unwrap_or_default(), usize::MAX);
    let mut path = Vec::new();
    while let Some(node) = nodes_of(ends[set] & allowed).next() {
        path.push(node);
        (set, allowed) = (set ^ (1 << node), neighbours[node]);
    }
    path
}

/// A path through all nodes if the search meets one within `steps`, and otherwise the longest that it met.
fn search(graph: &[Vec<usize>], steps: usize) -> Vec<usize> {
    let mut walk =
        Walk { graph, ways: graph.iter().map(Vec::len).collect(), on: vec![false; graph.len()], path: vec![] };
    let mut best = Vec::new();
    let mut open = vec![walk.by_ways(0..graph.len())];
    for _ in 0..steps {
        // The last list is that of the candidates for the path's next node.
        let Some(candidates) = open.last_mut() else { break };
        let Some(node) = candidates.pop() else {
            open.pop();
            walk.step_back();
            continue;
        };
        walk.step_to(node);
        if walk.path.len() > best.len() {
            best.clone_from(&walk.path);
        }
        if best.len() == graph.len() {
            break;
        }
        open.push(walk.by_ways(graph[node].iter().copied()));
    }
    best
}

struct Walk<'a> {
    graph: &'a [Vec<usize>],
    /// How many neighbours of each node are not on the path.
    ways: Vec<usize>,
    on: Vec<bool>,
    path: Vec<usize>,
}

impl Walk<'_> {
    /// Those of `nodes` that are not on the path; the one with the fewest ways on, and of these the first, is last.
    fn by_ways(&self, nodes: impl Iterator<Item = usize>) -> Vec<usize> {
        let mut free: Vec<_> = nodes.filter(|&node| !self.on[node]).collect();
        free.sort_by_key(|&node| std::cmp::Reverse((self.ways[node], node)));
        free
    }

    fn step_to(&mut self, node: usize) {
        self.path.push(node);
        self.on[node] = true;
        for &neighbour in &self.graph[node] {
            self.ways[neighbour] -= 1;
        }
    }

    fn step_back(&mut self) {
        if let Some(node) = self.path.pop() {
            self.on[node] = false;
            for &neighbour in &self.graph[node] {
                self.ways[neighbour] += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::collective::planner::test_graphs::graph;

    fn is_path(graph: &[Vec<usize>], path: &[usize]) -> bool {
        let distinct: BTreeSet<_> = path.iter().collect();
        distinct.len() == path.len() && path.windows(2).all(|pair| graph[pair[0]].contains(&pair[1]))
    }

    /// Tries every order.
    fn naive(graph: &[Vec<usize>], path: &mut Vec<usize>) -> bool {
        path.len() == graph.len()
            || (0..graph.len()).any(|node| {
                let fits = !path.contains(&node) && path.last().is_none_or(|last| graph[*last].contains(&node));
                path.push(node);
                let found = fits && naive(graph, path);
                path.pop();
                found
            })
    }

    #[test]
    fn the_order_of_the_numbers_comes_first() {
        let ring = graph(5, (0..5).map(|node| (node, (node + 1) % 5)));
        assert_eq!(through_all(&ring), Ok(vec![0, 1, 2, 3, 4]));
    }

    #[test]
    fn a_ring_without_one_node_is_a_path_at_any_size() {
        for nodes in [3, 4, 12, 16, 17, 100, 2000] {
            // Node `nodes / 2` of a ring of one more is gone: what is left begins behind the gap.
            let gap = nodes / 2;
            let links = (0..nodes).map(|node| (node, (node + 1) % nodes)).filter(|(from, _)| *from != gap);
            let graph = graph(nodes, links);
            let path = through_all(&graph).expect("the ring has one gap");
            assert!(path.len() == nodes && is_path(&graph, &path), "{nodes} nodes: {path:?}");
        }
    }

    #[test]
    fn a_star_has_no_path_and_its_longest_is_named() {
        for nodes in [4, 16, 30] {
            let star = graph(nodes, (1..nodes).map(|node| (0, node)));
            let longest = through_all(&star).expect_err("a star");
            assert!(longest.len() == 3 && is_path(&star, &longest), "{nodes} nodes: {longest:?}");
        }
    }

    proptest! {
        #[test]
        fn a_path_is_found_if_and_only_if_trying_all_orders_finds_one(
            nodes in 1_usize..8,
            links in proptest::collection::vec((0_usize..8, 0_usize..8), 0..16),
        ) {
            let graph = graph(nodes, links.into_iter().filter(|(a, b)| a != b && *a < nodes && *b < nodes));
            match through_all(&graph) {
                Ok(path) => prop_assert!(path.len() == nodes && is_path(&graph, &path)),
                Err(longest) => {
                    prop_assert!(is_path(&graph, &longest) && longest.len() < nodes);
                    prop_assert!(!naive(&graph, &mut Vec::new()));
                }
            }
        }

        #[test]
        fn the_search_agrees_with_the_table(links in proptest::collection::vec((0_usize..9, 0_usize..9), 0..24)) {
            let graph = graph(9, links.into_iter().filter(|(a, b)| a != b));
            prop_assert_eq!(search(&graph, usize::MAX >> 1).len() == 9, longest(&graph).len() == 9);
        }
    }
}
