//! One satellite on its way: SGP4.

use glam::DVec3;
use jiff::Timestamp;
use thiserror::Error;

use super::earth::RADIUS_KM;
use super::elements::Elements;

/// A satellite that can be propagated.
#[derive(Clone)]
pub struct Satellite {
    elements: Elements,
    constants: sgp4::Constants,
}

/// Where a satellite is and how it moves, in TEME.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct State {
    /// Kilometres from the Earth's centre.
    pub position: DVec3,
    /// Kilometres a second.
    pub velocity: DVec3,
}

/// Why a satellite has no state.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum PropagationError {
    /// No orbit has such elements.
    #[error("{satellite}: its elements are of no orbit: {problem}")]
    Elements {
        /// The satellite.
        satellite: String,
        /// What is wrong.
        problem: String,
    },
    /// It has come down, or its elements are too old to say.
    #[error("{satellite} at {at}: {problem}; its elements are of {epoch}")]
    Decayed {
        /// The satellite.
        satellite: String,
        /// When.
        at: Timestamp,
        /// The epoch of its elements.
        epoch: Timestamp,
        /// What SGP4 says.
        problem: String,
    },
}

impl Satellite {
    /// The satellite of `elements`.
    ///
    /// # Errors
    /// [`PropagationError::Elements`] if they are of no orbit.
    pub fn new(elements: Elements) -> Result<Self, PropagationError> {
        let refused = |problem: String| PropagationError::Elements { satellite: elements.name.clone(), problem };
        let numbers = [
            ("inclination", elements.inclination_deg),
            ("right ascension", elements.raan_deg),
            ("eccentricity", elements.eccentricity),
            ("argument of perigee", elements.perigee_deg),
            ("mean anomaly", elements.mean_anomaly_deg),
            ("mean motion", elements.mean_motion),
            ("drag term", elements.drag),
        ];
        if let Some((what, number)) = numbers.into_iter().find(|(_, number)| !number.is_finite()) {
            return Err(refused(format!("the {what} is {number}")));
        }
        let orbit = sgp4::Orbit::from_kozai_elements(
            &sgp4::WGS72,
            elements.inclination_deg.to_radians(),
            elements.raan_deg.to_radians(),
            elements.eccentricity,
            elements.perigee_deg.to_radians(),
            elements.mean_anomaly_deg.to_radians(),
            elements.mean_motion * std::f64::consts::TAU / 1_440.0,
        )
        .map_err(|error| refused(error.to_string()))?;
        let years = super::earth::days_since_j2000(elements.epoch) / 365.25;
        let time = sgp4::iau_epoch_to_sidereal_time;
        let constants = sgp4::Constants::new(sgp4::WGS72, time, years, elements.drag, orbit)
            .map_err(|error| refused(error.to_string()))?;
        Ok(Self { elements, constants })
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.elements.name
    }

    /// What it was made of.
    #[must_use]
    pub const fn elements(&self) -> &Elements {
        &self.elements
    }

    /// Its state `secs` seconds after `start`.
    ///
    /// # Errors
    /// [`PropagationError::Decayed`] if it has come down by then.
    pub fn state(&self, start: Timestamp, secs: f64) -> Result<State, PropagationError> {
        let since_epoch = start.duration_since(self.elements.epoch).as_secs_f64() + secs;
        let minutes = sgp4::MinutesSinceEpoch(since_epoch / 60.0);
        let prediction = self.constants.propagate(minutes);
        let prediction = prediction.map_err(|error| self.decayed(start, secs, error.to_string()))?;
        let [position, velocity] = [prediction.position, prediction.velocity].map(DVec3::from);
        Ok(State { position, velocity })
    }

    /// Whether it is above the ground `secs` seconds after `start`.
    ///
    /// # Errors
    /// [`PropagationError::Decayed`] if it has come down by then.
    pub fn is_up(&self, start: Timestamp, secs: f64) -> Result<(), PropagationError> {
        self.position(start, secs).map(|_| ())
    }

    /// Its position `secs` seconds after `start`, if that is above the ground.
    pub(super) fn position(&self, start: Timestamp, secs: f64) -> Result<DVec3, PropagationError> {
        let position = self.state(start, secs)?.position;
        let radius = position.length();
        if radius > RADIUS_KM {
            return Ok(position);
        }
        Err(self.decayed(start, secs, format!("{radius:.0} km from the Earth's centre, inside the Earth")))
    }

    fn decayed(&self, start: Timestamp, secs: f64, problem: String) -> PropagationError {
        let at = start.saturating_add(jiff::SignedDuration::from_secs_f64(secs)).unwrap_or(start);
        let Elements { name, epoch, .. } = &self.elements;
        PropagationError::Decayed { satellite: name.clone(), at, epoch: *epoch, problem }
    }
}

impl std::fmt::Debug for Satellite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Satellite").field("elements", &self.elements).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orbit::parse_tle;

    #[test]
    fn a_satellite_that_comes_down_says_when() {
        let text = "1 28872U 05037B   05333.02012661  .25992681  00000-0  24476-3 0  1534\n\
                    2 28872  96.4736 157.9986 0303955 244.0492 110.6523 16.46015938 10708";
        let satellite = Satellite::new(parse_tle(text).unwrap().remove(0)).unwrap();
        let epoch = satellite.elements().epoch;
        assert!(satellite.position(epoch, 0.0).is_ok());
        let message = satellite.position(epoch, 4_000.0).unwrap_err().to_string();
        assert!(message.starts_with("28872 at 2005-11-29T01:3") && message.contains("2005-11-29T00:28"), "{message}");
        assert!(satellite.trajectory(crate::orbit::Span { start: epoch, secs: 4_000.0 }).is_err());
    }

    #[test]
    fn elements_of_no_orbit_are_refused() {
        let elements = "D:550:53.0:1/1/0"
            .parse::<crate::orbit::Constellation>()
            .unwrap()
            .elements(Timestamp::UNIX_EPOCH, &crate::orbit::Placement::default());
        for spoil in [
            |each: &mut Elements| each.mean_motion = 0.0,
            |each: &mut Elements| each.eccentricity = 1.0,
            |each: &mut Elements| each.mean_anomaly_deg = f64::NAN,
        ] {
            let mut spoilt = elements[0].clone();
            spoil(&mut spoilt);
            assert!(Satellite::new(spoilt).unwrap_err().to_string().starts_with("sat-0: its elements are of no orbit"));
        }
    }
}
