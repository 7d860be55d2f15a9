//! What happens, as far as it differs from what was planned.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::contact::{Contact, Transit};
use super::plan::{ContactPlan, next_of, transit_of};
use crate::id::NodeId;
use crate::units::MissionTime;

/// What is known of a mission's contacts, and what is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contacts {
    /// What a planner may know.
    pub planned: ContactPlan,
    /// What happens.
    pub actual: ActualContacts,
}

/// The contacts that take place, after all surprises. What emulates links takes these; a planner cannot.
///
/// Several stations can be one ground: what a satellite sends to [`NodeId::STATION`] then goes to whichever of them it passes,
/// and it stays with one for as long as it sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActualContacts {
    plan: ContactPlan,
    ground: BTreeMap<NodeId, Ground>,
}

/// The passes of one satellite over all stations, one after the other, and whose they are.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Ground {
    contacts: Arc<[Contact]>,
    stations: Vec<NodeId>,
}

impl ActualContacts {
    /// The contacts of a plan that goes as planned, or of one into which surprises are worked.
    #[must_use]
    pub const fn of(plan: ContactPlan) -> Self {
        Self { plan, ground: BTreeMap::new() }
    }

    /// The same, with all of `stations` as one ground.
    #[must_use]
    pub fn with_ground(self, stations: &[NodeId]) -> Self {
        let mut passes: BTreeMap<NodeId, Vec<(&Contact, &NodeId)>> = BTreeMap::new();
        for station in stations {
            for (from, contacts) in self.plan.to(station) {
                passes.entry(from.clone()).or_default().extend(contacts.iter().map(|contact| (contact, station)));
            }
        }
        let ground = passes.into_iter().map(|(from, passes)| (from, Ground::of(passes))).collect();
        Self { plan: self.plan, ground }
    }

    /// As [`ContactPlan::next`].
    #[must_use]
    pub fn next(&self, from: &NodeId, to: &NodeId, at: MissionTime) -> Option<&Contact> {
        next_of(self.contacts(from, to), at)
    }

    /// As [`ContactPlan::transit`].
    #[must_use]
    pub fn transit(&self, from: &NodeId, to: &NodeId, ready: MissionTime, bytes: u64) -> Option<Transit> {
        transit_of(self.contacts(from, to), ready, bytes)
    }

    /// As [`ContactPlan::contacts`].
    #[must_use]
    pub fn contacts(&self, from: &NodeId, to: &NodeId) -> &[Contact] {
        match self.ground.get(from) {
            Some(ground) if *to == NodeId::station() => &ground.contacts,
            _ => self.plan.contacts(from, to),
        }
    }

    /// Which station a satellite sends to at `at`, if it sends to the ground.
    #[must_use]
    pub fn station(&self, from: &NodeId, at: MissionTime) -> NodeId {
        let passed = self.ground.get(from).and_then(|ground| {
            let index = ground.contacts.partition_point(|contact| contact.end <= at);
            ground.stations.get(index)
        });
        passed.cloned().unwrap_or_else(NodeId::station)
    }

    /// All of them, station by station, to be shown or written.
    #[must_use]
    pub const fn listed(&self) -> &ContactPlan {
        &self.plan
    }
}

impl Ground {
    fn of(mut passes: Vec<(&Contact, &NodeId)>) -> Self {
        passes.sort_by(|x, y| (x.0.start, x.0.end, x.1).cmp(&(y.0.start, y.0.end, y.1)));
        let (mut contacts, mut stations): (Vec<Contact>, Vec<NodeId>) = (Vec::new(), Vec::new());
        for (contact, station) in passes {
            let start = contacts.last().map_or(contact.start, |last| last.end.max(contact.start));
            if start < contact.end {
                contacts.push(Contact { start, ..contact.clone() });
                stations.push(station.clone());
            }
        }
        Self { contacts: contacts.into(), stations }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::units::BitsPerSecond;

    #[test]
    fn a_satellite_stays_with_a_station_and_goes_on_with_the_next() {
        let [sat, a, b] = ["sat-0", "a", "b"].map(|name| name.parse::<NodeId>().expect("a name"));
        let pass = |start, end| Contact {
            start: MissionTime(start),
            end: MissionTime(end),
            rate: BitsPerSecond(8_000_000_000).into(),
            light_time: Duration::ZERO.into(),
        };
        let passes = [(&a, 10, 50), (&b, 20, 40), (&b, 45, 70), (&a, 60, 90)];
        let plan = ContactPlan::new(passes.map(|(to, start, end)| (sat.clone(), to.clone(), pass(start, end))));
        let contacts = ActualContacts::of(plan.expect("a plan")).with_ground(&[a.clone(), b.clone()]);
        let ground = NodeId::station();
        let windows: Vec<_> = contacts.contacts(&sat, &ground).iter().map(|each| (each.start.0, each.end.0)).collect();
        assert_eq!(windows, [(10, 50), (50, 70), (70, 90)]);
        let station = |at| contacts.station(&sat, MissionTime(at));
        assert_eq!([10, 49, 50, 69, 70].map(station), [&a, &a, &b, &b, &a].map(NodeId::clone));
        assert_eq!(contacts.transit(&sat, &ground, MissionTime(45), 10).map(|transit| transit.start.0), Some(50));
        assert_eq!(contacts.next(&sat, &b, MissionTime(0)).map(|each| each.start.0), Some(20));
    }
}
