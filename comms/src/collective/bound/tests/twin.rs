//! The naive twin: every argument as it is stated, at every nanosecond, for every pair, every cut and every group.

use super::plans::Case;
use crate::contacts::Contact;
use crate::id::NodeId;
use crate::units::{MissionTime, nanos};

/// How long it takes at least.
pub(super) fn lower_bound(case: &Case) -> Option<u64> {
    let twin = Twin::new(case)?;
    let end = case.plan.lanes().flat_map(|(.., contacts)| contacts.last()).map(|last| last.end.0).max();
    let end = end.unwrap_or(0).max(case.start);
    (case.start..=end).find(|by| twin.is_possible(*by)).map(|by| by - case.start)
}

struct Twin<'a> {
    case: &'a Case,
    nodes: Vec<&'a NodeId>,
    /// Indices of the nodes.
    members: Vec<usize>,
    lanes: Vec<(usize, usize, &'a [Contact])>,
    need: u128,
}

impl<'a> Twin<'a> {
    /// Nothing if some of several members have no contact.
    fn new(case: &'a Case) -> Option<Self> {
        let nodes: Vec<_> = case.plan.nodes().into_iter().collect();
        let index = |node: &NodeId| nodes.iter().position(|other| *other == node);
        let members: Vec<_> = case.members.iter().filter_map(index).collect();
        let lanes = case.plan.lanes().filter_map(|(from, to, contacts)| Some((index(from)?, index(to)?, contacts)));
        let lanes = lanes.collect();
        let need = u128::from(case.bytes) * 8_000_000_000;
        (case.members.len() < 2 || members.len() == case.members.len()).then_some(Self {
            case,
            nodes,
            members,
            lanes,
            need,
        })
    }

    fn is_possible(&self, by: u64) -> bool {
        if self.case.members.len() < 2 {
            return true;
        }
        let start = self.case.start;
        let everywhere = vec![Some(by); self.nodes.len()];
        for &from in &self.members {
            let earliest = self.earliest(from);
            for &to in self.members.iter().filter(|to| **to != from) {
                if earliest[to].is_none_or(|at| at > by) {
                    return false;
                }
                let latest = self.latest(to, by);
                let into = self.carried(&earliest, &everywhere, |_, receiver| receiver == to);
                let out_of = self.carried(&vec![Some(start); self.nodes.len()], &latest, |sender, _| sender == from);
                if self.need > 0 && (into < self.need || out_of < self.need) {
                    return false;
                }
            }
        }
        self.need == 0 || self.cuts_are_wide(by) && self.groups_are_rich(by)
    }

    fn cuts_are_wide(&self, by: u64) -> bool {
        let first = self.members[0];
        let (earliest, latest) = (self.earliest(first), self.latest(first, by));
        let (at_once, everywhere) = (vec![Some(self.case.start); self.nodes.len()], vec![Some(by); self.nodes.len()]);
        self.sets().all(|side| {
            if !side(first) || self.members.iter().all(|member| side(*member)) {
                return true;
            }
            self.carried(&earliest, &everywhere, |from, to| side(from) && !side(to)) >= self.need
                && self.carried(&at_once, &latest, |from, to| !side(from) && side(to)) >= self.need
        })
    }

    fn groups_are_rich(&self, by: u64) -> bool {
        let (at_once, everywhere) = (vec![Some(self.case.start); self.nodes.len()], vec![Some(by); self.nodes.len()]);
        self.sets().all(|chosen| {
            let inside = |node: usize| chosen(node) && self.members.contains(&node);
            let count = self.members.iter().filter(|member| chosen(**member)).count();
            let vectors = if count == self.members.len() { count - 1 } else { count };
            self.carried(&at_once, &everywhere, |from, to| inside(from) || inside(to))
                >= self.need * 2 * vectors as u128
        })
    }

    /// All sets of nodes, each as the question who is in it.
    fn sets(&self) -> impl Iterator<Item = impl Fn(usize) -> bool> {
        (0..1_u32 << self.nodes.len()).map(|set| move |node: usize| set >> node & 1 == 1)
    }

    /// When word from `from` can be at each node.
    fn earliest(&self, from: usize) -> Vec<Option<u64>> {
        let mut earliest = vec![None; self.nodes.len()];
        earliest[from] = Some(self.case.start);
        loop {
            let before = earliest.clone();
            for (from, to, contact) in self.contacts() {
                let Some(ready) = earliest[from] else { continue };
                let departures = (contact.start.0.max(ready)..contact.end.0).filter_map(|at| arrival(contact, at));
                if let Some(at) = departures.min().filter(|at| earliest[to].is_none_or(|known| *at < known)) {
                    earliest[to] = Some(at);
                }
            }
            if before == earliest {
                return earliest;
            }
        }
    }

    /// Until when something at each node can still get to `to` by `by`.
    fn latest(&self, to: usize, by: u64) -> Vec<Option<u64>> {
        let mut latest = vec![None; self.nodes.len()];
        latest[to] = Some(by);
        loop {
            let before = latest.clone();
            for (from, to, contact) in self.contacts() {
                let Some(until) = latest[to] else { continue };
                let in_time = |at: &u64| arrival(contact, *at).is_some_and(|arrival| arrival <= until);
                latest[from] = latest[from].max((contact.start.0..=contact.end.0).filter(in_time).max());
            }
            if before == latest {
                return latest;
            }
        }
    }

    /// What the lanes `counted` carry that leaves since an instant of its sender and arrives until one of its receiver.
    fn carried(&self, since: &[Option<u64>], until: &[Option<u64>], counted: impl Fn(usize, usize) -> bool) -> u128 {
        let lanes = self.contacts().filter(|(from, to, _)| counted(*from, *to));
        let each = lanes.map(|(from, to, contact)| {
            let (Some(since), Some(until)) = (since[from], until[to]) else { return 0 };
            let leaves = |at: &u64| arrival(contact, at + 1).is_some_and(|arrival| arrival <= until);
            let instants = (contact.start.0.max(since)..contact.end.0).filter(leaves);
            instants.map(|at| u128::from(contact.rate.at(MissionTime(at)).0)).sum()
        });
        each.sum()
    }

    fn contacts(&self) -> impl Iterator<Item = (usize, usize, &'a Contact)> {
        self.lanes.iter().flat_map(|(from, to, contacts)| contacts.iter().map(move |contact| (*from, *to, contact)))
    }
}

fn arrival(contact: &Contact, sent: u64) -> Option<u64> {
    let arrival = sent + nanos(contact.light_time.at(MissionTime(sent)));
    (arrival <= contact.end.0).then_some(arrival)
}
