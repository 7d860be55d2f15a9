//! The contacts of every lane, and the questions that they answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::contact::{Contact, Transit};
use crate::id::NodeId;
use crate::units::{MissionTime, nanos};

/// The contacts of every lane of a mission: sorted by time and without overlap, for each ordered pair of peers.
///
/// The station is a peer like the others, named [`NodeId::STATION`]. Every query finds its place by binary search.
/// Lanes with the same contacts can share them, so a plan over many alike lanes stays small.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContactPlan {
    lanes: BTreeMap<NodeId, BTreeMap<NodeId, Arc<[Contact]>>>,
}

/// Why contacts are not a [`ContactPlan`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidContact {
    /// A peer has contact with itself.
    #[error("a contact from {peer} to itself: a contact joins two peers")]
    Loop {
        /// The peer.
        peer: NodeId,
    },
    /// A window is empty.
    #[error("a contact from {from} to {to} starts at {start} and ends at {end}: its end must be later")]
    Empty {
        /// The sender.
        from: NodeId,
        /// The receiver.
        to: NodeId,
        /// The first instant of the window.
        start: MissionTime,
        /// The first instant after it.
        end: MissionTime,
    },
    /// A window carries nothing.
    #[error("a contact from {from} to {to} at {start} has the rate 0: leave it out")]
    NoRate {
        /// The sender.
        from: NodeId,
        /// The receiver.
        to: NodeId,
        /// The first instant of the window.
        start: MissionTime,
    },
    /// Two windows of a lane share an instant.
    #[error(
        "a contact from {from} to {to} ends at {end} and the next starts at {start}: contacts of a lane must not overlap"
    )]
    Overlap {
        /// The sender.
        from: NodeId,
        /// The receiver.
        to: NodeId,
        /// When the window that starts first ends.
        end: MissionTime,
        /// When the next one starts, inside it.
        start: MissionTime,
    },
}

impl ContactPlan {
    /// The plan of `contacts`, each from its first peer to its second, in any order.
    ///
    /// # Errors
    /// [`InvalidContact`] if a window is empty, carries nothing, overlaps another of its lane, or joins a peer to
    /// itself.
    pub fn new(contacts: impl IntoIterator<Item = (NodeId, NodeId, Contact)>) -> Result<Self, InvalidContact> {
        let mut lanes: BTreeMap<(NodeId, NodeId), Vec<Contact>> = BTreeMap::new();
        for (from, to, contact) in contacts {
            lanes.entry((from, to)).or_default().push(contact);
        }
        let mut plan = Self::default();
        for ((from, to), mut contacts) in lanes {
            contacts.sort_by_key(|contact| contact.start);
            check(&from, &to, &contacts)?;
            plan.insert(from, to, contacts.into());
        }
        Ok(plan)
    }

    /// Sets the contacts of a lane, which the caller has in order.
    pub(crate) fn insert(&mut self, from: NodeId, to: NodeId, contacts: Arc<[Contact]>) {
        debug_assert_eq!(check(&from, &to, &contacts), Ok(()));
        if !contacts.is_empty() {
            self.lanes.entry(from).or_default().insert(to, contacts);
        }
    }

    /// Sets the contacts of both lanes of a link, which the caller has in order.
    pub(crate) fn insert_both(&mut self, [a, b]: &[NodeId; 2], contacts: Arc<[Contact]>) {
        self.insert(a.clone(), b.clone(), contacts.clone());
        self.insert(b.clone(), a.clone(), contacts);
    }

    /// All contacts from `from` to `to`, in the order of time; empty without a lane.
    #[must_use]
    pub fn contacts(&self, from: &NodeId, to: &NodeId) -> &[Contact] {
        self.lanes.get(from).and_then(|lanes| lanes.get(to)).map_or(&[], |contacts| contacts)
    }

    /// Every lane with a contact: sender, receiver, contacts. Ordered by sender and receiver.
    pub fn lanes(&self) -> impl Iterator<Item = (&NodeId, &NodeId, &[Contact])> {
        self.lanes
            .iter()
            .flat_map(|(from, lanes)| lanes.iter().map(move |(to, contacts)| (from, to, contacts.as_ref())))
    }

    /// Every peer that sends or receives in some contact, in the order of their names.
    #[must_use]
    pub fn nodes(&self) -> BTreeSet<&NodeId> {
        self.lanes().flat_map(|(from, to, _)| [from, to]).collect()
    }

    /// The peers that `from` sends to in some contact, in the order of their names.
    pub fn receivers(&self, from: &NodeId) -> impl Iterator<Item = &NodeId> {
        self.lanes.get(from).into_iter().flat_map(BTreeMap::keys)
    }

    /// The contact from `from` to `to` that covers `at`.
    #[must_use]
    pub fn at(&self, from: &NodeId, to: &NodeId, at: MissionTime) -> Option<&Contact> {
        self.next(from, to, at).filter(|contact| contact.covers(at))
    }

    /// The contact from `from` to `to` that covers `at`, or else the first that starts after it.
    #[must_use]
    pub fn next(&self, from: &NodeId, to: &NodeId, at: MissionTime) -> Option<&Contact> {
        next_of(self.contacts(from, to), at)
    }

    /// The peers that `id` can send to at `at`, in the order of their names.
    pub fn neighbours(&self, id: &NodeId, at: MissionTime) -> impl Iterator<Item = &NodeId> {
        self.lanes
            .get(id)
            .into_iter()
            .flatten()
            .filter(move |(_, contacts)| not_ended_at(contacts, at).first().is_some_and(|contact| contact.covers(at)))
            .map(|(to, _)| to)
    }

