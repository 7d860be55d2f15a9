use super::*;
use crate::limits::MAX_PLAN_BYTES;

#[test]
fn a_command_that_is_none_of_a_plan_is_refused() {
    let long = format!("{} b", "x".repeat(50));
    let cut = format!("{}…", "x".repeat(40));
    for (line, column, found) in
        [("d contact +0 1 2", 1, "d contact"), (" s", 2, "s"), ("a plan", 1, "a plan"), (&long, 1, &cut)]
    {
        let right = "these are `a contact`, `a range`, `@`, `m horizon` and `#`";
        refuses(line, column, &format!("`{found}` is no command of a contact plan: {right}"));
    }
}

#[test]
fn a_command_with_too_few_or_too_many_fields_is_refused_with_its_form() {
    let contact = "a contact START END FROM TO BYTES_PER_SECOND [CONFIDENCE]";
    for (line, count, form) in [
        ("a contact +0 +9 1 2", 6, contact),
        ("a contact +0 +9 1 2 5 1 1", 9, contact),
        ("a contact +0 +9 1 2 5 1 1 1 1", 11, contact),
        ("a range +0 +9 1 2 5 1", 8, "a range START END ONE OTHER LIGHT_SECONDS"),
        ("@", 1, "@ TIME"),
        ("m horizon", 2, "m horizon TIME"),
    ] {
        refuses(line, 1, &format!("{count} fields, where there are those of `{form}`"));
    }
}

#[test]
fn a_time_that_is_none_or_not_in_the_mission_is_refused() {
    for time in ["0", "-1", "+9.5", "+09", "+", "2026/02/30-00:00:00", "2026/02/03-00:00", "2026/300/03-00:00:00"] {
        let right = "is no time: write seconds as `+60`, or a date as `2026/01/01-00:00:00`";
        refuses(&format!("a contact +0 {time} 1 2 5"), 14, &format!("`{time}` {right}"));
    }
    let outside = "`+18446744074` is not in the mission, which lasts from its start for 584 years";
    refuses("a contact +18446744074 +9 1 2 5", 11, outside);
}

#[test]
fn a_number_that_is_none_or_out_of_its_range_is_refused() {
    let refused = |line: &str, column: usize, what: &str, least: u64, most: u64| {
        let found = line[column - 1..].split(' ').next().unwrap_or_default();
        let right = format!("write a whole number from {least} to {most}, in digits without leading zeros");
        refuses(line, column, &format!("`{found}` is no {what}: {right}"));
    };
    refused("a contact +0 +9 0 2 5", 17, "node number", 1, u64::MAX);
    refused("a contact +0 +9 1 sat-2 5", 19, "node number", 1, u64::MAX);
    refused("# node 0 a", 8, "node number", 1, u64::MAX);
    refused("a contact +0 +9 1 2 five", 21, "rate in bytes per second", 0, u64::MAX / 8);
    refused("a contact +0 +9 1 2 2305843009213693952", 21, "rate in bytes per second", 0, u64::MAX / 8);
    refused("a range +0 +9 1 2 0.5", 19, "range in light seconds", 0, u64::MAX / SECOND);
}

#[test]
fn a_contact_that_cannot_be_is_refused() {
    refuses("a contact +0 +9 1 2 0", 21, "a contact from 1 to 2 at 0.000 s has the rate 0: leave it out");
    refuses("a contact +0 +9 2 2 5", 19, "a contact from 2 to itself: a contact joins two peers");
    let empty = "a contact from 1 to 2 starts at 9.000 s and ends at 9.000 s: its end must be later";
    refuses("a contact +9 +9 1 2 5", 14, empty);
    let overlap = "ends at 9.000 s and the next starts at 8.000 s: contacts of a lane must not overlap";
    refuses("a contact +8 +12 1 2 5", 11, &format!("a contact from 1 to 2 {overlap}"));
    let unsure = "the confidence is `0.5`: a plan has only contacts that will be, so write 1 or nothing";
    refuses("a contact +0 +9 1 2 5 0.5", 23, unsure);
}

#[test]
fn a_range_that_cannot_be_is_refused() {
    let right = "it joins two nodes, and its end is later";
    refuses("a range +9 +9 1 2 5", 12, &format!("a range from 9.000 s to 9.000 s between 1 and 2: {right}"));
    refuses("a range +0 +9 2 2 5", 12, &format!("a range from 0.000 s to 9.000 s between 2 and 2: {right}"));
    let overlap = "ends at 9.000 s and the next starts at 8.000 s: ranges must not overlap";
    refuses("a range +8 +12 1 2 0", 9, &format!("a range between 1 and 2 {overlap}"));
}

#[test]
fn a_name_that_is_none_and_a_node_without_one_are_refused() {
    let right = "a name has 1 to 63 lower-case letters, digits and inner hyphens, like `sat-0`";
    refuses("# node 1 Mars", 10, &format!("`Mars` is not a node name: {right}"));
    assert_eq!(
        refusal(&format!("# node 1 mars\n{GOOD}")),
        "line 2, column 17: no comment names the node 2: write `# node 2 NAME`, as for the others"
    );
}

#[test]
fn names_that_contradict_each_other_are_refused() {
    let named = format!("{GOOD}# node 1 a\n# node 2 b\n");
    assert!(parse(&named, None).is_ok());
    assert_eq!(refusal(&format!("{named}# node 1 c")), "line 5, column 8: the number 1 cannot be c: it is a");
    assert_eq!(refusal(&format!("{named}# node 3 a")), "line 5, column 8: a cannot have the number 3: it has 1");
}

#[test]
fn a_plan_without_a_contact_or_beyond_all_length_is_refused() {
    assert_eq!(parse("# nothing\n", None), Err(IonError::Empty));
    assert_eq!(parse("a range +0 +9 1 2 5", None), Err(IonError::Empty));
    let text = String::from_utf8(vec![0; MAX_PLAN_BYTES + 1]).expect("zeros are text");
    assert_eq!(parse(&text, None), Err(IonError::TooLong { bytes: MAX_PLAN_BYTES + 1 }));
}

const GOOD: &str = "a range +0 +9 1 2 0\na contact +0 +9 1 2 5\n";

/// Checks that a line after good ones is refused at a column.
fn refuses(line: &str, column: usize, problem: &str) {
    let found = refusal(&format!("{GOOD}\u{a0}\n{line}\n"));
    assert_eq!(found, format!("line 4, column {column}: {problem}"), "{line}");
}
