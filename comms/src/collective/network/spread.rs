//! From one rank to others at the earliest.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

use super::{Link, Network};
use crate::collective::cost::flow::Flow;
use crate::collective::cost::lane::{Cut, Lane};

/// A hop of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::collective) struct Edge {
    pub(in crate::collective) from: usize,
    pub(in crate::collective) to: usize,
    /// When the last frame is there.
    pub(in crate::collective) arrival: u64,
}

/// What becomes of a tree's lanes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::collective) enum Purpose {
    /// What is planned after it queues behind it.
    Take,
    /// Nothing: it is only a look.
    Look,
}

struct Reached<'a> {
    flow: Flow,
    /// Over which link, and how that lane is then.
    over: Option<(usize, Lane<'a>)>,
    settled: bool,
}

impl Network<'_> {
    /// The tree along which the frames of `cut`, which `root` has as `ready` says, get to all `wanted` ranks at the earliest;
    /// others are only in it if they are on the way. Its hops in the order of their arrivals.
    ///
    /// # Errors
    /// Those who cannot be reached.
    pub(in crate::collective) fn spread(
        &mut self,
        root: usize,
        ready: Flow,
        cut: Cut,
        wanted: Range<usize>,
        purpose: Purpose,
    ) -> Result<Vec<Edge>, Vec<usize>> {
        let mut reached: Vec<Option<Reached<'_>>> = Vec::new();
        reached.resize_with(self.ranks(), || None);
        let mut open = BinaryHeap::from([Reverse((ready.last(), root))]);
        let mut order = Vec::new();
        let mut missing = wanted.len();
        reached[root] = Some(Reached { flow: ready, over: None, settled: false });
        while missing > 0 {
            let Some(Reverse((_, rank))) = open.pop() else {
                let is_reached = |rank: &usize| reached[*rank].is_some();
                return Err(wanted.filter(|rank| !is_reached(rank)).collect());
            };
            let Some(here) = reached[rank].as_mut().filter(|here| !here.settled) else { continue };
            here.settled = true;
            order.push(rank);
            missing -= usize::from(wanted.contains(&rank));
            let flow = here.flow.clone();
            let has_all = |there: &Reached<'_>| there.flow.last() <= flow.last();
            for &index in &self.out[rank] {
                let Link { to, ref mut lane, .. } = self.links[index];
                // Who has all by then gets nothing sooner from here.
                if reached[to].as_ref().is_some_and(has_all) {
                    continue;
                }
                let mut taken = lane.clone();
                let arrived = taken.carry(&flow, cut);
                lane.look_near(&taken);
                let Some(arrived) = arrived else { continue };
                let last = arrived.last();
                if reached[to].as_ref().is_none_or(|there| last < there.flow.last()) {
                    open.push(Reverse((last, to)));
                    reached[to] = Some(Reached { flow: arrived, over: Some((index, taken)), settled: false });
                }
            }
        }
        let mut needed: Vec<bool> = (0..self.ranks()).map(|rank| wanted.contains(&rank)).collect();
        let mut edges = Vec::with_capacity(order.len());
        for &rank in order.iter().rev().filter(|rank| **rank != root) {
            let Some(Reached { flow, over: Some((index, lane)), .. }) = reached[rank].take().filter(|_| needed[rank])
            else {
                continue;
            };
            let (from, to) = (self.links[index].from, self.links[index].to);
            needed[from] = true;
            edges.push(Edge { from, to, arrival: flow.last().0 });
            if purpose == Purpose::Take {
                self.links[index].lane = lane;
            }
        }
        edges.reverse();
        Ok(edges)
    }
}
