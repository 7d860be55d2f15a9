use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::id::NodeId;
use crate::units::{BitsPerSecond, MissionTime};

#[test]
fn a_frame_fits_if_it_arrives_at_the_very_end_of_the_window_and_not_a_nanosecond_later() {
    let plan = plan_of(&[contact(100, 200, 8_000_000_000, 10)]);
    let sent_at = |ready| transit(&plan, ready, 40).map(|transit| transit.arrival.0);
    assert_eq!(sent_at(150), Some(200));
    assert_eq!(sent_at(151), None);
    assert_eq!(transit(&plan, 0, 90).map(|transit| (transit.start.0, transit.sent.0)), Some((100, 190)));
    assert_eq!(transit(&plan, 0, 91), None);
}

#[test]
fn an_instant_at_the_end_of_a_contact_has_none() {
    let plan = plan_of(&[contact(100, 200, 1, 0), contact(200, 300, 2, 0), contact(400, 500, 3, 0)]);
    let rate_at = |at| plan.at(&from(), &to(), MissionTime(at)).map(|contact| contact.rate.at(MissionTime(at)).0);
    assert_eq!(rate_at(99), None);
    assert_eq!(rate_at(100), Some(1));
    assert_eq!(rate_at(200), Some(2));
    assert_eq!(rate_at(300), None);
    assert_eq!(plan.next(&from(), &to(), MissionTime(300)).map(|contact| contact.start.0), Some(400));
    assert_eq!(plan.next(&from(), &to(), MissionTime(500)), None);
}

#[test]
fn a_frame_that_would_take_longer_than_any_mission_never_arrives() {
    let lasting = contact(0, u64::MAX, 1, 0);
    let plan = plan_of(&[lasting]);
    assert_eq!(transit(&plan, 0, u64::MAX), None);
    assert_eq!(transit(&plan, u64::MAX - 2, 1), None);
    assert_eq!(transit(&plan, u64::MAX, 0), None);
    assert_eq!(transit(&plan, 7, 0).map(|transit| transit.arrival.0), Some(7));
}

#[test]
fn a_lost_node_has_no_contact_in_either_direction() {
    let (a, b, c) = (NodeId::satellite(0), NodeId::satellite(1), NodeId::satellite(2));
    let always = contact(0, u64::MAX, 1, 0);
    let lanes = [(&a, &b), (&b, &a), (&b, &c), (&c, &b), (&c, &a)];
    let plan = ContactPlan::new(lanes.map(|(from, to)| (from.clone(), to.clone(), always.clone()))).expect("a plan");
    assert_eq!(plan.neighbours(&b, MissionTime::ZERO).collect::<Vec<_>>(), [&a, &c]);
    let rest = plan.without(&b);
    assert_eq!(rest.lanes().map(|(from, to, _)| (from, to)).collect::<Vec<_>>(), [(&c, &a)]);
    assert_eq!(rest.neighbours(&a, MissionTime::ZERO).count(), 0);
}

#[test]
fn a_rate_and_a_light_time_that_cannot_be_are_refused() {
    let (one, two) = (MissionTime(1), MissionTime(2));
    assert_eq!(Rate::steps(&[]), Err(InvalidRate::Empty));
    let (slow, none) = (BitsPerSecond(1), BitsPerSecond(0));
    assert_eq!(Rate::steps(&[(one, slow), (two, none)]), Err(InvalidRate::Zero { from: two }));
    assert_eq!(Rate::steps(&[(two, slow), (two, slow)]), Err(InvalidRate::Order { from: two, next: two }));
    let light = Duration::from_nanos;
    assert_eq!(LightTime::knots(&[]), Err(InvalidLightTime::Empty));
    assert!(matches!(LightTime::knots(&[(two, light(1)), (one, light(1))]), Err(InvalidLightTime::Order { .. })));
    let falling = LightTime::knots(&[(one, light(5)), (two, light(3))]).unwrap_err();
    assert!(falling.to_string().contains("later light would overtake earlier light"), "{falling}");
}

#[test]
fn contacts_that_cannot_be_are_refused() {
    let refused =
        |contacts: &[Contact]| ContactPlan::new(contacts.iter().map(|c| (from(), to(), c.clone()))).unwrap_err();
    assert!(matches!(refused(&[contact(5, 5, 1, 0)]), InvalidContact::Empty { .. }));
    assert!(matches!(refused(&[contact(0, 5, 0, 0)]), InvalidContact::NoRate { .. }));
    assert!(matches!(refused(&[contact(4, 9, 1, 0), contact(0, 5, 1, 0)]), InvalidContact::Overlap { .. }));
    let looped = ContactPlan::new([(from(), from(), contact(0, 5, 1, 0))]).unwrap_err();
    assert_eq!(looped.to_string(), "a contact from sat-0 to itself: a contact joins two peers");
}

