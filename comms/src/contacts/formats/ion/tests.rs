use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;

use super::super::test_plans::{bent_and_lasting, random_plan};
use super::*;
use crate::contacts::{Contact, ContactPlan, LightTime, Rate};
use crate::id::NodeId;
use crate::units::{BitsPerSecond, MissionTime};

mod refusals;

const SECOND: u64 = 1_000_000_000;

#[test]
fn a_plan_is_names_and_for_each_link_ranges_and_contacts_of_whole_seconds() {
    let plan = bent_and_lasting().until(MissionTime(60 * SECOND));
    let text = "# Times are seconds after mission start, rates bytes per second, ranges light seconds.\n\
        # node 1 sat-0\n\
        # node 2 sat-1\n\
        # node 3 station\n\
        a range +11 +21 1 2 1\n\
        a range +22 +30 1 2 1\n\
        a contact +11 +21 1 2 100\n\
        a contact +22 +30 1 2 200\n\
        a range +0 +60 2 3 2\n\
        a contact +0 +60 2 3 1\n";
    assert_eq!(written(&plan, &NodeNumbers::default()), text);
}

#[test]
fn a_second_has_the_lowest_of_its_rates_and_the_greatest_of_its_light_times() {
    let millis = |at: u64| MissionTime(at * 1_000_000);
    let steps = [(0, 800), (3_500, 80), (6_500, 1_600)].map(|(at, rate)| (millis(at), BitsPerSecond(rate)));
    let knots = [(0, 500), (5_500, 1_500), (10_000, 200)].map(|(at, light)| (millis(at), Duration::from_millis(light)));
    let contact = Contact {
        start: millis(0),
        end: millis(10_900),
        rate: Rate::steps(&steps).expect("in order"),
        light_time: LightTime::knots(&knots).expect("in order"),
    };
    let plan = ContactPlan::new([(id("1"), id("2"), contact)]).expect("a plan");
    let text = written(&plan, &NodeNumbers::default());
    let commands = text.split_once("# node 2 2\n").map(|(_, commands)| commands);
    let lines = "a range +0 +3 1 2 2\na range +4 +7 1 2 2\na range +8 +10 1 2 2\n\
        a contact +0 +3 1 2 100\na contact +4 +7 1 2 10\na contact +8 +10 1 2 200\n";
    assert_eq!(commands, Some(lines));
}

#[test]
fn a_range_holds_in_both_directions_unless_the_other_has_its_own() {
    let text = "a range +0 +9 1 2 3\na range +0 +9 4 1 5\na range +0 +9 1 4 6\n\
        a contact +0 +9 1 2 1\na contact +0 +9 2 1 1\na contact +0 +9 4 1 1\na contact +0 +9 1 4 1";
    let plan = read(text);
    let light_secs = |from: &str, to: &str| only(&plan, from, to).light_time.at(MissionTime::ZERO).as_secs();
    assert_eq!([light_secs("1", "2"), light_secs("2", "1"), light_secs("4", "1"), light_secs("1", "4")], [3, 3, 5, 6]);
    let one_way = "a range +0 +9 2 1 3\na contact +0 +9 1 2 1";
    let missing = "no range from 1 to 2 at 0.000 s, and a contact: every instant of a contact needs an `a range`";
    assert_eq!(refusal(one_way), format!("line 2, column 11: {missing}"));
}

#[test]
fn a_contact_over_several_ranges_is_a_contact_for_each() {
    let text = "a range +0 +4 1 2 3\na range +4 +6 1 2 3\na range +6 +20 1 2 4\na contact +2 +9 1 2 1000";
    let contact = |start, end, light| Contact {
        start: MissionTime(start * SECOND),
        end: MissionTime(end * SECOND),
        rate: BitsPerSecond(8_000).into(),
        light_time: Duration::from_secs(light).into(),
    };
    let plan = read(text);
    assert_eq!(plan.contacts(&id("1"), &id("2")), [contact(2, 6, 3), contact(6, 9, 4)]);
    let gap = text.replace("+4 1 2 3", "+3 1 2 3");
    assert!(refusal(&gap).starts_with("line 4, column 11: no range from 1 to 2 at 3.000 s"), "{gap}");
}

