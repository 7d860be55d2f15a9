//! Which pairs see each other, and for how long at a time.

use super::coverage::Coverage;
use super::durations::Durations;
use crate::orbit::{Visibility, Window};

/// The pairs of a constellation.
#[derive(Debug, Clone, PartialEq)]
pub struct Pairs {
    /// How many pairs there are.
    pub all: usize,
    /// How many of them see each other at all.
    pub linked: usize,
    /// Those that see each other all the time, as (smaller index, greater index), in order.
    pub permanent: Vec<(u32, u32)>,
    /// The windows of all others.
    pub windows: Durations,
    /// The longest gap between windows of a pair that sees each other at all, and the pair; the first of equals.
    pub longest_gap: Option<((u32, u32), Window)>,
}

impl Pairs {
    pub(super) fn of(visibility: &Visibility<'_>) -> Self {
        let satellites = visibility.satellites.len();
        let (mut linked, mut permanent, mut longest_gap) = (0, Vec::new(), None);
        let mut lengths = Vec::new();
        for of_pair in visibility.links.chunk_by(|one, next| (one.a, one.b) == (next.a, next.b)) {
            let pair = (of_pair[0].a, of_pair[0].b);
            linked += 1;
            if visibility.is_permanent(of_pair[0].window) {
                permanent.push(pair);
                continue;
            }
            lengths.extend(of_pair.iter().map(|link| link.window.secs()));
            let coverage = Coverage::of(of_pair.iter().map(|link| link.window), visibility.span.secs);
            let longest = longest_gap.map_or(0.0, |(_, window): (_, Window)| window.secs());
            if let Some(gap) = coverage.longest_gap.filter(|gap| gap.secs() > longest) {
                longest_gap = Some((pair, gap));
            }
        }
        let all = satellites * satellites.saturating_sub(1) / 2;
        Self { all, linked, permanent, windows: Durations::of(&mut lengths), longest_gap }
    }
}
