//! All that the geometry of a constellation says: who sees whom, which station, and when the Sun is hidden.

use super::earth::Site;
use super::eclipses::eclipses;
use super::links::{LinkLimits, LinkWindow, link_windows_with};
use super::passes::passes;
use super::satellite::{PropagationError, Satellite};
use super::search::Window;
use super::trajectory::{Span, Trajectory};

/// What is visible from where over a span, before any terminal is pointed anywhere.
#[derive(Debug)]
pub struct Sightings {
    /// Where each satellite is.
    pub trajectories: Vec<Trajectory>,
    /// Who sees whom, ordered by pair and time.
    pub links: Vec<LinkWindow>,
    /// Who passes which station, ordered by satellite, station and time.
    pub passes: Vec<PassWindow>,
}

/// A satellite and a station, by their indices, and a window in which they see each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PassWindow {
    /// The satellite.
    pub satellite: u32,
    /// The station.
    pub station: u32,
    /// When.
    pub window: Window,
}

impl Sightings {
    /// All sightings of `satellites` over `span`, of each other within `limits` and of stations at `sites` above
    /// `min_elevation_deg`.
    ///
    /// # Errors
    /// [`PropagationError`] if a satellite does not stay up.
    pub fn of(
        satellites: &[Satellite],
        span: Span,
        limits: LinkLimits,
        sites: &[Site],
        min_elevation_deg: f64,
    ) -> Result<Self, PropagationError> {
        Self::watched(satellites, span, limits, sites, min_elevation_deg, |_| {})
    }

    /// As [`Sightings::of`], telling now and then which share of the pairs of satellites is done, from 0 to 1.
    ///
    /// # Errors
    /// [`PropagationError`] if a satellite does not stay up.
    pub fn watched(
        satellites: &[Satellite],
        span: Span,
        limits: LinkLimits,
        sites: &[Site],
        min_elevation_deg: f64,
        mut told: impl FnMut(f64),
    ) -> Result<Self, PropagationError> {
        let trajectories: Vec<Trajectory> =
            satellites.iter().map(|satellite| satellite.trajectory(span)).collect::<Result<_, _>>()?;
        let mut links = Vec::new();
        link_windows_with(&trajectories, limits, |windows| {
            links.extend_from_slice(windows);
            if let Some(last) = windows.last() {
                // What is left are the pairs of those that come after it.
                let left = 1.0 - f64::from(last.a + 1) / trajectories.len() as f64;
                told(1.0 - left * left);
            }
        });
        let mut found = Vec::new();
        for (satellite, trajectory) in (0..).zip(&trajectories) {
            for (station, site) in (0..).zip(sites) {
                let windows = passes(trajectory, *site, min_elevation_deg);
                found.extend(windows.into_iter().map(|window| PassWindow { satellite, station, window }));
            }
        }
        Ok(Self { trajectories, links, passes: found })
    }

    /// When each satellite, by its index, is in the Earth's shadow.
    #[must_use]
    pub fn eclipses(&self) -> Vec<Vec<Window>> {
        self.trajectories.iter().map(eclipses).collect()
    }
}
