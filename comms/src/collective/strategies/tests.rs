//! What holds for every strategy, and what each promises on its own.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{STRATEGIES, chain, halving_doubling, hierarchical, ring};
use crate::collective::frame::Kind;
use crate::collective::schedule::{Action, Schedule, Segment};
use crate::collective::verify::verify;
use crate::id::Rank;
use crate::scenario::StrategyChoice;

type Order = fn(&[Rank], usize) -> Schedule;
const BY_ORDER: [Order; 5] = [
    ring::schedule,
    chain::schedule,
    |order, elements| halving_doubling::schedule(order.len(), elements),
    |order, elements| hierarchical::schedule(&uneven(order), hierarchical::Across::Ring, elements),
    |order, elements| hierarchical::schedule(&uneven(order), hierarchical::Across::Chain, elements),
];

/// Groups of one, two, three and so on.
fn uneven(order: &[Rank]) -> Vec<Vec<Rank>> {
    let mut rest = order;
    let mut groups = Vec::new();
    for size in 1.. {
        let (group, after) = rest.split_at(size.min(rest.len()));
        groups.push(group.to_vec());
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    groups
}

/// A number of ranks, their order, and a number of elements around it or far above it.
fn orders() -> impl Strategy<Value = (Vec<Rank>, usize)> {
    (1_u32..=64).prop_flat_map(|ranks| {
        let order: Vec<_> = (0..ranks).map(Rank).collect();
        let count = ranks as usize;
        let elements = prop_oneof![Just(0), Just(1), count.saturating_sub(1)..=count + 1, 0_usize..1 << 32];
        (Just(order).prop_shuffle(), elements)
    })
}

/// A walk that visits each of some contributors, comes by again here and there, and leads over some relays; whether it
/// is closed is up to who takes it.
fn walks() -> impl Strategy<Value = (Vec<Rank>, usize, usize, usize)> {
    let parts = (1_u32..12, 0_u32..4, 0_usize..40);
    let parts = parts.prop_flat_map(|(contributors, relays, elements)| {
        let order: Vec<u32> = (0..contributors).collect();
        let detours = proptest::collection::vec((0..24_usize, 0..contributors + relays), 0..8);
        (Just(order).prop_shuffle(), detours, Just((contributors as usize, relays as usize, elements)))
    });
    parts.prop_map(|(mut walk, detours, (contributors, relays, elements))| {
        for (place, rank) in detours {
            // Neither next to itself nor at an end, which would be a detour to nowhere.
            let place = place % walk.len();
            if place > 0 && walk[place - 1] != rank && walk[place] != rank {
                walk.insert(place, rank);
            }
        }
        (walk.into_iter().map(Rank).collect(), contributors, relays, elements)
    })
}

/// Elements over each lane, and messages of each kind.
fn loads(schedule: &Schedule) -> (BTreeMap<(Rank, Rank), usize>, BTreeMap<Kind, usize>) {
    let (mut elements, mut messages) = (BTreeMap::new(), BTreeMap::new());
    for rank in (0..).map(Rank).take(schedule.ranks()) {
        for step in schedule.program(rank) {
            if let Action::Send { to, kind } = step.action {
                *elements.entry((rank, to)).or_default() += schedule.segments()[step.segment as usize].elements;
                *messages.entry(kind).or_default() += 1;
            }
        }
    }
    (elements, messages)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_schedule_is_sound((order, elements) in orders()) {
        for schedule in BY_ORDER.map(|by_order| by_order(&order, elements)) {
            prop_assert_eq!(verify(&schedule), Ok(()), "{}", schedule.strategy());
            prop_assert_eq!((schedule.ranks(), schedule.elements()), (order.len(), elements));
        }
    }

    #[test]
    fn every_walk_makes_a_sound_schedule((walk, contributors, relays, elements) in walks()) {
        let chain = chain::along(&walk, contributors, relays, elements);
        prop_assert_eq!(verify(&chain), Ok(()), "chain");
        if walk.first() != walk.last() || walk.len() == 1 {
            prop_assert_eq!(verify(&ring::along(&walk, contributors, relays, elements)), Ok(()), "ring");
        }
    }

    #[test]
    fn a_ring_of_n_sends_n_minus_1_times_the_vector_in_each_half((order, elements) in orders()) {
        let schedule = ring::schedule(&order, elements);
        let (lanes, messages) = loads(&schedule);
        let n = order.len();
        for rank in (0..).map(Rank).take(n) {
            prop_assert_eq!(schedule.program(rank).len(), 4 * (n - 1) + 1);
        }
        let expected = if n == 1 { BTreeMap::new() } else {
            BTreeMap::from([(Kind::Partial, n * (n - 1)), (Kind::Final, n * (n - 1))])
        };
        prop_assert_eq!(messages, expected);
        prop_assert_eq!(lanes.values().sum::<usize>(), 2 * (n - 1) * elements);
        // Each lane carries all segments but one in each half.
        let share = elements / n;
        prop_assert!(lanes.values().all(|load| (2 * elements).abs_diff(load + 2 * share) <= 2));
    }

    #[test]
    fn a_chain_carries_the_vector_once_over_each_lane_between_neighbours((order, elements) in orders()) {
        let (lanes, _) = loads(&chain::schedule(&order, elements));
        let neighbours = order.windows(2).flat_map(|pair| [(pair[0], pair[1]), (pair[1], pair[0])]);
        prop_assert_eq!(lanes, neighbours.map(|lane| (lane, elements)).collect());
    }
}

#[test]
fn every_strategy_is_registered_once_under_its_own_name() {
    let mut names: Vec<_> = STRATEGIES.iter().map(|strategy| strategy.choice.as_str()).collect();
    let mut expected: Vec<_> = StrategyChoice::WORDS.iter().copied().filter(|word| *word != "auto").collect();
    names.sort_unstable();
    expected.sort_unstable();
    assert_eq!(names, expected);
}

#[test]
fn the_owners_of_a_chain_are_its_middles() {
    for (ranks, owners) in [(1, vec![0]), (2, vec![0, 1]), (5, vec![2]), (6, vec![2, 3])] {
        let order: Vec<_> = (0..ranks).map(Rank).collect();
        let schedule = chain::schedule(&order, 10);
        let finalizes = |rank: &u32| schedule.program(Rank(*rank)).iter().any(|step| step.action == Action::Finalize);
        assert_eq!((0..ranks).filter(finalizes).collect::<Vec<_>>(), owners, "{ranks} ranks");
        assert_eq!(schedule.segments(), Segment::split(10, owners.len()), "{ranks} ranks");
    }
}
