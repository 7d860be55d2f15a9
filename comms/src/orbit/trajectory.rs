//! A satellite's way over a span: sampled by SGP4, smooth in between.
//!
//! Between two samples stands the polynomial of fifth degree that has position, velocity and acceleration of both. Both are
//! taken from the positions around a sample: the velocity that SGP4 gives is not quite the change of its position. With
//! samples three minutes apart this is within centimetres of SGP4 on a low orbit, and costs a tenth of it.

use glam::DVec3;
use jiff::Timestamp;

use super::satellite::{PropagationError, Satellite, State};

/// Seconds between two samples.
const STEP: f64 = 180.0;
/// First derivative at a place from the differences to its neighbours 1, 2, … steps away on both sides, to the eighth order.
const FIRST: [f64; 4] = [4.0 / 5.0, -1.0 / 5.0, 4.0 / 105.0, -1.0 / 280.0];
/// Second derivative from the same neighbours.
const SECOND: [f64; 4] = [8.0 / 5.0, -1.0 / 5.0, 8.0 / 315.0, -1.0 / 560.0];

/// Some time of a mission, from its start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// Mission start.
    pub start: Timestamp,
    /// How many seconds of it. At least one step of a few minutes is sampled, whatever this is.
    pub secs: f64,
}

/// Where a satellite is over a [`Span`].
#[derive(Debug, Clone, PartialEq)]
pub struct Trajectory {
    span: Span,
    samples: Vec<Sample>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Sample {
    position: DVec3,
    velocity: DVec3,
    acceleration: DVec3,
}

impl Satellite {
    /// Its way over `span`.
    ///
    /// # Errors
    /// [`PropagationError::Decayed`] if it comes down on it.
    pub fn trajectory(&self, span: Span) -> Result<Trajectory, PropagationError> {
        let around = FIRST.len();
        let places = 0..samples_of(span) + 2 * around;
        let positions = places.map(|place| self.position(span.start, time_of(place) - time_of(around)));
        let positions = positions.collect::<Result<Vec<_>, _>>()?;
        let samples = positions.windows(2 * around + 1).map(Sample::amid).collect();
        Ok(Trajectory { span, samples })
    }
}

impl Sample {
    /// The sample in the middle of positions that are a step apart.
    fn amid(positions: &[DVec3]) -> Self {
        let middle = positions.len() / 2;
        let position = positions[middle];
        let (mut velocity, mut acceleration) = (DVec3::ZERO, DVec3::ZERO);
        for (away, (first, second)) in (1..).zip(FIRST.into_iter().zip(SECOND)) {
            let (before, after) = (positions[middle - away], positions[middle + away]);
            velocity += (after - before) * first;
            acceleration += (after + before - 2.0 * position) * second;
        }
        Self { position, velocity: velocity / STEP, acceleration: acceleration / (STEP * STEP) }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a span is positive and short")]
fn samples_of(span: Span) -> usize {
    (span.secs.max(STEP) / STEP).ceil() as usize + 1
}

#[expect(clippy::cast_precision_loss, reason = "a few thousand samples")]
fn time_of(index: usize) -> f64 {
    index as f64 * STEP
}

impl Trajectory {
    /// The span it was made for.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.span
    }

    /// The times at which everything is known, the last at or after the end of the span.
    pub(super) fn times(&self) -> impl Iterator<Item = f64> + use<> {
        (0..self.samples.len()).map(time_of)
    }

    /// The state at one of the [`times`](Self::times).
    pub(super) fn sample(&self, index: usize) -> State {
        let Sample { position, velocity, .. } = self.samples[index];
        State { position, velocity }
    }

    /// The state `t` seconds into the mission. Outside of the span it is that of the nearest step, continued.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates, which is meant")]
    pub fn state(&self, t: f64) -> State {
        let index = ((t / STEP) as usize).min(self.samples.len() - 2);
        let (from, to) = (&self.samples[index], &self.samples[index + 1]);
        let u = (t - time_of(index)) / STEP;
        // The quintic as its Taylor part of second degree and three terms that meet the other end.
        let (v, a) = (from.velocity * STEP, from.acceleration * (STEP * STEP));
        let (end_v, end_a) = (to.velocity * STEP, to.acceleration * (STEP * STEP));
        let miss = to.position - from.position - v - a * 0.5;
        let miss_v = end_v - v - a;
        let miss_a = end_a - a;
        let cubic = miss * 10.0 - miss_v * 4.0 + miss_a * 0.5;
        let quartic = miss * -15.0 + miss_v * 7.0 - miss_a;
        let quintic = miss * 6.0 - miss_v * 3.0 + miss_a * 0.5;
        let position = from.position + (v + (a * 0.5 + (cubic + (quartic + quintic * u) * u) * u) * u) * u;
        let velocity = v + (a + (cubic * 3.0 + (quartic * 4.0 + quintic * (5.0 * u)) * u) * u) * u;
        State { position, velocity: velocity / STEP }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orbit::Constellation;

    #[test]
    fn between_samples_a_trajectory_is_where_sgp4_is() {
        let start = "2026-01-01T00:00:00Z".parse().unwrap();
        let span = Span { start, secs: 20_000.0 };
        for notation in ["D:550:53.0:2/1/0", "S:1200:97.6:2/1/0", "D:400:28.5:2/1/0"] {
            for satellite in notation.parse::<Constellation>().unwrap().satellites(start).unwrap() {
                let trajectory = satellite.trajectory(span).unwrap();
                for step in 0..2_000 {
                    let t = f64::from(step) * 10.0;
                    let (smooth, exact) = (trajectory.state(t), satellite.state(start, t).unwrap());
                    let miss = (smooth.position - exact.position).length();
                    assert!(miss < 3e-5, "{miss} km at {t} s of {notation}");
                    // SGP4's velocity is itself centimetres a second off the change of its position.
                    let miss = (smooth.velocity - exact.velocity).length();
                    assert!(miss < 1e-4, "{miss} km/s at {t} s of {notation}");
                }
            }
        }
    }
}
