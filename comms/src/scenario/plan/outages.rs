//! The scripted windows without contact, by link.

use std::collections::BTreeMap;

use super::super::types::Scenario;
use crate::contacts::merged;
use crate::id::NodeId;
use crate::units::MissionTime;

/// The windows without contact of each link that has any: in order, and without overlap.
#[derive(Debug, Default)]
pub(super) struct Outages {
    by_link: BTreeMap<(NodeId, NodeId), Vec<(MissionTime, MissionTime)>>,
}

impl Outages {
    /// Those of a scenario. `station` is all of its stations.
    pub(super) fn of(scenario: &Scenario) -> Self {
        let stations = scenario.stations();
        let ends = |id: &NodeId| if *id == NodeId::station() { stations.clone() } else { vec![id.clone()] };
        let mut outages = Self::default();
        for outage in &scenario.outages {
            for a in ends(&outage.a) {
                for b in ends(&outage.b) {
                    outages.by_link.entry(link(&a, &b)).or_default().push((outage.start, outage.end));
                }
            }
        }
        for windows in outages.by_link.values_mut() {
            *windows = merged(std::mem::take(windows));
        }
        outages
    }

    /// Those of the link between two peers.
    pub(super) fn of_link(&self, a: &NodeId, b: &NodeId) -> &[(MissionTime, MissionTime)] {
        // Most scenarios have none, and some have very many links.
        if self.by_link.is_empty() { &[] } else { self.by_link.get(&link(a, b)).map_or(&[], Vec::as_slice) }
    }
}

fn link(a: &NodeId, b: &NodeId) -> (NodeId, NodeId) {
    (a.min(b).clone(), a.max(b).clone())
}
