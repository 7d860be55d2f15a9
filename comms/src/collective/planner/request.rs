//! What a strategy plans for, and what it may ask of the contacts.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use super::error::PlanError;
use super::roots::{self, Root};
use super::ways::Ways;
use super::{cycle, path};
use crate::codec::{BLOCK, Wire};
use crate::collective::network::Network;
use crate::collective::schedule::Schedule;
use crate::contacts::ContactPlan;
use crate::id::{NodeId, Rank};
use crate::units::{MissionTime, nanos};

/// What a strategy plans for.
pub(in crate::collective) struct Request<'a> {
    /// The roster, by rank; never empty.
    pub(in crate::collective) members: &'a [NodeId],
    /// The ranks behind them.
    pub(in crate::collective) relays: &'a [NodeId],
    /// Who of all these is to add up where one does.
    pub(in crate::collective) server: Option<&'a NodeId>,
    /// How often neighbours exchange in gossip.
    pub(in crate::collective) gossip_rounds: u32,
    /// Whether relays may be used.
    pub(super) over: Over,
    /// Elements of the vector.
    pub(in crate::collective) elements: usize,
    /// How they travel.
    pub(in crate::collective) wire: Wire,
    pub(in crate::collective) plan: &'a ContactPlan,
    /// When the ranks are ready.
    pub(in crate::collective) at: MissionTime,
    /// A schedule that completes later is of no use.
    pub(in crate::collective) until: MissionTime,
    pub(super) known: Known,
}

/// What one strategy has found out and another one asks for too.
#[derive(Debug, Default)]
pub(super) struct Known {
    gathered: OnceCell<Result<Vec<u64>, PlanError>>,
    roots: OnceCell<Vec<Root>>,
    ways: OnceCell<Ways>,
}

/// Frames that a segment is cut into at least, if they do not become too small.
const PIPELINED_FRAMES: usize = 32;
/// Elements of a frame whose header is below a percent in any format but top-k.
const LEAST_FRAME_ELEMENTS: usize = 4096;

/// Members among whom predictions cost too little to be saved.
const FEW: usize = 32;

/// Which ranks a schedule may lead over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    Members,
    Relays,
}

