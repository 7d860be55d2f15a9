//! The Earth: its shape, its turning, its gravity, and places on it.

use std::f64::consts::TAU;

use glam::DVec3;
use jiff::Timestamp;
use thiserror::Error;

/// Equatorial radius of WGS-84, km. Horizons, shadows and altitudes go by it.
pub(super) const RADIUS_KM: f64 = 6378.137;
/// Flattening of WGS-84.
const FLATTENING: f64 = 1.0 / 298.257_223_563;
/// Gravitational parameter of WGS-72, km³/s²: element sets are fitted with it.
pub(super) const MU: f64 = 398_600.8;
/// Turning rate in rad/s, against TEME's equinox.
const ROTATION: f64 = 7.292_115_855_3e-5;

/// A place on the Earth, with what a horizon needs of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Site {
    /// Where it is, in the frame that turns with the Earth.
    pub(super) fixed: DVec3,
    /// The WGS-84 normal there: up.
    pub(super) up: DVec3,
}

/// Coordinates that no place has.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum GeodeticError {
    /// Not a latitude.
    #[error("latitude {0}: degrees from -90 to 90")]
    Latitude(f64),
    /// Not a longitude.
    #[error("longitude {0}: degrees from -180 to 360")]
    Longitude(f64),
    /// Not on the ground.
    #[error("altitude {0} m: a station stands between -500 and 10,000 m")]
    Altitude(f64),
}

impl Site {
    /// The place at geodetic latitude and longitude (degrees, north and east positive) and altitude above the
    /// ellipsoid (metres).
    ///
    /// # Errors
    /// [`GeodeticError`] if that is not on the Earth.
    pub fn new(lat_deg: f64, lon_deg: f64, alt_m: f64) -> Result<Self, GeodeticError> {
        if !(-90.0..=90.0).contains(&lat_deg) {
            return Err(GeodeticError::Latitude(lat_deg));
        }
        if !(-180.0..=360.0).contains(&lon_deg) {
            return Err(GeodeticError::Longitude(lon_deg));
        }
        if !(-500.0..=10_000.0).contains(&alt_m) {
            return Err(GeodeticError::Altitude(alt_m));
        }
        let (sin_lat, cos_lat) = lat_deg.to_radians().sin_cos();
        let (sin_lon, cos_lon) = lon_deg.to_radians().sin_cos();
        let squash = (1.0 - FLATTENING) * (1.0 - FLATTENING);
        let normal = RADIUS_KM / (1.0 - (1.0 - squash) * sin_lat * sin_lat).sqrt();
        let altitude = alt_m / 1e3;
        let across = (normal + altitude) * cos_lat;
        let fixed = DVec3::new(across * cos_lon, across * sin_lon, (squash * normal + altitude) * sin_lat);
        Ok(Self { fixed, up: DVec3::new(cos_lat * cos_lon, cos_lat * sin_lon, sin_lat) })
    }
}

/// How far the Earth has turned, as an angle that grows evenly from one at mission start: good to a milliarcsecond
/// over a month.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rotation {
    at_start: f64,
}

impl Rotation {
    pub(super) fn from(start: Timestamp) -> Self {
        Self { at_start: sidereal_angle(start) }
    }

    /// A vector of TEME in the frame that turns with the Earth, `t` seconds into the mission.
    pub(super) fn to_fixed(self, vector: DVec3, t: f64) -> DVec3 {
        let (sin, cos) = (self.at_start + ROTATION * t).sin_cos();
        DVec3::new(cos * vector.x + sin * vector.y, cos * vector.y - sin * vector.x, vector.z)
    }

    /// A velocity of TEME as it is in the frame that turns with the Earth.
    pub(super) fn velocity_to_fixed(self, position: DVec3, velocity: DVec3, t: f64) -> DVec3 {
        self.to_fixed(velocity - DVec3::new(0.0, 0.0, ROTATION).cross(position), t)
    }
}

/// Days since J2000 (2000-01-01 12:00) of a UTC instant, with UT1 taken as UTC.
#[expect(clippy::cast_precision_loss, reason = "whole seconds of any year fit")]
pub(super) fn days_since_j2000(at: Timestamp) -> f64 {
    const J2000_UNIX_SECS: i64 = 946_728_000;
    let secs = (at.as_second() - J2000_UNIX_SECS) as f64 + f64::from(at.subsec_nanosecond()) / 1e9;
    secs / 86_400.0
}

/// Greenwich mean sidereal time in radians: the IAU model of 1982 (Vallado, Fundamentals of Astrodynamics, 3-47).
fn sidereal_angle(at: Timestamp) -> f64 {
    let days = days_since_j2000(at);
    let centuries = days / 36_525.0;
    let secs = 67_310.548_41
        + (876_600.0 * 3_600.0 + 8_640_184.812_866) * centuries
        + (0.093_104 - 6.2e-6 * centuries) * centuries * centuries;
    (secs / 86_400.0 * TAU).rem_euclid(TAU)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sidereal_time_is_that_of_the_almanac() {
        // Vallado, example 3-5: 1992-08-20 12:14 UT1.
        let angle = sidereal_angle("1992-08-20T12:14:00Z".parse().unwrap());
        assert!((angle.to_degrees() - 152.578_787_810).abs() < 1e-6, "{}", angle.to_degrees());
        let start = "2026-01-01T00:00:00Z".parse().unwrap();
        let a_day_later = sidereal_angle("2026-01-02T00:00:00Z".parse().unwrap());
        let turned = (Rotation::from(start).at_start + ROTATION * 86_400.0).rem_euclid(TAU);
        assert!((turned - a_day_later).abs() < 1e-8);
    }

    #[test]
    fn places_lie_on_the_ellipsoid() {
        let pole = Site::new(90.0, 0.0, 0.0).unwrap();
        assert!((pole.fixed.z - 6_356.752_314).abs() < 1e-6 && pole.fixed.x.abs() < 1e-9);
        let equator = Site::new(0.0, 90.0, 1_000.0).unwrap();
        assert!((equator.fixed.y - (RADIUS_KM + 1.0)).abs() < 1e-9);
        assert_eq!(Site::new(91.0, 0.0, 0.0), Err(GeodeticError::Latitude(91.0)));
        assert!(matches!(Site::new(0.0, f64::NAN, 0.0), Err(GeodeticError::Longitude(_))));
        assert_eq!(Site::new(0.0, 0.0, 4e5), Err(GeodeticError::Altitude(4e5)));
    }
}
