//! Small plans, made by hand or at random.

use std::ops::Range;
use std::time::Duration;

use proptest::prelude::*;

use crate::contacts::{Contact, ContactPlan, LightTime, Rate};
use crate::id::NodeId;
use crate::units::{BitsPerSecond, MissionTime};

/// A rate of so many bytes a nanosecond.
pub(super) const fn bytes_per_nano(bytes: u64) -> u64 {
    bytes * 8_000_000_000
}

pub(super) fn names(count: u32) -> Vec<NodeId> {
    (0..count).map(NodeId::satellite).collect()
}

/// A contact in `[start, end)` at one rate.
pub(super) fn contact(window: Range<u64>, rate: u64, light: u64) -> Contact {
    Contact {
        start: MissionTime(window.start),
        end: MissionTime(window.end),
        rate: BitsPerSecond(rate).into(),
        light_time: Duration::from_nanos(light).into(),
    }
}

/// A contact that is always there.
pub(super) fn always(rate: u64, light: u64) -> Contact {
    contact(0..u64::MAX, rate, light)
}

/// The plan with each contact from its first node to its second.
pub(super) fn one_way(contacts: impl IntoIterator<Item = (u32, u32, Contact)>) -> ContactPlan {
    let named = |(from, to, contact)| (NodeId::satellite(from), NodeId::satellite(to), contact);
    ContactPlan::new(contacts.into_iter().map(named)).expect("contacts in order")
}

/// The plan with each contact in both directions.
pub(super) fn both_ways(contacts: impl IntoIterator<Item = (u32, u32, Contact)>) -> ContactPlan {
    one_way(contacts.into_iter().flat_map(|(a, b, contact)| [(a, b, contact.clone()), (b, a, contact)]))
}

/// Each of `count` nodes linked to the next, and the last to the first.
pub(super) fn ring(count: u32, contact: &Contact) -> ContactPlan {
    both_ways((0..count).map(|node| (node, (node + 1) % count, contact.clone())))
}

/// A plan of two to five nodes with up to three windows on most lanes, at rates in steps that are not whole bytes a nanosecond and
/// with light times that bend; who of the nodes are members, a length, and a start.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) plan: ContactPlan,
    pub(super) members: Vec<NodeId>,
    pub(super) bytes: u64,
    pub(super) start: u64,
}

/// Cases whose windows are so short and so long, on so large a share of the lanes.
pub(super) fn cases(lengths: Range<u64>, share: f64) -> impl Strategy<Value = Case> {
    let lanes = prop::collection::vec(prop::option::weighted(share, windows(lengths)), 25);
    (2u32..6, lanes, 1u32..32, 0u64..60, 0u64..20).prop_map(|(nodes, lanes, members, bytes, start)| {
        let places = (0..5).flat_map(|from| (0..5).map(move |to| (from, to)));
        let taken = places.zip(lanes).filter(|((from, to), _)| from != to && from.max(to) < &nodes);
        let contacts =
            taken.flat_map(|((from, to), windows)| windows.into_iter().flatten().map(move |window| (from, to, window)));
        let members = names(nodes).into_iter().enumerate().filter(|(node, _)| members >> node & 1 == 1);
        Case { plan: one_way(contacts), members: members.map(|(_, name)| name).collect(), bytes, start }
    })
}

fn windows(lengths: Range<u64>) -> impl Strategy<Value = Vec<Contact>> {
    let rate = prop_oneof![1_000_000_000u64..40_000_000_000, 4_000_000_000u64..8_000_000_000];
    let rates = prop::collection::vec((1u64..12, rate), 1..3);
    let knots = prop::collection::vec((1u64..12, 0u64..5), 1..4);
    prop::collection::vec((0u64..8, lengths, rates, knots), 1..4).prop_map(|parts| {
        let mut at = 0;
        let each = parts.into_iter().map(|(gap, length, rates, knots)| {
            let start = at + gap.saturating_sub(3);
            at = start + length;
            let (rate, light_time) = (steps(start, &rates), bends(start, &knots));
            Contact { start: MissionTime(start), end: MissionTime(at), rate, light_time }
        });
        each.collect()
    })
}

fn steps(mut at: u64, lengths: &[(u64, u64)]) -> Rate {
    let step = |&(length, rate): &(u64, u64)| {
        at += length;
        (MissionTime(at - length), BitsPerSecond(rate))
    };
    Rate::steps(&lengths.iter().map(step).collect::<Vec<_>>()).expect("steps in order")
}

/// A light time that falls no faster than time passes.
fn bends(mut at: u64, lengths: &[(u64, u64)]) -> LightTime {
    let mut last = 0_u64;
    let knot = |&(length, light): &(u64, u64)| {
        at += length;
        last = light.max(last.saturating_sub(length));
        (MissionTime(at), Duration::from_nanos(last))
    };
    LightTime::knots(&lengths.iter().map(knot).collect::<Vec<_>>()).expect("knots in order")
}
