//! What goes over which lane when: sums in and means out along given trees, all at once.
//!
//! Where only lanes that last are used, a segment on a lane is two instants: when its first frame is there and when its last one
//! is. Lanes are taken in the order of time, each by what is most pressing of all that is there for it: a segment is due at an
//! instant, and how far it has to go from here counts. What is due earlier for earlier segments makes these spread while others
//! are still gathered, so that both directions of a link have something to carry.
//!
//! Turned round in time, an all-reduce along trees is one again: means that come back are sums that go in. So what left late in one
//! run should be pressing in a run from the other end, and a few runs from either end by turns shorten the whole (V. Valls, F.
//! Ballestín and S. Quintanilla, "Justification and RCPSP: a technique that pays", Eur. J. Oper. Res. 165, 2005).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::least::{distances, takes_at_least};
use super::packing::{Tree, TreeHop};
use crate::collective::cost::lane::Cut;

/// What part of the least that it takes is not worth a pass.
const ENOUGH: u64 = 64;

/// A segment crosses a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::collective) struct Crossing {
    pub(in crate::collective) segment: usize,
    pub(in crate::collective) from: usize,
    pub(in crate::collective) to: usize,
    pub(in crate::collective) way: Way,
}

/// Towards the root as a sum, or away from it as the mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::collective) enum Way {
    In,
    Out,
}

/// All crossings of segments of `cuts` along a tree each, among so many ranks and links of a network, in the order in which they
/// begin, and how long it takes until the last has arrived. Each segment is due `spacing` nanoseconds after the one before it; the
/// order is improved on in so many `passes`.
pub(in crate::collective) fn pipelined(
    trees: &[Tree],
    cuts: &[Cut],
    size: (usize, usize),
    spacing: u64,
    passes: usize,
) -> (Vec<Crossing>, u64) {
    let least = takes_at_least(trees, size);
    let pipeline = Pipeline::new(trees, cuts, size, spacing);
    let mut best = pipeline.clone().run();
    let mut left = best.left.clone();
    for _ in 0..passes {
        if best.last - least.min(best.last) <= least / ENOUGH {
            break;
        }
        let turned = pipeline.clone().pressing(&left).run();
        let again = pipeline.clone().pressing(&turned.left).run();
        left.clone_from(&again.left);
        let gains = best.last.saturating_sub(again.last);
        if gains > 0 {
            best = again;
        }
        if gains <= least / ENOUGH {
            break;
        }
    }
    (best.crossings, best.last)
}

/// Trees at work, from the instant 0 on. Each place is a rank in the tree of a segment.
#[derive(Debug, Clone)]
struct Pipeline<'a> {
    trees: &'a [Tree],
    cuts: &'a [Cut],
    ranks: usize,
    places: Vec<Place>,
    links: Vec<LinkState>,
    /// When lanes are looked at next, each once.
    open: BinaryHeap<Reverse<(u64, usize)>>,
    crossings: Vec<Crossing>,
    /// When all is there that is on its way.
    last: u64,
    /// When the sum of each place left, and the mean for it.
    left: Vec<[i64; 2]>,
}

/// A rank in the tree of a segment.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// When the first and the last frame are there of what it holds: a sum, later the mean.
    first: u64,
    last: u64,
    /// How many have not sent it their sums.
    missing: u32,
    /// The hop from the rank before it, none at the root; the first hop to a rank behind it; the next one from the rank before it.
    hop: Option<u32>,
    behind: Option<u32>,
    next: Option<u32>,
    /// When what it has is due: its sum before it, the mean with it.
    due: [i64; 2],
}

#[derive(Debug, Clone, Default)]
struct LinkState {
    /// When it is free.
    free: u64,
    /// What is there for it, the most pressing first.
    ready: BinaryHeap<Reverse<(i64, usize, Way)>>,
    /// What will be, the earliest first.
    later: BinaryHeap<Reverse<(u64, i64, usize, Way)>>,
    /// When it is looked at next.
    look: Option<u64>,
}

impl<'a> Pipeline<'a> {
    fn new(trees: &'a [Tree], cuts: &'a [Cut], (ranks, links): (usize, usize), spacing: u64) -> Self {
        let mut places = Vec::with_capacity(ranks * trees.len());
        let mut due = 0;
        for tree in trees {
            let first = places.len();
            places.resize(first + ranks, Place::EMPTY);
            lay_out(tree, &mut places[first..], due);
            due = due.saturating_add_unsigned(spacing);
        }
        let mut states = Vec::new();
        states.resize_with(links, LinkState::default);
        let left = vec![[0; 2]; places.len()];
        Self { trees, cuts, ranks, places, links: states, open: BinaryHeap::new(), crossings: vec![], last: 0, left }
    }

    /// Most pressing is what left last in a run the other way round in time.
    fn pressing(mut self, left: &[[i64; 2]]) -> Self {
        for (place, [sum, mean]) in self.places.iter_mut().zip(left) {
            place.due = [-mean, -sum];
        }
        self
    }

