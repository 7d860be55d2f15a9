//! Plans whose bound can be said by hand.

use std::time::Duration;

use super::plans::{always, both_ways, bytes_per_nano, contact, names, one_way, ring};
use crate::collective::bound::{Bounds, Limit, LowerBound, lower_bound};
use crate::contacts::ContactPlan;
use crate::id::NodeId;
use crate::units::MissionTime;

/// The nanoseconds of the bound and its limit, for the first `members` nodes from mission start on.
fn bound(plan: &ContactPlan, members: u32, bytes: u64) -> Option<(u64, Limit)> {
    named(lower_bound(plan, &names(members), bytes, MissionTime::ZERO))
}

fn named(bound: Option<LowerBound>) -> Option<(u64, Limit)> {
    bound.map(|bound| (u64::try_from(bound.time.as_nanos()).expect("a short time"), bound.limit))
}

fn nanos(bound: Option<(u64, Limit)>) -> Option<u64> {
    bound.map(|(nanos, _)| nanos)
}

fn sat(index: u32) -> NodeId {
    NodeId::satellite(index)
}

#[test]
fn nobody_and_a_member_alone_have_the_mean_at_once() {
    let plan = ring(3, &always(1, 1));
    for members in [0, 1] {
        assert_eq!(bound(&plan, members, 1_000), Some((0, Limit::Nothing)));
    }
    let stranger = [NodeId::satellite(7)];
    let found = lower_bound(&plan, &stranger, 1_000, MissionTime(5));
    assert_eq!(found, Some(LowerBound { time: Duration::ZERO, limit: Limit::Nothing }));
}

#[test]
fn a_member_that_is_named_twice_is_one_member() {
    let plan = ring(3, &always(bytes_per_nano(1), 10));
    let twice = [sat(0), sat(1), sat(0), sat(1)];
    assert_eq!(named(lower_bound(&plan, &twice, 50, MissionTime::ZERO)), bound(&plan, 2, 50));
}

#[test]
fn two_members_wait_for_their_window_and_exchange_a_vector() {
    let plan = both_ways([(0, 1, contact(100..200, bytes_per_nano(1), 10))]);
    assert_eq!(bound(&plan, 2, 0), Some((110, Limit::Reach { from: sat(0), to: sat(1) })));
    assert_eq!(bound(&plan, 2, 90).map(|(nanos, _)| nanos), Some(200));
    assert_eq!(bound(&plan, 2, 91), None);
    let late = named(lower_bound(&plan, &names(2), 30, MissionTime(150)));
    assert_eq!(late, Some((40, Limit::Into { from: sat(1), to: sat(0) })));
    assert_eq!(lower_bound(&plan, &names(2), 0, MissionTime(200)), None);
}

#[test]
fn what_does_not_fit_a_window_goes_on_in_the_next_and_at_its_rate() {
    let slow = contact(0..100, bytes_per_nano(1), 10);
    let fast = contact(300..400, bytes_per_nano(2), 20);
    let plan = both_ways([(0, 1, slow), (0, 1, fast)]);
    assert_eq!(nanos(bound(&plan, 2, 90)), Some(100));
    assert_eq!(nanos(bound(&plan, 2, 91)), Some(321));
    assert_eq!(nanos(bound(&plan, 2, 90 + 160)), Some(400));
    assert_eq!(bound(&plan, 2, 90 + 161), None);
}

#[test]
fn whoever_cannot_be_heard_or_reached_makes_it_impossible() {
    let contact = always(bytes_per_nano(1), 10);
    let line = [(0, 1, contact.clone()), (1, 2, contact.clone())];
    assert_eq!(bound(&one_way(line.clone()), 3, 0), None);
    assert_eq!(
        bound(&one_way(line.clone().into_iter().chain([(2, 0, contact)])), 3, 0).map(|(nanos, _)| nanos),
        Some(20)
    );
    assert_eq!(bound(&both_ways(line), 4, 0), None);
}

