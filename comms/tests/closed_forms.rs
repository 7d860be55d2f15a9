//! The geometry of circular orbits, which fits on a sheet of paper, against what is found for satellites of SGP4.
//!
//! The flattening of the Earth moves such a satellite by some kilometres around its circle, which the tolerances allow for.

#![expect(clippy::expect_used, reason = "a constellation that is none fails the test")]

use std::f64::consts::{PI, TAU};

use starloom_comms::orbit::{
    Constellation, LinkLimits, LinkWindow, Site, Span, Trajectory, Window, eclipses, link_range, link_windows, passes,
};

const DAY: f64 = 86_400.0;
const RADIUS_KM: f64 = 6378.137;
const LIMITS: LinkLimits = LinkLimits { max_range_km: 5016.0, grazing_altitude_km: 80.0 };
/// The Earth's gravitational parameter, km³/s², and how its flattening bends orbits (J2), of WGS-72.
const GRAVITY: (f64, f64) = (398_600.8, 1.082_616e-3);
/// How fast the Earth turns, rad/s.
const ROTATION: f64 = 7.292_115e-5;

fn trajectories(notation: &str, start: &str) -> Vec<Trajectory> {
    let start = start.parse().expect("a time");
    let satellites = notation.parse::<Constellation>().expect("a constellation").satellites(start).expect("orbits");
    let span = Span { start, secs: DAY };
    satellites.iter().map(|satellite| satellite.trajectory(span).expect("it stays up")).collect()
}

fn permanent(windows: &[LinkWindow]) -> Vec<(u32, u32)> {
    let always = Window { start: 0.0, end: DAY };
    windows.iter().filter(|link| link.window == always).map(|link| (link.a, link.b)).collect()
}

/// How far from each other two satellites at an altitude can be, before their line of sight is at the grazing altitude.
fn longest_link(altitude_km: f64) -> f64 {
    let (radius, sphere) = (RADIUS_KM + altitude_km, RADIUS_KM + LIMITS.grazing_altitude_km);
    2.0 * (radius * radius - sphere * sphere).sqrt()
}

#[test]
fn the_longest_link_is_a_tangent_of_the_grazing_sphere() {
    assert!((longest_link(550.0) - 5_016.0).abs() < 1.0);
    let trajectories = trajectories("D:550:53.0:12/3/1", "2026-01-01T00:00:00Z");
    let windows = link_windows(&trajectories, LinkLimits { max_range_km: f64::INFINITY, ..LIMITS });
    let edges = windows.iter().flat_map(|link| [link.window.start, link.window.end].map(|t| (link, t)));
    for (link, t) in edges.filter(|(_, t)| *t > 0.0 && *t < DAY) {
        let [a, b] = [link.a, link.b].map(|index| trajectories[index as usize].state(t).position);
        let altitudes = [a, b].map(|position| position.length() - RADIUS_KM);
        let tangent = altitudes.map(longest_link).iter().sum::<f64>() / 2.0;
        assert!((a.distance(b) - tangent).abs() < 0.01, "{} km, where it is {tangent}", a.distance(b));
        // An altitude that is five kilometres higher lengthens a tangent of 5,016 km by 27 km.
        assert!((tangent - 5_016.0).abs() < 40.0, "{tangent} km at altitudes of {altitudes:?} km");
    }
}

#[test]
fn a_plane_closes_to_a_ring_from_the_number_on_whose_chords_clear_the_atmosphere() {
    for (altitude, least) in [(550.0, 9), (1_000.0, 7), (1_400.0, 6)] {
        let half_a_chord = ((RADIUS_KM + LIMITS.grazing_altitude_km) / (RADIUS_KM + altitude)).acos();
        assert_eq!((PI / half_a_chord).ceil(), f64::from(least));
        for count in [least - 1, least] {
            let trajectories = trajectories(&format!("S:{altitude}:97.6:{count}/1/0"), "2026-01-01T00:00:00Z");
            let windows = link_windows(&trajectories, LinkLimits { max_range_km: f64::INFINITY, ..LIMITS });
            let expected = if count == least { least as usize } else { 0 };
            assert_eq!(permanent(&windows).len(), expected, "{count} satellites at {altitude} km");
        }
    }
}

