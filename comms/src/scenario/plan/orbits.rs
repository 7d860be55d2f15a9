//! From orbits to contacts.

use super::super::orbits::Orbits;
use super::outages::Outages;
use crate::contacts::Contacts;
use crate::contacts::by_orbit::Sky;
use crate::id::NodeId;
use crate::orbit::{PropagationError, Sightings, Site};

impl Orbits {
    /// The contacts that follow from all that is to be seen, but for scripted outages.
    pub(super) fn contacts(&self, outages: &Outages) -> Result<Contacts, PropagationError> {
        Ok(self.contacts_in(&self.sightings()?, outages))
    }

    fn contacts_in(&self, sightings: &Sightings, outages: &Outages) -> Contacts {
        let satellites = self.names();
        let stations: Vec<(NodeId, Site)> =
            self.stations.iter().map(|station| (station.node.clone(), station.site)).collect();
        let closed = |a: &NodeId, b: &NodeId| outages.of_link(a, b).to_vec();
        let sky = Sky { satellites: &satellites, stations: &stations, sightings, closed: &closed };
        let eligible = self.policy.eligible(sightings, self.planes().as_deref());
        sky.contacts(&eligible, &self.lasers, &self.downlink)
    }
}
