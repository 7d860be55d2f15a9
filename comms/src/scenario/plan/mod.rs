//! From a scenario to its nodes, and to who can reach whom.

mod mesh;
mod orbits;
mod outages;

use outages::Outages;

use super::orbits::Orbits;
use super::types::{Geometry, Scenario};
use crate::contacts::{ActualContacts, Contacts};
use crate::id::NodeId;
use crate::orbit::PropagationError;

impl Scenario {
    /// The nodes that the job starts with, in the order of their slots.
    #[must_use]
    pub fn nodes(&self) -> Vec<NodeId> {
        match &self.geometry {
            Geometry::Mesh(mesh) => (0..mesh.nodes).map(NodeId::satellite).collect(),
            Geometry::Orbits(orbits) => orbits.trainers().cloned().collect(),
        }
    }

    /// Those that carry what the nodes send: satellites in the order of the constellation, and the ground station that is a
    /// parameter server. None in a mesh.
    #[must_use]
    pub fn relays(&self) -> Vec<NodeId> {
        let Some(orbits) = self.orbits() else { return Vec::new() };
        let is_station = |server: &&NodeId| orbits.stations.iter().any(|station| station.node == **server);
        let server = self.collective.server.as_ref().filter(is_station);
        orbits.relays().chain(server).cloned().collect()
    }

    /// How many nodes the job starts with.
    #[must_use]
    pub fn node_count(&self) -> u32 {
        match &self.geometry {
            Geometry::Mesh(mesh) => mesh.nodes,
            #[expect(clippy::cast_possible_truncation, reason = "a constellation has few thousand satellites")]
            Geometry::Orbits(orbits) => orbits.trainers().count() as u32,
        }
    }

    /// The slot of a node, its index in [`Scenario::nodes`]; nothing if there is no such node.
    #[must_use]
    pub fn slot(&self, id: &NodeId) -> Option<u32> {
        match &self.geometry {
            Geometry::Mesh(mesh) => mesh.slot(id),
            Geometry::Orbits(orbits) => {
                (0..).zip(orbits.trainers()).find(|(_, node)| *node == id).map(|(slot, _)| slot)
            }
        }
    }

    /// The stations: `station` in a mesh.
    #[must_use]
    pub fn stations(&self) -> Vec<NodeId> {
        match &self.geometry {
            Geometry::Mesh(_) => vec![NodeId::station()],
            Geometry::Orbits(orbits) => orbits.stations.iter().map(|station| station.node.clone()).collect(),
        }
    }

    /// Who can reach whom, and when: what was planned, and what happens. Nothing surprises in a mesh.
    ///
    /// # Errors
    /// [`PropagationError`] if a satellite does not stay up.
    pub fn contacts(&self) -> Result<Contacts, PropagationError> {
        match &self.geometry {
            Geometry::Mesh(mesh) => {
                let planned = mesh.contact_plan(&Outages::of(self));
                Ok(Contacts { actual: ActualContacts::of(planned.clone()), planned })
            }
            Geometry::Orbits(orbits) => Ok(self.contacts_seen(orbits, &orbits.sightings()?)),
        }
    }

    /// The orbits, in a scenario that has some.
    #[must_use]
    pub fn orbits(&self) -> Option<&Orbits> {
        match &self.geometry {
            Geometry::Mesh(_) => None,
            Geometry::Orbits(orbits) => Some(orbits),
        }
    }
}