#[test]
fn twelve_in_a_plane_are_a_ring_whose_next_nearest_are_hidden() {
    let trajectories = trajectories("S:550:97.6:12/1/0", "2026-01-01T00:00:00Z");
    let windows = link_windows(&trajectories, LinkLimits { max_range_km: f64::INFINITY, ..LIMITS });
    assert_eq!(windows.len(), 12, "no other pair ever sees each other");
    assert_eq!(permanent(&windows).len(), 12);
    let hop = 2.0 * (RADIUS_KM + 550.0) * (PI / 12.0).sin();
    assert!((hop - 3_586.0).abs() < 1.0);
    for link in &windows {
        assert!((link.b - link.a) % 10 == 1, "{} and {} are neighbours", link.a, link.b);
        let [a, b] = [link.a, link.b].map(|index| &trajectories[index as usize]);
        let (least, most) = link_range(a, b, link.window);
        // The eccentricity of 0.0001 gives or takes a kilometre, the flattening some more.
        assert!(least > hop - 6.0 && most < hop + 6.0, "{least} to {most} km");
    }
}

#[test]
fn a_walker_delta_of_twelve_has_no_permanent_link() {
    let windows = link_windows(&trajectories("D:550:53.0:12/3/1", "2026-01-01T00:00:00Z"), LIMITS);
    assert_eq!((windows.len(), permanent(&windows).len()), (726, 0));
    let mut lengths: Vec<f64> = windows.iter().map(|link| link.window.secs()).collect();
    lengths.sort_by(f64::total_cmp);
    let median = (lengths[362] + lengths[363]) / 2.0;
    assert!((median - 294.0).abs() < 1.0, "{median} s");
}

#[test]
fn a_pass_overhead_lasts_as_long_as_the_cone_above_a_station_is_wide() {
    // Over the equator everything turns about one axis, and the Earth's turning is subtracted from the satellite's.
    let site = Site::new(0.0, 30.0, 0.0).expect("a place on the Earth");
    for altitude in [550.0, 1_200.0] {
        let trajectory = &trajectories(&format!("D:{altitude}:0.0:1/1/0"), "2026-01-01T00:00:00Z")[0];
        let (gravity, flattening) = GRAVITY;
        let axis = RADIUS_KM + altitude;
        let motion = (gravity / axis.powi(3)).sqrt();
        // Above the equator node and perigee together advance by this share of the mean motion.
        let advance = 1.5 * flattening * (RADIUS_KM / axis).powi(2);
        for mask in [0.0_f64, 10.0, 25.0] {
            let windows = passes(trajectory, site, mask);
            let whole: Vec<&Window> = windows.iter().filter(|pass| pass.start > 0.0 && pass.end < DAY).collect();
            assert!(whole.len() >= 10, "{} passes", whole.len());
            for pass in whole {
                let radius = trajectory.state((pass.start + pass.end) / 2.0).position.length();
                let elevation = mask.to_radians();
                let half = (RADIUS_KM / radius * elevation.cos()).acos() - elevation;
                let expected = 2.0 * half / (motion * (1.0 + advance) - ROTATION);
                // The eccentricity of 0.0001 lets the satellite be ahead or behind by a hundredth of a degree.
                assert!((pass.secs() - expected).abs() < 0.3, "{} s, where it is {expected}", pass.secs());
            }
        }
    }
}

#[test]
fn an_eclipse_takes_the_share_of_an_orbit_that_the_angle_to_the_sun_gives() {
    // At the equinox the Sun stands over the equator at a right ascension of zero, so the nodes of polar orbits say how far it is
    // off their planes.
    let radius = RADIUS_KM + 550.0;
    let share =
        |off_plane: f64| ((radius * radius - RADIUS_KM * RADIUS_KM).sqrt() / (radius * off_plane.cos())).acos() / PI;
    assert!((share(0.0) - 0.372).abs() < 5e-4);
    let period = TAU * (radius.powi(3) / GRAVITY.0).sqrt();
    let polar = trajectories("S:550:90.0:6/6/0", "2026-03-20T02:46:00Z");
    for (trajectory, off_plane) in polar.iter().zip([0.0_f64, 30.0, 60.0, 90.0, 60.0, 30.0]) {
        let windows = eclipses(trajectory);
        if off_plane == 90.0 {
            assert_eq!(windows, [], "a satellite on the terminator");
            continue;
        }
        let whole: Vec<&Window> = windows.iter().filter(|each| each.start > 0.0 && each.end < DAY).collect();
        assert!(whole.len() >= 13, "{} eclipses", whole.len());
        for eclipse in whole {
            let (found, expected) = (eclipse.secs() / period, share(off_plane.to_radians()));
            // In half a day the Sun moves by half a degree, which counts where the shadow is cut far from its axis.
            let tolerance = if off_plane > 45.0 { 0.008 } else { 0.0015 };
            assert!((found - expected).abs() < tolerance, "{found} at {off_plane} degrees, where it is {expected}");
        }
    }
}
