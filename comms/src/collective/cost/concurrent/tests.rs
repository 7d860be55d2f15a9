//! Schedules at once against the same schedules alone, and against what can be said by hand.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::codec::Wire;
use crate::collective::cost::predict_bursts;
use crate::collective::strategies::{chain, gossip, halving_doubling, ring};
use crate::collective::test_plans::{lasting, passing};
use crate::contacts::Contact;
use crate::units::BitsPerSecond;

fn nodes(from: u32, count: u32) -> Vec<NodeId> {
    (from..from + count).map(NodeId::satellite).collect()
}

fn order(count: u32) -> Vec<Rank> {
    (0..count).map(Rank).collect()
}

/// A schedule of some strategy.
fn some_schedule(which: u32, count: u32, elements: usize) -> Schedule {
    match which {
        0 => ring::schedule(&order(count), elements),
        1 => chain::schedule(&order(count), elements),
        2 => halving_doubling::schedule(count as usize, elements),
        _ => gossip::schedule(4, 0, &[(0, 1), (1, 2), (2, 3)], elements, 3, Wire::Fp16.frame_elements()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn one_alone_comes_to_what_is_predicted_of_it(
        plan in passing(4),
        which in 0_u32..4,
        elements in 0_usize..900_000,
        start in 0_u64..4_000,
        coding in prop_oneof![Just(None), (1_000_000_u64..1_000_000_000).prop_map(Some)],
    ) {
        let (schedule, nodes) = (some_schedule(which, 4, elements), nodes(0, 4));
        let model = CostModel { wire: Wire::Fp16, coding };
        let start = MissionTime(start * 1_000_000);
        let (alone, bursts) = predict_bursts(&schedule, &nodes, &plan, start, &model);
        let at_once = predict_concurrent(&[Concurrent { schedule: &schedule, nodes: &nodes, start }], &plan, &model);
        match (&alone.completes, &at_once[0].completes) {
            // Flows round what stands between two frames.
            (Ok(alone), Ok(at_once)) => prop_assert!(alone.0.abs_diff(at_once.0) <= 1000, "{alone:?} {at_once:?}"),
            (alone, at_once) => prop_assert_eq!(alone.is_err(), at_once.is_err()),
        }
        let bytes = |bursts: &[Burst]| bursts.iter().map(|burst| burst.bytes).sum::<u64>();
        if alone.completes.is_ok() {
            prop_assert_eq!(bytes(&bursts), bytes(&at_once[0].bursts));
        }
    }

    #[test]
    fn a_lane_sends_one_frame_at_a_time_and_nobody_gains_by_company(
        plan in passing(4),
        which in (0_u32..4, 0_u32..4),
        elements in (0_usize..400_000, 0_usize..400_000),
    ) {
        let nodes = nodes(0, 4);
        let schedules = [some_schedule(which.0, 4, elements.0), some_schedule(which.1, 4, elements.1)];
        let of = |schedule| Concurrent { schedule, nodes: &nodes, start: MissionTime::ZERO };
        let model = CostModel::of(Wire::Fp16);
        let at_once = predict_concurrent(&schedules.each_ref().map(of), &plan, &model);
        let mut all: Vec<Burst> = at_once.iter().flat_map(|outcome| outcome.bursts.clone()).collect();
        all.sort_by_key(|burst| (burst.from, burst.to, burst.start));
        for lane in all.chunk_by(|a, b| (a.from, a.to) == (b.from, b.to)) {
            prop_assert!(lane.windows(2).all(|pair| pair[0].sent <= pair[1].start), "{lane:?}");
        }
        for (outcome, schedule) in at_once.iter().zip(&schedules) {
            let alone = predict_bursts(schedule, &nodes, &plan, MissionTime::ZERO, &model).0.completes;
            if let Ok(completes) = &outcome.completes {
                prop_assert!(alone.is_ok_and(|alone| alone.0 <= completes.0 + 1000));
            }
        }
        let again = predict_concurrent(&schedules.each_ref().map(of), &plan, &model);
        prop_assert_eq!(&at_once, &again);
    }
}

#[test]
fn two_on_the_same_lanes_take_twice_as_long() {
    let (plan, nodes) = (lasting((0..4).map(|node| (node, (node + 1) % 4))), nodes(0, 4));
    let schedule = ring::schedule(&order(4), 40_000_000);
    let model = CostModel::of(Wire::Fp16);
    let secs = |count: usize| {
        let one = Concurrent { schedule: &schedule, nodes: &nodes, start: MissionTime::ZERO };
        let outcomes = predict_concurrent(&vec![one; count], &plan, &model);
        outcomes.iter().map(|outcome| outcome.completes.clone().expect("links that last").as_secs_f64()).collect()
    };
    let (one, two): (Vec<f64>, Vec<f64>) = (secs(1), secs(2));
    for two in two {
        assert!((1.98..2.02).contains(&(two / one[0])), "{two} after {one:?}");
    }
}

#[test]
fn who_shares_no_lane_does_not_notice_and_who_shares_one_does() {
    // Two rings of three that have one lane in common: from satellite 2 to satellite 0.
    let contact = Contact {
        start: MissionTime::ZERO,
        end: MissionTime::NEVER,
        rate: BitsPerSecond(100_000_000).into(),
        light_time: Duration::from_millis(10).into(),
    };
    let lane = |(from, to)| (NodeId::satellite(from), NodeId::satellite(to), contact.clone());
    let rings = [(0, 1), (1, 2), (2, 0), (0, 3), (3, 2), (5, 6), (6, 7), (7, 5)];
    let plan = ContactPlan::new(rings.map(lane)).expect("sound contacts");
    let schedule = ring::schedule(&order(3), 3_000_000);
    let [first, second, apart] = [[0, 1, 2], [0, 3, 2], [5, 6, 7]].map(|of| of.map(NodeId::satellite));
    let model = CostModel::of(Wire::Fp16);
    let secs = |all: &[&[NodeId; 3]]| -> Vec<f64> {
        let at_once: Vec<Concurrent<'_>> = all
            .iter()
            .map(|nodes| Concurrent { schedule: &schedule, nodes: *nodes, start: MissionTime::ZERO })
            .collect();
        let outcomes = predict_concurrent(&at_once, &plan, &model);
        outcomes.iter().map(|outcome| outcome.completes.clone().expect("links that last").as_secs_f64()).collect()
    };
    let (alone, beside, shared) = (secs(&[&first]), secs(&[&first, &apart]), secs(&[&first, &second]));
    assert_eq!([alone[0]; 2], beside[..]);
    assert!(shared.iter().all(|secs| (1.7..2.1).contains(&(secs / alone[0]))), "{shared:?} after {alone:?}");
}
