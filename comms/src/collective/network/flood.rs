//! Who sends what to whom when everybody sends all the time.
//!
//! The flood runs through time: whenever a lane is free and its window open, its sender takes the unit that the fewest have, of
//! those that it has and the receiver will not have. Rarest first is what makes swarms finish together (B. Cohen, "Incentives
//! build robustness in BitTorrent", 2003). A unit is whatever travels as a whole: a segment, or a share of it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{Edge, Network};
use crate::collective::cost::flow::Flow;
use crate::collective::cost::lane::Cut;
use crate::units::MissionTime;

/// Which units go where, and what comes of several.
pub(in crate::collective) trait Spreading {
    /// Whether all members are to have a unit.
    fn is_wanted(&self, unit: usize) -> bool;

    /// Whether a rank is to be sent a unit.
    fn is_for(&self, unit: usize, to: usize) -> bool;

    /// A unit that a rank can make now that it has `unit`, and when; `held` tells what else it has.
    fn made<'a>(&self, unit: usize, held: &dyn Fn(usize) -> Option<&'a Flow>) -> Option<(usize, Flow)>;
}

/// Every unit goes everywhere.
pub(in crate::collective) struct Everything;

impl Spreading for Everything {
    fn is_wanted(&self, _: usize) -> bool {
        true
    }

    fn is_for(&self, _: usize, _: usize) -> bool {
        true
    }

    fn made<'a>(&self, _: usize, _: &dyn Fn(usize) -> Option<&'a Flow>) -> Option<(usize, Flow)> {
        None
    }
}

/// What happens in a flood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::collective) enum Event {
    /// A unit crosses a lane.
    Hop { unit: usize, edge: Edge },
    /// A rank makes a unit of others.
    Made { unit: usize, rank: usize },
}

/// A flood on a network. Of its ranks the first are members, the others relays.
pub(in crate::collective) struct Flood<'a, S> {
    network: Network<'a>,
    spreading: S,
    /// The frames of each unit.
    cuts: Vec<Cut>,
    members: usize,
    /// By rank and unit: when it is there, once that is certain.
    holds: Vec<Vec<Option<Flow>>>,
    /// The same as bits, and for each rank what it is to be sent.
    has: Vec<Bits>,
    gets: Vec<Bits>,
    /// How many have each unit.
    holders: Vec<u32>,
    /// How many wanted units are missing at members.
    missing: usize,
    /// When lanes are looked at next, each once.
    open: BinaryHeap<Reverse<(u64, usize)>>,
    next: Vec<u64>,
    events: Vec<Event>,
    /// When all that is certain will be there.
    last: u64,
}

impl<'a, S: Spreading> Flood<'a, S> {
    pub(in crate::collective) fn new(network: Network<'a>, spreading: S, cuts: Vec<Cut>, members: usize) -> Self {
        let wanted = (0..cuts.len()).filter(|unit| spreading.is_wanted(*unit)).count();
        let gets = |rank| Bits::of(cuts.len(), |unit| spreading.is_for(unit, rank));
        Self {
            has: vec![Bits::of(cuts.len(), |_| false); network.ranks()],
            gets: (0..network.ranks()).map(gets).collect(),
            holds: vec![vec![None; cuts.len()]; network.ranks()],
            holders: vec![0; cuts.len()],
            missing: members * wanted,
            open: BinaryHeap::new(),
            next: vec![u64::MAX; network.links.len()],
            events: Vec::new(),
            last: 0,
            network,
            spreading,
            cuts,
            members,
        }
    }

    /// A rank has all of a unit from `at` on.
    pub(in crate::collective) fn begin(&mut self, rank: usize, unit: usize, at: MissionTime) {
        let flow = Flow::at_once(self.cuts[unit].frames, at);
        self.hold(rank, unit, flow);
    }

    /// All that happens, in the order of time, until every member has every wanted unit, and when that is. Nothing if it is not by
    /// `until`.
    pub(in crate::collective) fn run(mut self, until: MissionTime) -> Option<(Vec<Event>, MissionTime)> {
        while self.missing > 0 {
            let Reverse((now, link)) = self.open.pop()?;
            if self.next[link] == now {
                self.next[link] = u64::MAX;
                self.look(now, link);
            }
            if self.last > until.0 {
                return None;
            }
        }
        Some((self.events, MissionTime(self.last)))
    }

