//! From a mesh with its outages to the contact plan.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::types::{Mesh, Outage, Scenario, Topology};
use crate::contacts::{Contact, ContactPlan, windows_between};
use crate::id::NodeId;
use crate::units::{BitsPerSecond, MissionTime};

impl Scenario {
    /// The nodes that the job starts with, in the order of their slots.
    #[must_use]
    pub fn nodes(&self) -> Vec<NodeId> {
        (0..self.mesh.nodes).map(NodeId::satellite).collect()
    }

    /// Who can reach whom, and when: the links of the mesh, and one from every node to the station, without the windows
    /// of [`Links::outages`](super::Links::outages).
    #[must_use]
    pub fn contact_plan(&self) -> ContactPlan {
        let nodes = self.nodes();
        let outages = outages_by_link(&self.links.outages);
        let mut plan = ContactPlan::default();
        let mesh = Lanes::new(self.mesh.rate, self.mesh.delay);
        for (a, b) in self.mesh.links() {
            mesh.insert(&mut plan, &outages, &nodes[a as usize], &nodes[b as usize]);
        }
        let ground = Lanes::new(self.ground.rate, self.ground.delay);
        let station = NodeId::station();
        for node in &nodes {
            ground.insert(&mut plan, &outages, node, &station);
        }
        plan
    }
}

impl Mesh {
    /// The slot of a node, `0..nodes`; nothing if the mesh has no such node.
    #[must_use]
    pub fn slot(&self, id: &NodeId) -> Option<u32> {
        let slot = id.as_str().strip_prefix("sat-")?.parse().ok()?;
        (slot < self.nodes && NodeId::satellite(slot) == *id).then_some(slot)
    }

    /// Every link once, as the slots of its two ends.
    pub(super) fn links(&self) -> Vec<(u32, u32)> {
        let nodes = self.nodes;
        match self.topology {
            Topology::Full => (0..nodes).flat_map(|a| (a + 1..nodes).map(move |b| (a, b))).collect(),
            Topology::Ring if nodes > 2 => (0..nodes).map(|a| (a, (a + 1) % nodes)).collect(),
            Topology::Ring => (1..nodes).map(|b| (b - 1, b)).collect(),
        }
    }

    /// Whether the nodes in two slots have a link.
    pub(super) fn joins(&self, a: u32, b: u32) -> bool {
        let (low, high) = (a.min(b), a.max(b));
        let next = high - low == 1 || (low == 0 && high + 1 == self.nodes);
        low != high && high < self.nodes && (self.topology == Topology::Full || next)
    }
}

/// The windows without contact of each link that has any, by its ends in the order of their names.
type OutagesByLink<'a> = BTreeMap<(&'a NodeId, &'a NodeId), Vec<(MissionTime, MissionTime)>>;

fn outages_by_link(outages: &[Outage]) -> OutagesByLink<'_> {
    let mut by_link = OutagesByLink::new();
    for outage in outages {
        by_link.entry(link(&outage.a, &outage.b)).or_default().push((outage.start, outage.end));
    }
    by_link
}

fn link<'a>(a: &'a NodeId, b: &'a NodeId) -> (&'a NodeId, &'a NodeId) {
    (a.min(b), a.max(b))
}

/// Lanes of one kind. Those without outages share their contacts.
struct Lanes {
    rate: BitsPerSecond,
    light_time: Duration,
    always: Arc<[Contact]>,
}

impl Lanes {
    fn new(rate: BitsPerSecond, light_time: Duration) -> Self {
        let always = contacts(rate, light_time, &[]);
        Self { rate, light_time, always }
    }

    /// Sets both lanes of a link.
    fn insert(&self, plan: &mut ContactPlan, outages: &OutagesByLink<'_>, a: &NodeId, b: &NodeId) {
        let contacts = match outages.get(&link(a, b)) {
            Some(outages) => contacts(self.rate, self.light_time, outages),
            None => self.always.clone(),
        };
        plan.insert(a.clone(), b.clone(), contacts.clone());
        plan.insert(b.clone(), a.clone(), contacts);
    }
}

fn contacts(rate: BitsPerSecond, light_time: Duration, outages: &[(MissionTime, MissionTime)]) -> Arc<[Contact]> {
    let contact = |(start, end)| Contact { start, end, rate: rate.into(), light_time: light_time.into() };
    windows_between(outages).into_iter().map(contact).collect()
}
