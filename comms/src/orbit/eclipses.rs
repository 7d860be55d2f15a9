//! When a satellite is in the Earth's shadow.

use super::earth::RADIUS_KM;
use super::search::{Margin, Window, windows};
use super::sun::Sun;
use super::trajectory::Trajectory;

/// The eclipses of a satellite: a cylindrical shadow of the Earth's equatorial radius.
#[must_use]
pub fn eclipses(trajectory: &Trajectory) -> Vec<Window> {
    let span = trajectory.span();
    let sun = Sun::over(span);
    windows(trajectory.times(), span.secs, |t| {
        let state = trajectory.state(t);
        let sunward = sun.direction(t);
        // Along the shadow's axis, behind the Earth; on the day side the margin is that of the ground below, which is
        // negative and goes over into the shadow's smoothly.
        let behind = state.position.dot(sunward).min(0.0);
        let radial = state.position.dot(state.velocity);
        Margin {
            value: RADIUS_KM * RADIUS_KM - state.position.length_squared() + behind * behind,
            slope: 2.0 * (behind * state.velocity.dot(sunward) - radial),
        }
    })
}
