//! Unsound schedules are found, whatever is wrong with them.

use proptest::prelude::*;

use super::super::strategies::{chain, ring};
use super::super::test_network::{Contribution, Network, exact_sum};
use super::*;
use crate::codec::Wire;
use crate::collective::{ScheduleBuilder, Segment};

fn order(ranks: u32) -> Vec<Rank> {
    (0..ranks).map(Rank).collect()
}

fn schedules() -> impl Strategy<Value = Schedule> {
    (2_u32..6, 1_usize..20, any::<bool>()).prop_map(|(ranks, elements, closed)| {
        let by_order = if closed { ring::schedule } else { chain::schedule };
        by_order(&order(ranks), elements)
    })
}

/// Where a step stands: rank and place in its program.
fn pick(schedule: &Schedule, at: proptest::sample::Index) -> (usize, usize) {
    let places: Vec<_> = schedule
        .programs
        .iter()
        .enumerate()
        .flat_map(|(rank, program)| (0..program.len()).map(move |place| (rank, place)))
        .collect();
    places[at.index(places.len())]
}

/// Waits as a builder would write them.
fn rewait(schedule: &mut Schedule) {
    for program in &mut schedule.programs {
        let mut received = vec![0; schedule.segments.len()];
        for step in program {
            step.after = received[step.segment as usize];
            let receives = matches!(step.action, Action::ReceiveReduce { .. });
            received[step.segment as usize] += u32::from(receives);
        }
    }
}

/// Whether machines that execute a schedule get the exact mean; small integers leave no room for rounding.
fn computes_the_mean(schedule: Schedule) -> bool {
    let elements = schedule.elements();
    let contributions: Vec<_> = (0_u8..)
        .take(schedule.ranks())
        .map(|rank| Contribution { values: vec![f32::from(rank) * 4.0; elements], samples: 2 })
        .collect();
    let (sums, _, total) = exact_sum(&contributions);
    let expected: Vec<f32> = sums.into_iter().map(|sum| (sum / total as f64) as f32).collect();
    let outcome = Network::new(schedule, Wire::F32, &contributions, 1).run();
    outcome.is_ok_and(|outcome| outcome.completed.iter().all(|completed| completed.mean == expected))
}

proptest! {
    #[test]
    fn a_dropped_step_is_found(mut schedule in schedules(), at in any::<proptest::sample::Index>()) {
        let (rank, place) = pick(&schedule, at);
        let step = schedule.programs[rank].remove(place);
        rewait(&mut schedule);
        prop_assert!(verify(&schedule).is_err(), "without {step:?} of rank {rank}");
    }

    #[test]
    fn a_doubled_step_is_found(mut schedule in schedules(), at in any::<proptest::sample::Index>()) {
        let (rank, place) = pick(&schedule, at);
        let step = schedule.programs[rank][place];
        schedule.programs[rank].insert(place, step);
        rewait(&mut schedule);
        prop_assert!(verify(&schedule).is_err(), "with {step:?} of rank {rank} twice");
    }

    #[test]
    fn a_message_that_both_ends_repeat_is_found(mut schedule in schedules(), at in any::<proptest::sample::Index>()) {
        let (rank, place) = pick(&schedule, at);
        let step = schedule.programs[rank][place];
        let Action::Send { to, kind } = step.action else { return Ok(()) };
        let from = Rank(u32::try_from(rank).expect("a rank"));
        let received = match kind {
            Kind::Partial => Action::ReceiveReduce { from },
            Kind::Final => Action::ReceiveStore { from },
        };
        schedule.programs[rank].insert(place, step);
        let receives = &mut schedule.programs[to.index()];
        let there = |other: &Step| other.segment == step.segment && other.action == received;
        let at = receives.iter().position(there).expect("it is received");
        receives.insert(at, receives[at]);
        rewait(&mut schedule);
        prop_assert!(verify(&schedule).is_err(), "with {step:?} of rank {rank} sent twice");
    }

    /// Many swaps are harmless. Where the verifier says so, the machines must agree.
    #[test]
    fn swapped_steps_are_found_or_do_not_matter(
        mut schedule in schedules(),
        at in any::<proptest::sample::Index>(),
        other in any::<proptest::sample::Index>(),
    ) {
        let (rank, place) = pick(&schedule, at);
        let other = other.index(schedule.programs[rank].len());
        schedule.programs[rank].swap(place, other);
        rewait(&mut schedule);
        if verify(&schedule).is_ok() {
            prop_assert!(computes_the_mean(schedule), "steps {place} and {other} of rank {rank}");
        }
    }

    #[test]
    fn a_wrong_wait_is_found(mut schedule in schedules(), at in any::<proptest::sample::Index>(), by in 1_u32..3) {
        let (rank, place) = pick(&schedule, at);
        schedule.programs[rank][place].after += by;
        let found = matches!(verify(&schedule), Err(VerifyError::After { .. }));
        prop_assert!(found);
    }
}

