//! What outages leave of a window.

use crate::units::MissionTime;

/// A window `[start, end)`.
pub(crate) type Interval = (MissionTime, MissionTime);

/// Outages in order and without overlap, of any. Empty ones count for nothing.
pub(crate) fn merged(mut outages: Vec<Interval>) -> Vec<Interval> {
    outages.retain(|(start, end)| start < end);
    outages.sort_unstable();
    outages.dedup_by(|later, earlier| {
        let joins = later.0 <= earlier.1;
        if joins {
            earlier.1 = earlier.1.max(later.1);
        }
        joins
    });
    outages
}

/// What outages, in order and without overlap, leave of a window, in the order of time.
pub(crate) fn without((start, end): Interval, outages: &[Interval]) -> Vec<Interval> {
    let mut left = Vec::new();
    let mut open = start;
    let first = outages.partition_point(|(_, over)| *over <= start);
    for &(lost, found) in outages[first..].iter().take_while(|(lost, _)| *lost < end) {
        if open < lost {
            left.push((open, lost));
        }
        open = open.max(found);
    }
    if open < end {
        left.push((open, end));
    }
    left
}
