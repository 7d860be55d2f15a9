//! How many light seconds apart two nodes are, and when.

use crate::units::MissionTime;

/// A half-open time `[start, end)` with one distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    /// Its first instant.
    pub(super) start: MissionTime,
    /// The first instant after it.
    pub(super) end: MissionTime,
    /// Whole light seconds.
    pub(super) light_secs: u64,
}

/// Ranges in the order of time and without overlap, with those joined that touch and tell the same.
pub(super) fn joined(ranges: impl IntoIterator<Item = Range>) -> Vec<Range> {
    let mut joined: Vec<Range> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if last.end == range.start && last.light_secs == range.light_secs => last.end = range.end,
            _ => joined.push(range),
        }
    }
    joined
}

/// What holds for both of two rows of ranges: the greater one wherever both tell something.
pub(super) fn greatest(one: &[Range], other: &[Range]) -> Vec<Range> {
    let mut edges: Vec<MissionTime> = [one, other].concat().iter().flat_map(|range| [range.start, range.end]).collect();
    edges.sort_unstable();
    edges.dedup();
    joined(edges.windows(2).filter_map(|pair| {
        let light_secs = [one, other].into_iter().filter_map(|ranges| light_secs_at(ranges, pair[0])).max()?;
        Some(Range { start: pair[0], end: pair[1], light_secs })
    }))
}

/// The parts of `[start, end)`, each in one of some ranges, or the first instant that is in none.
pub(super) fn within(ranges: &[Range], start: MissionTime, end: MissionTime) -> Result<Vec<Range>, MissionTime> {
    let (mut at, mut parts) = (start, Vec::new());
    for range in &ranges[not_ended(ranges, start)..] {
        if at >= end || range.start > at {
            break;
        }
        parts.push(Range { start: at, end: range.end.min(end), light_secs: range.light_secs });
        at = range.end;
    }
    if at >= end { Ok(parts) } else { Err(at) }
}

fn light_secs_at(ranges: &[Range], at: MissionTime) -> Option<u64> {
    ranges.get(not_ended(ranges, at)).filter(|range| range.start <= at).map(|range| range.light_secs)
}

/// The index of the first range that ends after `at`.
fn not_ended(ranges: &[Range], at: MissionTime) -> usize {
    ranges.partition_point(|range| range.end <= at)
}
