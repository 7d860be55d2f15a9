//! What has to get across every cut that separates members: a whole vector each way.
//!
//! A cut that separates members separates the first of them from another. So it is enough that a vector can flow from the first
//! to each other, and from each other to the first, which shows all cuts at once: as much flows as the narrowest cut lets
//! (Ford and Fulkerson, Canadian Journal of Mathematics 8, 1956).
//!
//! What has flowed to a member once may as well begin there: a cut that is too narrow has none of those behind it.

use super::end::End;
use super::ends::enough;
use super::flow::Network;
use super::reach::latest;
use super::{Limit, Question};

/// Which way the vectors go, and what is known of the times at which they can.
enum Way<'a> {
    /// From the first member, which nothing that leaves a node earlier than this depends on.
    Out { earliest: &'a [u64] },
    /// To the first member, where all that comes too late to a node is of no use.
    Back { first: u32 },
}

/// Raises the end until a vector gets across each cut, either way.
pub(super) fn across(question: &Question<'_>, end: &mut End) -> Option<()> {
    let Some(first) = question.sources.first() else { return Some(()) };
    across_one_way(question, end, first.node, &Way::Out { earliest: &first.earliest })?;
    across_one_way(question, end, first.node, &Way::Back { first: first.node })
}

fn across_one_way(question: &Question<'_>, end: &mut End, first: u32, way: &Way<'_>) -> Option<()> {
    let Question { lanes, need, .. } = *question;
    let arcs = lanes.all.iter().map(|lane| way.directed(lane.from, lane.to));
    let mut network = Network::new(lanes.nodes(), arcs.collect());
    let mut reached = vec![false; lanes.nodes()];
    reached[first as usize] = true;
    let all: Vec<u32> = (0..).take(lanes.all.len()).collect();
    let mut capacities = way.capacities(question, &all, end.at);
    for &member in question.members.iter().filter(|member| **member != first) {
        while let Err(cut) = network.carries(&capacities, &reached, member, need) {
            let limit = || {
                let (from, to) = way.directed(first, member);
                let lanes = cut.iter().map(|lane| &lanes.all[*lane as usize]);
                let lanes = lanes.map(|lane| (question.name(lane.from), question.name(lane.to))).collect();
                Limit::Cut { from: question.name(from), to: question.name(to), lanes }
            };
            end.raise(limit, |by| enough(need, way.capacities(question, &cut, by).into_iter()))?;
            capacities = way.capacities(question, &all, end.at);
        }
        reached[member as usize] = true;
    }
    Some(())
}

impl Way<'_> {
    /// A pair, as this way goes.
    const fn directed(&self, from: u32, to: u32) -> (u32, u32) {
        match self {
            Self::Out { .. } => (from, to),
            Self::Back { .. } => (to, from),
        }
    }

    /// What some lanes deliver by an instant that is of use.
    fn capacities(&self, question: &Question<'_>, of: &[u32], by: u64) -> Vec<u128> {
        let lanes = of.iter().map(|lane| &question.lanes.all[*lane as usize]);
        match self {
            Self::Out { earliest } => lanes.map(|lane| lane.capacity(earliest[lane.from as usize], by)).collect(),
            Self::Back { first } => {
                let latest = latest(question.lanes, *first, by);
                lanes.map(|lane| lane.capacity(question.start, latest[lane.to as usize])).collect()
            }
        }
    }
}
