//! Constellations in the notation of draft-piraux-space-constellation-code: `D:550:53.0:12/3/1`.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use thiserror::Error;

use super::earth::{MU, RADIUS_KM};
use super::elements::Elements;
use super::placement::Placement;
use super::satellite::{PropagationError, Satellite};
use crate::limits::MAX_NODES;

/// How planes are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pattern {
    /// `D`: ascending nodes all around the Earth.
    Delta,
    /// `S`: ascending nodes over half of it, so that satellites rise on one side and set on the other.
    Star,
}

/// A Walker pattern of satellites on circular orbits. Made from its notation, so its numbers always fit each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Constellation {
    /// How planes are spread.
    pattern: Pattern,
    /// Above the equatorial radius.
    altitude_km: f64,
    /// Of every plane, in degrees.
    inclination_deg: f64,
    /// All satellites: a multiple of the planes.
    satellites: u32,
    /// Planes.
    planes: u32,
    /// By how many `satellites`-ths of a circle a plane's satellites are ahead of those of the plane before it.
    phasing: u32,
}

/// Why a text is no constellation.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{text}`: {problem}; a constellation reads like D:550:53.0:12/3/1 or S:…: altitude in km, inclination in degrees, satellites/planes/phasing"
)]
pub struct NotationError {
    /// The text.
    text: String,
    /// What is wrong with it.
    problem: String,
}

impl FromStr for Constellation {
    type Err = NotationError;

    fn from_str(text: &str) -> Result<Self, NotationError> {
        parse(text).map_err(|problem| NotationError { text: text.to_owned(), problem })
    }
}

fn parse(text: &str) -> Result<Constellation, String> {
    let fields: Vec<&str> = text.trim().split(':').collect();
    let [pattern, altitude, inclination, counts] = fields[..] else {
        return Err(format!("{} fields between colons, where there are four", fields.len()));
    };
    let pattern = match pattern {
        "D" => Pattern::Delta,
        "S" => Pattern::Star,
        other => return Err(format!("the pattern is `{other}`, where it is D (delta) or S (star)")),
    };
    let counts: Vec<&str> = counts.split('/').collect();
    let [satellites, planes, phasing] = counts[..] else {
        return Err(format!("{} counts between slashes, where there are three", counts.len()));
    };
    let constellation = Constellation {
        pattern,
        altitude_km: number("altitude", altitude, 100.0, 100_000.0)?,
        inclination_deg: number("inclination", inclination, 0.0, 180.0)?,
        satellites: count("satellites", satellites, 1, MAX_NODES)?,
        planes: count("planes", planes, 1, MAX_NODES)?,
        phasing: count("phasing", phasing, 0, MAX_NODES)?,
    };
    if !constellation.satellites.is_multiple_of(constellation.planes) {
        return Err(format!("{satellites} satellites do not share out over {planes} planes"));
    }
    if constellation.phasing >= constellation.planes {
        return Err(format!("the phasing is {phasing}, where it is below the {planes} planes"));
    }
    Ok(constellation)
}

fn number(what: &str, text: &str, least: f64, most: f64) -> Result<f64, String> {
    let fits = |value: &f64| (least..=most).contains(value);
    text.parse().ok().filter(fits).ok_or_else(|| format!("the {what} is `{text}`, where it is {least} to {most}"))
}

fn count(what: &str, text: &str, least: u32, most: u32) -> Result<u32, String> {
    let fits = |value: &u32| (least..=most).contains(value);
    text.parse().ok().filter(fits).ok_or_else(|| format!("the {what} are `{text}`, where there are {least} to {most}"))
}

impl fmt::Display for Constellation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pattern = match self.pattern {
            Pattern::Delta => 'D',
            Pattern::Star => 'S',
        };
        let Self { altitude_km, inclination_deg, satellites, planes, phasing, .. } = self;
        write!(f, "{pattern}:{altitude_km}:{inclination_deg:?}:{satellites}/{planes}/{phasing}")
    }
}

