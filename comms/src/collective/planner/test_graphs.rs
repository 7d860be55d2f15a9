//! Graphs for tests of walks through them.

use std::collections::BTreeSet;

/// The neighbours of each of so many nodes, in ascending order, along `links` both ways.
pub(super) fn graph(nodes: usize, links: impl IntoIterator<Item = (usize, usize)>) -> Vec<Vec<usize>> {
    let mut graph = vec![BTreeSet::new(); nodes];
    for (a, b) in links {
        graph[a].insert(b);
        graph[b].insert(a);
    }
    graph.into_iter().map(|neighbours| neighbours.into_iter().collect()).collect()
}
