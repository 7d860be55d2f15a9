//! What each lane of a plan delivers between two instants, at most.
//!
//! Capacities are exact integrals of rates over the time in which bits can leave and still arrive, light time and the end of
//! the window counted. They are in bits a second times nanoseconds, so that nothing is rounded. No frames carry more: their
//! times are rounded up, their headers cost bytes, and none goes through a window that it does not fit.

use crate::contacts::routing::ContactGraph;
use crate::contacts::{Contact, ContactPlan};
use crate::units::MissionTime;

/// A byte in the unit of capacities.
pub(super) const BYTE: u128 = 8 * 1_000_000_000;

/// The lanes between the nodes that take part. Nodes are numbers of the [`ContactGraph`].
#[derive(Debug, Clone)]
pub(super) struct Lanes<'a> {
    pub(super) all: Vec<Lane<'a>>,
    /// The lanes to each node.
    pub(super) into: Vec<Vec<u32>>,
    /// The lanes from each node.
    pub(super) out_of: Vec<Vec<u32>>,
    /// From here on no lane delivers anything, unless it lasts beyond the mission's clock.
    pub(super) horizon: u64,
}

/// One lane, with its contacts in the order of time.
#[derive(Debug, Clone)]
pub(super) struct Lane<'a> {
    pub(super) from: u32,
    pub(super) to: u32,
    contacts: &'a [Contact],
    /// When the last bit of each contact leaves; nothing if light takes longer than the window lasts.
    last: Vec<Option<u64>>,
    /// What all contacts before each carry. No sum overflows: contacts of a lane do not overlap, and both a time and a rate have
    /// 64 bits.
    before: Vec<u128>,
}

impl<'a> Lanes<'a> {
    /// The lanes of `plan` whose two nodes both take part.
    pub(super) fn new(plan: &'a ContactPlan, graph: &ContactGraph, takes_part: &[bool]) -> Self {
        let nodes = graph.nodes().len();
        let mut lanes =
            Self { all: Vec::new(), into: vec![Vec::new(); nodes], out_of: vec![Vec::new(); nodes], horizon: 0 };
        for (from, to, contacts) in plan.lanes() {
            let (Some(from), Some(to)) = (graph.index(from), graph.index(to)) else { continue };
            let (sender, receiver) = (from as usize, to as usize);
            if !(takes_part[sender] && takes_part[receiver]) {
                continue;
            }
            let id = u32::try_from(lanes.all.len()).unwrap_or(u32::MAX);
            lanes.out_of[sender].push(id);
            lanes.into[receiver].push(id);
            lanes.all.push(Lane::new(from, to, contacts));
            let end = contacts.last().map_or(0, |last| last.end.0.min(u64::MAX - 1));
            lanes.horizon = lanes.horizon.max(end);
        }
        lanes
    }

    /// How many nodes the numbers are of.
    pub(super) const fn nodes(&self) -> usize {
        self.into.len()
    }

    /// The lanes to `node`.
    pub(super) fn into(&self, node: u32) -> impl Iterator<Item = &Lane<'a>> {
        self.into[node as usize].iter().map(|lane| &self.all[*lane as usize])
    }

    /// The lanes from `node`.
    pub(super) fn out_of(&self, node: u32) -> impl Iterator<Item = &Lane<'a>> {
        self.out_of[node as usize].iter().map(|lane| &self.all[*lane as usize])
    }
}

impl<'a> Lane<'a> {
    fn new(from: u32, to: u32, contacts: &'a [Contact]) -> Self {
        let mut lane = Self { from, to, contacts, last: Vec::new(), before: Vec::new() };
        let mut sum = 0;
        for (place, contact) in contacts.iter().enumerate() {
            lane.last.push(contact.last_departure(contact.end).map(|last| last.0));
            lane.before.push(sum);
            sum += lane.carried(place, 0, contact.end.0);
        }
        lane
    }

    /// What can leave from `since` on and be there by `by`.
    pub(super) fn capacity(&self, since: u64, by: u64) -> u128 {
        let first = self.contacts.partition_point(|contact| contact.end.0 <= since);
        let after = self.contacts.partition_point(|contact| contact.start.0 < by);
        let Some(last) = after.checked_sub(1).filter(|last| first <= *last) else { return 0 };
        if first == last {
            return self.carried(first, since, by);
        }
        // All but the last of them end before `by`.
        let between = self.before[last] - self.before[first + 1];
        self.carried(first, since, u64::MAX) + between + self.carried(last, 0, by)
    }

    /// The last instant at which a bit can leave and be there by `by`; nothing if none can.
    pub(super) fn last_departure(&self, by: u64) -> Option<u64> {
        let started = self.contacts.partition_point(|contact| contact.start.0 <= by);
        (0..started).rev().find_map(|place| self.departure(place, by))
    }

    /// What one contact carries of that.
    fn carried(&self, place: usize, since: u64, by: u64) -> u128 {
        let Contact { start, ref rate, .. } = self.contacts[place];
        let since = start.0.max(since);
        let Some(until) = self.departure(place, by).filter(|until| since < *until) else { return 0 };
        let mut steps = rate.steps_between(MissionTime(since), MissionTime(until)).peekable();
        let mut sum = 0;
        while let Some((from, rate)) = steps.next() {
            let until = steps.peek().map_or(until, |(next, _)| next.0);
            sum += u128::from(until - from.0) * u128::from(rate.0);
        }
        sum
    }

    fn departure(&self, place: usize, by: u64) -> Option<u64> {
        let contact = &self.contacts[place];
        if contact.end.0 <= by { self.last[place] } else { contact.last_departure(MissionTime(by)).map(|last| last.0) }
    }
}
