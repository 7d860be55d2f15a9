//! What windows cover together, and what they leave.

use crate::orbit::Window;

/// The union of some windows in a span.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Coverage {
    /// Its length, seconds.
    pub(super) secs: f64,
    /// The longest time in the span outside of it; the first of equals, none if it is all of the span.
    pub(super) longest_gap: Option<Window>,
}

impl Coverage {
    /// Of windows in `[0, end)` that are ordered by their start.
    pub(super) fn of(windows: impl IntoIterator<Item = Window>, end: f64) -> Self {
        let (mut covered, mut until) = (0.0, 0.0);
        let mut longest_gap = None;
        for window in windows {
            longest_gap = longer(longest_gap, Window { start: until, end: window.start });
            covered += (window.end - window.start.max(until)).max(0.0);
            until = window.end.max(until);
        }
        Self { secs: covered, longest_gap: longer(longest_gap, Window { start: until, end }) }
    }
}

/// The longer of two windows, the first of equals. One that lasts no time is none.
pub(super) fn longer(one: Option<Window>, other: Window) -> Option<Window> {
    let least = one.map_or(0.0, |window| window.secs());
    if other.secs() > least { Some(other) } else { one }
}
