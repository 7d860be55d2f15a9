//! Where the Sun is, to a thousandth of a degree: a hundredth of a second of a satellite's way, and still well below half a
//! second where that way only grazes the Earth's shadow.
//!
//! This is the geometric Sun: where it stands, not where the Earth's motion makes it seem to stand.

use std::f64::consts::PI;

use glam::{DMat3, DVec3};

use super::earth::days_since_j2000;
use super::trajectory::Span;

/// Amplitude in radians, phase in radians, radians per thousand years.
type Term = [f64; 3];
/// The Earth's heliocentric longitude in the mean ecliptic and equinox of date, by powers of thousands of years since J2000: the
/// terms of VSOP87D (Bretagnon and Francou 1988) from an arcsecond on, as in Meeus, Astronomical Algorithms, appendix III.
const LONGITUDE: [&[Term]; 3] = [
    &[
        [1.753_470_46, 0.0, 0.0],
        [3.341_656e-2, 4.669_256_8, 6_283.075_85],
        [3.489_4e-4, 4.626_10, 12_566.151_70],
        [3.497e-5, 2.744_1, 5_753.384_9],
        [3.418e-5, 2.828_9, 3.523_1],
        [3.136e-5, 3.627_7, 77_713.771_5],
        [2.676e-5, 4.418_1, 7_860.419_4],
        [2.343e-5, 6.135_2, 3_930.209_7],
        [1.324e-5, 0.742_5, 11_506.769_8],
        [1.273e-5, 2.037_1, 529.691_0],
        [1.199e-5, 1.109_6, 1_577.343_5],
        [9.90e-6, 5.233, 5_884.927],
        [9.02e-6, 2.045, 26.298],
        [8.57e-6, 3.508, 398.149],
        [7.80e-6, 1.179, 5_223.694],
        [7.53e-6, 2.533, 5_507.553],
        [5.05e-6, 4.583, 18_849.228],
    ],
    &[[6_283.319_667_47, 0.0, 0.0], [2.060_59e-3, 2.678_235, 6_283.075_85], [4.303e-5, 2.635_1, 12_566.151_7]],
    &[[5.291_9e-4, 0.0, 0.0], [8.720e-5, 1.072_1, 6_283.075_8]],
];
/// Days that the time of the planets' motion is ahead of UTC.
const AHEAD_DAYS: f64 = 69.184 / 86_400.0;

/// The Sun's direction over a span.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sun {
    /// Every half day; in between the direction changes evenly, to a tenth of an arcsecond.
    directions: Vec<DVec3>,
}

/// Seconds between two directions that are worked out.
const STEP: f64 = 43_200.0;

impl Sun {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a span is positive and short")]
    pub(super) fn over(span: Span) -> Self {
        let start = days_since_j2000(span.start);
        let steps = (span.secs.max(STEP) / STEP).ceil() as u32;
        Self { directions: (0..=steps).map(|step| direction(start + f64::from(step) * STEP / 86_400.0)).collect() }
    }

    /// The unit vector in TEME from the Earth to the Sun, `t` seconds into the span.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates, which is meant")]
    #[expect(clippy::cast_precision_loss, reason = "few steps")]
    pub(super) fn direction(&self, t: f64) -> DVec3 {
        let step = ((t / STEP) as usize).min(self.directions.len() - 2);
        self.directions[step].lerp(self.directions[step + 1], t / STEP - step as f64).normalize()
    }
}

/// The unit vector to the Sun in TEME, `days` after J2000 in UTC.
fn direction(days: f64) -> DVec3 {
    let millennia = (days + AHEAD_DAYS) / 365_250.0;
    let sum = |terms: &[Term]| -> f64 {
        terms.iter().map(|[size, phase, rate]| size * (phase + rate * millennia).cos()).sum()
    };
    let seen_from_the_sun = LONGITUDE.iter().rev().fold(0.0, |higher, terms| higher * millennia + sum(terms));
    let (in_longitude, in_obliquity) = nutation(millennia);
    let longitude = seen_from_the_sun + PI + in_longitude;
    let obliquity = (23.439_291_1 - 0.130_042 * millennia).to_radians() + in_obliquity;
    let (sin, cos) = longitude.sin_cos();
    let of_true_equinox = DVec3::new(cos, obliquity.cos() * sin, obliquity.sin() * sin);
    // TEME has the true equator, but counts from the mean equinox.
    DMat3::from_rotation_z(-in_longitude * obliquity.cos()) * of_true_equinox
}

/// Nutation in longitude and obliquity, radians: the terms from a tenth of an arcsecond on (IAU 1980).
fn nutation(millennia: f64) -> (f64, f64) {
    let angle = |degrees: f64, rate: f64| (degrees + rate * millennia).to_radians();
    let node = angle(125.044_5, -19_341.362_6);
    let sun = angle(280.466_5, 360_007.698);
    let moon = angle(218.316_5, 4_812_678.813);
    let longitude =
        -17.20 * node.sin() - 1.32 * (2.0 * sun).sin() - 0.23 * (2.0 * moon).sin() + 0.21 * (2.0 * node).sin();
    let obliquity =
        9.20 * node.cos() + 0.57 * (2.0 * sun).cos() + 0.10 * (2.0 * moon).cos() - 0.09 * (2.0 * node).cos();
    ((longitude / 3_600.0).to_radians(), (obliquity / 3_600.0).to_radians())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sun_stands_where_a_full_ephemeris_has_it() {
        // Geometric directions by ERFA: epv00, turned by pnm06a and ee06a into TEME.
        for (at, [x, y, z]) in [
            ("2016-07-04T18:00:00Z", [-0.227_946_4, 0.893_360_7, 0.387_230_0]),
            ("2026-01-01T00:00:00Z", [0.183_490_0, -0.901_914_5, -0.391_000_8]),
            ("2026-03-20T09:30:00Z", [0.999_993_0, -0.003_429_5, -0.001_473_2]),
            ("2031-10-11T03:00:00Z", [-0.953_152_3, -0.277_532_3, -0.120_318_7]),
            ("2034-12-30T12:00:00Z", [0.153_873_7, -0.906_605_3, -0.392_924_4]),
        ] {
            let late = Span { start: at.parse().unwrap(), secs: 60.0 };
            let early = Span { start: late.start - jiff::SignedDuration::from_hours(100), secs: 500_000.0 };
            for sun in [Sun::over(late).direction(0.0), Sun::over(early).direction(360_000.0)] {
                let off = (sun - DVec3::new(x, y, z)).length().to_degrees() * 3_600.0;
                assert!(off < 4.0, "{off} arcseconds at {at}");
            }
        }
    }
}
