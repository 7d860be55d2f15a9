//! What holds for the bound on random plans.

use proptest::prelude::*;

use super::plans::{Case, always, bytes_per_nano, cases, names, ring};
use super::schedules::{flooded, over_trees};
use super::twin;
use crate::collective::bound::{Bounds, Limit, evenly, lower_bound};
use crate::units::{MissionTime, nanos};

fn bound(case: &Case) -> Option<u64> {
    lower_bound(&case.plan, &case.members, case.bytes, MissionTime(case.start)).map(|bound| nanos(bound.time))
}

/// No bound is as late as none.
fn or_never(bound: Option<u64>) -> u64 {
    bound.unwrap_or(u64::MAX)
}

proptest! {
    #[test]
    fn it_agrees_with_the_twin_that_looks_at_every_nanosecond_pair_cut_and_group(case in cases(1..40, 0.7)) {
        prop_assert_eq!(bound(&case), twin::lower_bound(&case));
    }

    #[test]
    fn no_flood_is_faster(case in cases(1..90, 0.8)) {
        if let Some(end) = flooded(&case) {
            prop_assert!(bound(&case).is_some_and(|bound| case.start + bound <= end));
        }
    }

    #[test]
    fn no_trees_are_faster_however_they_are_chosen(
        case in cases(60..400, 0.9),
        choices in prop::collection::vec(0u32..1_000, 1..6),
    ) {
        if case.bytes > 0 && let Some(end) = over_trees(&case, &choices) {
            prop_assert!(bound(&case).is_some_and(|bound| case.start + bound <= end));
        }
    }

    #[test]
    fn more_bytes_never_take_less_time(case in cases(1..90, 0.8), more in 1u64..60) {
        let bounds = Bounds::new(&case.plan, &case.members);
        let at = |bytes| or_never(bounds.at(bytes, MissionTime(case.start)).map(|bound| nanos(bound.time)));
        prop_assert!(at(case.bytes) <= at(case.bytes + more));
    }

    #[test]
    fn a_later_start_never_ends_earlier(case in cases(1..90, 0.8), later in 1u64..60) {
        let bounds = Bounds::new(&case.plan, &case.members);
        let end = |start| or_never(bounds.at(case.bytes, MissionTime(start)).map(|bound| start + nanos(bound.time)));
        prop_assert!(end(case.start) <= end(case.start + later));
    }

    #[test]
    fn fewer_relays_never_help(case in cases(1..90, 0.8), relays in 0u32..32) {
        let all = or_never(bound(&case));
        let relays: Vec<_> =
            names(5).into_iter().enumerate().filter(|(node, _)| relays >> node & 1 == 1).map(|(_, name)| name).collect();
        let fewer = Bounds::with_relays(&case.plan, &case.members, &relays).at(case.bytes, MissionTime(case.start));
        prop_assert!(all <= or_never(fewer.map(|bound| nanos(bound.time))));
    }
}

#[test]
fn the_longest_vector_there_is_has_a_bound_on_lanes_that_last() {
    let plan = ring(4, &always(bytes_per_nano(1), 10));
    let bound = lower_bound(&plan, &names(4), u64::MAX, MissionTime::ZERO).expect("the lanes last");
    assert_eq!(bound.limit, Limit::Capacity { members: 4 });
}

#[test]
fn those_that_are_looked_at_are_spread_evenly_and_begin_with_the_first() {
    assert_eq!(evenly(&[5, 6, 7], 4).collect::<Vec<_>>(), [5, 6, 7]);
    assert_eq!(evenly(&[5, 6, 7, 8, 9], 2).collect::<Vec<_>>(), [5, 7]);
    assert_eq!(evenly(&[], 2).count(), 0);
}
