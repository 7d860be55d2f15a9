//! The ready constellations are what their comments say.

#![expect(clippy::expect_used, reason = "a test that cannot read its scenario fails, and says where")]

use std::collections::BTreeSet;
use std::path::Path;

use starloom_comms::contacts::{ContactPlan, Contacts};
use starloom_comms::id::NodeId;
use starloom_comms::scenario::{Orbits, Role, Scenario};
use starloom_comms::units::MissionTime;

fn scenario(name: &str, hours: f64) -> Scenario {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs").join(name).with_extension("toml");
    let hours = ("constellation.hours".to_owned(), hours.to_string());
    Scenario::load_with(&path, &[hours]).unwrap_or_else(|error| panic!("{error}"))
}

fn orbits(scenario: &Scenario) -> &Orbits {
    scenario.orbits().expect("a constellation")
}

fn contacts(scenario: &Scenario) -> Contacts {
    scenario.contacts().expect("they stay up")
}

/// Pairs of satellites that have contact from the first to the last instant.
fn permanent(scenario: &Scenario, plan: &ContactPlan) -> BTreeSet<(NodeId, NodeId)> {
    let end = MissionTime::ZERO + orbits(scenario).span;
    let lasts = |from: &NodeId, to: &NodeId| {
        let contacts = plan.contacts(from, to);
        contacts.len() == 1 && contacts[0].start == MissionTime::ZERO && contacts[0].end >= end
    };
    links(scenario, plan).into_iter().filter(|(from, to)| lasts(from, to)).collect()
}

/// Pairs of satellites that ever have contact, each once.
fn links(scenario: &Scenario, plan: &ContactPlan) -> BTreeSet<(NodeId, NodeId)> {
    let names = orbits(scenario).names();
    let place = |id: &NodeId| names.iter().position(|name| name == id);
    let lanes = plan.lanes().filter(|(from, to, _)| place(to).is_some() && place(from) < place(to));
    lanes.filter(|(from, ..)| place(from).is_some()).map(|(from, to, _)| (from.clone(), to.clone())).collect()
}

fn pair(a: u32, b: u32) -> (NodeId, NodeId) {
    (NodeId::satellite(a), NodeId::satellite(b))
}

#[test]
fn star12_ring_is_a_permanent_ring_and_nothing_else() {
    let scenario = scenario("star12-ring", 24.0);
    let plan = contacts(&scenario).planned;
    let ring: BTreeSet<_> = (0..11).map(|a| pair(a, a + 1)).chain([pair(0, 11)]).collect();
    assert_eq!(permanent(&scenario, &plan), ring);
    assert_eq!(links(&scenario, &plan), ring);
    let (a, b) = pair(0, 1);
    let light = plan.next(&a, &b, MissionTime::ZERO).expect("a link").light_time.at(MissionTime::ZERO);
    let km = light.as_secs_f64() * 299_792.458;
    assert!((3_575.0..3_590.0).contains(&km), "{km} km");
}

#[test]
fn star12_six_is_a_chain_of_those_that_have_terminals() {
    let scenario = scenario("star12-six", 24.0);
    let plan = contacts(&scenario).planned;
    assert_eq!(links(&scenario, &plan), (0..5).map(|a| pair(a, a + 1)).collect());
    assert_eq!(scenario.nodes(), (0..6).map(NodeId::satellite).collect::<Vec<_>>());
    assert_eq!(orbits(&scenario).satellites.iter().filter(|each| each.role == Role::Spare).count(), 6);
}

#[test]
fn in_star12_relay_only_relays_see_those_that_train() {
    let scenario = scenario("star12-relay", 24.0);
    let plan = contacts(&scenario).planned;
    assert_eq!(scenario.nodes(), [0, 2, 4, 6].map(NodeId::satellite));
    assert_eq!(scenario.relays(), [1, 3, 5].map(NodeId::satellite));
    let trains = |id: &NodeId| scenario.slot(id).is_some();
    assert!(links(&scenario, &plan).iter().all(|(a, b)| !trains(a) || !trains(b)));
}

#[test]
fn star12_gap_is_a_chain_around_the_one_that_is_lost() {
    let scenario = scenario("star12-gap", 24.0);
    let plan = contacts(&scenario).planned;
    let whole: BTreeSet<_> = (0..11).map(|a| pair(a, a + 1)).chain([pair(0, 11)]).collect();
    let left = whole.into_iter().filter(|link| *link != pair(4, 5) && *link != pair(5, 6)).collect();
    assert_eq!(permanent(&scenario, &plan), left);
}

#[test]
fn in_delta12_no_link_lasts() {
    let scenario = scenario("delta12", 24.0);
    let plan = contacts(&scenario).planned;
    assert!(permanent(&scenario, &plan).is_empty());
    let longest = plan.lanes().flat_map(|(.., contacts)| contacts).map(|each| each.end.since(each.start)).max();
    assert!(longest.expect("contacts").as_secs() < 1_000, "{longest:?}");
    assert_eq!(orbits(&scenario).sightings().expect("they stay up").links.len(), 726);
}

#[test]
fn in_star66_nothing_crosses_the_seam_and_nothing_crosses_planes_near_the_poles() {
    let scenario = scenario("star66", 4.0);
    let orbits = orbits(&scenario);
    let sightings = orbits.sightings().expect("they stay up");
    let names = orbits.names();
    let place = |id: &NodeId| names.iter().position(|name| name == id);
    let latitude = |satellite: usize, at: MissionTime| {
        let position = sightings.trajectories[satellite].state(at.as_secs_f64()).position;
        (position.z / position.length()).asin().to_degrees().abs()
    };
    let plan = contacts(&scenario).planned;
    let mut across = 0;
    for (from, to, lane) in plan.lanes() {
        let (Some(a), Some(b)) = (place(from), place(to)) else { continue };
        assert!((a / 11).abs_diff(b / 11) != 5, "{from} and {to} link across the seam");
        if a / 11 != b / 11 {
            across += lane.len();
            for edge in lane.iter().flat_map(|contact| [contact.start, contact.end]) {
                assert!(latitude(a, edge) < 60.01 && latitude(b, edge) < 60.01, "{from} to {to} at {edge}");
            }
        }
    }
    assert!(across > 0);
    let in_plane = permanent(&scenario, &plan);
    assert_eq!(in_plane.len(), 66, "each is joined to both neighbours of its plane");
}

#[test]
fn in_train400_each_satellite_keeps_four_links() {
    let scenario = scenario("train400", 2.0);
    let permanent = permanent(&scenario, &contacts(&scenario).planned);
    for node in scenario.nodes() {
        assert_eq!(permanent.iter().filter(|(a, b)| *a == node || *b == node).count(), 4, "{node}");
    }
}

#[test]
fn of_mission2800_four_planes_train() {
    let scenario = scenario("mission2800", 1.0);
    let orbits = orbits(&scenario);
    assert_eq!((orbits.satellites.len(), scenario.node_count()), (2_800, 400));
    let planes: BTreeSet<_> =
        orbits.satellites.iter().filter(|each| each.role == Role::Train).map(|each| each.plane).collect();
    assert_eq!(planes, (0..4).map(Some).collect());
}
