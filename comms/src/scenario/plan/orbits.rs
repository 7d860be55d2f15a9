//! From orbits to contacts.

use super::super::orbits::Orbits;
use super::super::types::Scenario;
use super::outages::Outages;
use crate::contacts::Contacts;
use crate::contacts::by_orbit::Sky;
use crate::id::NodeId;
use crate::orbit::{Sightings, Site};

impl Scenario {
    /// The contacts of orbits whose sightings are known: as [`Scenario::contacts`], which looks for itself.
    #[must_use]
    pub fn contacts_seen(&self, orbits: &Orbits, sightings: &Sightings) -> Contacts {
        let Contacts { planned, actual } = orbits.contacts(sightings, &Outages::of(self));
        Contacts { planned, actual: actual.with_ground(&self.stations()) }
    }
}

impl Orbits {
    /// The contacts that follow from all that is to be seen, but for scripted outages.
    fn contacts(&self, sightings: &Sightings, outages: &Outages) -> Contacts {
        let satellites = self.names();
        let stations: Vec<(NodeId, Site)> =
            self.stations.iter().map(|station| (station.node.clone(), station.site)).collect();
        let closed = |a: &NodeId, b: &NodeId| outages.of_link(a, b).to_vec();
        let sky = Sky { satellites: &satellites, stations: &stations, sightings, closed: &closed };
        let eligible = self.policy.eligible(sightings, self.planes().as_deref());
        sky.contacts(&eligible, &self.lasers, &self.downlink)
    }
}
