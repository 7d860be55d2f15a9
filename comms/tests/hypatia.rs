//! Round-trip times along the paths of Hypatia, against those that it published.
//!
//! The files are `satgenpy/tests/data_to_match/kuiper_630` of <https://github.com/snkas/hypatia>: paths through Kuiper's 1,156
//! satellites at 630 km between three cities, and round-trip times each tenth of a second. Say where they are:
//!
//! ```sh
//! STARLOOM_HYPATIA=hypatia/satgenpy/tests/data_to_match/kuiper_630 cargo test -p starloom-comms --test hypatia -- --nocapture
//! ```
//!
//! Hypatia takes distances from PyEphem, whose orbits are those of SGP4, but whose Earth is its own: see [`PyEphem`]. With that
//! Earth all times agree to 2.2e-6, a few metres of a satellite's place that are not explained. With
//! ours, which has the shape of WGS-84 and turns by the IAU model of 1982, they agree to 1.13e-5.

#![expect(clippy::expect_used, reason = "a test that cannot read its files fails, and says where")]

use std::collections::BTreeMap;
use std::f64::consts::TAU;
use std::fs;
use std::path::{Path, PathBuf};

use glam::DVec3;
use starloom_comms::orbit::{Elements, Satellite, Site, Span, Trajectory, pass_geometry};

/// Planes, and satellites in a plane.
const SIDE: u32 = 34;
/// Manila, Saint Petersburg and Dalian, by their numbers in the files: degrees north and east.
const STATIONS: [(u32, f64, f64); 3] =
    [(1173, 14.6042, 120.9822), (1229, 59.929_858, 30.326_228), (1241, 38.913_811, 121.602_322)];
const LIGHT_KM_PER_SEC: f64 = 299_792.458;

#[test]
fn round_trip_times_are_those_of_hypatia() {
    let Some(folder) = std::env::var_os("STARLOOM_HYPATIA").map(PathBuf::from) else {
        println!(
            "skipped: set STARLOOM_HYPATIA to a copy of satgenpy/tests/data_to_match/kuiper_630 of github.com/snkas/hypatia"
        );
        return;
    };
    let satellites = kuiper();
    let ours = Ours::new(&satellites);
    let theirs = PyEphem { satellites: &satellites };
    let (mut worst_of_ours, mut worst, mut compared) = (0.0_f64, 0.0_f64, 0);
    for (one, ..) in STATIONS {
        for (other, ..) in STATIONS.into_iter().filter(|station| station.0 != one) {
            let there = paths(&folder, one, other);
            let back = paths(&folder, other, one);
            for (t, rtt) in rows(&folder.join(format!("networkx_rtt_{one}_to_{other}.txt"))) {
                let rtt: f64 = rtt.parse().expect("nanoseconds");
                let at = |paths: &BTreeMap<u64, Option<Vec<u32>>>| {
                    paths.range(..=t).next_back().and_then(|(_, path)| path.clone())
                };
                let (Some(there), Some(back)) = (at(&there), at(&back)) else {
                    assert!(rtt == 0.0, "{one} to {other} at {t} ns: {rtt} ns where no path is");
                    continue;
                };
                let error = |distance: &dyn Fn(u32, u32, f64) -> f64| {
                    let hops = there.windows(2).chain(back.windows(2));
                    let length: f64 = hops.map(|hop| distance(hop[0], hop[1], t as f64 / 1e9)).sum();
                    (length / LIGHT_KM_PER_SEC * 1e9 / rtt - 1.0).abs()
                };
                worst = worst.max(error(&|from, to, t| theirs.distance(from, to, t)));
                worst_of_ours = worst_of_ours.max(error(&|from, to, t| ours.distance(from, to, t)));
                compared += 1;
            }
        }
    }
    println!("{compared} round-trip times, off by at most {worst:.1e} on PyEphem's Earth, {worst_of_ours:.1e} on ours");
    assert!(compared > 11_000, "{compared} of 12,000 times");
    assert!(worst < 3e-6, "{worst:e} on PyEphem's Earth");
    assert!(worst_of_ours < 1.2e-5, "{worst_of_ours:e} on ours");
}

/// Lines of a time in nanoseconds and something.
fn rows(path: &Path) -> Vec<(u64, String)> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let row = |line: &str| {
        let (time, rest) = line.split_once(',').expect("two columns");
        (time.parse().expect("nanoseconds"), rest.to_owned())
    };
    text.lines().map(row).collect()
}