impl Constellation {
    /// Its satellites at `epoch`, plane by plane: `sat-0` and on.
    ///
    /// # Errors
    /// [`PropagationError::Elements`] if SGP4 knows no such orbit.
    pub fn satellites(&self, epoch: Timestamp) -> Result<Vec<Satellite>, PropagationError> {
        self.elements(epoch, &Placement::default()).into_iter().map(Satellite::new).collect()
    }

    /// How many planes there are; satellites are listed plane by plane, as many in each.
    #[must_use]
    pub const fn planes(&self) -> u32 {
        self.planes
    }

    /// The elements of its satellites, where they lie as `placement` says. The orbits are circular but for an eccentricity
    /// of 0.0001, without drag.
    #[must_use]
    pub fn elements(&self, epoch: Timestamp, placement: &Placement) -> Vec<Elements> {
        let spread = match self.pattern {
            Pattern::Delta => 360.0,
            Pattern::Star => 180.0,
        };
        let in_plane = self.satellites / self.planes;
        let axis = RADIUS_KM + self.altitude_km;
        let mean_motion = (MU / axis.powi(3)).sqrt() * 86_400.0 / std::f64::consts::TAU;
        let slots = (0..self.planes).flat_map(|plane| (0..in_plane).map(move |place| (plane, place)));
        slots
            .zip(0_u32..)
            .zip(placement.displacements())
            .map(|(((plane, place), slot), ahead)| Elements {
                name: format!("sat-{slot}"),
                catalog: u64::from(slot),
                epoch,
                inclination_deg: self.inclination_deg,
                raan_deg: (placement.raan_deg + spread * f64::from(plane) / f64::from(self.planes)).rem_euclid(360.0),
                eccentricity: 0.0001,
                perigee_deg: 0.0,
                mean_anomaly_deg: (ahead
                    + placement.arc_deg * f64::from(place) / f64::from(in_plane)
                    + 360.0 * f64::from(self.phasing * plane) / f64::from(self.satellites))
                .rem_euclid(360.0),
                mean_motion,
                drag: 0.0,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notation_reads_back() {
        for text in ["D:550:53.0:12/3/1", "S:780:86.4:66/6/2", "D:550:53.0:1584/22/17"] {
            assert_eq!(text.parse::<Constellation>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_constellation_is_refused_with_the_field() {
        for (text, word) in [
            ("D:550:53.0", "3 fields"),
            ("X:550:53.0:12/3/1", "`X`"),
            ("D:high:53.0:12/3/1", "`high`"),
            ("D:550:190:12/3/1", "`190`"),
            ("D:550:53:12/5/1", "5 planes"),
            ("D:550:53:12/3/3", "below the 3"),
            ("D:550:53:0/3/1", "`0`"),
            ("D:NaN:53:12/3/1", "`NaN`"),
            ("D:550:53:12/3", "2 counts"),
        ] {
            let error = text.parse::<Constellation>().unwrap_err().to_string();
            assert!(error.contains(word) && error.contains("D:550:53.0:12/3/1"), "{error}");
        }
    }

    #[test]
    fn planes_and_places_are_spread_evenly() {
        let elements = "D:550:53.0:12/3/1"
            .parse::<Constellation>()
            .unwrap()
            .elements(Timestamp::UNIX_EPOCH, &Placement::default());
        let angles: Vec<_> = elements.iter().map(|each| (each.raan_deg, each.mean_anomaly_deg)).collect();
        assert_eq!(angles[..5], [(0.0, 0.0), (0.0, 90.0), (0.0, 180.0), (0.0, 270.0), (120.0, 30.0)]);
        assert!((elements[0].mean_motion - 15.054_913_22).abs() < 1e-8);
        let star = "S:780:86.4:66/6/2"
            .parse::<Constellation>()
            .unwrap()
            .elements(Timestamp::UNIX_EPOCH, &Placement::default());
        assert_eq!(star[11].raan_deg, 30.0);
    }
}