#[test]
fn a_ring_with_hardly_anything_to_say_takes_the_light_time_of_half_of_it() {
    for members in 3..9_u32 {
        let plan = ring(members, &always(bytes_per_nano(100), 1_000));
        let half = u64::from(members / 2) * 1_000;
        assert_eq!(nanos(bound(&plan, members, 0)), Some(half));
        assert_eq!(nanos(bound(&plan, members, 1)), Some(half + 1));
    }
}

#[test]
fn a_ring_with_very_much_to_say_is_bounded_by_what_all_its_lanes_carry() {
    for members in 3..9_u32 {
        let plan = ring(members, &always(bytes_per_nano(1), 10));
        let bytes = 1_000_000 * u64::from(members);
        // Over 2 N lanes at one byte a nanosecond go 2 (N - 1) vectors, and the last bit travels for 10 ns.
        let all = u64::from(members - 1) * 1_000_000 + 10;
        let limit = Limit::Capacity { members: members as usize };
        assert_eq!(bound(&plan, members, bytes), Some((all, limit)));
    }
}

#[test]
fn members_around_a_relay_are_bounded_by_their_own_lane_and_the_way_over_it() {
    let hub = 4;
    let plan = both_ways((0..hub).map(|member| (hub, member, always(bytes_per_nano(1), 10))));
    let found = bound(&plan, hub, 1_000);
    assert_eq!(found, Some((1_020, Limit::Into { from: sat(1), to: sat(0) })));
    let only = |relays: &[NodeId]| named(Bounds::with_relays(&plan, &names(hub), relays).at(1_000, MissionTime::ZERO));
    assert_eq!(only(&[sat(hub)]), found);
    assert_eq!(only(&[sat(0), sat(9)]), None);
}

#[test]
fn a_member_that_sends_slowly_is_bounded_by_its_lanes_and_the_way_from_their_ends() {
    let (slow, fast) = (always(bytes_per_nano(1), 10), always(bytes_per_nano(100), 10));
    let line = [(1, 0, fast.clone()), (1, 2, fast.clone()), (2, 1, fast.clone()), (2, 3, fast.clone()), (3, 2, fast)];
    let plan = one_way(line.into_iter().chain([(0, 1, slow)]));
    assert_eq!(bound(&plan, 4, 1_000), Some((1_030, Limit::OutOf { from: sat(0), to: sat(3) })));
}

#[test]
fn two_groups_are_bounded_by_what_joins_them() {
    let (inside, between) = (always(bytes_per_nano(100), 5), always(bytes_per_nano(1), 10));
    let pairs = [(0, 1), (1, 2), (0, 2), (3, 4), (4, 5), (3, 5)];
    let links = pairs.map(|(a, b)| (a, b, inside.clone()));
    let plan = both_ways(links.into_iter().chain([(2, 3, between)]));
    let (nanos, limit) = bound(&plan, 6, 1_000).expect("they reach each other");
    // The way of the first member to the bridge, a vector over it, and light.
    assert_eq!(nanos, 5 + 1_000 + 10);
    assert_eq!(limit, Limit::Cut { from: sat(0), to: sat(3), lanes: vec![(sat(2), sat(3))] });
}

#[test]
fn a_group_that_is_poorer_than_all_together_counts_by_itself() {
    // A slow ring of eight, one of which has a link to a rich group of three.
    let (slow, fast) = (always(bytes_per_nano(1), 10), always(bytes_per_nano(1_000), 10));
    let poor = (0..8).map(|node| (node, (node + 1) % 8, slow.clone()));
    let rich = [(8, 9), (9, 10), (8, 10)].map(|(a, b)| (a, b, fast.clone()));
    let joint = (0, 8, always(bytes_per_nano(2), 10));
    let plan = both_ways(poor.chain(rich).chain([joint]));
    // Without that one the others of the ring have its sixteen lanes, at one byte a nanosecond, for fourteen vectors.
    assert_eq!(bound(&plan, 11, 20_000), Some((17_510, Limit::Capacity { members: 7 })));
}