/// The paths from one station to another, by the time from which they hold: nodes from end to end, if there is a path.
fn paths(folder: &Path, from: u32, to: u32) -> BTreeMap<u64, Option<Vec<u32>>> {
    let path = |text: String| text.split('-').map(|node| node.parse().ok()).collect();
    let rows = rows(&folder.join(format!("networkx_path_{from}_to_{to}.txt")));
    rows.into_iter().map(|(time, text)| (time, path(text))).collect()
}

/// Hypatia's Kuiper, with angles rounded as in a TLE: every other plane is half a place ahead.
fn kuiper() -> Vec<Trajectory> {
    let start = "2000-01-01T00:00:00Z".parse().expect("a time");
    let rounded = |degrees: f64| (degrees * 1e4).round() / 1e4;
    let place = 360.0 / f64::from(SIDE);
    let trajectory = |(plane, slot): (u32, u32)| {
        let elements = Elements {
            name: format!("{}", plane * SIDE + slot),
            catalog: u64::from(plane * SIDE + slot + 1),
            epoch: start,
            inclination_deg: 51.9,
            raan_deg: rounded(f64::from(plane) * place),
            eccentricity: 1e-7,
            perigee_deg: 0.0,
            mean_anomaly_deg: rounded(f64::from(slot) * place + f64::from(plane % 2) * place / 2.0),
            mean_motion: 14.8,
            drag: 0.0,
        };
        let satellite = Satellite::new(elements).expect("an orbit");
        satellite.trajectory(Span { start, secs: 200.0 }).expect("it stays up")
    };
    (0..SIDE).flat_map(|plane| (0..SIDE).map(move |slot| (plane, slot))).map(trajectory).collect()
}

/// The geometry of this crate.
struct Ours<'a> {
    satellites: &'a [Trajectory],
    sites: BTreeMap<u32, Site>,
}

impl<'a> Ours<'a> {
    fn new(satellites: &'a [Trajectory]) -> Self {
        let site = |(node, lat, lon)| (node, Site::new(lat, lon, 0.0).expect("a place on the Earth"));
        Self { satellites, sites: STATIONS.into_iter().map(site).collect() }
    }

    fn distance(&self, from: u32, to: u32, t: f64) -> f64 {
        let (satellite, other) = (&self.satellites[from.min(to) as usize], from.max(to));
        match self.sites.get(&other) {
            Some(site) => pass_geometry(satellite, *site, t).0,
            None => (self.satellites[other as usize].state(t).position - satellite.state(t).position).length(),
        }
    }
}

/// The geometry of PyEphem (`libastro/earthsat.c`). Its Earth has an equatorial radius of 6,378.16 km, in which it also measures
/// orbits that SGP4 gives in units of 6,378.135 km; it is flattened by 1/298.25, and the latitude of a station is taken as if
/// geocentric latitudes differed by the square of that; it turns by Newcomb's sidereal time of 1900, an arcsecond behind.
struct PyEphem<'a> {
    satellites: &'a [Trajectory],
}

impl PyEphem<'_> {
    const RADIUS_KM: f64 = 6378.16;
    const RADIUS_OF_SGP4_KM: f64 = 6378.135;
    const FLATTENING: f64 = 1.0 / 298.25;

    fn distance(&self, from: u32, to: u32, t: f64) -> f64 {
        (Self::place(self, to, t) - Self::place(self, from, t)).length()
    }

    fn place(&self, node: u32, t: f64) -> DVec3 {
        match STATIONS.into_iter().find(|station| station.0 == node) {
            Some((_, lat, lon)) => Self::station(lat, lon, t),
            None => self.satellites[node as usize].state(t).position * (Self::RADIUS_KM / Self::RADIUS_OF_SGP4_KM),
        }
    }

    fn station(lat_deg: f64, lon_deg: f64, t: f64) -> DVec3 {
        let (sin, cos) = (lat_deg.to_radians().tan() / (1.0 - Self::FLATTENING.powi(2))).atan().sin_cos();
        let squash = (1.0 - Self::FLATTENING).powi(2);
        let normal = Self::RADIUS_KM / (1.0 - (1.0 - squash) * sin * sin).sqrt();
        // From 1900 January 0.5 to 2000 January 1.0.
        let centuries = 36_524.5 / 36_525.0;
        let at_start = (6.646_065_6 + 2_400.051_262 * centuries + 0.000_025_81 * centuries * centuries) / 24.0;
        let turns = (at_start + 1.002_737_909_3 * t / 86_400.0).fract();
        let (sin_ra, cos_ra) = (turns * TAU + lon_deg.to_radians()).sin_cos();
        DVec3::new(normal * cos * cos_ra, normal * cos * sin_ra, squash * normal * sin)
    }
}
