use std::time::Duration;

use super::*;
use crate::orbit::{Constellation, LinkLimits, Span};
use crate::units::BitsPerSecond;

const START: &str = "2026-01-01T00:00:00Z";

struct World {
    names: Vec<NodeId>,
    stations: Vec<(NodeId, Site)>,
    sightings: Sightings,
}

impl World {
    fn of(notation: &str, secs: f64) -> Self {
        let span = Span { start: START.parse().unwrap(), secs };
        let satellites = notation.parse::<Constellation>().unwrap().satellites(span.start).unwrap();
        let stations = vec![("hangzhou".parse().unwrap(), Site::new(30.2741, 120.1551, 20.0).unwrap())];
        let sites: Vec<_> = stations.iter().map(|(_, site)| *site).collect();
        let limits = LinkLimits { max_range_km: 5_016.0, grazing_altitude_km: 80.0 };
        let sightings = Sightings::of(&satellites, span, limits, &sites, 10.0).unwrap();
        let names = (0..).map(NodeId::satellite).take(satellites.len()).collect();
        Self { names, stations, sightings }
    }

    fn contacts(&self, lasers: &Lasers, downlink: &Downlink) -> Contacts {
        let sky = Sky {
            satellites: &self.names,
            stations: &self.stations,
            sightings: &self.sightings,
            closed: &|_, _| Vec::new(),
        };
        sky.contacts(&self.sightings.links, lasers, downlink)
    }
}

fn lasers() -> Lasers {
    let [least, median, most] = [5, 15, 60].map(Duration::from_secs);
    Lasers {
        rates: BitsPerSecond(100_000_000_000).into(),
        terminals: 4,
        acquisition: Acquisition { least, median, most, failures: 0.05, seed: 1 },
        outages: Outages { mean: Duration::from_millis(7_500), uptime: 0.99, seed: 2 },
    }
}

fn downlink(success: f64) -> Downlink {
    Downlink { rates: BitsPerSecond(160_000_000).into(), weather: Weather { success, seed: 3 } }
}

fn without_surprises() -> Lasers {
    let mut lasers = lasers();
    let Acquisition { least, median, most, failures, .. } = &mut lasers.acquisition;
    (*least, *most, *failures) = (*median, *median, 0.0);
    lasers.outages.uptime = 1.0;
    lasers
}

#[test]
fn without_surprises_what_happens_is_what_was_planned() {
    let contacts = World::of("D:550:53.0:12/3/1", 20_000.0).contacts(&without_surprises(), &downlink(1.0));
    assert!(contacts.planned.lanes().count() > 0);
    assert_eq!(contacts.actual, ActualContacts::of(contacts.planned));
}

#[test]
fn a_link_is_planned_from_the_expected_acquisition_on_and_one_that_stands_at_once() {
    let world = World::of("D:550:53.0:12/3/1", 20_000.0);
    let contacts = world.contacts(&without_surprises(), &downlink(1.0));
    let links = world.sightings.links.iter();
    for link in links.filter(|link| link.window.secs() > 16.0) {
        let [a, b] = [link.a, link.b].map(|satellite| &world.names[satellite as usize]);
        let start = if link.window.start > 0.0 { link.window.start + 15.0 } else { 0.0 };
        let contact = contacts.planned.next(a, b, MissionTime::from_secs_f64(start)).expect("terminals are enough");
        assert!((contact.start.as_secs_f64() - start).abs() < 1e-6, "{link:?} {contact:?}");
        assert!((contact.end.as_secs_f64() - link.window.end).abs() < 1e-6);
        let km = contact.light_time.at(contact.start).as_secs_f64() * 299_792.458;
        assert!((km - world.range_of(link.a, link.b, start)).abs() < 1.0);
        assert_eq!(contacts.planned.contacts(a, b), contacts.planned.contacts(b, a));
    }
}

impl World {
    fn range_of(&self, a: u32, b: u32, t: f64) -> f64 {
        let [a, b] = [a, b].map(|satellite| self.sightings.trajectories[satellite as usize].state(t).position);
        a.distance(b)
    }
}

#[test]
fn surprises_take_time_away_from_windows_and_never_add_to_them() {
    let world = World::of("D:550:53.0:12/3/1", 86_400.0);
    let contacts = world.contacts(&lasers(), &downlink(0.8));
    let total = |plan: &ContactPlan, ground: bool| -> f64 {
        let lanes =
            plan.lanes().filter(|(from, to, _)| (world.names.contains(from) != world.names.contains(to)) == ground);
        lanes.flat_map(|(_, _, contacts)| contacts).map(|contact| contact.end.since(contact.start).as_secs_f64()).sum()
    };
    let [planned, actual] =
        [&contacts.planned, contacts.actual.listed()].map(|plan| [total(plan, false), total(plan, true)]);
    // One in a hundred seconds is an outage, and acquisitions take a little longer than expected.
    assert!(actual[0] < planned[0] && actual[0] > 0.9 * planned[0], "{actual:?} of {planned:?}");
    assert!(actual[1] < 0.95 * planned[1] && actual[1] > 0.6 * planned[1], "{actual:?} of {planned:?}");
    for (from, to, lane) in contacts.actual.listed().lanes() {
        for contact in lane {
            let middle = 0.5 * (contact.start.as_secs_f64() + contact.end.as_secs_f64());
            let sees = |name: &NodeId| world.names.iter().position(|other| other == name);
            let (Some(a), Some(b)) = (sees(from), sees(to)) else { continue };
            let pair = (a.min(b) as u32, a.max(b) as u32);
            let inside = |link: &&LinkWindow| {
                (link.a, link.b) == pair && link.window.start <= middle && middle < link.window.end
            };
            assert!(world.sightings.links.iter().any(|link| inside(&link)), "{from} {to} {contact:?}");
        }
    }
}

#[test]
fn a_grid_of_planes_has_four_permanent_links_a_satellite() {
    let world = World::of("D:550:53.0:400/20/1", 6_000.0);
    let sky = Sky {
        satellites: &world.names,
        stations: &world.stations,
        sightings: &world.sightings,
        closed: &|_, _| Vec::new(),
    };
    let grants = sky.grants(&world.sightings.links, &without_surprises());
    let lasts = |grant: &&Grant| grant.link.window == Window { start: 0.0, end: 6_000.0 };
    assert_eq!(grants.iter().filter(lasts).count(), 400 * 4 / 2);
    let in_plane = |grant: &&Grant| grant.link.a / 20 == grant.link.b / 20;
    assert_eq!(
        grants.iter().filter(lasts).filter(in_plane).count(),
        400,
        "each is joined to both neighbours of its plane"
    );
}
