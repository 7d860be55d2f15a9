use proptest::prelude::*;

use super::*;
use crate::orbit::earth::RADIUS_KM;
use crate::orbit::satellite::{Satellite, State};
use crate::orbit::{Constellation, Elements, Span};

const LIMITS: LinkLimits = LinkLimits { max_range_km: 5016.0, grazing_altitude_km: 80.0 };

fn trajectories(notation: &str, secs: f64) -> Vec<Trajectory> {
    let start = "2026-01-01T00:00:00Z".parse().unwrap();
    let satellites = notation.parse::<Constellation>().unwrap().satellites(start).unwrap();
    satellites.iter().map(|satellite| satellite.trajectory(Span { start, secs }).unwrap()).collect()
}

#[test]
fn the_longest_link_at_550_km_is_5016_km() {
    let sight = Sight::new(&[], LIMITS, 0.0);
    let state = |position: [f64; 3]| State { position: position.into(), velocity: glam::DVec3::ZERO };
    let (reach, _) = sight.reach(&state([RADIUS_KM + 550.0, 0.0, 0.0]));
    assert!((2.0 * reach - 5_016.0).abs() < 1.0, "{}", 2.0 * reach);
    assert!(sight.reach(&state([RADIUS_KM + 79.0, 0.0, 0.0])).0 < 0.01);
}

#[test]
fn neighbours_in_a_plane_see_each_other_always_from_nine_satellites_on() {
    let day = 86_400.0;
    for (count, permanent) in [(8_u32, 0), (9, 9), (12, 12)] {
        let windows = link_windows(&trajectories(&format!("S:550:97.6:{count}/1/0"), day), LIMITS);
        let always = windows.iter().filter(|link| link.window == Window { start: 0.0, end: day }).count();
        assert_eq!(always, permanent, "{count} satellites");
    }
}

#[test]
fn any_number_of_threads_finds_the_same() {
    let trajectories = trajectories("D:550:53.0:60/6/1", 20_000.0);
    let parts = |threads| {
        let mut parts = Vec::new();
        on_threads(threads, &trajectories, LIMITS, |windows| parts.push(windows.to_vec()));
        parts
    };
    let alone = parts(1);
    assert_eq!(alone.len(), 4, "sixteen satellites a part");
    assert!(alone.concat().len() > 1_000);
    assert_eq!(link_windows(&trajectories, LIMITS), alone.concat());
    for threads in [2, 7] {
        assert_eq!(parts(threads), alone);
    }
}

/// Whether two satellites see each other, by the definition: the least altitude of the line between them, and its length.
fn sees(a: &Trajectory, b: &Trajectory, t: f64, limits: LinkLimits) -> bool {
    let (from, to) = (a.state(t).position, b.state(t).position);
    let line = to - from;
    let nearest = (-from.dot(line) / line.length_squared()).clamp(0.0, 1.0);
    let altitude = (from + nearest * line).length() - RADIUS_KM;
    line.length() <= limits.max_range_km && altitude >= limits.grazing_altitude_km
}

/// A Walker pattern on orbits that are not circular, so that some go below the grazing altitude at times.
fn eccentric(notation: &str, eccentricity: f64, span: Span) -> Vec<Trajectory> {
    let elements = notation.parse::<Constellation>().unwrap().elements(span.start, &crate::orbit::Placement::default());
    let spread = (0..).zip(elements).map(|(place, each)| {
        let perigee_deg = f64::from(place * 77 % 360);
        Elements { eccentricity, perigee_deg, mean_anomaly_deg: each.mean_anomaly_deg - perigee_deg, ..each }
    });
    spread.map(|each| Satellite::new(each).unwrap().trajectory(span).unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn windows_are_those_that_a_person_with_patience_finds(
        altitude in 400..1500_u32, inclination in 20..110_u32, planes in 1..4_u32, range in 1500..9000_u32, grazing in 0..500_u32,
        eccentricity in 0.0..0.03_f64, secs in prop_oneof![Just(10.0), 100.0..12_000.0_f64, Just(12_000.0)],
    ) {
        let notation = format!("D:{altitude}:{inclination}:{}/{planes}/0", planes * 3);
        let span = Span { start: "2026-01-01T00:00:00Z".parse().unwrap(), secs };
        let trajectories = eccentric(&notation, eccentricity, span);
        let max_range_km = if range < 8_000 { f64::from(range) } else { f64::INFINITY };
        let limits = LinkLimits { max_range_km, grazing_altitude_km: f64::from(grazing) };
        let found = link_windows(&trajectories, limits);
        for a in 0..trajectories.len() {
            for b in a + 1..trajectories.len() {
                let of_pair = found.iter().filter(|link| (link.a as usize, link.b as usize) == (a, b));
                let windows: Vec<Window> = of_pair.map(|link| link.window).collect();
                // An instant at an edge counts for neither side.
                let at_edge = |t: f64| windows.iter().any(|each| (each.start - t).abs() < 1e-3 || (each.end - t).abs() < 1e-3);
                let seconds = (0..12_000).map(f64::from).take_while(|t| *t < secs);
                for t in seconds.filter(|t| !at_edge(*t)) {
                    let found = windows.iter().any(|each| each.start <= t && t < each.end);
                    let exact = sees(&trajectories[a], &trajectories[b], t, limits);
                    prop_assert_eq!(found, exact, "{} and {} of {} at {} s: {:?}", a, b, notation, t, windows);
                }
            }
        }
    }
}
