//! A closed walk that visits all nodes of a graph, each once if one is found that does.
//!
//! A path through all nodes is turned at its end, over a neighbour that is on it, until its ends are neighbours (L. Pósa,
//! "Hamiltonian circuits in random graphs", Discrete Mathematics 14, 1976). The cycle is then shortened by exchanging two of its edges
//! for two others (G. Croes, "A method for solving traveling-salesman problems", Operations Research 6, 1958); what falls apart by
//! that is patched (R. Karp, "A patching algorithm for the nonsymmetric traveling-salesman problem", SIAM J. Comput. 8, 1979). Where
//! no cycle is found, the walk goes round a tree, and passes some nodes again.

use std::cmp::Reverse;
use std::collections::VecDeque;

use super::path;

/// Nodes beyond which walks are not shortened, and paths that are turned in vain at most.
const MAX_NODES: usize = 1000;
const MAX_TURNED: usize = 5000;

/// The walk, whose last node is a neighbour of its first one. `graph` lists each node's neighbours in ascending order, both ways, and
/// `length` is how far it is from one to another. Nothing if the graph is not connected.
pub(super) fn closed_walk(graph: &[Vec<usize>], length: impl Fn(usize, usize) -> u64) -> Option<Vec<usize>> {
    if graph.is_empty() || path::component(graph, 0).len() < graph.len() {
        return None;
    }
    let Ok(path) = path::through_all(graph) else { return Some(round_a_tree(graph)) };
    let cycle = closed(graph, path.clone()).map(|cycle| shortened(graph, cycle, length));
    // A path is the tree that takes the fewest steps: there and back.
    let folded = || path.iter().chain(path.iter().rev().skip(1)).copied().take((2 * path.len() - 2).max(1)).collect();
    Some(cycle.unwrap_or_else(folded))
}

/// A path whose ends are neighbours, made of one whose ends are not.
fn closed(graph: &[Vec<usize>], path: Vec<usize>) -> Option<Vec<usize>> {
    let nodes = graph.len();
    let (mut starts, mut began) = (VecDeque::from([path]), vec![false; nodes]);
    let mut in_vain = 0;
    while let Some(path) = starts.pop_front() {
        let start = path[0];
        let (mut open, mut ended) = (VecDeque::from([path]), vec![false; nodes]);
        while let Some(path) = open.pop_front() {
            let end = path[nodes - 1];
            if graph[end].binary_search(&start).is_ok() {
                return Some(path);
            }
            in_vain += 1;
            if in_vain > MAX_TURNED || nodes > MAX_NODES {
                return None;
            }
            let mut place = vec![0; nodes];
            path.iter().zip(0..).for_each(|(&node, at)| place[node] = at);
            for &neighbour in &graph[end] {
                let rest = place[neighbour] + 1;
                if rest < nodes && !std::mem::replace(&mut ended[path[rest]], true) {
                    let mut turned = path.clone();
                    turned[rest..].reverse();
                    open.push_back(turned);
                }
            }
            if !std::mem::replace(&mut began[end], true) {
                starts.push_back(path.into_iter().rev().collect());
            }
        }
    }
    None
}

