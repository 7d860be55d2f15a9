//! What scripted outages leave of a mission.

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
