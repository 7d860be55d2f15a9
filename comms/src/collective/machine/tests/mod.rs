//! Machines among each other, against an exact sum.

mod refused_frames;

use std::sync::Arc;

use proptest::prelude::*;

use super::super::strategies::{chain, ring};
use super::super::test_network::{Contribution, Network, Outcome, TAG, exact_sum};
use super::super::{Header, Kind, ScheduleBuilder, Segment, rounding, verify};
use super::*;

fn order(ranks: usize) -> Vec<Rank> {
    (0..).map(Rank).take(ranks).collect()
}

fn vector(elements: usize, rank: usize) -> Vec<f32> {
    (0..elements).map(|element| ((element * 37 + rank * 101) % 97) as f32 - 48.0).collect()
}

fn contributions(ranks: usize, elements: usize) -> Vec<Contribution> {
    (0..ranks).map(|rank| Contribution { values: vector(elements, rank), samples: rank as u64 + 1 }).collect()
}

/// Runs a collective and checks the laws: the same bits everywhere, within the bound that [`Completed::mean`] states.
fn run(schedule: Schedule, wire: Wire, contributions: &[Contribution], seed: u64) -> Outcome {
    let ranks = schedule.ranks();
    let outcome = Network::new(schedule, wire, contributions, seed).run().expect("no frame is refused");
    let bits = |completed: &Completed| completed.mean.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    let first = &outcome.completed[0];
    for other in &outcome.completed {
        assert_eq!(bits(other), bits(first), "one rank's bits differ from another's");
        assert_eq!((other.digest, other.samples), (first.digest, first.samples));
    }
    let counted: Vec<_> = contributions
        .iter()
        .zip(&outcome.refusals)
        .map(|(Contribution { values, samples }, refusal)| match refusal {
            Some(_) => Contribution { values: vec![0.0; values.len()], samples: 0 },
            None => Contribution { values: values.clone(), samples: *samples },
        })
        .collect();
    let (sums, magnitudes, total) = exact_sum(&counted);
    assert!(first.mean.is_empty() || first.samples == total, "{} of {total} samples", first.samples);
    let largest = magnitudes.iter().copied().fold(0.0, f64::max);
    let total = total.max(1) as f64;
    for (element, mean) in first.mean.iter().enumerate() {
        let bound = rounding::bound(wire, ranks as u32, magnitudes[element] / total, largest / total);
        let (mean, exact) = (f64::from(*mean), sums[element] / total);
        assert!((mean - exact).abs() <= bound, "element {element}: {mean}, exactly {exact}, may be off by {bound:e}");
    }
    outcome
}

fn wire() -> impl Strategy<Value = Wire> {
    proptest::sample::select(Wire::ALL)
}

fn by_order() -> impl Strategy<Value = fn(&[Rank], usize) -> Schedule> {
    prop_oneof![Just(ring::schedule as fn(&[Rank], usize) -> Schedule), Just(chain::schedule as _)]
}

fn value() -> impl Strategy<Value = f32> {
    prop_oneof![
        4 => -1.0_f32..1.0,
        2 => (-40.0_f32..80.0, -1.0_f32..1.0).prop_map(|(order, value)| value * order.exp2()),
        1 => prop_oneof![Just(0.0_f32), Just(-0.0), Just(f32::MIN_POSITIVE), Just(f32::from_bits(1))],
    ]
}

fn inputs() -> impl Strategy<Value = (Vec<Rank>, Vec<Contribution>)> {
    let sizes = (1_usize..=8).prop_flat_map(|ranks| {
        let elements = prop_oneof![Just(0), Just(1), ranks - 1..=ranks + 1, 1_usize..100, 500_usize..1500];
        (Just(ranks), elements)
    });
    sizes.prop_flat_map(|(ranks, elements)| {
        let samples = prop_oneof![Just(0_u64), 1_u64..100, Just(1 << 20)];
        let contribution = (proptest::collection::vec(value(), elements), samples)
            .prop_map(|(values, samples)| Contribution { values, samples });
        (Just(order(ranks)).prop_shuffle(), proptest::collection::vec(contribution, ranks))
    })
}

