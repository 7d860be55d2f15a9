//! Constellations by their orbits: what is read, what follows, what is refused.

use std::path::Path;
use std::time::Duration;

use super::super::{Geometry, Orbits, Role, Scenario};
use super::{FULL_ORBITS as FULL, parse, parse_with};
use crate::id::NodeId;
use crate::units::{BitsPerSecond, MissionTime};

const WALKER: &str = "name = \"w\"\n[constellation]\nwalker = \"D:550:53.0:12/3/1\"\n";
const TLE: &str = include_str!("../../../tests/oracle/delta12.tle");

fn orbits(scenario: &Scenario) -> &Orbits {
    match &scenario.geometry {
        Geometry::Orbits(orbits) => orbits,
        Geometry::Mesh(_) => panic!("a mesh"),
    }
}

fn refused(more: &str) -> String {
    parse(&format!("{WALKER}{more}\n")).map(|scenario| scenario.name).expect_err(more).to_string()
}

#[test]
fn a_pattern_is_enough() {
    let scenario = parse(WALKER).expect("valid");
    assert_eq!(scenario.nodes().len(), 12);
    let orbits = orbits(&scenario);
    assert_eq!(orbits.start.to_string(), "2026-01-01T00:00:00Z");
    assert_eq!(orbits.lasers.rates.near, BitsPerSecond(100_000_000_000));
    assert_eq!(orbits.lasers.acquisition.least, Duration::from_secs(5));
    assert_eq!(orbits.lasers.acquisition.most, Duration::from_secs(60));
    assert_eq!(orbits.downlink.rates.near, BitsPerSecond(160_000_000));
    assert_eq!(orbits.stations.len(), 6);
}

#[test]
fn roles_and_picks_say_who_trains() {
    let scenario = parse(FULL).expect("valid");
    let orbits = orbits(&scenario);
    let count = |role| orbits.satellites.iter().filter(|each| each.role == role).count();
    assert_eq!([Role::Train, Role::Relay, Role::Spare].map(count), [30, 11, 1]);
    assert_eq!(scenario.slot(&NodeId::satellite(29)), Some(29));
    assert_eq!(scenario.slot(&NodeId::satellite(30)), None);
    assert_eq!(orbits.satellites[41].plane, Some(5));
}

#[test]
fn a_resolved_constellation_reads_back_the_same() {
    for text in [WALKER, FULL] {
        let scenario = parse(text).expect("valid");
        let resolved = scenario.to_toml();
        assert_eq!(parse(&resolved).unwrap_or_else(|error| panic!("{error}\n{resolved}")), scenario, "{resolved}");
    }
}

#[test]
fn seeds_of_their_own_follow_from_the_seed_of_the_scenario() {
    let seeds = |scenario: &Scenario| {
        let orbits = orbits(scenario);
        [orbits.lasers.acquisition.seed, orbits.lasers.outages.seed, orbits.downlink.weather.seed]
    };
    let (one, other) = (parse(WALKER).expect("valid"), parse_with(WALKER, &[("seed", "5")]).expect("valid"));
    assert!(seeds(&one).iter().zip(seeds(&other)).all(|(a, b)| *a != b));
    assert!(seeds(&one)[0] != seeds(&one)[1] && seeds(&one)[1] != seeds(&one)[2]);
    let fixed = parse_with(WALKER, &[("seed", "5"), ("links.outage_seed", "9")]).expect("valid");
    assert_eq!(seeds(&fixed), [seeds(&other)[0], 9, seeds(&other)[2]]);
}

#[test]
fn a_file_of_elements_is_found_beside_the_scenario_and_stays_with_the_resolved_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("s.toml");
    std::fs::write(folder.path().join("delta12.tle"), TLE).expect("written");
    std::fs::write(folder.path().join("sites.csv"), "name,lat_deg,lon_deg,alt_m\nnorth_pole,90,0,0\n")
        .expect("written");
    let text = "name = \"tle\"\n[constellation]\ntle = \"delta12.tle\"\n[ground]\nstations = \"sites.csv\"\n";
    std::fs::write(&path, text).expect("written");
    let scenario = Scenario::load(&path).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(scenario.nodes()[0].as_str(), "90101");
    assert_eq!(orbits(&scenario).start.to_string(), "2026-01-01T00:00:00Z");
    assert_eq!(
        (orbits(&scenario).stations[0].name.as_str(), scenario.stations()[0].as_str()),
        ("north_pole", "north-pole")
    );
    let elsewhere = Scenario::parse(&scenario.to_toml(), Path::new("/elsewhere/s.toml"));
    assert_eq!(elsewhere.expect("nothing is read again"), scenario);
}

#[test]
fn what_cannot_fly_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("written");
        let scenario = format!("name = \"x\"\n[constellation]\ntle = \"{name}\"\n");
        Scenario::parse(&scenario, &folder.path().join("x.toml"))
            .map(|scenario| scenario.name)
            .expect_err(name)
            .to_string()
    };
    let broken = file("broken.tle", &TLE.replacen("0  9993", "0  9994", 1));
    assert!(
        broken.contains("x.toml:3:7: `constellation.tle` = \"broken.tle\" cannot be: line 2, column 69: the checksum"),
        "{broken}"
    );
    let twice = TLE.replace("DELTA12 90102", "DELTA12 90101");
    let twice = file("twice.tle", &twice);
    assert!(twice.contains("90101") && twice.contains("90102"), "{twice}");
    assert!(file("empty.tle", "\n").contains("`constellation.tle` = \"empty.tle\" cannot be:"));
    let low = "1 28872U 05037B   05333.02012661  .25992681  00000-0  24476-3 0  1534\n\
               2 28872  96.4736 157.9986 0303955 244.0492 110.6523 16.46015938 10708\n";
    let decayed = file("low.tle", low);
    assert!(
        decayed.contains("28872 at 2005-11-30T00:28") && decayed.contains("its elements are of 2005-11-29"),
        "{decayed}"
    );
    let missing = parse("name = \"x\"\n[constellation]\nomm = \"no-such.json\"\n").unwrap_err().to_string();
    assert!(missing.contains("no-such.json cannot be read"), "{missing}");
    let device = parse("name = \"x\"\n[constellation]\ntle = \"/dev/zero\"\n").unwrap_err().to_string();
    assert!(device.contains("/dev/zero is not a file"), "{device}");
}

