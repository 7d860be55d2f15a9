//! Predictions against closed forms and against a twin that knows nothing of flows.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::collective::strategies::{chain, ring};
use crate::collective::{Action, Segment, Step};
use crate::contacts::{Contact, Rate};
use crate::id::Rank;
use crate::units::BitsPerSecond;

const GBPS: u64 = 1_000_000_000;

fn nodes(count: u32) -> Vec<NodeId> {
    (0..count).map(NodeId::satellite).collect()
}

fn order(count: u32) -> Vec<Rank> {
    (0..count).map(Rank).collect()
}

fn lasting(rate: u64, light_time: Duration) -> Contact {
    let rate = BitsPerSecond(rate).into();
    Contact { start: MissionTime::ZERO, end: MissionTime::NEVER, rate, light_time: light_time.into() }
}

/// Contacts both ways between each and the next, in a circle.
fn circle(count: u32, contact: &Contact) -> ContactPlan {
    let pairs = if count == 2 { 1 } else { count };
    let lanes = (0..pairs).flat_map(|node| [(node, (node + 1) % count), ((node + 1) % count, node)]);
    let lanes = lanes.map(|(from, to)| (NodeId::satellite(from), NodeId::satellite(to), contact.clone()));
    ContactPlan::new(lanes).expect("sound contacts")
}

/// The same schedule with a segment for every frame.
fn frame_by_frame(schedule: &Schedule, wire: Wire) -> Schedule {
    let frames = |segment: &Segment| {
        let (start, elements) = (segment.start, segment.elements);
        let per_frame = wire.frame_elements();
        (0..elements.div_ceil(per_frame).max(1))
            .map(|frame| (start + frame * per_frame, per_frame.min(elements - frame * per_frame)))
            .map(|(start, elements)| Segment { start, elements })
            .collect::<Vec<_>>()
    };
    let cut: Vec<Vec<Segment>> = schedule.segments.iter().map(frames).collect();
    let firsts: Vec<usize> = cut
        .iter()
        .scan(0, |sum, frames| {
            *sum += frames.len();
            Some(*sum - frames.len())
        })
        .collect();
    let steps = |step: &Step| {
        let segment = step.segment as usize;
        let place = |frame| u32::try_from(firsts[segment] + frame).expect("few frames");
        (0..cut[segment].len()).map(|frame| Step { segment: place(frame), ..*step }).collect::<Vec<_>>()
    };
    let shares = schedule.shares.iter().zip(&cut).flat_map(|(shares, frames)| vec![shares.clone(); frames.len()]);
    Schedule {
        shares: shares.collect(),
        programs: schedule.programs.iter().map(|program| program.iter().flat_map(steps).collect()).collect(),
        segments: cut.into_iter().flatten().collect(),
        ..schedule.clone()
    }
}

