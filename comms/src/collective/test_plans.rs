//! Random contact plans for tests of what is planned on them.

use std::time::Duration;

use proptest::prelude::*;

use crate::contacts::{Contact, ContactPlan, Rate};
use crate::id::NodeId;
use crate::units::{BitsPerSecond, MissionTime};

const MBPS: u64 = 1_000_000;

/// Contacts between `nodes` satellites: windows of up to four seconds that come and go on some lanes, with two rates each, and
/// on few of them contact for ever afterwards.
pub(super) fn passing(nodes: u32) -> impl Strategy<Value = ContactPlan> {
    let window = (0_u64..4_000, 1_u64..4_000, 1_u64..50, 1_u64..50, 0_u64..20);
    let lane = (proptest::collection::vec(window, 0..6), 0_u32..10);
    let pairs = nodes * nodes.saturating_sub(1);
    proptest::collection::vec(lane, pairs as usize).prop_map(move |lanes| {
        let pairs = (0..nodes).flat_map(|from| (0..nodes).filter(move |to| *to != from).map(move |to| (from, to)));
        let mut contacts = Vec::new();
        for ((from, to), (windows, lasts)) in pairs.zip(lanes) {
            let [from, to] = [from, to].map(NodeId::satellite);
            let mut at = 0;
            for (gap, length, rate, then, light_time) in windows {
                let millis = |millis: u64| MissionTime(millis * 1_000_000);
                let (start, end) = (at + gap, at + gap + length);
                let rates = [(millis(start), rate), (millis(start + length / 2 + 1), then)];
                let rate = Rate::steps(&rates.map(|(from, rate)| (from, BitsPerSecond(rate * MBPS)))).expect("steps");
                let light_time = Duration::from_millis(light_time).into();
                let contact = Contact { start: millis(start), end: millis(end), rate, light_time };
                contacts.push((from.clone(), to.clone(), contact));
                at = end;
            }
            if lasts == 0 {
                let start = MissionTime(at * 1_000_000);
                let (rate, light_time) = (BitsPerSecond(5 * MBPS).into(), Duration::from_millis(7).into());
                contacts.push((from, to, Contact { start, end: MissionTime::NEVER, rate, light_time }));
            }
        }
        ContactPlan::new(contacts).expect("sound contacts")
    })
}

/// Contacts both ways along `links` that always last.
pub(super) fn lasting(links: impl IntoIterator<Item = (u32, u32)>) -> ContactPlan {
    let contact = Contact {
        start: MissionTime::ZERO,
        end: MissionTime::NEVER,
        rate: BitsPerSecond(100 * MBPS).into(),
        light_time: Duration::from_millis(10).into(),
    };
    let lanes = links.into_iter().flat_map(|(a, b)| [(a, b), (b, a)]).collect::<std::collections::BTreeSet<_>>();
    let lanes = lanes.into_iter().map(|(from, to)| (NodeId::satellite(from), NodeId::satellite(to), contact.clone()));
    ContactPlan::new(lanes).expect("sound contacts")
}
