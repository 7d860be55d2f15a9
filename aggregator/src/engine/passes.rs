//! When whom passes the ground: what custody is planned by.

use std::collections::BTreeMap;
use std::time::Duration;

use starloom_comms::contacts::ContactPlan;
use starloom_comms::id::NodeId;
use starloom_comms::scenario::Scenario;
use starloom_comms::units::MissionTime;

use super::rules::Pace;

/// The planned passes of each node over any station, on the engine's own clock. A node without an entry is always in reach.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Passes {
    by_node: BTreeMap<NodeId, Vec<(Duration, Duration)>>,
}

impl Passes {
    /// Those of `scenario`'s nodes in its `planned` contacts.
    #[must_use]
    pub fn of(scenario: &Scenario, planned: &ContactPlan, pace: Pace) -> Self {
        let on_the_clock = |at: MissionTime| pace.engine(at.since(pace.begin));
        let by_node = scenario.nodes().into_iter().map(|node| {
            let stations = scenario.stations();
            let passes = stations.iter().flat_map(|station| planned.contacts(&node, station));
            let mut passes: Vec<_> = passes.map(|pass| (on_the_clock(pass.start), on_the_clock(pass.end))).collect();
            passes.sort_unstable();
            (node, passes)
        });
        Self { by_node: by_node.collect() }
    }

    /// How long it is until a node passes a station; the longest of all spans if it never does again.
    pub(super) fn wait(&self, node: &NodeId, now: Duration) -> Duration {
        let Some(passes) = self.by_node.get(node) else { return Duration::ZERO };
        let next = passes.iter().find(|(_, end)| now < *end);
        next.map_or(Duration::MAX, |(start, _)| start.saturating_sub(now))
    }
}

#[cfg(test)]
impl Passes {
    /// The given windows of each node.
    pub(super) fn given(passes: &[(NodeId, &[(u64, u64)])]) -> Self {
        let secs = |&(start, end): &(u64, u64)| (Duration::from_secs(start), Duration::from_secs(end));
        let windows = |windows: &[(u64, u64)]| windows.iter().map(secs).collect();
        Self { by_node: passes.iter().map(|(node, passes)| (node.clone(), windows(passes))).collect() }
    }
}
