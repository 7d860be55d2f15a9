//! Where satellites are, and what that lets them see: each other, stations, the Sun.
//!
//! ```text
//! walker notation, TLE or OMM ─► Elements ─► Satellite (SGP4) ─► Trajectory ─► windows of links, passes, eclipses
//! ```
//!
//! Everything here is geometry: no terminals, no rates, no surprises. [`crate::contacts`] makes contacts of it.
//!
//! - The frame is TEME, the one of SGP4; distances are in kilometres, speeds in km/s, times in seconds of the mission.
//! - SGP4 is that of the `sgp4` crate with the constants of WGS-72, which element sets are fitted with.
//! - A window is half-open and clipped to the span that was asked for: an edge at either end of the span is a clip.
//!
//! ```
//! use starloom_comms::orbit::{Constellation, LinkLimits, Span, link_windows};
//!
//! let start = "2026-01-01T00:00:00Z".parse()?;
//! let satellites = "S:550:97.6:12/1/0".parse::<Constellation>()?.satellites(start)?;
//! let span = Span { start, secs: 6_000.0 };
//! let trajectories = satellites.iter().map(|satellite| satellite.trajectory(span)).collect::<Result<Vec<_>, _>>()?;
//! let windows = link_windows(&trajectories, LinkLimits { max_range_km: 5016.0, grazing_altitude_km: 80.0 });
//! // Twelve in one plane: each sees its two neighbours, always.
//! assert_eq!(windows.len(), 12);
//! assert!(windows.iter().all(|link| (link.window.start, link.window.end) == (0.0, 6_000.0)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod constellation;
mod earth;
mod eclipses;
mod elements;
mod extremes;
mod latitudes;
mod links;
mod passes;
mod placement;
mod satellite;
mod search;
mod sightings;
mod statistics;
mod sun;
mod trajectory;
mod visibility;

pub use constellation::{Constellation, NotationError};
pub use earth::{GeodeticError, Site};
pub use eclipses::eclipses;
pub use elements::{Elements, ElementsError, parse_omm_csv, parse_omm_json, parse_tle};
pub use latitudes::low_latitudes;
pub use links::{LinkLimits, LinkWindow, link_range, link_windows, link_windows_with};
pub use passes::{pass_extremes, pass_geometry, passes};
pub use placement::Placement;
pub use satellite::{PropagationError, Satellite, State};
pub use search::Window;
pub use sightings::{PassWindow, Sightings};
pub use statistics::{Connectivity, DEGREE_PARTS, Degree, Durations, Pairs, Shadow, StationPasses, Statistics};
pub use trajectory::{Span, Trajectory};
pub use visibility::Visibility;