#[test]
fn a_range_that_is_written_is_the_greater_one_of_both_directions() {
    let text = "a range +0 +10 1 2 1\na range +5 +15 2 1 2\na contact +0 +10 1 2 7\na contact +5 +15 2 1 8\n";
    let lines = "a range +0 +5 1 2 1\na range +5 +15 1 2 2\n\
        a contact +0 +5 1 2 7\na contact +6 +10 1 2 7\na contact +5 +15 2 1 8\n";
    let text = written(&read(text), &NodeNumbers::default());
    assert!(text.ends_with(lines), "{text}");
}

#[test]
fn contacts_that_touch_are_read_as_they_stand_and_written_a_second_apart() {
    let text = "a range +0 +20 1 2 0\na contact +5 +9 1 2 7\na contact +0 +5 1 2 6";
    let plan = read(text);
    assert_eq!(plan.contacts(&id("1"), &id("2")).len(), 2);
    let lines = written(&plan, &NodeNumbers::default());
    assert!(lines.ends_with("a contact +0 +5 1 2 6\na contact +6 +9 1 2 7\n"), "{lines}");
}

#[test]
fn times_count_from_mission_start_or_from_the_last_at() {
    let start = "2026-01-01T00:00:00Z".parse().ok();
    let text = "m horizon 0\n@ 2026/01/01-00:01:00\na range +0 +60 1 2 0\n  # a word about it\n\n@ +10\n\
        a contact +0 2026/1/1-00:01:20 1 2 5 1.0\n";
    let (plan, _) = parse(text, start).expect("a plan");
    let contact = only(&plan, "1", "2");
    assert_eq!((contact.start, contact.end), (MissionTime(70 * SECOND), MissionTime(80 * SECOND)));
    let refused = |text: &str, start| parse(text, start).expect_err("a refusal").to_string();
    assert_eq!(
        refused(text, None),
        "line 2, column 3: `2026/01/01-00:01:00` is a date, and when the mission starts is not known: \
         write seconds after it, as `+60`"
    );
    let late: Option<Timestamp> = "2026-01-01T00:01:01Z".parse().ok();
    assert_eq!(
        refused(text, late),
        "line 2, column 3: `2026/01/01-00:01:00` is not in the mission, which lasts from its start for 584 years"
    );
}

#[test]
fn comments_name_nodes_and_other_nodes_keep_their_numbers() {
    let text = "# node 3 sat-3\n# node 12 mars\n# node 40 spare\n# node list ends here\n\
        a range +0 +9 3 12 700\na contact +0 +9 12 3 1\n";
    let (plan, numbers) = parse(text, None).expect("a plan");
    assert_eq!(only(&plan, "mars", "sat-3").light_time.at(MissionTime::ZERO), Duration::from_secs(700));
    assert_eq!(numbers.iter().map(|(number, _)| number).collect::<Vec<_>>(), [3, 12, 40]);
    assert_eq!((numbers.node(40), numbers.number(&id("mars"))), (Some(&id("spare")), Some(12)));
    let again = written(&plan, &numbers);
    assert!(again.contains("# node 40 spare\na range +0 +9 3 12 700\na contact +0 +9 12 3 1\n"), "{again}");
}

#[test]
fn nodes_without_a_number_get_the_lowest_that_are_free() {
    let contact = || Contact {
        start: MissionTime::ZERO,
        end: MissionTime(SECOND),
        rate: BitsPerSecond(8).into(),
        light_time: Duration::ZERO.into(),
    };
    let lane = |from: &str| (id(from), NodeId::station(), contact());
    let plan = ContactPlan::new(["sat-10", "sat-2", "5", "07", "0"].map(lane)).expect("a plan");
    let mut numbers = NodeNumbers::default();
    assert_eq!(numbers.insert(1, id("spare")), Ok(()));
    let all = numbers.with_all_of(&plan);
    let all: Vec<_> = all.iter().map(|(number, node)| (number, node.as_str())).collect();
    assert_eq!(all, [(1, "spare"), (2, "0"), (3, "07"), (4, "sat-2"), (5, "5"), (6, "sat-10"), (7, "station")]);
}

