//! From a mesh with its outages to the contact plan.

use std::sync::Arc;
use std::time::Duration;

use super::super::types::{Mesh, Topology};
use super::outages::Outages;
use crate::contacts::{Contact, ContactPlan, without};
use crate::id::NodeId;
use crate::units::{BitsPerSecond, MissionTime};

impl Mesh {
    /// The links of the mesh, and one from every node to the station, without the windows of `outages`.
    pub(super) fn contact_plan(&self, outages: &Outages) -> ContactPlan {
        let nodes: Vec<NodeId> = (0..self.nodes).map(NodeId::satellite).collect();
        let mut plan = ContactPlan::default();
        let lasers = Lanes::new(self.rate, self.delay);
        for (a, b) in self.links() {
            lasers.insert(&mut plan, outages, &nodes[a as usize], &nodes[b as usize]);
        }
        let ground = Lanes::new(self.ground.rate, self.ground.delay);
        let station = NodeId::station();
        for node in &nodes {
            ground.insert(&mut plan, outages, node, &station);
        }
        plan
    }

    /// The slot of a node, `0..nodes`; nothing if the mesh has no such node.
    pub(super) fn slot(&self, id: &NodeId) -> Option<u32> {
        let slot = id.as_str().strip_prefix("sat-")?.parse().ok()?;
        (slot < self.nodes && NodeId::satellite(slot) == *id).then_some(slot)
    }

    /// Every link once, as the slots of its two ends.
    fn links(&self) -> Vec<(u32, u32)> {
        let nodes = self.nodes;
        match self.topology {
            Topology::Full => (0..nodes).flat_map(|a| (a + 1..nodes).map(move |b| (a, b))).collect(),
            Topology::Ring if nodes > 2 => (0..nodes).map(|a| (a, (a + 1) % nodes)).collect(),
            Topology::Ring => (1..nodes).map(|b| (b - 1, b)).collect(),
        }
    }

    /// Whether the nodes in two slots have a link.
    pub(in crate::scenario) fn joins(&self, a: u32, b: u32) -> bool {
        let (low, high) = (a.min(b), a.max(b));
        let next = high - low == 1 || (low == 0 && high + 1 == self.nodes);
        low != high && high < self.nodes && (self.topology == Topology::Full || next)
    }
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
    fn insert(&self, plan: &mut ContactPlan, outages: &Outages, a: &NodeId, b: &NodeId) {
        let contacts = match outages.of_link(a, b) {
            [] => self.always.clone(),
            outages => contacts(self.rate, self.light_time, outages),
        };
        plan.insert_both(&[a.clone(), b.clone()], contacts);
    }
}

fn contacts(rate: BitsPerSecond, light_time: Duration, outages: &[(MissionTime, MissionTime)]) -> Arc<[Contact]> {
    let contact = |(start, end)| Contact { start, end, rate: rate.into(), light_time: light_time.into() };
    without((MissionTime::ZERO, MissionTime::NEVER), outages).into_iter().map(contact).collect()
}
