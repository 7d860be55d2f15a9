use std::time::Duration;

use proptest::prelude::*;

use super::super::test_plans::{bent_and_lasting, random_plan};
use super::*;
use crate::units::BitsPerSecond;

const LINK: &str = r#"{"from":"a","to":"b","start_ns":1,"end_ns":9,"rate_bps":8,"light_time_ns":0}"#;

#[test]
fn a_plan_is_a_header_and_a_line_for_each_contact() {
    let lines = [
        r#"{"format":"starloom-contacts","version":1}"#,
        concat!(
            r#"{"from":"sat-0","to":"sat-1","start_ns":10500000000,"end_ns":30000000001,"#,
            r#""rate_bps":[[0,800],[20500000000,1600]],"light_time_ns":[[10500000000,3500000],[15000000000,4400000],"#,
            r#"[20500000000,3300000],[30000000001,1400000]]}"#,
        ),
        r#"{"from":"sat-1","to":"station","start_ns":0,"rate_bps":9,"light_time_ns":1500000000}"#,
    ];
    assert_eq!(written(&bent_and_lasting()), lines.join("\n") + "\n");
}

#[test]
fn a_link_with_like_directions_is_one_line_and_both_contacts() {
    let contact = |end| Contact {
        start: MissionTime(1),
        end: MissionTime(end),
        rate: BitsPerSecond(8).into(),
        light_time: Duration::ZERO.into(),
    };
    let [a, b] = ["a", "b"].map(|name| name.parse::<NodeId>().expect("a name"));
    let alike = ContactPlan::new([(a.clone(), b.clone(), contact(9)), (b.clone(), a.clone(), contact(9))]);
    let text = written(&alike.clone().expect("a plan"));
    assert_eq!(text, format!("{HEADER}\n{}\n", LINK.replace(r#""b","#, r#""b","both":true,"#)));
    assert_eq!(parse(&text).ok(), alike.ok());
    let unlike = ContactPlan::new([(a.clone(), b.clone(), contact(9)), (b, a, contact(8))]).expect("a plan");
    assert_eq!(written(&unlike).lines().count(), 3);
}

#[test]
fn a_contact_without_an_end_or_with_null_lasts() {
    let lasts = |link: &str| parse(&plan_of(&[link])).map(|plan| plan.contacts(&id("a"), &id("b"))[0].end);
    assert_eq!(lasts(&LINK.replace(r#""end_ns":9,"#, "")), Ok(MissionTime::NEVER));
    assert_eq!(lasts(&LINK.replace("9", "null")), Ok(MissionTime::NEVER));
    assert_eq!(lasts(LINK), Ok(MissionTime(9)));
}

#[test]
fn blank_lines_and_carriage_returns_are_no_contacts() {
    let spread = format!("\r\n{HEADER}\r\n\r\n  \r\n{LINK}\r\n\n");
    assert_eq!(parse(&spread), parse(&plan_of(&[LINK])));
    assert!(parse(&spread).is_ok());
}

#[test]
fn a_text_without_a_header_of_this_version_is_refused() {
    assert_eq!(parse("\n \n"), Err(JsonlError::NoHeader));
    assert!(matches!(parse(LINK), Err(JsonlError::Header { line: 1, .. })));
    assert_eq!(
        refusal(&format!("\n{}", HEADER.replace('1', "2"))),
        format!("line 2: format `starloom-contacts`, version 2; the first line is `{HEADER}`")
    );
    assert!(matches!(parse(r#"{"format":"other","version":1}"#), Err(JsonlError::Version { line: 1, .. })));
}

#[test]
fn a_plan_without_a_contact_is_refused() {
    assert_eq!(parse(HEADER), Err(JsonlError::Empty));
    assert_eq!(refusal(HEADER), "a plan without a contact");
}

#[test]
fn a_text_that_is_too_long_is_refused_unread() {
    let text = String::from_utf8(vec![0; MAX_PLAN_BYTES + 1]).expect("zeros are text");
    assert_eq!(parse(&text), Err(JsonlError::TooLong { bytes: MAX_PLAN_BYTES + 1 }));
}

#[test]
fn a_line_that_is_no_contact_is_refused_with_its_place_and_what_would_be_right() {
    let refused = |from: &str, to: &str| refusal(&plan_of(&[LINK, &LINK.replacen(from, to, 1)]));
    let rate = "expected a whole number of bits per second, or steps as [[at_ns, bps], …]";
    assert_eq!(
        refused(":8,", ":\"8\",").split_once(": "),
        Some(("line 3, column 59", &*format!("invalid type: string \"8\", {rate}")))
    );
    for (from, to, says) in [
        (":8,", ":-8,", rate),
        (":8,", ":8.5,", rate),
        (":8,", ":[],", "a rate without a step"),
        (":8,", ":[[1,8],[4,0]],", "the rate from 0.000 s on is 0: end the contact there"),
        (":8,", ":[[4,8],[4,9]],", "a step of the rate begins at 0.000 s, not after the one before it at 0.000 s"),
        (":8,", ":[[4,8,1],[4,9]],", "trailing characters"),
        (":0}", ":null}", "expected a whole number of nanoseconds, or knots as [[at_ns, ns], …]"),
        (":0}", ":[]}", "a light time without a knot"),
        (":0}", ":[[1,9],[2,1]]}", "later light would overtake earlier light"),
        ("\"a\"", "\"A\"", "`A` is not a node name: a name has 1 to 63 lower-case letters"),
        ("start_ns\":1", "start_ns\":18446744073709551616", "expected u64"),
        ("start_ns", "begin", "unknown field `begin`, expected one of `from`, `to`, `both`, `start_ns`, `end_ns`"),
        ("\"end_ns\":9", "\"start_ns\":9", "duplicate field `start_ns`"),
        ("\"from\":\"a\",", "", "missing field `from`"),
        ("}", "", "EOF while parsing an object"),
        ("{", "", "expected"),
    ] {
        let refusal = refused(from, to);
        assert!(refusal.starts_with("line 3, column ") && refusal.contains(says), "{refusal}");
    }
}

#[test]
fn a_contact_that_cannot_be_is_refused_with_its_line() {
    let to_b = LINK.replace("\"a\"", "\"c\"");
    let refused = |from: &str, to: &str| refusal(&plan_of(&[LINK, &to_b.replacen(from, to, 1)]));
    let empty = "line 3: a contact from c to b starts at 0.000 s and ends at 0.000 s: its end must be later";
    assert_eq!(refused(":9", ":1"), empty);
    assert_eq!(refused(":8", ":0"), "line 3: a contact from c to b at 0.000 s has the rate 0: leave it out");
    assert_eq!(refused("\"c\"", "\"b\""), "line 3: a contact from b to itself: a contact joins two peers");
    let later = to_b.replace(":1", ":8").replace(":9", ":20");
    let overlap =
        "a contact from c to b ends at 0.000 s and the next starts at 0.000 s: contacts of a lane must not overlap";
    assert_eq!(refusal(&plan_of(&[LINK, &later, &to_b])), format!("line 3: {overlap}"));
    let back_too = LINK.replace("\"b\",", "\"c\",\"both\":true,").replace(":1", ":8");
    let back = to_b.replace("\"b\"", "\"a\"");
    assert!(refusal(&plan_of(&[LINK, &back, &back_too])).starts_with("line 4: a contact from c to a ends"));
}

proptest! {
    #[test]
    fn a_plan_reads_back_equal(plan in random_plan(1)) {
        let text = written(&plan);
        match parse(&text) {
            Ok(again) => prop_assert_eq!(again, plan),
            Err(error) => prop_assert!(error == JsonlError::Empty && plan == ContactPlan::default(), "{error}"),
        }
    }

    #[test]
    fn no_text_does_harm(text in "[\\[\\]{}\",:0-9a-z_ \n]{0,60}", cut in 0usize..300, plan in random_plan(1)) {
        let mut damaged = written(&plan);
        damaged.truncate(cut.min(damaged.len()));
        if let Ok(plan) = parse(&(damaged + &text)) {
            prop_assert_eq!(parse(&written(&plan)), Ok(plan));
        }
    }
}

fn plan_of(links: &[&str]) -> String {
    [&[HEADER], links].concat().join("\n")
}

fn refusal(text: &str) -> String {
    parse(text).expect_err("a refusal").to_string()
}

fn written(plan: &ContactPlan) -> String {
    let mut text = Vec::new();
    write(plan, &mut text).expect("memory takes it");
    String::from_utf8(text).expect("text")
}

fn id(name: &str) -> NodeId {
    name.parse().expect("a name")
}
