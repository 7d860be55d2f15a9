//! When a satellite is near enough to the equator.

use super::search::{Margin, Window, windows};
use super::trajectory::Trajectory;

/// When the geocentric latitude of a satellite, north or south, is at most `max_latitude_deg`.
#[must_use]
pub fn low_latitudes(trajectory: &Trajectory, max_latitude_deg: f64) -> Vec<Window> {
    let sine = max_latitude_deg.clamp(0.0, 90.0).to_radians().sin();
    let squared = sine * sine;
    windows(trajectory.times(), trajectory.span().secs, |t| {
        let state = trajectory.state(t);
        let (radius, growth) = (state.position.length_squared(), 2.0 * state.position.dot(state.velocity));
        let (z, rise) = (state.position.z, state.velocity.z);
        Margin { value: squared * radius - z * z, slope: squared * growth - 2.0 * z * rise }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orbit::{Constellation, Span};

    #[test]
    fn a_polar_orbit_is_below_sixty_degrees_for_two_thirds_of_the_time() {
        let span = Span { start: jiff::Timestamp::UNIX_EPOCH, secs: 86_400.0 };
        let satellites = "D:780:90.0:1/1/0".parse::<Constellation>().unwrap().satellites(span.start).unwrap();
        let trajectory = satellites[0].trajectory(span).unwrap();
        let low: f64 = low_latitudes(&trajectory, 60.0).iter().map(Window::secs).sum();
        assert!((low / span.secs - 2.0 / 3.0).abs() < 0.01, "{low} s");
        assert_eq!(low_latitudes(&trajectory, 90.0), [Window { start: 0.0, end: span.secs }]);
    }
}
