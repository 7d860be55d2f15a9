use proptest::prelude::*;

use super::*;
use crate::orbit::{Constellation, Span};

const LIMITS: LinkLimits = LinkLimits { max_range_km: 5016.0, grazing_altitude_km: 80.0 };

fn trajectories(notation: &str, secs: f64) -> Vec<Trajectory> {
    let start = "2026-01-01T00:00:00Z".parse().unwrap();
    let satellites = notation.parse::<Constellation>().unwrap().satellites(start).unwrap();
    satellites.iter().map(|satellite| satellite.trajectory(Span { start, secs }).unwrap()).collect()
}

#[test]
fn the_longest_link_at_550_km_is_5016_km() {
    let sight = Sight { trajectories: &[], limits: LIMITS, end: 0.0 };
    let state = |position: [f64; 3]| State { position: position.into(), velocity: glam::DVec3::ZERO };
    let (reach, _) = sight.reach(&state([RADIUS_KM + 550.0, 0.0, 0.0]));
    assert!((2.0 * reach - 5_016.0).abs() < 1.0, "{}", 2.0 * reach);
    assert_eq!(sight.reach(&state([RADIUS_KM + 79.0, 0.0, 0.0])).0, f64::NEG_INFINITY);
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
    let alone = link_windows_on(1, &trajectories, LIMITS);
    assert!(alone.len() > 1_000);
    for threads in [2, 7] {
        assert_eq!(link_windows_on(threads, &trajectories, LIMITS), alone);
    }
}

/// The same by looking every second.
fn by_stepping(trajectories: &[Trajectory], a: usize, b: usize, limits: LinkLimits) -> Vec<(f64, f64)> {
    let sphere = RADIUS_KM + limits.grazing_altitude_km;
    let sees = |t: f64| {
        let (from, to) = (trajectories[a].state(t).position, trajectories[b].state(t).position);
        let line = to - from;
        let nearest = (-from.dot(line) / line.length_squared()).clamp(0.0, 1.0);
        line.length() <= limits.max_range_km && (from + nearest * line).length() >= sphere
    };
    let end = trajectories[a].span().secs;
    let (mut windows, mut open) = (Vec::new(), None);
    let mut t = 0.0;
    while t <= end {
        match (open, sees(t)) {
            (None, true) => open = Some(t),
            (Some(start), false) => {
                windows.push((start, t));
                open = None;
            }
            _ => {}
        }
        t += 1.0;
    }
    windows.extend(open.map(|start| (start, end)));
    windows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn windows_are_those_that_a_person_with_patience_finds(
        altitude in 400..1500_u32, inclination in 20..110_u32, planes in 1..4_u32, range in 1500..7000_u32, grazing in 0..200_u32,
    ) {
        let notation = format!("D:{altitude}:{inclination}:{}/{planes}/0", planes * 3);
        let trajectories = trajectories(&notation, 12_000.0);
        let limits = LinkLimits { max_range_km: f64::from(range), grazing_altitude_km: f64::from(grazing) };
        let found = link_windows(&trajectories, limits);
        for a in 0..trajectories.len() {
            for b in a + 1..trajectories.len() {
                let of_pair = found.iter().filter(|link| (link.a as usize, link.b as usize) == (a, b));
                // What is shorter than the patience of the other is not compared.
                let quick: Vec<_> = of_pair.map(|link| link.window).filter(|window| window.secs() > 2.0).collect();
                let slow: Vec<_> =
                    by_stepping(&trajectories, a, b, limits).into_iter().filter(|(start, end)| end - start > 2.0).collect();
                prop_assert_eq!(quick.len(), slow.len(), "{} {:?} {:?}", notation, quick, slow);
                for (window, (start, end)) in quick.iter().zip(slow) {
                    prop_assert!((window.start - start).abs() <= 1.0 && (window.end - end).abs() <= 1.0);
                }
            }
        }
    }
}