proptest! {
    #[test]
    fn transit_agrees_with_sending_nanosecond_by_nanosecond(
        contacts in random_contacts(),
        ready in 0u64..140,
        bytes in 0u64..40,
    ) {
        let plan = plan_of(&contacts);
        prop_assert_eq!(transit(&plan, ready, bytes), naive_transit(&contacts, ready, bytes));
    }

    #[test]
    fn a_window_carries_its_capacity_and_not_a_byte_more(contacts in random_contacts()) {
        for contact in contacts {
            let capacity = contact.capacity();
            prop_assert!(capacity == 0 || contact.transit(contact.start, capacity).is_some());
            prop_assert_eq!(contact.transit(contact.start, capacity + 1), None);
        }
    }

    #[test]
    fn light_that_leaves_later_does_not_arrive_earlier(knots in prop::collection::vec((1u64..20, 0u64..40), 1..6)) {
        let light = bends(5, &knots);
        let arrivals: Vec<_> = (0..140).map(|at| MissionTime(at) + light.at(MissionTime(at))).collect();
        prop_assert!(arrivals.is_sorted(), "{arrivals:?}");
    }

    #[test]
    fn light_times_agree_with_looking_at_every_knot(
        steps in prop_oneof![
            prop::collection::vec((1u64..40, 0u64..40), 2..9),
            (2usize..9, 1u64..20).prop_flat_map(|(knots, step)| prop::collection::vec((Just(step), 0u64..40), knots)),
        ],
        at in 0u64..400,
    ) {
        let light = bends(5, &steps);
        let knots: Vec<_> = light.knots_between(MissionTime::ZERO, MissionTime::NEVER).collect();
        let before = knots.iter().rfind(|(knot, _)| knot.0 <= at).expect("one at zero");
        let next = knots.iter().find(|(knot, _)| knot.0 > at).expect("one at the end of time");
        let [from, to] = [before, next].map(|(_, time)| i128::try_from(time.as_nanos()).expect("small"));
        let [since, span] = [at - before.0.0, next.0.0 - before.0.0].map(i128::from);
        let expected = from + ((to - from) * since).div_euclid(span);
        prop_assert_eq!(i128::try_from(light.at(MissionTime(at)).as_nanos()), Ok(expected));
    }

    #[test]
    fn what_describes_a_part_of_a_contact_is_the_same_there(
        contacts in random_contacts(),
        from in 0u64..30,
        length in 1u64..30,
    ) {
        let (start, end) = (MissionTime(from), MissionTime(from + length));
        for Contact { rate, light_time, .. } in contacts {
            let steps = Rate::steps(&rate.steps_between(start, end).collect::<Vec<_>>()).expect("steps in order");
            let knots = light_time.knots_between(start, end).collect::<Vec<_>>();
            let knots_at: Vec<_> = knots.iter().map(|(at, _)| *at).collect();
            for at in (start.0..end.0).map(MissionTime) {
                prop_assert_eq!(steps.at(at), rate.at(at));
            }
            for at in knots_at {
                let again = LightTime::knots(&knots).expect("knots in order");
                prop_assert_eq!(again.at(at), light_time.at(at));
            }
        }
    }

    #[test]
    fn queries_agree_with_looking_at_every_contact(contacts in random_contacts(), at in 0u64..140) {
        let plan = plan_of(&contacts);
        let at = MissionTime(at);
        prop_assert_eq!(plan.at(&from(), &to(), at), contacts.iter().find(|c| c.covers(at)));
        prop_assert_eq!(plan.next(&from(), &to(), at), contacts.iter().find(|c| c.covers(at) || c.start > at));
        prop_assert_eq!(plan.neighbours(&from(), at).count(), usize::from(contacts.iter().any(|c| c.covers(at))));
    }

    #[test]
    fn a_plan_until_an_instant_is_the_same_before_it_and_empty_after(contacts in random_contacts(), end in 0u64..140) {
        let (plan, end) = (plan_of(&contacts), MissionTime(end));
        let cut = plan.until(end);
        for at in (0..150).map(MissionTime) {
            let expected = plan.at(&from(), &to(), at).filter(|_| at < end);
            let expected = expected.map(|contact| Contact { end: contact.end.min(end), ..contact.clone() });
            prop_assert_eq!(cut.at(&from(), &to(), at), expected.as_ref());
        }
        prop_assert_eq!(cut.nodes().len(), if cut == ContactPlan::default() { 0 } else { 2 });
        prop_assert_eq!(cut.receivers(&from()).count(), cut.lanes().count());
    }

    #[test]
    fn a_guarded_plan_is_the_same_but_before_the_ends_of_contacts(contacts in random_contacts(), guard in 0u64..20) {
        let plan = plan_of(&contacts);
        let guarded = plan.guarded(Duration::from_nanos(guard));
        prop_assert_eq!(guarded.is_none(), contacts.is_empty());
        let guarded = guarded.unwrap_or_default();
        for at in (0..150).map(MissionTime) {
            let goes_on = |contact: &Contact| contacts.iter().any(|next| next.start == contact.end);
            let is_guarded = |contact: &&Contact| at.0 + guard < contact.end.0 || goes_on(contact);
            let expected = plan.at(&from(), &to(), at).filter(is_guarded);
            prop_assert_eq!(guarded.at(&from(), &to(), at).map(|contact| contact.start), expected.map(|contact| contact.start));
        }
    }

    #[test]
    fn a_window_is_open_exactly_where_no_outage_is(
        outages in prop::collection::vec((0u64..60, 0u64..60), 0..6),
        from in 0u64..70,
        at in 0u64..80,
    ) {
        let at = MissionTime(at);
        let outages: Vec<_> = outages.into_iter().map(|(a, b)| (MissionTime(a), MissionTime(b))).collect();
        let windows = without((MissionTime(from), MissionTime(70)), &merged(outages.clone()));
        let covered = |(start, end): &(MissionTime, MissionTime)| *start <= at && at < *end;
        prop_assert_eq!(windows.iter().filter(|w| covered(w)).count(), usize::from(from <= at.0 && at.0 < 70 && !outages.iter().any(covered)));
        prop_assert!(windows.windows(2).all(|pair| pair[0].1 < pair[1].0));
    }
}

