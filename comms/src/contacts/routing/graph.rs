//! A contact plan laid out for searches: nodes by number, the contacts of each in the order of time.

use std::collections::BTreeSet;
use std::ops::Range;

use super::snapshots::Snapshots;
use crate::contacts::{Contact, ContactPlan};
use crate::id::NodeId;
use crate::units::{BitsPerSecond, MissionTime, nanos};

/// The contacts of a [`ContactPlan`], laid out for [searches](super::Search). Owns what it needs, and never changes.
///
/// Its nodes are those that have a contact in the plan, numbered in the order of their names. It takes about 100 bytes a contact;
/// rates in steps and light times that bend are shared with the plan.
#[derive(Debug, Clone)]
pub struct ContactGraph {
    nodes: Vec<NodeId>,
    /// When the last contact to each node ends.
    heard_until: Vec<MissionTime>,
    /// Where the contacts of each node end; they begin where those of the node before it end.
    ends: Vec<u32>,
    windows: Vec<Window>,
    contacts: Vec<Contact>,
    snapshots: Snapshots,
    fastest: BitsPerSecond,
}

/// What a search looks at before it looks at a contact. Times are nanoseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) start: u64,
    pub(super) end: u64,
    /// The least light time in the window.
    pub(super) nearest: u64,
    pub(super) to: u32,
}

impl ContactGraph {
    /// The graph of `plan`, which does not follow when the plan changes.
    #[must_use]
    pub fn new(plan: &ContactPlan) -> Self {
        let contacts = plan.lanes().map(|(_, _, contacts)| contacts.len()).sum();
        let nodes: BTreeSet<&NodeId> = plan.lanes().flat_map(|(from, to, _)| [from, to]).collect();
        let mut graph = Self {
            heard_until: vec![MissionTime::ZERO; nodes.len()],
            nodes: nodes.into_iter().cloned().collect(),
            ends: Vec::new(),
            windows: Vec::with_capacity(contacts),
            contacts: Vec::with_capacity(contacts),
            snapshots: Snapshots::default(),
            fastest: BitsPerSecond(0),
        };
        let mut lanes = plan.lanes().peekable();
        for from in graph.nodes.clone() {
            let mut own: Vec<(u32, &Contact)> = Vec::new();
            while let Some((_, to, contacts)) = lanes.next_if(|(sender, ..)| **sender == from) {
                own.extend(graph.index(to).into_iter().flat_map(|to| contacts.iter().map(move |each| (to, each))));
            }
            own.sort_by_key(|(to, contact)| (contact.start, *to));
            graph.push_node(&own);
        }
        graph
    }

    /// Every node, by its number.
    #[must_use]
    pub fn nodes(&self) -> &[NodeId] {
        &self.nodes
    }

    /// The number of a node; nothing if it has no contact.
    #[must_use]
    pub fn index(&self, node: &NodeId) -> Option<u32> {
        self.nodes.binary_search(node).ok().and_then(|index| u32::try_from(index).ok())
    }

    fn push_node(&mut self, own: &[(u32, &Contact)]) {
        let first = self.end();
        for &(to, contact) in own {
            let Contact { start, end, ref rate, ref light_time } = *contact;
            let nearest = light_time.knots_between(start, end).map(|(_, time)| nanos(time)).min().unwrap_or(0);
            self.windows.push(Window { start: start.0, end: end.0, nearest, to });
            self.contacts.push(contact.clone());
            let heard = &mut self.heard_until[to as usize];
            *heard = end.max(*heard);
            self.fastest = rate.steps_between(start, end).map(|(_, rate)| rate).fold(self.fastest, Ord::max);
        }
        self.ends.push(self.end());
        self.snapshots.push_node(&self.windows, first..self.end());
    }

    #[expect(clippy::cast_possible_truncation, reason = "four billion contacts fit no memory")]
    const fn end(&self) -> u32 {
        self.windows.len() as u32
    }

    /// Where the contacts of `node` stand, in the order of their starts.
    pub(super) fn range(&self, node: u32) -> Range<u32> {
        let node = node as usize;
        node.checked_sub(1).map_or(0, |before| self.ends[before])..self.ends[node]
    }

    pub(super) fn window(&self, contact: u32) -> &Window {
        &self.windows[contact as usize]
    }

    pub(super) fn contact(&self, contact: u32) -> &Contact {
        &self.contacts[contact as usize]
    }

    /// See [`Snapshots::lasting`].
    pub(super) fn lasting(&self, node: u32, at: u64) -> (&[u32], u32) {
        self.snapshots.lasting(node, at)
    }

    /// Whether `node` has a contact to it that ends after `at`.
    pub(super) fn hears_after(&self, node: u32, at: MissionTime) -> bool {
        self.heard_until.get(node as usize).is_some_and(|until| *until > at)
    }

    /// How long `bytes` take at least on any contact, in nanoseconds.
    pub(super) fn least_sending(&self, bytes: u64) -> u64 {
        nanos(self.fastest.transmit_time(bytes))
    }
}