#[test]
fn a_number_is_one_node_and_a_node_one_number() {
    let mut numbers = NodeNumbers::default();
    assert!(numbers.is_empty());
    assert_eq!(numbers.insert(1, id("a")), Ok(()));
    assert_eq!(numbers.insert(1, id("a")), Ok(()));
    assert_eq!(numbers.insert(0, id("b")), Err(TakenNumber::Zero { node: id("b") }));
    assert_eq!(numbers.insert(1, id("b")), Err(TakenNumber::Number { number: 1, node: id("b"), other: id("a") }));
    assert_eq!(numbers.insert(2, id("a")), Err(TakenNumber::Node { node: id("a"), number: 2, other: 1 }));
}

proptest! {
    #[test]
    fn what_was_read_gives_the_same_text_again(plan in random_plan(SECOND / 3)) {
        let text = written(&plan, &NodeNumbers::default());
        match parse(&text, None) {
            Ok((again, numbers)) => prop_assert_eq!(written(&again, &numbers), text),
            Err(error) => prop_assert!(error == IonError::Empty && !text.contains("\na "), "{error}"),
        }
    }

    #[test]
    fn a_plan_of_whole_seconds_bytes_and_light_seconds_reads_back_equal(
        windows in prop::collection::vec((1u64..9, 1u64..9, 1u64..99, 0u64..3), 1..9),
    ) {
        let mut at = 0;
        let contacts = windows.into_iter().map(|(gap, length, bytes_per_sec, light)| {
            let start = at + gap;
            at = start + length;
            let contact = Contact {
                start: MissionTime(start * SECOND),
                end: MissionTime(at * SECOND),
                rate: BitsPerSecond(bytes_per_sec * 8).into(),
                light_time: Duration::from_secs(light).into(),
            };
            (NodeId::satellite(1), NodeId::satellite(0), contact)
        });
        let plan = ContactPlan::new(contacts).expect("contacts in order");
        prop_assert_eq!(read(&written(&plan, &NodeNumbers::default())), plan);
    }

    #[test]
    fn what_is_written_promises_nothing_that_is_not_there(
        plan in random_plan(SECOND / 3),
        ready in 0u64..60,
        bytes in 0u64..4_000,
    ) {
        let text = written(&plan, &NodeNumbers::default());
        let promised = parse(&text, None).map(|(plan, _)| plan).unwrap_or_default();
        for (from, to, contacts) in promised.lanes() {
            for contact in contacts {
                let Some(promise) = contact.transit(MissionTime(ready * SECOND / 3), bytes) else { continue };
                let real = plan.at(from, to, promise.start).and_then(|real| real.transit(promise.start, bytes));
                prop_assert!(real.is_some_and(|real| real.arrival <= promise.arrival), "{text}\n{promise:?} {real:?}");
            }
        }
    }

    #[test]
    fn no_text_does_harm(
        text in "(a contact|a range|@|# node)?[ +0-9a-z/:\n]{0,60}",
        cut in 0usize..400,
        plan in random_plan(SECOND),
    ) {
        let mut damaged = written(&plan, &NodeNumbers::default());
        damaged.truncate(cut.min(damaged.len()));
        if let Ok((plan, numbers)) = parse(&(damaged + &text), Some(Timestamp::UNIX_EPOCH)) {
            let text = written(&plan, &numbers);
            if let Ok((plan, numbers)) = parse(&text, None) {
                prop_assert_eq!(written(&plan, &numbers), text);
            }
        }
    }
}

fn read(text: &str) -> ContactPlan {
    parse(text, None).expect("a plan").0
}

fn refusal(text: &str) -> String {
    parse(text, None).expect_err("a refusal").to_string()
}

fn written(plan: &ContactPlan, numbers: &NodeNumbers) -> String {
    let mut text = Vec::new();
    write(plan, numbers, &mut text).expect("memory takes it");
    String::from_utf8(text).expect("text")
}

fn only<'a>(plan: &'a ContactPlan, from: &str, to: &str) -> &'a Contact {
    let [contact] = plan.contacts(&id(from), &id(to)) else { panic!("one contact from {from} to {to}") };
    contact
}

fn id(name: &str) -> NodeId {
    name.parse().expect("a name")
}