/// Up to five contacts in order, many of them back to back, at rates in steps that are not whole bytes a nanosecond, with a
/// light time that bends.
fn random_contacts() -> impl Strategy<Value = Vec<Contact>> {
    let rates = prop::collection::vec((1u64..20, 1u64..40_000_000_000), 1..4);
    let knots = prop::collection::vec((1u64..20, 0u64..6), 1..4);
    prop::collection::vec((0u64..12, 1u64..30, rates, knots), 0..6).prop_map(|parts| {
        let mut at = 0;
        let each = parts.into_iter().map(|(gap, length, rates, knots)| {
            let start = at + gap.saturating_sub(4);
            at = start + length;
            Contact {
                start: MissionTime(start),
                end: MissionTime(at),
                rate: steps(start, &rates),
                light_time: bends(start, &knots),
            }
        });
        each.collect()
    })
}

pub(super) fn steps(start: u64, lengths: &[(u64, u64)]) -> Rate {
    let mut at = start;
    let step = |&(length, rate): &(u64, u64)| {
        at += length;
        (MissionTime(at - length), BitsPerSecond(rate))
    };
    Rate::steps(&lengths.iter().map(step).collect::<Vec<_>>()).expect("steps in order")
}

/// A light time that falls no faster than time passes.
pub(super) fn bends(start: u64, lengths: &[(u64, u64)]) -> LightTime {
    let (mut at, mut last) = (start, 0_u64);
    let knot = |&(length, light): &(u64, u64)| {
        at += length;
        last = light.max(last.saturating_sub(length));
        (MissionTime(at), Duration::from_nanos(last))
    };
    LightTime::knots(&lengths.iter().map(knot).collect::<Vec<_>>()).expect("knots in order")
}

/// The twin: tries every instant as the start, and lets each nanosecond carry its bits for as long as the window lasts.
fn naive_transit(contacts: &[Contact], ready: u64, bytes: u64) -> Option<Transit> {
    let last = contacts.last()?.end.0;
    (ready..last).find_map(|start| {
        let contact = contacts.iter().find(|contact| contact.covers(MissionTime(start)))?;
        let mut now = start;
        let mut wanted = u128::from(bytes) * 8 * 1_000_000_000;
        while wanted > 0 {
            wanted = wanted.saturating_sub(u128::from(contact.rate.at(MissionTime(now)).0));
            now += 1;
            if now > contact.end.0 {
                return None;
            }
        }
        let sent = MissionTime(now);
        let arrival = sent + contact.light_time.at(sent);
        (arrival <= contact.end).then_some(Transit { start: MissionTime(start), sent, arrival })
    })
}

fn transit(plan: &ContactPlan, ready: u64, bytes: u64) -> Option<Transit> {
    plan.transit(&from(), &to(), MissionTime(ready), bytes)
}

fn plan_of(contacts: &[Contact]) -> ContactPlan {
    ContactPlan::new(contacts.iter().map(|contact| (from(), to(), contact.clone()))).expect("contacts in order")
}

pub(super) fn contact(start: u64, end: u64, rate: u64, light_nanos: u64) -> Contact {
    Contact {
        start: MissionTime(start),
        end: MissionTime(end),
        rate: BitsPerSecond(rate).into(),
        light_time: Duration::from_nanos(light_nanos).into(),
    }
}

fn from() -> NodeId {
    NodeId::satellite(0)
}

fn to() -> NodeId {
    NodeId::satellite(1)
}