/// A cycle that is no longer. Pairs of edges are exchanged for shorter ones, also where that cuts the cycle in two; then the parts
/// are joined again where that costs least.
fn shortened(graph: &[Vec<usize>], cycle: Vec<usize>, length: impl Fn(usize, usize) -> u64) -> Vec<usize> {
    let nodes = cycle.len();
    if !(4..=MAX_NODES).contains(&nodes) {
        return cycle;
    }
    // There and back: what is exchanged has to become shorter whichever way it is gone, or there would be no end of exchanging.
    let to_each = |(a, neighbours): (usize, &Vec<usize>)| {
        neighbours.iter().map(|&b| length(a, b).saturating_add(length(b, a))).collect()
    };
    let lengths: Vec<Vec<u64>> = graph.iter().enumerate().map(to_each).collect();
    let length = |a: usize, b: usize| graph[a].binary_search(&b).map_or(0, |place| lengths[a][place]);
    let mut edges = Edges { beside: vec![[0; 2]; nodes], graph, length };
    for (at, &node) in cycle.iter().enumerate() {
        edges.beside[node] = [cycle[(at + nodes - 1) % nodes], cycle[(at + 1) % nodes]];
    }
    let before = edges.length_of_all();
    let (mut node, mut at_rest) = (0, 0);
    while at_rest < nodes {
        at_rest += 1;
        let shorter = edges.exchanges(node).find(|(gain, _)| *gain > 0);
        if let Some((_, exchange)) = shorter {
            edges.make(exchange);
            at_rest = 0;
        }
        node = (node + 1) % nodes;
    }
    loop {
        let part = edges.parts();
        if part.iter().all(|part| *part == 0) {
            break;
        }
        let joins = (0..nodes).flat_map(|node| edges.exchanges(node)).filter(|(_, [a, _, c, _])| part[*a] != part[*c]);
        let Some((_, exchange)) = joins.max_by_key(|(gain, exchange)| (*gain, Reverse(*exchange))) else {
            return cycle;
        };
        edges.make(exchange);
    }
    if edges.length_of_all() < before { edges.round(0) } else { cycle }
}

/// Edges of which each node has two.
struct Edges<'a, L> {
    beside: Vec<[usize; 2]>,
    graph: &'a [Vec<usize>],
    length: L,
}

impl<L: Fn(usize, usize) -> u64> Edges<'_, L> {
    /// What can be exchanged at `a`: the edges from a to b and from c to d for those from a to c and from b to d, and how much
    /// shorter these are.
    fn exchanges(&self, a: usize) -> impl Iterator<Item = (i128, [usize; 4])> {
        let length = |a, b| i128::from((self.length)(a, b));
        let pairs = self.beside[a].into_iter().flat_map(move |b| self.graph[a].iter().map(move |&c| (b, c)));
        let all = pairs.flat_map(move |(b, c)| self.beside[c].into_iter().map(move |d| [a, b, c, d]));
        let possible = all.filter(|&[a, b, c, d]| {
            let differ = c != b && d != a && d != b;
            differ
                && !self.beside[a].contains(&c)
                && !self.beside[b].contains(&d)
                && self.graph[b].binary_search(&d).is_ok()
        });
        possible.map(move |[a, b, c, d]| (length(a, b) + length(c, d) - length(a, c) - length(b, d), [a, b, c, d]))
    }

    fn make(&mut self, [a, b, c, d]: [usize; 4]) {
        for (node, from, to) in [(a, b, c), (b, a, d), (c, d, a), (d, c, b)] {
            let beside = self.beside[node].iter_mut().find(|beside| **beside == from);
            beside.into_iter().for_each(|beside| *beside = to);
        }
    }

    /// The nodes on the cycle of one of them.
    fn round(&self, first: usize) -> Vec<usize> {
        let (mut round, mut node) = (vec![first], self.beside[first][1]);
        while node != first {
            let before = round.last().copied();
            round.push(node);
            let [one, other] = self.beside[node];
            node = if Some(one) == before { other } else { one };
        }
        round
    }

    /// The number of its cycle, by node.
    fn parts(&self) -> Vec<usize> {
        let (mut parts, mut count) = (vec![usize::MAX; self.beside.len()], 0);
        for first in 0..parts.len() {
            if parts[first] == usize::MAX {
                self.round(first).into_iter().for_each(|node| parts[node] = count);
                count += 1;
            }
        }
        parts
    }

    fn length_of_all(&self) -> u64 {
        let twice = self.beside.iter().zip(0..).flat_map(|(beside, node)| beside.map(|to| (self.length)(node, to)));
        twice.fold(0, u64::saturating_add) / 2
    }
}