    /// Sends on a lane, if it is free, has contact and something to send; or says when that may be.
    fn look(&mut self, now: u64, index: usize) {
        let link = &self.network.links[index];
        if link.lane.free() > now {
            return self.look_again(link.lane.free(), index);
        }
        let Some((start, end)) = link.lane.window(now) else { return };
        if start > now {
            return self.look_again(start, index);
        }
        let (from, to) = (link.from, link.to);
        let unit = match self.choose(now, from, to) {
            Choice::Now(unit) => unit,
            Choice::At(later) => return self.look_again(later, index),
            Choice::Nothing => return,
        };
        let Some(ready) = self.holds[from][unit].as_ref() else { return };
        let mut lane = link.lane.clone();
        let Some(arrived) = lane.carry(ready, self.cuts[unit]) else { return };
        if arrived.last().0 > end {
            // What does not fit into the rest of this window may come another way; the next window takes it whole, if any does.
            let next = link.lane.window(end).map(|(start, _)| start);
            if let Some(next) = next.filter(|next| arrived.first().0 < *next) {
                return self.look_again(next, index);
            }
        }
        self.look_again(lane.free(), index);
        self.network.links[index].lane = lane;
        let edge = Edge { from, to, arrival: arrived.last().0 };
        self.events.push(Event::Hop { unit, edge });
        self.hold(to, unit, arrived);
    }

    fn look_again(&mut self, at: u64, index: usize) {
        if at < self.next[index] {
            self.next[index] = at;
            self.open.push(Reverse((at, index)));
        }
    }

    /// The unit that the fewest have, of those that `from` has now and `to` should get.
    fn choose(&self, now: u64, from: usize, to: usize) -> Choice {
        let words = self.has[from].0.iter().zip(&self.has[to].0).zip(&self.gets[to].0);
        let useful = words.enumerate().flat_map(|(word, ((here, there), gets))| ones(word, here & !there & gets));
        let (mut best, mut later) = (None, u64::MAX);
        for unit in useful {
            let Some(first) = self.holds[from][unit].as_ref().map(|flow| flow.first().0) else { continue };
            if first > now {
                later = later.min(first);
                continue;
            }
            let key = (self.holders[unit], first, unit);
            if best.is_none_or(|best| key < best) {
                best = Some(key);
            }
        }
        match best {
            Some((.., unit)) => Choice::Now(unit),
            None if later < u64::MAX => Choice::At(later),
            None => Choice::Nothing,
        }
    }

    /// A rank has a unit from some instant on: lanes may carry it, and something may be made of it.
    fn hold(&mut self, rank: usize, unit: usize, flow: Flow) {
        for link in 0..self.network.out[rank].len() {
            self.look_again(flow.first().0, self.network.out[rank][link]);
        }
        self.holders[unit] += 1;
        if rank < self.members && self.spreading.is_wanted(unit) {
            self.missing -= 1;
            self.last = self.last.max(flow.last().0);
        }
        self.holds[rank][unit] = Some(flow);
        self.has[rank].0[unit / 64] |= 1 << (unit % 64);
        let held = &self.holds[rank];
        let made = self.spreading.made(unit, &|unit| held[unit].as_ref());
        if let Some((made, flow)) = made.filter(|(made, _)| self.holds[rank][*made].is_none()) {
            self.events.push(Event::Made { unit: made, rank });
            self.hold(rank, made, flow);
        }
    }
}

/// What a lane can do.
enum Choice {
    /// Send a unit.
    Now(usize),
    /// Send something from some instant on.
    At(u64),
    Nothing,
}

/// A set of units.
#[derive(Debug, Clone)]
struct Bits(Vec<u64>);

impl Bits {
    fn of(units: usize, is_in: impl Fn(usize) -> bool) -> Self {
        let mut words = vec![0; units.div_ceil(64)];
        (0..units).filter(|unit| is_in(*unit)).for_each(|unit| words[unit / 64] |= 1 << (unit % 64));
        Self(words)
    }
}

/// The units of a word of a set.
fn ones(word: usize, mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = (bits != 0).then_some(bits.trailing_zeros() as usize)?;
        bits &= bits - 1;
        Some(word * 64 + bit)
    })
}

/// The hops of a flood of everything, each with its unit, without those to relays that nobody needs.
pub(in crate::collective) fn trees(events: &[Event], members: usize) -> Vec<(usize, Edge)> {
    let mut needed = std::collections::BTreeSet::new();
    let mut hops = Vec::new();
    for event in events.iter().rev() {
        let Event::Hop { unit, edge } = *event else { continue };
        if edge.to < members || needed.contains(&(unit, edge.to)) {
            needed.insert((unit, edge.from));
            hops.push((unit, edge));
        }
    }
    hops.reverse();
    hops
}