impl std::fmt::Debug for Contribution {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} samples of {:?}", self.samples, self.values)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn all_ranks_hold_the_same_bits_near_the_exact_mean(
        (order, contributions) in inputs(),
        wire in wire(),
        by_order in by_order(),
        seed in any::<u64>(),
    ) {
        let schedule = by_order(&order, contributions[0].values.len());
        run(schedule, wire, &contributions, seed);
    }

    #[test]
    fn the_order_in_which_frames_arrive_changes_nothing(
        (order, contributions) in inputs(),
        wire in wire(),
        seeds in any::<(u64, u64)>(),
    ) {
        let schedule = chain::schedule(&order, contributions[0].values.len());
        let [first, second] = [seeds.0, seeds.1].map(|seed| run(schedule.clone(), wire, &contributions, seed));
        prop_assert_eq!(first.completed, second.completed);
    }

    #[test]
    fn a_bit_that_flips_on_the_way_is_noticed(
        ranks in 2_usize..6,
        wire in wire(),
        by_order in by_order(),
        frame in 0..FEWEST_FRAMES,
        bit in any::<usize>(),
        seed in any::<u64>(),
    ) {
        let mut network = Network::new(by_order(&order(ranks), 300), wire, &contributions(ranks, 300), seed);
        network.flip = Some((frame, bit));
        prop_assert!(network.run().is_err());
    }

    #[test]
    fn a_contribution_that_is_not_finite_is_left_out_and_the_round_goes_on(
        (order, mut contributions) in inputs(),
        wire in wire(),
        by_order in by_order(),
        bad in prop_oneof![Just(f32::NAN), Just(f32::INFINITY), Just(f32::NEG_INFINITY)],
        at in any::<(proptest::sample::Index, proptest::sample::Index)>(),
    ) {
        let elements = contributions[0].values.len();
        prop_assume!(elements > 0);
        let (rank, element) = (at.0.index(order.len()), at.1.index(elements));
        contributions[rank].values[element] = bad;
        contributions[rank].samples = 3;
        let outcome = run(by_order(&order, elements), wire, &contributions, 0);
        let refusal = outcome.refusals[rank].expect("it is refused");
        let named = matches!(refusal, Refusal::NonFinite { element: named, .. } if named == element);
        prop_assert!(named, "{refusal}");
        prop_assert!(outcome.refusals.iter().enumerate().all(|(other, refusal)| refusal.is_some() == (other == rank)));
    }
}

/// Frames of the smallest collective of two or more ranks.
const FEWEST_FRAMES: usize = 4;

fn machine_of(schedule: &Arc<Schedule>, rank: u32, wire: Wire) -> Machine {
    let input = vector(schedule.elements(), rank as usize);
    let contribution = crate::collective::Contribution::new(Arc::new(input), 1 + u64::from(rank));
    Machine::new(schedule.clone(), Rank(rank), TAG, wire, &contribution, None)
}

#[test]
fn sixty_four_ranks_agree() {
    for elements in [1, 63, 65, 1000] {
        run(ring::schedule(&order(64), elements), Wire::Fp16, &contributions(64, elements), 64);
        run(chain::schedule(&order(64), elements), Wire::Fp16, &contributions(64, elements), 64);
    }
}

#[test]
fn segments_of_many_frames_follow_each_other_and_cost_what_their_format_promises() {
    for (wire, percent) in [(Wire::F32, 101), (Wire::Fp16, 51), (Wire::Bf16, 51), (Wire::Int8, 26), (Wire::TopK, 5)] {
        let elements = 2 * wire.frame_elements() + 1000;
        for schedule in [ring::schedule(&order(3), 3 * elements), chain::schedule(&order(4), 2 * elements)] {
            let contributions = contributions(schedule.ranks(), schedule.elements());
            for completed in run(schedule, wire, &contributions, 5).completed {
                assert!(completed.wire_bytes * 100 <= completed.raw_bytes * percent, "{completed:?}");
            }
        }
    }
}

#[test]
fn without_samples_the_mean_is_zeros() {
    let nothing: Vec<_> = (0..3).map(|rank| Contribution { values: vector(10, rank), samples: 0 }).collect();
    let outcome = run(ring::schedule(&order(3), 10), Wire::Fp16, &nothing, 1);
    assert_eq!((outcome.completed[0].mean.as_slice(), outcome.completed[0].samples), (&[0.0; 10][..], 0));
}

#[test]
fn numbers_that_could_overflow_in_a_sum_are_left_out() {
    let mut contributions = contributions(4, 10);
    contributions[2] = Contribution { values: vec![1e36; 10], samples: 1000 };
    let outcome = run(ring::schedule(&order(4), 10), Wire::Fp16, &contributions, 1);
    assert!(matches!(outcome.refusals[2], Some(Refusal::TooLarge { samples: 1000, .. })), "{:?}", outcome.refusals);
    // The greatest that pass do not overflow.
    let greatest = f32::MAX / (16.0 * 4.0);
    contributions.fill_with(|| Contribution { values: vec![greatest; 10], samples: 1 });
    assert_eq!(run(ring::schedule(&order(4), 10), Wire::Fp16, &contributions, 1).refusals, [None; 4]);
}

