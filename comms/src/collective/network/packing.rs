//! Trees that share all links evenly.
//!
//! Where links last, a tree can be used both ways: a sum is gathered along it in one direction of each link, and spreads in the
//! other. What limits many such trees together is the link that most of them use. How evenly trees can be packed into a graph was
//! answered by W. T. Tutte and C. Nash-Williams (J. London Math. Soc. 36, 1961); here each tree takes the links that are cheap
//! while those that others use become dear (S. Plotkin, D. Shmoys and É. Tardos, "Fast approximation algorithms for fractional
//! packing and covering problems", Math. Oper. Res. 20, 1995), and all trees are laid again some times, each around the others.
//!
//! Light takes its time as well. A tree that grows by the cheapest link alone, light and price, is long; one that grows by the
//! nearest rank alone uses few links. Between the two stands how much of the way so far counts (C. Alpert, T. Hu, J. Huang, A. Kahng
//! and D. Karger, "Prim-Dijkstra tradeoffs for improved performance-driven routing tree design", IEEE Trans. CAD 14, 1995).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::Network;
use crate::units::{MissionTime, nanos};

/// Two lanes between the same ranks that both last.
#[derive(Debug, Clone, Copy)]
struct Pair {
    ends: [usize; 2],
    /// The lane from the first end to the second, and the one back.
    links: [usize; 2],
    /// How long light takes, the longer way.
    light: u64,
    /// How long the slower lane is busy with a segment.
    busy: u64,
    /// How long it is busy with all that have been laid over it.
    load: u64,
}

/// A tree from a root to all members, over relays where it has to.
#[derive(Debug, Clone, Default)]
pub(in crate::collective) struct Tree {
    pub(in crate::collective) root: usize,
    /// The other ranks in it, those nearer to the root first: each with the one before it, and the lanes from that one and back.
    pub(in crate::collective) hops: Vec<TreeHop>,
}

#[derive(Debug, Clone, Copy)]
pub(in crate::collective) struct TreeHop {
    pub(in crate::collective) rank: usize,
    pub(in crate::collective) before: usize,
    pub(in crate::collective) outwards: usize,
    pub(in crate::collective) inwards: usize,
    /// How long light takes.
    pub(in crate::collective) light: u64,
    /// How long a segment keeps a lane busy.
    pub(in crate::collective) busy: u64,
    pair: usize,
}

/// How trees are laid.
#[derive(Debug, Clone, Copy)]
pub(in crate::collective) struct Laying {
    /// Thousandths of the vector more than the mean that make a link twice as dear: the fewer, the more even are links.
    pub(in crate::collective) slack: u64,
    /// How often each tree is laid.
    pub(in crate::collective) rounds: usize,
    /// How much of the light time from the root counts, in hundredths: with 0 trees are cheap, with 100 ways short.
    pub(in crate::collective) way: u64,
}

/// The links of a network that last, with what is laid over them.
#[derive(Debug, Clone)]
pub(in crate::collective) struct Packing {
    pairs: Vec<Pair>,
    /// The pairs of each rank.
    of: Vec<Vec<usize>>,
    members: usize,
    /// How many trees there are to be.
    segments: u64,
}

impl Packing {
    /// The links that have contact both ways from `at` until `until`, for segments of `bytes`.
    pub(in crate::collective) fn new(
        network: &Network<'_>,
        members: usize,
        bytes: u64,
        (at, until): (MissionTime, MissionTime),
    ) -> Self {
        let mut pairs = Vec::new();
        let mut of = vec![Vec::new(); network.ranks()];
        let all = network.links.iter().zip(0..);
        let backwards: BTreeMap<_, usize> =
            all.filter(|(link, _)| link.from > link.to).map(|(link, index)| ((link.to, link.from), index)).collect();
        for (index, link) in network.links.iter().enumerate().filter(|(_, link)| link.from < link.to) {
            let back = backwards.get(&(link.from, link.to)).copied();
            let lasting = |index: usize| network.links[index].lane.lasting(at, until);
            let Some((back, there, here)) = back.and_then(|back| Some((back, lasting(index)?, lasting(back)?))) else {
                continue;
            };
            let light = nanos(there.light_time.at(at)).max(nanos(here.light_time.at(at)));
            let rate = there.rate.lowest(at, until).0.min(here.rate.lowest(at, until).0).max(1);
            let busy = u64::try_from(u128::from(bytes) * 8_000_000_000 / u128::from(rate)).unwrap_or(u64::MAX >> 20);
            for end in [link.from, link.to] {
                of[end].push(pairs.len());
            }
            pairs.push(Pair { ends: [link.from, link.to], links: [index, back], light, busy: busy.max(1), load: 0 });
        }
        Self { pairs, of, members, segments: 1 }
    }