    /// The earliest passage of one frame of `bytes` from `from` to `to` in a single hop, by a sender that is ready at
    /// `ready`; nothing if no window is left that it fits into.
    ///
    /// A frame is not split: it fits into a contact if and only if `start + bytes / rate + light_time <= end`. Windows
    /// that are too short for it are passed over one by one.
    #[must_use]
    pub fn transit(&self, from: &NodeId, to: &NodeId, ready: MissionTime, bytes: u64) -> Option<Transit> {
        transit_of(self.contacts(from, to), ready, bytes)
    }

    /// The plan without any contact of `node`, as it is when the node is lost.
    #[must_use]
    pub fn without(&self, node: &NodeId) -> Self {
        let mut plan = self.clone();
        plan.lanes.remove(node);
        plan.lanes.retain(|_, lanes| {
            lanes.remove(node);
            !lanes.is_empty()
        });
        plan
    }

    /// The plan up to `end`: without contacts that start then or later, and with those that last longer cut there.
    #[must_use]
    pub fn until(&self, end: MissionTime) -> Self {
        let mut plan = Self::default();
        for (from, lanes) in &self.lanes {
            for (to, contacts) in lanes {
                plan.insert(from.clone(), to.clone(), contacts_until(contacts, end));
            }
        }
        plan
    }

    /// The plan of who is done with each contact `guard` before it ends; nothing if none ends. Contacts that last, and those that
    /// the next one of their lane continues, stay as they are; those that are not longer than that are left out.
    #[must_use]
    pub fn guarded(&self, guard: Duration) -> Option<Self> {
        let (mut plan, mut differs) = (Self::default(), false);
        for (from, lanes) in &self.lanes {
            for (to, contacts) in lanes {
                let guarded = contacts_guarded(contacts, guard);
                differs |= !Arc::ptr_eq(contacts, &guarded);
                plan.insert(from.clone(), to.clone(), guarded);
            }
        }
        differs.then_some(plan)
    }

    /// The plan for bytes that count `byte_scale` times each: every rate is divided by it, and at least a bit per second.
    /// `byte_scale` is positive and finite.
    #[must_use]
    pub fn dilated(&self, byte_scale: f64) -> Self {
        if (byte_scale - 1.0).abs() < f64::EPSILON {
            return self.clone();
        }
        let mut plan = Self::default();
        for (from, to, contacts) in self.lanes() {
            let slower = |contact: &Contact| Contact { rate: contact.rate.divided(byte_scale), ..contact.clone() };
            plan.insert(from.clone(), to.clone(), contacts.iter().map(slower).collect());
        }
        plan
    }

    /// Every lane to `to`: its sender and contacts, ordered by sender.
    pub(super) fn to<'a>(&'a self, to: &'a NodeId) -> impl Iterator<Item = (&'a NodeId, &'a [Contact])> {
        self.lanes.iter().filter_map(move |(from, lanes)| Some((from, lanes.get(to)?.as_ref())))
    }
}

/// Of sorted contacts the one that covers `at`, or else the first that starts after it.
pub(super) fn next_of(contacts: &[Contact], at: MissionTime) -> Option<&Contact> {
    not_ended_at(contacts, at).first()
}

/// The earliest passage in any of sorted contacts.
pub(super) fn transit_of(contacts: &[Contact], ready: MissionTime, bytes: u64) -> Option<Transit> {
    not_ended_at(contacts, ready).iter().find_map(|contact| contact.transit(ready, bytes))
}

/// What is left of sorted contacts when those that have ended at `at` are cut off.
fn not_ended_at(contacts: &[Contact], at: MissionTime) -> &[Contact] {
    &contacts[contacts.partition_point(|contact| contact.end <= at)..]
}

/// The contacts that start before `end`, none longer than that; shared if that is all of them.
fn contacts_until(contacts: &Arc<[Contact]>, end: MissionTime) -> Arc<[Contact]> {
    if contacts.last().is_none_or(|last| last.end <= end) {
        return Arc::clone(contacts);
    }
    let started = contacts.iter().take_while(|contact| contact.start < end);
    started.map(|contact| Contact { end: contact.end.min(end), ..contact.clone() }).collect()
}

fn contacts_guarded(contacts: &Arc<[Contact]>, guard: Duration) -> Arc<[Contact]> {
    let starts = contacts.iter().skip(1).map(|next| Some(next.start)).chain([None]);
    let ends = |(contact, next): &(&Contact, Option<MissionTime>)| {
        contact.end < MissionTime::NEVER && *next != Some(contact.end)
    };
    if !contacts.iter().zip(starts.clone()).any(|pair| ends(&pair)) {
        return Arc::clone(contacts);
    }
    let earlier = |pair: (&Contact, Option<MissionTime>)| {
        let end = if ends(&pair) { MissionTime(pair.0.end.0.saturating_sub(nanos(guard))) } else { pair.0.end };
        Contact { end, ..pair.0.clone() }
    };
    contacts.iter().zip(starts).map(earlier).filter(|contact| contact.start < contact.end).collect()
}

fn check(from: &NodeId, to: &NodeId, contacts: &[Contact]) -> Result<(), InvalidContact> {
    if from == to && !contacts.is_empty() {
        return Err(InvalidContact::Loop { peer: from.clone() });
    }
    for (index, contact) in contacts.iter().enumerate() {
        let (from, to) = (from.clone(), to.clone());
        let Contact { start, end, ref rate, .. } = *contact;
        if start >= end {
            return Err(InvalidContact::Empty { from, to, start, end });
        }
        if rate.has_zero() {
            return Err(InvalidContact::NoRate { from, to, start });
        }
        if let Some(later) = contacts.get(index + 1).filter(|later| later.start < contact.end) {
            return Err(InvalidContact::Overlap { from, to, end, start: later.start });
        }
    }
    Ok(())
}
