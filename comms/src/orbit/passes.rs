//! When a satellite passes a station.

use super::earth::{Rotation, Site};
use super::extremes::extremes;
use super::search::{Margin, Window, windows};
use super::trajectory::Trajectory;

/// The passes of a satellite over `site` above an elevation of `min_elevation_deg` over the WGS-84 horizon, without
/// refraction.
#[must_use]
pub fn passes(trajectory: &Trajectory, site: Site, min_elevation_deg: f64) -> Vec<Window> {
    let span = trajectory.span();
    let rotation = Rotation::from(span.start);
    let (sine, _) = min_elevation_deg.to_radians().sin_cos();
    windows(trajectory.times(), span.secs, |t| {
        let state = trajectory.state(t);
        let line = rotation.to_fixed(state.position, t) - site.fixed;
        let motion = rotation.velocity_to_fixed(state.position, state.velocity, t);
        let range = line.length();
        Margin { value: line.dot(site.up) - sine * range, slope: motion.dot(site.up) - sine * line.dot(motion) / range }
    })
}

/// The least distance in km and the greatest elevation in degrees of a satellite over `site` in a pass.
#[must_use]
pub fn pass_extremes(trajectory: &Trajectory, site: Site, pass: Window) -> (f64, f64) {
    let rotation = Rotation::from(trajectory.span().start);
    let seen = |t: f64| {
        let state = trajectory.state(t);
        let line = rotation.to_fixed(state.position, t) - site.fixed;
        (line, rotation.velocity_to_fixed(state.position, state.velocity, t))
    };
    let (nearest, _) = extremes(pass, |t| {
        let (line, motion) = seen(t);
        (line.length(), line.dot(motion))
    });
    let (_, highest) = extremes(pass, |t| {
        let (line, motion) = seen(t);
        let (range, height) = (line.length(), line.dot(site.up));
        (height / range, motion.dot(site.up) - height * line.dot(motion) / (range * range))
    });
    // At the zenith rounding may go beyond the sine of a right angle.
    (nearest, highest.clamp(-1.0, 1.0).asin().to_degrees())
}

/// Distance in km and elevation in degrees of a satellite over `site`, `t` seconds into the mission.
#[must_use]
pub fn pass_geometry(trajectory: &Trajectory, site: Site, t: f64) -> (f64, f64) {
    let rotation = Rotation::from(trajectory.span().start);
    let line = rotation.to_fixed(trajectory.state(t).position, t) - site.fixed;
    let range = line.length();
    (range, (line.dot(site.up) / range).asin().to_degrees())
}
