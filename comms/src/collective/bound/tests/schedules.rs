//! All-reduces that are simple and right: nothing may be faster than the bound.

use std::collections::{BTreeMap, BTreeSet};

use super::plans::Case;
use crate::collective::Segment;
use crate::id::NodeId;
use crate::units::MissionTime;

/// When every member has every vector, if whoever has one whole sends it on to everybody, one after the other on each lane.
pub(super) fn flooded(case: &Case) -> Option<u64> {
    let mut known: BTreeMap<(&NodeId, &NodeId), u64> =
        case.members.iter().map(|member| ((member, member), case.start)).collect();
    let mut free = BTreeMap::new();
    let mut settled = BTreeSet::new();
    // In the order of arrivals: who hears of something, and sends it on.
    while let Some((at, whose, node)) =
        known.iter().filter(|(key, _)| !settled.contains(*key)).map(|((whose, node), at)| (*at, *whose, *node)).min()
    {
        settled.insert((whose, node));
        for (_, to, _) in case.plan.lanes().filter(|(from, ..)| *from == node) {
            if settled.contains(&(whose, to)) {
                continue;
            }
            let ready = at.max(free.get(&(node, to)).copied().unwrap_or(0));
            let Some(transit) = case.plan.transit(node, to, MissionTime(ready), case.bytes) else { continue };
            free.insert((node, to), transit.sent.0);
            let there = known.entry((whose, to)).or_insert(u64::MAX);
            *there = transit.arrival.0.min(*there);
        }
    }
    let pairs = case.members.iter().flat_map(|whose| case.members.iter().map(move |node| (whose, node)));
    pairs.map(|pair| known.get(&pair).copied()).try_fold(case.start, |last, at| Some(last.max(at?)))
}

/// When every member has the mean, if the vector is cut into as many parts as there are `choices` of trees: each part is added up along a tree
/// to a root, and goes back along another. Nothing if there is no such tree or the plan ends before.
pub(super) fn over_trees(case: &Case, choices: &[u32]) -> Option<u64> {
    let nodes: Vec<&NodeId> = case.plan.nodes().into_iter().collect();
    let mut free = BTreeMap::new();
    let mut last = case.start;
    for (&choice, part) in choices.iter().zip(Segment::split(case.bytes as usize, choices.len())) {
        let root = *nodes.get(choice as usize % nodes.len().max(1))?;
        let mut send = |from: &NodeId, to: &NodeId, ready: u64| {
            let ready = ready.max(free.get(&(from.clone(), to.clone())).copied().unwrap_or(0));
            let transit = case.plan.transit(from, to, MissionTime(ready), part.elements as u64)?;
            free.insert((from.clone(), to.clone()), transit.sent.0);
            Some(transit.arrival.0)
        };
        // Whoever joined the tree last is furthest out, and sends first.
        let inward = tree(case, root, choice, |from, to| (to, from));
        let mut ready: BTreeMap<&NodeId, u64> = case.members.iter().map(|member| (member, case.start)).collect();
        for (parent, child) in inward.iter().rev() {
            if let Some(at) = ready.get(child).copied() {
                let arrival = send(child, parent, at)?;
                let known = ready.entry(parent).or_insert(arrival);
                *known = arrival.max(*known);
            }
        }
        let gathered = inward.iter().map(|(_, child)| *child).chain([root]).collect::<BTreeSet<_>>();
        let mut has = BTreeMap::from([(root, *ready.get(root)?)]);
        for (parent, child) in tree(case, root, choice, |from, to| (from, to)) {
            let arrival = send(parent, child, *has.get(parent)?)?;
            has.insert(child, arrival);
        }
        for member in &case.members {
            last = last.max(*has.get(member).filter(|_| gathered.contains(member))?);
        }
    }
    Some(last)
}

/// A tree from `root` over lanes that `directed` turns the way it needs: parents and children, parents first.
fn tree<'a>(
    case: &'a Case,
    root: &'a NodeId,
    choice: u32,
    directed: fn(&'a NodeId, &'a NodeId) -> (&'a NodeId, &'a NodeId),
) -> Vec<(&'a NodeId, &'a NodeId)> {
    let mut lanes: Vec<_> = case.plan.lanes().map(|(from, to, _)| directed(from, to)).collect();
    let turns = choice as usize % lanes.len().max(1);
    lanes.rotate_left(turns);
    let mut tree = Vec::new();
    let mut inside = BTreeSet::from([root]);
    while let Some((parent, child)) =
        lanes.iter().find(|(parent, child)| inside.contains(parent) && !inside.contains(child))
    {
        inside.insert(child);
        tree.push((*parent, *child));
    }
    tree
}
