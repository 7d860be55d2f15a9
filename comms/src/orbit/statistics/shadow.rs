//! How long satellites are in the dark.

use crate::orbit::{Visibility, Window};

/// The share of the span that satellites are in the Earth's shadow, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shadow {
    /// Of the satellite with the most light.
    pub least: f64,
    /// Over all satellites.
    pub mean: f64,
    /// Of the satellite with the least light.
    pub most: f64,
}

impl Shadow {
    #[expect(clippy::cast_precision_loss, reason = "thousands of satellites")]
    pub(super) fn of(visibility: &Visibility<'_>) -> Option<Self> {
        if visibility.eclipses.is_empty() || visibility.span.secs <= 0.0 {
            return None;
        }
        // A sum of nothing would be a negative zero.
        let dark = |windows: &Vec<Window>| {
            windows.iter().map(Window::secs).fold(0.0, |sum, secs| sum + secs) / visibility.span.secs
        };
        let shares: Vec<f64> = visibility.eclipses.iter().map(dark).collect();
        Some(Self {
            least: shares.iter().copied().fold(1.0, f64::min),
            mean: shares.iter().fold(0.0, |sum, share| sum + share) / shares.len() as f64,
            most: shares.iter().copied().fold(0.0, f64::max),
        })
    }
}
