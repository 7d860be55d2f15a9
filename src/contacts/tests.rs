use std::path::Path;

use starloom_comms::scenario::Scenario;

use super::*;

fn scenario(text: &str) -> Scenario {
    Scenario::parse(&format!("name = \"t\"\n[constellation]\n{text}"), Path::new("t.toml")).expect("a scenario")
}

#[test]
fn what_is_left_lies_inside_of_what_is_to_be_seen() {
    let scenario = scenario("walker = \"D:550:53.0:12/3/1\"\nhours = 6\n");
    let orbits = scenario.orbits().expect("a constellation");
    let sightings = orbits.sightings().expect("they stay up");
    let contacts = scenario.contacts_seen(orbits, &sightings);
    let (all, left) =
        (View::geometric(orbits, &sightings), View::of_plan(orbits, &sightings, contacts.actual.listed()));
    assert!(!left.links.is_empty() && !left.passes.is_empty());
    for link in left.links.iter() {
        let inside = |other: &&LinkWindow| {
            (other.a, other.b) == (link.a, link.b)
                && other.window.start <= link.window.start
                && link.window.end <= other.window.end
        };
        assert!(all.links.iter().any(|other| inside(&other)), "{link:?}");
    }
    assert_eq!(left.passes.len(), all.passes.len(), "no cloud is in the scenario");
}

#[test]
fn a_name_with_a_comma_stays_one_field() {
    let tle = include_str!("../../comms/tests/oracle/delta12.tle").replacen("DELTA12 90101", "A,B\"C", 1);
    let scenario = scenario(&format!("tle = '''\n{tle}'''\nhours = 1\n"));
    let orbits = scenario.orbits().expect("a constellation");
    let sightings = orbits.sightings().expect("they stay up");
    let mut text = Vec::new();
    rows::write(&View::geometric(orbits, &sightings), Kind::Eclipse, &mut text).expect("written");
    let text = String::from_utf8(text).expect("text");
    let quoted: Vec<&str> = text.lines().filter(|line| line.starts_with('"')).collect();
    assert!(!quoted.is_empty() && quoted.iter().all(|line| line.starts_with("\"A,B\"\"C\",")), "{text}");
}

#[test]
fn a_chart_of_many_pairs_shows_those_with_the_most_time_and_says_so() {
    let scenario = scenario("walker = \"D:550:53.0:100/10/1\"\nhours = 0.5\n");
    let orbits = scenario.orbits().expect("a constellation");
    let sightings = orbits.sightings().expect("they stay up");
    let chart = gantt::svg(&View::geometric(orbits, &sightings), Kind::Isl, "many").expect("a chart");
    assert!(chart.contains("80 of ") && chart.contains("those with the most time"), "the title");
    let nobody = self::scenario("walker = \"D:550:53.0:1/1/0\"\nhours = 0.5\n");
    let orbits = nobody.orbits().expect("a constellation");
    let sightings = orbits.sightings().expect("it stays up");
    assert!(gantt::svg(&View::geometric(orbits, &sightings), Kind::Isl, "one").is_err());
}
