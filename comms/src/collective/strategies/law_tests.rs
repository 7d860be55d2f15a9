//! The law of all strategies, on lasting contacts and on those that come and go: whatever is planned is sound, does what it is
//! predicted to do, and leaves the same bits near the exact mean everywhere.

use proptest::prelude::*;

use super::STRATEGIES;
use crate::codec::Wire;
use crate::collective::bound::Bounds;
use crate::collective::cost::CostModel;
use crate::collective::planner::guard::GUARD;
use crate::collective::planner::{PlanError, Planned, Task, plan};
use crate::collective::test_network::{Contribution, Network, exact_sum};
use crate::collective::test_plans::{lasting, passing};
use crate::collective::verify::verify;
use crate::contacts::ContactPlan;
use crate::id::NodeId;
use crate::scenario::StrategyChoice;
use crate::units::MissionTime;

const NEEDY: [StrategyChoice; 2] = [StrategyChoice::Hierarchical, StrategyChoice::HalvingDoubling];

fn nodes(first: u32, count: u32) -> Vec<NodeId> {
    (first..first + count).map(NodeId::satellite).collect()
}

fn planned(
    choice: StrategyChoice,
    (members, relays): (u32, u32),
    elements: usize,
    contacts: &ContactPlan,
) -> Result<Planned, PlanError> {
    let (members, relays) = (nodes(0, members), nodes(members, relays));
    let (model, at) = (CostModel::of(Wire::Fp16), MissionTime(1_000_000_000));
    // Any of them may be chosen to serve, or none.
    let server = members.iter().chain(&relays).nth(elements % (members.len() + relays.len() + 1));
    plan(
        choice,
        &Task {
            members: &members,
            relays: &relays,
            server,
            gossip_rounds: 8,
            elements,
            model,
            plan: contacts,
            at,
            guard: GUARD,
        },
    )
}

/// Runs a schedule on numbers, in an order of frames that follows from a seed.
fn check_numbers(planned: &Planned, seed: u64) {
    let (ranks, elements) = (planned.schedule.contributors(), planned.schedule.elements());
    let value = |rank: usize, element: usize| ((element * 37 + rank * 101) % 97) as f32 - 48.0;
    let contribution = |rank: usize| Contribution {
        values: (0..elements).map(|element| value(rank, element)).collect(),
        samples: rank as u64 + 1,
    };
    let contributions: Vec<_> = (0..ranks).map(contribution).collect();
    let outcome =
        Network::new(planned.schedule.clone(), Wire::Fp16, &contributions, seed).run().expect("no frame is refused");
    let (sums, magnitudes, total) = exact_sum(&contributions);
    let first = &outcome.completed[0];
    for completed in &outcome.completed {
        assert_eq!(
            completed,
            &super::super::Completed {
                raw_bytes: completed.raw_bytes,
                wire_bytes: completed.wire_bytes,
                ..first.clone()
            }
        );
        for (element, mean) in completed.mean.iter().enumerate() {
            let bound = 1.01 * ranks as f64 * (magnitudes[element] * 2_f64.powi(-11) + 1e-6) / total as f64;
            let error = (f64::from(*mean) - sums[element] / total as f64).abs();
            assert!(error <= bound, "{}: off by {error} at {element}", planned.schedule.strategy());
        }
    }
    // Relays' bytes are in the prediction too.
    let sent: u64 = outcome.completed.iter().map(|completed| completed.wire_bytes).sum();
    let of_members = planned.prediction.lanes.iter().filter(|lane| lane.from.index() < ranks);
    assert_eq!(sent, of_members.map(|lane| lane.bytes).sum::<u64>(), "{}", planned.schedule.strategy());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_planned_on_passing_contacts_is_sound_and_right(
        (members, relays, contacts) in (1_u32..8, 0_u32..3)
            .prop_flat_map(|(members, relays)| (Just(members), Just(relays), passing(members + relays))),
        elements in prop_oneof![Just(0_usize), Just(1), 1_usize..9, 5_000_usize..30_000],
        seed in any::<u64>(),
    ) {
        let bounds = (nodes(0, members), nodes(members, relays));
        let bound = Bounds::with_relays(&contacts, &bounds.0, &bounds.1);
        let bound = bound.at(Wire::Fp16.encoded_len(elements) as u64, MissionTime(1_000_000_000));
        let mut best: Option<MissionTime> = None;
        for strategy in STRATEGIES.iter().filter(|strategy| strategy.choice.is_exact()) {
            let Ok(planned) = planned(strategy.choice, (members, relays), elements, &contacts) else { continue };
            prop_assert_eq!(verify(&planned.schedule), Ok(()), "{}", strategy.choice);
            check_numbers(&planned, seed);
            let took = planned.completes.since(MissionTime(1_000_000_000));
            let is_bound = bound.as_ref().is_some_and(|bound| bound.time <= took);
            prop_assert!(is_bound, "{} takes {took:?}, and the bound is {bound:?}", strategy.choice);
            best = best.into_iter().chain([planned.completes]).min();
        }
        let auto = planned(StrategyChoice::Auto, (members, relays), elements, &contacts);
        prop_assert_eq!(auto.ok().map(|planned| planned.completes), best);
    }
}

#[test]
fn every_strategy_is_sound_for_1_to_64_ranks() {
    for ranks in 1..=64_u32 {
        // Everybody sees everybody up to eight, a ring with chords beyond.
        let reach = if ranks <= 8 { ranks } else { 3 };
        let links = (0..ranks).flat_map(|node| (1..reach).map(move |step| (node, (node + step) % ranks)));
        let contacts = lasting(links.filter(|(a, b)| a != b));
        let n = ranks as usize;
        let elements = [0, 1, n - 1, n, n + 1, 10_000_000][n % 6];
        for strategy in STRATEGIES.iter().filter(|strategy| strategy.choice.is_exact()) {
            match planned(strategy.choice, (ranks, 0), elements, &contacts) {
                Ok(planned) => assert_eq!(verify(&planned.schedule), Ok(()), "{} for {ranks}", strategy.choice),
                // These need contacts that few constellations have.
                Err(PlanError::NoContact { .. }) if NEEDY.contains(&strategy.choice) && ranks > 8 => {}
                Err(error) => panic!("{} for {ranks} ranks and {elements} elements: {error}", strategy.choice),
            }
        }
    }
}