    /// Lets all segments go their ways.
    fn run(mut self) -> Self {
        for (segment, tree) in self.trees.iter().enumerate() {
            for rank in std::iter::once(tree.root).chain(tree.hops.iter().map(|hop| hop.rank)) {
                let place = segment * self.ranks + rank;
                if self.places[place].missing == 0 {
                    self.summed(place);
                }
            }
        }
        while let Some(Reverse((now, link))) = self.open.pop() {
            if self.links[link].look == Some(now) {
                self.links[link].look = None;
                self.look(now, link);
            }
        }
        self
    }

    /// All that is behind a place has come there.
    fn summed(&mut self, place: usize) {
        match self.hop(place) {
            Some(hop) => self.wait(hop.inwards, self.places[place].first, place, Way::In),
            None => self.has_mean(place),
        }
    }

    fn has_mean(&mut self, place: usize) {
        self.last = self.last.max(self.places[place].last);
        let (segment, mut behind) = (place / self.ranks, self.places[place].behind);
        while let Some(index) = behind {
            let hop = self.trees[segment].hops[index as usize];
            let to = segment * self.ranks + hop.rank;
            self.wait(hop.outwards, self.places[place].first, to, Way::Out);
            behind = self.places[to].next;
        }
    }

    fn wait(&mut self, link: usize, from: u64, place: usize, way: Way) {
        let due = self.places[place].due[way as usize];
        self.links[link].later.push(Reverse((from, due, place, way)));
        self.look_again(from.max(self.links[link].free), link);
    }

    fn look_again(&mut self, at: u64, link: usize) {
        let look = &mut self.links[link].look;
        if look.is_none_or(|look| at < look) {
            *look = Some(at);
            self.open.push(Reverse((at, link)));
        }
    }

    /// Sends on a lane that is free what is most pressing of what is there.
    fn look(&mut self, now: u64, index: usize) {
        let link = &mut self.links[index];
        while let Some(&Reverse((from, due, place, way))) = link.later.peek()
            && from <= now
        {
            link.later.pop();
            link.ready.push(Reverse((due, place, way)));
        }
        if let Some(Reverse((_, place, way))) = link.ready.pop() {
            self.send(now, index, place, way);
        }
        let link = &self.links[index];
        let next = if link.ready.is_empty() { link.later.peek().map(|Reverse((from, ..))| *from) } else { Some(now) };
        if let Some(next) = next {
            self.look_again(next.max(link.free), index);
        }
    }

    fn send(&mut self, now: u64, link: usize, place: usize, way: Way) {
        let Some(hop) = self.hop(place) else { return };
        let segment = place / self.ranks;
        let before = segment * self.ranks + hop.before;
        let (from, to) = match way {
            Way::In => (place, before),
            Way::Out => (before, place),
        };
        // The last frame waits for the others, or for itself.
        let frame = hop.busy / u64::from(self.cuts[segment].frames);
        let sent = (now + hop.busy).max(self.places[from].last + frame);
        self.links[link].free = sent;
        let (first, last) = (now + frame + hop.light, sent + hop.light);
        self.left[place][way as usize] = signed(now);
        self.crossings.push(Crossing { segment, from: from % self.ranks, to: to % self.ranks, way });
        let there = &mut self.places[to];
        match way {
            Way::In => {
                (there.first, there.last) = (there.first.max(first), there.last.max(last));
                there.missing -= 1;
                if there.missing == 0 {
                    self.summed(to);
                }
            }
            Way::Out => {
                (there.first, there.last) = (first, last);
                self.has_mean(to);
            }
        }
    }

    /// How a place is reached from the root; nothing at the root itself.
    fn hop(&self, place: usize) -> Option<TreeHop> {
        self.places[place].hop.map(|hop| self.trees[place / self.ranks].hops[hop as usize])
    }
}

impl Place {
    const EMPTY: Self = Self { first: 0, last: 0, missing: 0, hop: None, behind: None, next: None, due: [0; 2] };
}

/// The places of a tree whose segment is due at an instant.
fn lay_out(tree: &Tree, places: &mut [Place], due: i64) {
    let (depth, height) = distances(tree, places.len());
    let count = u32::try_from(tree.hops.len()).unwrap_or(u32::MAX);
    for (index, hop) in (0..count).zip(&tree.hops).rev() {
        let next = places[hop.before].behind.replace(index);
        places[hop.before].missing += 1;
        let place = &mut places[hop.rank];
        (place.hop, place.next) = (Some(index), next);
        let left = [depth[hop.rank] + height[tree.root], height[hop.rank] + hop.light];
        place.due = left.map(|left| due - signed(left));
    }
}

fn signed(nanos: u64) -> i64 {
    i64::try_from(nanos).unwrap_or(i64::MAX)
}
