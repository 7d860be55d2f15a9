//! Plans that tests of all formats write.

use std::time::Duration;

use proptest::prelude::*;

use crate::contacts::{Contact, ContactPlan, LightTime, Rate};
use crate::id::NodeId;
use crate::units::{BitsPerSecond, MissionTime};

/// A contact whose rate steps and whose light time bends, and one that lasts.
pub(super) fn bent_and_lasting() -> ContactPlan {
    let [zero, step, start, knot] = [0, 20_500_000_000, 10_500_000_000, 15_000_000_000].map(MissionTime);
    let end = MissionTime(30_000_000_001);
    let rate = Rate::steps(&[(zero, BitsPerSecond(800)), (step, BitsPerSecond(1600))]).expect("in order");
    let light = [(start, 3_500), (knot, 4_400), (step, 3_300), (end, 1_400)];
    let light = light.map(|(at, micros)| (at, Duration::from_micros(micros)));
    let bent = Contact { start, end, rate, light_time: LightTime::knots(&light).expect("in order") };
    let lasting = Contact {
        start: zero,
        end: MissionTime::NEVER,
        rate: BitsPerSecond(9).into(),
        light_time: Duration::from_millis(1_500).into(),
    };
    let [zeroth, first] = [0, 1].map(NodeId::satellite);
    ContactPlan::new([(zeroth, first.clone(), bent), (first, NodeId::station(), lasting)]).expect("a plan")
}

/// Up to eight contacts over four nodes, on a grid of `tick` nanoseconds: many touch, some last, some are alike in both
/// directions, their rates step, their light times bend.
pub(super) fn random_plan(tick: u64) -> impl Strategy<Value = ContactPlan> {
    let rates = prop::collection::vec((1u64..12, 1u64..2_000), 1..4);
    let knots = prop::collection::vec((1u64..12, 0u64..10), 1..4);
    let contact = (0usize..4, 0usize..4, any::<bool>(), 0u64..6, 1u64..30, prop::bool::weighted(0.1), rates, knots);
    prop::collection::vec(contact, 1..9).prop_map(move |parts| {
        let nodes = [NodeId::satellite(0), NodeId::satellite(10), NodeId::station(), "7".parse().expect("a name")];
        let mut next = [[0_u64; 4]; 4];
        let mut contacts = Vec::new();
        for (from, to, both, gap, length, lasts, rates, knots) in parts {
            let begin = if both { next[from][to].max(next[to][from]) } else { next[from][to] };
            if from == to || begin == u64::MAX {
                continue;
            }
            let start = begin + gap.saturating_sub(3) * tick;
            let end = if lasts { u64::MAX } else { start + length * tick };
            let contact = Contact {
                start: MissionTime(start),
                end: MissionTime(end),
                rate: stepping(start, tick, &rates),
                light_time: bending(start, tick, &knots),
            };
            for (from, to) in [(from, to), (to, from)].into_iter().take(1 + usize::from(both)) {
                next[from][to] = end;
                contacts.push((nodes[from].clone(), nodes[to].clone(), contact.clone()));
            }
        }
        ContactPlan::new(contacts).expect("contacts in order")
    })
}

fn stepping(start: u64, tick: u64, lengths: &[(u64, u64)]) -> Rate {
    let mut at = start;
    let step = |&(length, rate): &(u64, u64)| {
        at += length * tick;
        (MissionTime(at - length * tick), BitsPerSecond(rate))
    };
    Rate::steps(&lengths.iter().map(step).collect::<Vec<_>>()).expect("in order")
}

/// A light time that falls no faster than time passes.
fn bending(start: u64, tick: u64, lengths: &[(u64, u64)]) -> LightTime {
    let (mut at, mut last) = (start, 0_u64);
    let knot = |&(length, light): &(u64, u64)| {
        at += length * tick;
        last = (light * tick).max(last.saturating_sub(length * tick));
        (MissionTime(at), Duration::from_nanos(last))
    };
    LightTime::knots(&lengths.iter().map(knot).collect::<Vec<_>>()).expect("in order")
}