#[test]
fn machines_agree_with_the_verifier_on_sound_schedules() {
    for ranks in 1..6 {
        assert!(computes_the_mean(ring::schedule(&order(ranks), 9)), "a ring of {ranks}");
        assert!(computes_the_mean(chain::schedule(&order(ranks), 9)), "a chain of {ranks}");
    }
}

#[test]
fn ranks_that_wait_for_each_other_are_a_deadlock() {
    let mut builder = ScheduleBuilder::new("embrace", 2, 0, Segment::split(4, 2));
    for (rank, other) in [(Rank(0), Rank(1)), (Rank(1), Rank(0))] {
        builder.receive(rank, other, rank.0, Kind::Final);
        builder.send(rank, other, other.0, Kind::Final);
    }
    assert!(matches!(verify(&builder.build()), Err(VerifyError::Deadlock { rank: Rank(0), .. })));
}

#[test]
fn a_contribution_that_stays_behind_is_named() {
    let mut builder = ScheduleBuilder::new("deaf", 2, 0, Segment::split(4, 1));
    builder.finalize(Rank(0), 0);
    builder.send(Rank(0), Rank(1), 0, Kind::Final);
    builder.receive(Rank(1), Rank(0), 0, Kind::Final);
    let missing = VerifyError::Missing { rank: Rank(0), segment: 0, contribution: Rank(1) };
    assert_eq!(verify(&builder.build()), Err(missing));
}

#[test]
fn steps_that_name_nobody_are_found() {
    for (to, segment) in [(Rank(2), 0), (Rank(0), 0)] {
        let mut builder = ScheduleBuilder::new("lost", 2, 0, Segment::split(4, 1));
        builder.send(Rank(0), to, segment, Kind::Partial);
        assert!(matches!(verify(&builder.build()), Err(VerifyError::Reference { rank: Rank(0), index: 0, .. })));
    }
    let gap = vec![Segment { start: 0, elements: 2 }, Segment { start: 3, elements: 2 }];
    let found = VerifyError::Segments { segment: 1, start: 3, expected: 2 };
    assert_eq!(verify(&ScheduleBuilder::new("gap", 1, 0, gap).build()), Err(found));
}

#[test]
fn survivors_go_on_from_what_they_hold() {
    // Rank 1 of three is lost after it sent its part to rank 2, which is rank 1 of the two that are left.
    let held = |rank: Rank, _| if rank == Rank(0) { vec![Rank(0)] } else { vec![Rank(1), Rank(2)] };
    assert_eq!(verify_from(&chain::schedule(&order(2), 10), held), Ok(()));
    let overlapping = |rank: Rank, _| if rank == Rank(0) { vec![Rank(0)] } else { vec![Rank(0), Rank(2)] };
    let twice = VerifyError::Twice { rank: Rank(1), segment: 0, contribution: Rank(0) };
    assert_eq!(verify_from(&chain::schedule(&order(2), 10), overlapping), Err(twice));
}