/// Windows on every lane of a circle: when they open and for how long, at which rates.
fn windows(count: u32) -> impl Strategy<Value = ContactPlan> {
    let window = (0_u64..40_000, 1_u64..40_000, 1_u64..50, 1_u64..50, 0_u64..20);
    let lane = proptest::collection::vec(window, 1..6);
    proptest::collection::vec(lane, 2 * count as usize).prop_map(move |lanes| {
        let mut contacts = Vec::new();
        for (index, windows) in (0..).zip(lanes) {
            let (from, other) = (index / 2, (index / 2 + 1) % count);
            let (from, to) = if index % 2 == 0 { (from, other) } else { (other, from) };
            let mut at = 0;
            for (gap, length, rate, then, light_time) in windows {
                let micros = |micros: u64| MissionTime(micros * 1000);
                let (start, end) = (at + gap, at + gap + length);
                let rates = [(micros(start), rate), (micros(start + length / 2 + 1), then)];
                let rate = Rate::steps(&rates.map(|(from, rate)| (from, BitsPerSecond(rate * GBPS)))).expect("steps");
                let light_time = Duration::from_micros(light_time).into();
                contacts.push((
                    NodeId::satellite(from),
                    NodeId::satellite(to),
                    Contact { start: micros(start), end: micros(end), rate, light_time },
                ));
                at = end;
            }
            let last = lasting(GBPS, Duration::from_micros(5));
            contacts.push((
                NodeId::satellite(from),
                NodeId::satellite(to),
                Contact { start: MissionTime(at * 1000), ..last },
            ));
        }
        ContactPlan::new(contacts).expect("sound contacts")
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn flows_come_to_what_single_frames_come_to(
        (count, plan) in (3_u32..6).prop_flat_map(|count| (Just(count), windows(count))),
        frames in 1_usize..40,
        rest in 0_usize..1000,
        closed in any::<bool>(),
    ) {
        let elements = frames * Wire::Fp16.frame_elements() + rest;
        let schedule = if closed { ring::schedule(&order(count), elements) } else { chain::schedule(&order(count), elements) };
        let model = CostModel::of(Wire::Fp16);
        let predicted = |schedule: &Schedule| predict(schedule, &nodes(count), &plan, MissionTime(7_000_000), &model);
        let (flows, frames) = (predicted(&schedule), predicted(&frame_by_frame(&schedule, Wire::Fp16)));
        prop_assert_eq!(&flows.lanes.iter().map(|lane| lane.bytes).collect::<Vec<_>>(), &frames.lanes.iter().map(|lane| lane.bytes).collect::<Vec<_>>());
        let (flows, frames) = (flows.completes.expect("the last window lasts").0, frames.completes.expect("the same").0);
        prop_assert!(flows.abs_diff(frames) <= 1000, "{flows} and {frames} nanoseconds");
    }

    #[test]
    fn bursts_are_what_lanes_carry_one_after_the_other_in_their_windows(
        (count, plan) in (3_u32..6).prop_flat_map(|count| (Just(count), windows(count))),
        elements in 1_usize..2_000_000,
    ) {
        let (schedule, nodes) = (ring::schedule(&order(count), elements), nodes(count));
        let (start, model) = (MissionTime(7_000_000), CostModel::of(Wire::Fp16));
        let (prediction, bursts) = predict_bursts(&schedule, &nodes, &plan, start, &model);
        prop_assert_eq!(&prediction, &predict(&schedule, &nodes, &plan, start, &model));
        let lanes: Vec<&[Burst]> = bursts.chunk_by(|a, b| (a.from, a.to) == (b.from, b.to)).collect();
        prop_assert_eq!(lanes.len(), prediction.lanes.len());
        for (lane, load) in lanes.into_iter().zip(&prediction.lanes) {
            prop_assert_eq!((lane[0].from, lane[0].to), (load.from, load.to));
            prop_assert_eq!(lane.iter().map(|burst| burst.bytes).sum::<u64>(), load.bytes);
            prop_assert_eq!(lane.iter().map(|burst| burst.busy_nanos).sum::<u64>(), load.busy_nanos);
            prop_assert!(lane.windows(2).all(|pair| pair[0].sent <= pair[1].start), "{lane:?}");
            for burst in lane {
                let contact = plan.at(&nodes[burst.from.index()], &nodes[burst.to.index()], burst.start);
                prop_assert!(contact.is_some_and(|contact| burst.arrival <= contact.end), "{burst:?}");
                prop_assert!(burst.busy_nanos <= burst.sent.0 - burst.start.0, "{burst:?}");
            }
        }
        prop_assert_eq!(bursts.iter().map(|burst| burst.arrival).max(), prediction.completes.ok());
    }
}

/// The time of a ring with bytes `s` of a segment and `f` of a frame: `2(n−1)·s/B + d/c` if lanes never wait, and
/// `2(n−1)·(d/c + f/B) + (s − f)/B` if each hop waits for the one before it; the greater of the two.
fn closed_form(count: u32, elements: usize, rate: f64, light_secs: f64) -> f64 {
    let cut = |elements: usize| (64 + Wire::Fp16.encoded_len(elements)) as f64 * 8.0 / rate;
    let segment = elements / count as usize;
    let full = Wire::Fp16.frame_elements();
    let whole = (segment / full) as f64 * cut(full) + cut(segment % full);
    let (hops, frame) = (f64::from(2 * (count - 1)), cut(full.min(segment)));
    (hops * whole + light_secs).max(hops * (light_secs + frame) + whole - frame)
}

#[test]
fn a_ring_takes_what_its_closed_form_says() {
    for (count, elements) in
        [(12, 5_000_000), (12, 50_000_000), (12, 1_000_000_000), (12, 4_200_000_000), (4, 30_000_000)]
    {
        let light_time = Duration::from_micros(11_960);
        let plan = circle(count, &lasting(100 * GBPS, light_time));
        let schedule = ring::schedule(&order(count), elements);
        let prediction = predict(&schedule, &nodes(count), &plan, MissionTime::ZERO, &CostModel::of(Wire::Fp16));
        let predicted = prediction.completes.expect("links that last").as_secs_f64();
        let expected = closed_form(count, elements, 100e9, light_time.as_secs_f64());
        assert!(
            (predicted / expected - 1.0).abs() < 0.02,
            "{count} ranks, {elements} elements: {predicted}, not {expected}"
        );
    }
}

#[test]
fn a_schedule_without_the_contacts_for_it_never_completes_and_says_where() {
    let ends = MissionTime(1_000_000);
    let plan = circle(3, &Contact { end: ends, ..lasting(GBPS, Duration::ZERO) });
    let predicted = |elements| {
        let schedule = ring::schedule(&order(3), elements);
        predict(&schedule, &nodes(3), &plan, MissionTime::ZERO, &CostModel::of(Wire::F32)).completes
    };
    assert!(predicted(300).is_ok_and(|at| at < ends));
    let never = predicted(300_000).expect_err("a megabyte does not pass in a millisecond");
    assert_eq!(never.to_string(), "sat-0 has too little contact to sat-1 for what the schedule sends");
}

#[test]
fn coding_takes_its_time() {
    let plan = circle(2, &lasting(1000 * GBPS, Duration::ZERO));
    let schedule = ring::schedule(&order(2), 50_000_000);
    let secs = |coding| {
        let model = CostModel { wire: Wire::Fp16, coding };
        predict(&schedule, &nodes(2), &plan, MissionTime::ZERO, &model)
            .completes
            .expect("links that last")
            .as_secs_f64()
    };
    // 200 MB of f32 at 1 GB/s: half of it is encoded, then reduced while it comes, and decoded while that goes on.
    assert!(secs(None) < 0.01 && (0.1..0.21).contains(&secs(Some(GBPS))), "{} {}", secs(None), secs(Some(GBPS)));
    assert!(schedule.program(Rank(0)).iter().any(|step| step.action == Action::Finalize));
}
