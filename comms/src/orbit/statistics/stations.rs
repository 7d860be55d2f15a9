//! How stations are served.

use super::coverage::Coverage;
use super::durations::Durations;
use crate::orbit::{Visibility, Window};

/// The passes of all satellites over one station.
#[derive(Debug, Clone, PartialEq)]
pub struct StationPasses {
    /// Each pass by itself.
    pub passes: Durations,
    /// All of them together, seconds: two satellites at once count twice.
    pub total_secs: f64,
    /// How long any satellite is in sight, seconds: two at once count once.
    pub covered_secs: f64,
    /// The longest time without any satellite in sight; the first of equals.
    pub longest_gap: Option<Window>,
}

/// Of every station.
pub(super) fn passes_of_each(visibility: &Visibility<'_>) -> Vec<StationPasses> {
    let mut windows = vec![Vec::new(); visibility.stations.len()];
    for pass in visibility.passes {
        windows[pass.station as usize].push(pass.window);
    }
    windows.into_iter().map(|windows| StationPasses::of(windows, visibility.span.secs)).collect()
}

impl StationPasses {
    fn of(mut windows: Vec<Window>, end: f64) -> Self {
        windows.sort_unstable_by(|one, other| one.start.total_cmp(&other.start));
        let mut lengths: Vec<f64> = windows.iter().map(Window::secs).collect();
        let Coverage { secs, longest_gap } = Coverage::of(windows, end);
        Self { passes: Durations::of(&mut lengths), total_secs: lengths.iter().sum(), covered_secs: secs, longest_gap }
    }
}
