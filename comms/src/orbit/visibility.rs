//! What is visible over a span, with names: what a person is told, and what files and pictures are made of.

use super::links::LinkWindow;
use super::search::Window;
use super::sightings::PassWindow;
use super::trajectory::Span;

/// Links, passes and eclipses of named satellites. They may be those of the geometry alone
/// ([`Sightings`](super::Sightings)), or what terminals, acquisition and outages leave of them.
#[derive(Debug, Clone, Copy)]
pub struct Visibility<'a> {
    /// The name of each satellite; the other fields speak of it by its index.
    pub satellites: &'a [String],
    /// The name of each station.
    pub stations: &'a [String],
    /// The time it is about: all windows lie in it.
    pub span: Span,
    /// Who sees whom, ordered by pair and time. Windows of one pair do not overlap.
    pub links: &'a [LinkWindow],
    /// Who passes which station, in any order.
    pub passes: &'a [PassWindow],
    /// When each satellite is in the Earth's shadow; empty if nobody asked.
    pub eclipses: &'a [Vec<Window>],
}

impl Visibility<'_> {
    /// Whether a window is all of the span: what it is of never changes.
    #[must_use]
    pub fn is_permanent(&self, window: Window) -> bool {
        window.start <= 0.0 && window.end >= self.span.secs
    }
}