    /// A tree from each of the roots. Nothing if the links do not join all members.
    pub(in crate::collective) fn trees(&mut self, roots: &[usize], laying: Laying) -> Option<Vec<Tree>> {
        self.segments = roots.len() as u64;
        let mut trees: Vec<Tree> = Vec::with_capacity(roots.len());
        for round in 0..laying.rounds.max(1) {
            for (place, &root) in roots.iter().enumerate() {
                if round > 0 {
                    self.put(&trees[place], Change::Off);
                }
                let tree = self.tree(root, laying)?;
                self.put(&tree, Change::On);
                if round == 0 { trees.push(tree) } else { trees[place] = tree }
            }
        }
        Some(trees)
    }

    /// How long links are busy if so many trees are laid over them, and all have the same share.
    pub(in crate::collective) fn evenly(&self, trees: usize) -> u64 {
        let hops = (trees * self.members.saturating_sub(1)) as u64;
        let slowest = self.pairs.iter().map(|pair| pair.busy).max().unwrap_or_default();
        slowest.saturating_mul(hops) / self.pairs.len().max(1) as u64
    }

    /// How long the busiest link is busy with what is laid.
    pub(in crate::collective) fn busiest(&self) -> u64 {
        self.pairs.iter().map(|pair| pair.load).max().unwrap_or(0)
    }

    fn put(&mut self, tree: &Tree, change: Change) {
        for hop in &tree.hops {
            let pair = &mut self.pairs[hop.pair];
            match change {
                Change::On => pair.load += pair.busy,
                Change::Off => pair.load -= pair.busy,
            }
        }
    }

    fn tree(&self, root: usize, laying: Laying) -> Option<Tree> {
        let ranks = self.of.len();
        let count = self.pairs.len().max(1) as u64;
        let mean = self.pairs.iter().map(|pair| pair.load).sum::<u64>() / count;
        let light = self.pairs.iter().map(|pair| pair.light).sum::<u64>() / count;
        let step = |pair: &Pair| (pair.busy.saturating_mul(self.segments).saturating_mul(laying.slack) / 1000).max(1);
        let costs: Vec<u64> =
            self.pairs.iter().map(|pair| pair.light.saturating_add(pair.price(mean, light, step(pair)))).collect();
        let mut key = vec![u64::MAX; ranks];
        let mut over: Vec<Option<(usize, usize)>> = vec![None; ranks];
        let mut lights = vec![0_u64; ranks];
        let mut settled = vec![false; ranks];
        let mut open = BinaryHeap::from([Reverse((0_u64, root))]);
        let mut order = Vec::with_capacity(ranks);
        key[root] = 0;
        while let Some(Reverse((_, rank))) = open.pop() {
            if std::mem::replace(&mut settled[rank], true) {
                continue;
            }
            order.push(rank);
            for &pair in &self.of[rank] {
                let [a, b] = self.pairs[pair].ends;
                let to = if a == rank { b } else { a };
                let cost = (lights[rank] * laying.way / 100).saturating_add(costs[pair]);
                if !settled[to] && cost < key[to] {
                    key[to] = cost;
                    over[to] = Some((rank, pair));
                    lights[to] = lights[rank] + self.pairs[pair].light;
                    open.push(Reverse((cost, to)));
                }
            }
        }
        let mut needed: Vec<bool> = (0..ranks).map(|rank| rank < self.members).collect();
        if (0..self.members).any(|rank| !settled[rank]) {
            return None;
        }
        let mut hops = Vec::with_capacity(order.len());
        for &rank in order.iter().rev() {
            let Some((before, pair)) = over[rank].filter(|_| needed[rank]) else { continue };
            needed[before] = true;
            let Pair { ends, links: [there, back], light, busy, .. } = self.pairs[pair];
            let (outwards, inwards) = if ends[0] == before { (there, back) } else { (back, there) };
            hops.push(TreeHop { rank, before, outwards, inwards, light, busy, pair });
        }
        hops.reverse();
        Some(Tree { root, hops })
    }
}

#[derive(Debug, Clone, Copy)]
enum Change {
    On,
    Off,
}

/// A price beyond which all links are as dear, so that sums of prices and light stay in range.
const DEAREST: u64 = u64::MAX / 2;
/// Steps beyond which a link becomes no dearer.
const MOST_STEPS: u64 = 24;
/// What a link of mean load costs at least, in nanoseconds: where light takes no time, loads count all the same.
const LEAST_PRICE: u64 = 1000;

impl Pair {
    /// What it costs to use the link once more, where `light` is what it costs when its load is the mean: twice as much for each
    /// `step` beyond.
    fn price(&self, mean: u64, light: u64, step: u64) -> u64 {
        let over = (self.load + self.busy).saturating_sub(mean);
        let under = mean.saturating_sub(self.load + self.busy);
        // Powers of two, with straight lines between them, as far as any link is worth it.
        let power = |by: u64, base: u128| {
            let by = by.min(step.saturating_mul(MOST_STEPS));
            let base = base << (by / step);
            base + base * u128::from(by % step) / u128::from(step)
        };
        let light = u128::from(light.max(LEAST_PRICE)) << 10;
        let price = if over > 0 { power(over, light) >> 10 } else { light / power(under, 1 << 10).max(1) };
        u64::try_from(price).map_or(DEAREST, |price| price.min(DEAREST))
    }
}