/// Down and up a tree, deep first.
fn round_a_tree(graph: &[Vec<usize>]) -> Vec<usize> {
    let mut seen = vec![false; graph.len()];
    let (mut walk, mut above) = (vec![0], vec![0]);
    seen[0] = true;
    let mut left = graph.len() - 1;
    while let Some(&node) = above.last() {
        match graph[node].iter().copied().find(|neighbour| !seen[*neighbour]) {
            Some(next) => {
                seen[next] = true;
                left -= 1;
                above.push(next);
                walk.push(next);
            }
            None => {
                above.pop();
                walk.extend(above.last());
            }
        }
    }
    debug_assert_eq!(left, 0);
    walk.pop();
    walk
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::collective::planner::test_graphs::graph;

    /// Planes of satellites, each linked to the next in its plane and to the same one in the next plane.
    fn torus(planes: usize, size: usize) -> Vec<Vec<usize>> {
        let node = move |plane: usize, place: usize| plane % planes * size + place % size;
        let places = (0..planes).flat_map(|plane| (0..size).map(move |place| (plane, place)));
        let links = places.flat_map(|(plane, place)| {
            [node(plane + 1, place), node(plane, place + 1)].map(|to| (node(plane, place), to))
        });
        graph(planes * size, links)
    }

    fn is_closed_walk(graph: &[Vec<usize>], walk: &[usize]) -> bool {
        let pairs = walk.iter().zip(walk.iter().cycle().skip(1));
        let adjacent = walk.len() == 1 || pairs.clone().all(|(a, b)| graph[*a].binary_search(b).is_ok());
        adjacent && (0..graph.len()).all(|node| walk.contains(&node))
    }

    #[test]
    fn rings_and_toruses_are_gone_round_with_each_node_once() {
        let ring = graph(12, (0..12).map(|node| (node, (node + 5) % 12)));
        for graph in [ring, torus(3, 4), torus(6, 11), torus(20, 20)] {
            let walk = closed_walk(&graph, |_, _| 1).expect("it is connected");
            assert!(is_closed_walk(&graph, &walk), "{walk:?}");
            assert_eq!(walk.len(), graph.len());
        }
    }

    #[test]
    fn a_cycle_prefers_short_edges() {
        let (planes, size) = (6, 10);
        let torus = torus(planes, size);
        let walk = closed_walk(&torus, |a, b| if a / size == b / size { 10 } else { 1 }).expect("it is connected");
        let within = walk.iter().zip(walk.iter().cycle().skip(1)).filter(|(a, b)| *a / size == *b / size).count();
        assert!(walk.len() == planes * size && within < planes * size / 2, "{within} edges within planes: {walk:?}");
    }

    #[test]
    fn where_no_cycle_is_nodes_are_passed_again() {
        let path = graph(5, (0..4).map(|node| (node, node + 1)));
        let star = graph(5, (1..5).map(|node| (0, node)));
        for graph in [path, star] {
            let walk = closed_walk(&graph, |_, _| 1).expect("it is connected");
            assert!(is_closed_walk(&graph, &walk) && walk.len() == 8, "{walk:?}");
        }
        assert_eq!(closed_walk(&graph(1, []), |_, _| 1), Some(vec![0]));
        assert_eq!(closed_walk(&graph(2, [(0, 1)]), |_, _| 1), Some(vec![0, 1]));
        assert_eq!(closed_walk(&graph(3, [(0, 1)]), |_, _| 1), None);
        assert_eq!(closed_walk(&graph(0, []), |_, _| 1), None);
    }

    proptest! {
        #[test]
        fn every_connected_graph_has_a_closed_walk(
            nodes in 1_usize..20,
            links in proptest::collection::vec((0_usize..20, 0_usize..20, 0_u64..9), 0..90),
        ) {
            let links: Vec<_> = links.into_iter().filter(|(a, b, _)| a != b && *a < nodes && *b < nodes).collect();
            let graph = graph(nodes, links.iter().map(|(a, b, _)| (*a, *b)));
            let length = |a: usize, b: usize| {
                links.iter().filter(|(c, d, _)| (*c, *d) == (a, b)).map(|link| link.2).min().unwrap_or(3)
            };
            match closed_walk(&graph, length) {
                Some(walk) => prop_assert!(is_closed_walk(&graph, &walk) && walk.len() <= (2 * nodes).max(3) - 2),
                None => prop_assert!(path::component(&graph, 0).len() < nodes),
            }
        }
    }
}