impl Request<'_> {
    /// The nodes by rank: the members, and behind them the relays that may be used.
    pub(in crate::collective) fn nodes(&self) -> Vec<&NodeId> {
        let relays = if self.over == Over::Relays { self.relays } else { &[] };
        self.members.iter().chain(relays).collect()
    }

    /// How many members follow each other in the roster as neighbours that have contact, mostly, if that divides their number; else
    /// all of them. In a constellation it is a plane.
    pub(in crate::collective) fn run_length(&self) -> usize {
        let mut runs = vec![1_usize];
        for pair in self.members.windows(2) {
            if self.plan.at(&pair[0], &pair[1], self.at).is_some() {
                runs.last_mut().into_iter().for_each(|run| *run += 1);
            } else {
                runs.push(1);
            }
        }
        let members = self.members.len();
        // Where the last of a plane sees the first of the next, the run is of several planes: the shortest of the longer ones counts.
        let longest = runs.iter().copied().max().unwrap_or(1);
        let planes =
            runs.iter().copied().filter(|run| members.is_multiple_of(*run) && longest.is_multiple_of(*run) && *run > 1);
        planes.min().unwrap_or(members)
    }

    /// How to cut a segment into frames that wait little for each other on a way of several hops: their number of elements.
    pub(in crate::collective) fn frame_elements(&self, segment: usize) -> usize {
        let elements = segment.div_ceil(PIPELINED_FRAMES).next_multiple_of(BLOCK);
        elements.clamp(LEAST_FRAME_ELEMENTS, self.wire.frame_elements())
    }

    /// Whether there are so few members that no schedule is left out for the time that its strategy expects it to take.
    pub(in crate::collective) const fn are_few(&self) -> bool {
        self.members.len() <= FEW
    }

    /// Up to when a schedule is worth being predicted, if there is one that takes so many nanoseconds: what strategies know of
    /// completion is rough.
    pub(in crate::collective) const fn a_little_after(&self, takes: u64) -> MissionTime {
        if self.are_few() {
            return MissionTime::NEVER;
        }
        MissionTime(self.at.0.saturating_add(takes).saturating_add(takes / 16))
    }

    /// Bytes that can come until then to the member that the fewest can come to.
    pub(in crate::collective) fn least_intake(&self, until: MissionTime) -> u64 {
        let lane = |from: &NodeId, to: &NodeId| {
            let contacts = self.plan.contacts(from, to).iter().take_while(|contact| contact.start < until);
            let open = contacts.filter(|contact| contact.end > self.at);
            let bytes =
                open.map(|contact| contact.rate.bytes_between(contact.start.max(self.at), contact.end.min(until)));
            bytes.fold(0, u64::saturating_add)
        };
        let mut intake: BTreeMap<&NodeId, u64> = self.members.iter().map(|member| (member, 0)).collect();
        for from in self.nodes() {
            for to in self.plan.receivers(from) {
                intake.entry(to).and_modify(|bytes| *bytes = bytes.saturating_add(lane(from, to)));
            }
        }
        intake.into_values().min().unwrap_or_default()
    }

    /// The lanes between them.
    pub(in crate::collective) fn network(&self) -> Network<'_> {
        Network::new(&self.nodes(), self.plan)
    }

    /// That a member does not reach some others, over whomever and however long it takes.
    pub(in crate::collective) fn apart(&self, from: usize, unreached: &[usize]) -> PlanError {
        let named = |ranks: &mut dyn Iterator<Item = usize>| ranks.map(|rank| self.members[rank].clone()).collect();
        let reached = (0..self.members.len()).filter(|rank| !unreached.contains(rank));
        let first = std::iter::once(from).chain(reached.filter(|rank| *rank != from));
        let (reached, unreached) = (named(&mut first.into_iter()), named(&mut unreached.iter().copied()));
        PlanError::Apart { reached, unreached, at: self.at }
    }

    /// When word of each member can have come to each other; an error if it never can.
    pub(in crate::collective) fn reach(&self) -> Result<MissionTime, PlanError> {
        Ok(MissionTime(self.gathered()?.iter().copied().max().unwrap_or(self.at.0)))
    }

    /// All members, those first from which all could be gathered and spread first.
    pub(in crate::collective) fn roots(&self) -> Result<&[Root], PlanError> {
        let gathered = self.gathered()?;
        Ok(self.known.roots.get_or_init(|| roots::find(self, gathered)))
    }

    fn gathered(&self) -> Result<&[u64], PlanError> {
        let gathered = self.known.gathered.get_or_init(|| roots::gathered(self));
        gathered.as_deref().map_err(Clone::clone)
    }

    /// Checks that every lane of a schedule ever has contact.
    pub(in crate::collective) fn check_lanes(&self, schedule: &Schedule) -> Result<(), PlanError> {
        let nodes: Vec<&NodeId> = self.members.iter().chain(self.relays).collect();
        for (rank, from) in (0..).map(Rank).zip(&nodes) {
            let closed = schedule.destinations(rank).into_iter().find(|to| !self.ever_open(rank, *to));
            if let Some(to) = closed {
                let to = nodes[to.index()].clone();
                return Err(PlanError::NoContact { from: (*from).clone(), to, at: self.at });
            }
        }
        Ok(())
    }

    /// A closed walk through all members in the order of the roster, over relays where one does not reach the next.
    pub(in crate::collective) fn circle(&self) -> Result<Vec<Rank>, PlanError> {
        self.circle_in(&(0..self.members.len()).collect::<Vec<_>>())
    }

    /// A closed walk through all members in an order, over relays where one does not reach the next.
    pub(in crate::collective) fn circle_in(&self, order: &[usize]) -> Result<Vec<Rank>, PlanError> {
        let ways = self.known.ways.get_or_init(|| Ways::new(&self.graph(|_, _| true), self.members.len()));
        let closed = order.iter().chain(order.first().filter(|_| order.len() > 1)).copied().collect::<Vec<_>>();
        let mut walk = self.expand(&closed, ways)?;
        if order.len() > 1 {
            walk.pop();
        }
        Ok(walk)
    }

    /// Closed walks through all members, over relays where needed, along links that have contact both ways: those that have it when
    /// the collective begins, and those that ever have. They pass a member again where no other walk was found.
    pub(in crate::collective) fn closed_walks(&self) -> Vec<Vec<Rank>> {
        let walk = |graph: &Vec<Vec<usize>>| {
            let ways = Ways::new(graph, self.members.len());
            let apart = |a: usize, b: usize| {
                let way = self.expand(&[a, b], &ways).unwrap_or_default();
                way.windows(2).map(|pair| self.light(pair[0], pair[1])).sum()
            };
            let mut closed = cycle::closed_walk(&ways.graph(), apart)?;
            if closed.len() > 1 {
                closed.push(closed[0]);
            }
            let mut walk = self.expand(&closed, &ways).ok()?;
            walk.truncate((walk.len() - 1).max(1));
            Some(walk)
        };
        let is_open = |from: &NodeId, to: &NodeId| self.plan.at(from, to, self.at).is_some();
        let now = self.graph(|a, b| is_open(a, b) && is_open(b, a));
        let ever = self.graph(|a, b| self.reaches(b, a));
        let graphs = if now == ever { vec![now] } else { vec![now, ever] };
        graphs.iter().filter_map(walk).collect()
    }

    /// A walk that visits each member once, over relays where needed, along links that ever have contact both ways.
    pub(in crate::collective) fn path(&self) -> Result<Vec<Rank>, PlanError> {
        let ways = Ways::new(&self.graph(|a, b| self.reaches(b, a)), self.members.len());
        let graph = ways.graph();
        let named = |ranks: &[usize]| ranks.iter().map(|&rank| self.members[rank].clone()).collect::<Vec<_>>();
        let others = |ranks: &[usize]| (0..graph.len()).filter(|rank| !ranks.contains(rank)).collect::<Vec<_>>();
        let reached = path::component(&graph, 0);
        if reached.len() < graph.len() {
            let unreached = named(&others(&reached));
            return Err(PlanError::Apart { reached: named(&reached), unreached, at: self.at });
        }
        match path::through_all(&graph) {
            Ok(path) => self.expand(&path, &ways),
            Err(longest) => {
                Err(PlanError::NoChain { path: named(&longest), left: named(&others(&longest)), at: self.at })
            }
        }
    }

    /// Puts the relays between the members of a walk.
    fn expand(&self, walk: &[usize], ways: &Ways) -> Result<Vec<Rank>, PlanError> {
        let rank = |index: usize| Rank(u32::try_from(index).unwrap_or(u32::MAX));
        let mut expanded = vec![rank(walk[0])];
        for pair in walk.windows(2) {
            let Some(between) = ways.between(pair[0], pair[1]) else {
                let (from, to) = (self.members[pair[0]].clone(), self.members[pair[1]].clone());
                return Err(PlanError::NoContact { from, to, at: self.at });
            };
            expanded.extend(between.iter().chain([&pair[1]]).map(|&index| rank(index)));
        }
        Ok(expanded)
    }

    /// Whether one rank ever has contact to another.
    pub(in crate::collective) fn ever_open(&self, from: Rank, to: Rank) -> bool {
        let ends = self.node(from).zip(self.node(to));
        ends.is_some_and(|(from, to)| self.reaches(from, to))
    }

    /// How long light takes from one rank to another, in nanoseconds, as soon as there is contact.
    pub(in crate::collective) fn light(&self, from: Rank, to: Rank) -> u64 {
        let contact = self.node(from).zip(self.node(to)).and_then(|(from, to)| self.plan.next(from, to, self.at));
        contact.map_or(0, |contact| nanos(contact.light_time.at(contact.start.max(self.at))))
    }

    /// Whether one rank has contact to another when the collective begins.
    pub(in crate::collective) fn is_open(&self, from: Rank, to: Rank) -> bool {
        let ends = self.node(from).zip(self.node(to));
        ends.is_some_and(|(from, to)| self.plan.at(from, to, self.at).is_some())
    }

    fn node(&self, rank: Rank) -> Option<&NodeId> {
        self.members.get(rank.index()).or_else(|| self.relays.get(rank.index() - self.members.len()))
    }

    /// Whom each rank ever has contact to, where `also` holds for the two, in ascending order.
    fn graph(&self, also: impl Fn(&NodeId, &NodeId) -> bool) -> Vec<Vec<usize>> {
        let all = self.nodes();
        let ranks: BTreeMap<&NodeId, usize> = all.iter().copied().zip(0..).collect();
        let neighbours = |&from: &&NodeId| {
            let receivers = self.plan.receivers(from);
            let mut neighbours: Vec<usize> = receivers
                .filter_map(|to| Some((to, *ranks.get(to)?)))
                .filter(|(to, _)| self.reaches(from, to) && also(from, to))
                .map(|(_, rank)| rank)
                .collect();
            neighbours.sort_unstable();
            neighbours
        };
        all.iter().map(neighbours).collect()
    }

    /// Whether `from` ever has contact to `to`.
    fn reaches(&self, from: &NodeId, to: &NodeId) -> bool {
        self.plan.next(from, to, self.at).is_some()
    }
}
