//! Small random plans.

use proptest::prelude::*;
use std::ops::Range;

use crate::contacts::routing::{ContactGraph, Query, Relaying};
use crate::contacts::tests::{bends, steps};
use crate::contacts::{Contact, ContactPlan};
use crate::id::NodeId;
use crate::units::MissionTime;

const NODES: u32 = 5;
/// No window of [`cases`] lasts longer.
pub(super) const HORIZON: u64 = 3 * (5 + 39);

/// A plan, and what is asked of it.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) plan: ContactPlan,
    pub(super) graph: ContactGraph,
    pub(super) ready: u64,
    pub(super) bytes: u64,
    ends: [u32; 2],
}

impl Case {
    /// Sender and receiver.
    pub(super) fn ends(&self) -> [&NodeId; 2] {
        self.ends.map(|end| &self.graph.nodes()[end as usize % self.graph.nodes().len()])
    }

    pub(super) fn number(&self, node: &NodeId) -> u32 {
        self.graph.index(node).expect("a node of the graph")
    }

    pub(super) fn query(&self, relaying: Relaying) -> Query<'static> {
        let from = self.number(self.ends()[0]);
        Query { from, ready: MissionTime(self.ready), bytes: self.bytes, relaying, lost: &[] }
    }
}

/// Two to five nodes, with up to three short windows on about half of the lanes between them.
pub(super) fn cases() -> impl Strategy<Value = Case> {
    let lanes = lanes(0.45, windows(0..8, prop_oneof![1u64..15, 1u64..40]));
    let ends = [0..NODES, 0..NODES];
    (lanes, 0..HORIZON / 2, 0u64..40, ends)
        .prop_filter_map("a plan without a contact", |(lanes, ready, bytes, ends)| {
            case(|from, to| from != to, lanes, (ready, bytes), ends)
        })
}

/// Five nodes, with up to three windows on most lanes from each to those after it. They are long enough for slow lanes, so that
/// at relays ways meet of which one is there early, and another fast.
pub(super) fn cases_of_meeting_ways() -> impl Strategy<Value = Case> {
    let lanes = lanes(0.7, windows(0..60, 20u64..160));
    (lanes, 0u64..60, 20u64..60).prop_filter_map("a plan without a contact", |(lanes, ready, bytes)| {
        case(|from, to| from < to, lanes, (ready, bytes), [0, NODES - 1])
    })
}

/// What may be on each lane.
type Lanes = Vec<Option<Vec<Contact>>>;

fn lanes(share: f64, windows: impl Strategy<Value = Vec<Contact>>) -> impl Strategy<Value = Lanes> {
    prop::collection::vec(prop::option::weighted(share, windows), (NODES * NODES) as usize)
}

fn case(is_lane: fn(u32, u32) -> bool, lanes: Lanes, (ready, bytes): (u64, u64), ends: [u32; 2]) -> Option<Case> {
    let places = (0..NODES).flat_map(|from| (0..NODES).map(move |to| (from, to)));
    let contacts = places.zip(lanes).filter(|((from, to), _)| is_lane(*from, *to)).flat_map(|((from, to), windows)| {
        windows.into_iter().flatten().map(move |window| (NodeId::satellite(from), NodeId::satellite(to), window))
    });
    let plan = ContactPlan::new(contacts).expect("contacts in order");
    let graph = ContactGraph::new(&plan);
    (!graph.nodes().is_empty()).then_some(Case { plan, graph, ready, bytes, ends })
}

/// Windows in order, many of them back to back, at rates in steps that are not whole bytes a nanosecond, with light times that
/// bend. Some lanes are so much faster than others that a bundle whose first bit is late may be there first.
fn windows(gaps: Range<u64>, lengths: impl Strategy<Value = u64>) -> impl Strategy<Value = Vec<Contact>> {
    let rate = prop_oneof![1u64..40_000_000_000, 4_000_000_000u64..8_000_000_000, 300_000_000_000u64..400_000_000_000];
    let rates = prop::collection::vec((1u64..12, rate), 1..3);
    let knots = prop::collection::vec((1u64..12, 0u64..5), 1..4);
    prop::collection::vec((gaps, lengths, rates, knots), 1..4).prop_map(|parts| {
        let mut at = 0;
        let each = parts.into_iter().map(|(gap, length, rates, knots)| {
            let start = at + gap.saturating_sub(3);
            at = start + length;
            let (start_at, end) = (MissionTime(start), MissionTime(at));
            Contact { start: start_at, end, rate: steps(start, &rates), light_time: bends(start, &knots) }
        });
        each.collect()
    })
}
