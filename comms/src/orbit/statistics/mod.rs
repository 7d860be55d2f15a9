//! A constellation in numbers: how well connected it is, how its stations are served, how long it is in the dark.
//!
//! Everything is exact: it follows from the edges of all windows, and no instants are picked. Shares and means are over
//! time. A state that lasts no time (one window ends at the very instant at which another begins) does not count.
//!
//! - A **permanent** link is one window over the whole span. It is left out of the durations of windows: it would drown them.
//! - The **degree** of a satellite is how many others it sees at an instant.
//! - The constellation is **connected** while each satellite reaches each other over links, through any number of satellites;
//!   otherwise it falls into **components**.
//! - A **gap** is time without any window. It may begin at the start of the span, or end with it.

mod connectivity;
mod coverage;
mod degree;
mod durations;
mod pairs;
mod shadow;
mod stations;
#[cfg(test)]
mod tests;

pub use connectivity::Connectivity;
pub use degree::{DEGREE_PARTS, Degree};
pub use durations::Durations;
pub use pairs::Pairs;
pub use shadow::Shadow;
pub use stations::StationPasses;

use super::visibility::Visibility;

/// What a [`Visibility`] comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Statistics {
    /// How many satellites there are.
    pub satellites: usize,
    /// How many seconds it is about.
    pub secs: f64,
    /// Who sees whom at all, and for how long at a time.
    pub pairs: Pairs,
    /// How many links a satellite has at once.
    pub degree: Degree,
    /// Who reaches whom over links.
    pub connectivity: Connectivity,
    /// The passes of each station, in the order of the stations.
    pub stations: Vec<StationPasses>,
    /// How long satellites are in the Earth's shadow; absent if their eclipses are.
    pub shadow: Option<Shadow>,
}

impl Statistics {
    /// The numbers of `visibility`.
    ///
    /// # Panics
    /// If a window is of a satellite or a station that has no name.
    #[must_use]
    pub fn of(visibility: &Visibility<'_>) -> Self {
        Self {
            satellites: visibility.satellites.len(),
            secs: visibility.span.secs,
            pairs: Pairs::of(visibility),
            degree: Degree::of(visibility),
            connectivity: Connectivity::of(visibility),
            stations: stations::passes_of_each(visibility),
            shadow: Shadow::of(visibility),
        }
    }
}