#[test]
fn what_does_not_go_together_is_refused_with_what_would() {
    for (more, expected) in [
        (
            "relays = [\"sat-12\"]",
            "s.toml:4:10: `constellation.relays` = \"sat-12\" cannot be: there is no such satellite; the 12 there are go from sat-0 to sat-11",
        ),
        ("relays = [\"sat-[0-11]\"]", "no satellite is left that trains"),
        (
            "only = \"sat-1\"",
            "`constellation.only` must be an array of names like [\"sat-0\", \"sat-[4-7]\"], and is the string \"sat-1\"",
        ),
        ("only = [\"sat-[4-1]\"]", "the range 4-1 runs backwards"),
        (
            "tle = \"x.tle\"",
            "`constellation.tle` = \"x.tle\" cannot stand beside `constellation.walker` = \"D:550:53.0:12/3/1\": keep one of the two",
        ),
        ("start = \"yesterday\"", "a time has a date, a time and a zone, like 2026-01-01T00:00:00Z"),
        ("[mesh]\nnodes = 4", "`mesh.nodes` = 4 cannot be: the key has no meaning in a scenario with [constellation]"),
        (
            "[ground]\ndelay_ms = 4",
            "`ground.delay_ms` = 4 cannot be: the key has no meaning in a scenario with [constellation]",
        ),
        ("[ground]\nstations = []", "there is no station"),
        (
            "[ground]\nstations = [{ name = \"a\", lat_deg = 91, lon_deg = 0 }]",
            "`ground.stations[0].lat_deg` = 91 is out of range: it must be -90 to 90 degrees",
        ),
        (
            "[ground]\nstations = [{ name = \"a\", lat = 9, lon_deg = 0 }]",
            "`ground.stations[0].lat` is not a key of a scenario; did you mean",
        ),
        (
            "[ground]\nstations = \"name,lat_deg,lon_deg\\nmoon,1,700\"",
            "line 2: station moon: longitude 700: degrees from -180 to 360",
        ),
        ("[links]\nacquisition_least_secs = 20", "the median, `links.acquisition_secs`, is 15 s and lies between both"),
        (
            "[[links.rate_step]]\nbeyond_km = 9\nrate_gbps = 1\n[[links.rate_step]]\nbeyond_km = 9\nrate_gbps = 1",
            "`links.rate_step[1].beyond_km` = \"9\" cannot be: steps come in order, and the one before it is at 9 km",
        ),
        (
            "[[links.outage]]\na = \"hangzhou\"\nb = \"kiruna\"\nstart_secs = 0\nend_secs = 1",
            "a link joins two satellites, or one with a station",
        ),
        (
            "[collective]\nserver = \"palermo\"",
            "`collective.server` = palermo is no node of `constellation` = 12: there are sat-0 to sat-11; relays and the ground \
             stations svalbard, kiruna, hangzhou, maspalomas, singapore, punta-arenas can serve as well",
        ),
        (
            "[aggregator]\nmin_nodes = 13",
            "`aggregator.min_nodes` = 13 is more than `constellation` = 12: it can be 1 to 12",
        ),
    ] {
        let message = refused(more);
        assert!(message.contains(expected), "{message}\n{expected}");
    }
    let mesh = parse(
        "name = \"m\"\nmesh.nodes = 4\n[links]\nterminals = 2\n[[links.rate_step]]\nbeyond_km = 9\nrate_gbps = 1\n",
    );
    let mesh = mesh.unwrap_err().to_string();
    assert!(
        mesh.contains("`links.terminals` = 2 cannot be: the key has no meaning in a scenario with [mesh]"),
        "{mesh}"
    );
    assert!(mesh.contains("`links.rate_step` = an array cannot be"), "{mesh}");
}

#[test]
fn contacts_follow_from_the_orbits_but_for_scripted_outages() {
    let scenario = parse(FULL).expect("valid");
    let contacts = scenario.contacts().expect("they stay up");
    let (a, b) = (NodeId::satellite(0), NodeId::satellite(1));
    let lane = contacts.planned.contacts(&a, &b);
    let covered = |secs: f64| lane.iter().any(|contact| contact.covers(MissionTime::from_secs_f64(secs)));
    assert!(covered(599.9) && !covered(600.0) && !covered(899.9) && covered(900.0), "{lane:?}");
    let punta = "punta-arenas".parse().expect("a name");
    assert!(
        contacts.planned.contacts(&NodeId::satellite(2), &punta).iter().all(|pass| pass.start.0 >= 1_200_000_000_000)
    );
    let without =
        |id: &NodeId| contacts.planned.lanes().any(|(from, to, _)| from == id && to.as_str().starts_with("sat-"));
    assert!(!without(&NodeId::satellite(36)), "it has no terminal");
    assert!(contacts.actual.listed() != &contacts.planned);
}
