//! Where the Sun is, to a hundredth of a degree: a tenth of a second of a satellite's way.

use glam::DVec3;
use jiff::Timestamp;

use super::earth::days_since_j2000;

/// The Sun's direction over a mission.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sun {
    days_at_start: f64,
}

impl Sun {
    pub(super) fn from(start: Timestamp) -> Self {
        Self { days_at_start: days_since_j2000(start) }
    }

    /// The unit vector to the Sun from the Earth `t` seconds into the mission, in the mean equator of date (Vallado, 5-1).
    pub(super) fn direction(self, t: f64) -> DVec3 {
        let centuries = (self.days_at_start + t / 86_400.0) / 36_525.0;
        let mean_longitude = 280.460 + 36_000.771 * centuries;
        let anomaly = (357.529_109_2 + 35_999.050_34 * centuries).to_radians();
        let longitude =
            (mean_longitude + 1.914_666_471 * anomaly.sin() + 0.019_994_643 * (2.0 * anomaly).sin()).to_radians();
        let obliquity = (23.439_291 - 0.013_004_2 * centuries).to_radians();
        let (sin, cos) = longitude.sin_cos();
        DVec3::new(cos, obliquity.cos() * sin, obliquity.sin() * sin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sun_stands_where_the_almanac_has_it() {
        // Vallado, example 5-1: 2006-04-02 00:00 UT1, right ascension and declination.
        let sun = Sun::from("2006-04-02T00:00:00Z".parse().unwrap()).direction(0.0);
        let (ascension, declination) = (sun.y.atan2(sun.x).to_degrees(), sun.z.asin().to_degrees());
        assert!((ascension - 11.140_899).abs() < 0.01, "{ascension}");
        assert!((declination - 4.788_424).abs() < 0.01, "{declination}");
    }
}