#[test]
fn another_attempt_with_a_used_buffer_gives_the_same_result() {
    let schedule = Arc::new(ring::schedule(&order(1), 100));
    let input = Arc::new(vector(100, 0));
    let contribution = crate::collective::Contribution::new(input.clone(), 5);
    let attempt = |tag, spare| Machine::new(schedule.clone(), Rank(0), tag, Wire::Fp16, &contribution, spare).finish();
    let first = attempt(TAG, None);
    let tag = Tag { attempt: TAG.attempt.next(), ..TAG };
    let used = vec![f32::NAN; 1000];
    let buffer = used.as_ptr();
    let second = attempt(tag, Some(used));
    assert_eq!(second, first);
    assert_eq!(second.mean.as_ptr(), buffer);
    assert_eq!(*input, vector(100, 0));
}

/// Carries all frames that `from` has for `to`.
fn carry(machines: &mut [Machine], from: usize, to: usize) {
    while let Some(frame) = machines[from].poll_transmit(Rank(to as u32)) {
        machines[to].handle_frame(Rank(from as u32), frame).expect("the next frame");
    }
}

#[test]
fn final_frames_are_forwarded_as_they_came_and_hops_are_computed_where_they_came() {
    let schedule = Arc::new(ring::schedule(&order(3), 3000));
    let mut machines = [0, 1, 2].map(|rank| machine_of(&schedule, rank, Wire::Fp16));
    let own = machines[0].poll_transmit(Rank(1)).expect("its own");
    let buffer = own.payload().as_ptr();
    machines[1].poll_transmit(Rank(2)).expect("its own");
    machines[1].handle_frame(Rank(0), own).expect("the next frame");
    let hop = machines[1].poll_transmit(Rank(2)).expect("the hop");
    assert_eq!(hop.payload().as_ptr(), buffer, "nobody else held the buffer");

    // A chain's end hands in, its middle makes the mean, its other end and it get the same bytes.
    let schedule = Arc::new(chain::schedule(&order(5), 3000));
    let mut machines = [0, 1, 2, 3, 4].map(|rank| machine_of(&schedule, rank, Wire::Fp16));
    for (from, to) in [(0, 1), (1, 2), (4, 3), (3, 2)] {
        carry(&mut machines, from, to);
    }
    let made = machines[2].poll_transmit(Rank(1)).expect("the mean");
    machines[1].handle_frame(Rank(2), made.clone()).expect("the next frame");
    let forwarded = machines[1].poll_transmit(Rank(0)).expect("the mean");
    assert_eq!((forwarded.payload().as_ptr(), &forwarded), (made.payload().as_ptr(), &made));
}

#[test]
fn a_hub_adds_many_partial_sums_and_a_relay_passes_them_on_apart() {
    // Ranks 2 and 3 reach the hub 0 only through 1, which sends its own first and does not merge what it relays.
    let mut builder = ScheduleBuilder::new("hub", 4, 0, Segment::split(600, 1));
    let [hub, relay] = [Rank(0), Rank(1)];
    builder.send(relay, hub, 0, Kind::Partial);
    for leaf in [Rank(2), Rank(3)] {
        builder.send(leaf, relay, 0, Kind::Partial);
        builder.receive(relay, leaf, 0, Kind::Partial);
        builder.send(relay, hub, 0, Kind::Partial);
    }
    for _ in 0..3 {
        builder.receive(hub, relay, 0, Kind::Partial);
    }
    builder.finalize(hub, 0);
    builder.send(hub, relay, 0, Kind::Final);
    builder.receive(relay, hub, 0, Kind::Final);
    for leaf in [Rank(2), Rank(3)] {
        builder.send(relay, leaf, 0, Kind::Final);
        builder.receive(leaf, relay, 0, Kind::Final);
    }
    let schedule = builder.build();
    assert_eq!(verify(&schedule), Ok(()));
    for wire in Wire::ALL.iter().copied() {
        let first = run(schedule.clone(), wire, &contributions(4, 600), 1).completed;
        assert_eq!(run(schedule.clone(), wire, &contributions(4, 600), 2).completed, first, "{wire}");
    }
}
