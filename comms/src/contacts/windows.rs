//! What outages leave of a mission, or of a part of it.

use crate::units::MissionTime;

/// The windows of a mission that no outage touches, in the order of time. Outages are half-open, in any order, and may
/// overlap; empty ones count for nothing.
pub(crate) fn windows_between(outages: &[(MissionTime, MissionTime)]) -> Vec<(MissionTime, MissionTime)> {
    let mut outages: Vec<_> = outages.iter().copied().filter(|(start, end)| start < end).collect();
    outages.sort_unstable();
    let mut windows = Vec::with_capacity(outages.len() + 1);
    let mut open = MissionTime::ZERO;
    for (start, end) in outages {
        if open < start {
            windows.push((open, start));
        }
        open = open.max(end);
    }
    if open < MissionTime::NEVER {
        windows.push((open, MissionTime::NEVER));
    }
    windows
}

/// What outages, in order and without overlap, leave of a window, in the order of time.
pub(super) fn without(
    (start, end): (MissionTime, MissionTime),
    outages: &[(MissionTime, MissionTime)],
) -> Vec<(MissionTime, MissionTime)> {
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
