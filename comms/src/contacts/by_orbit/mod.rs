//! From what satellites see to contacts: which windows get terminals, how long it takes to acquire, what they carry.
//!
//! ```text
//! sightings ─► policy (who may link) ─► terminals (who is pointed at whom) ─┬─► expected acquisition ─► planned contacts
//!                                                                           └─► surprises ───────────► actual contacts
//! ```
//!
//! A planner knows the geometry, the terminals and how long an acquisition should take. How long it takes, which attempts
//! fail, and when light is lost, are surprises: they are in the [`ActualContacts`] alone.

mod light;
mod policy;
mod surprises;
mod terminals;

pub use light::RatesByRange;
pub use policy::{LinkPolicy, Seam};
pub use surprises::{Acquisition, Outages, Weather};
pub use terminals::{Grant, Length, Terminals};

use super::{ActualContacts, Contact, ContactPlan, Contacts, without};
use crate::id::NodeId;
use crate::orbit::{LinkWindow, PassWindow, Sightings, Site, Window, pass_geometry};
use crate::units::MissionTime;

/// The windows in which a link is closed on purpose, by its ends: in order, and without overlap.
pub type Closed<'a> = &'a dyn Fn(&NodeId, &NodeId) -> Vec<(MissionTime, MissionTime)>;

/// Who is up there and what they see, with names.
#[derive(Clone, Copy)]
pub struct Sky<'a> {
    /// The names of the satellites, by their indices in the sightings.
    pub satellites: &'a [NodeId],
    /// The names and places of the stations, by their indices in the sightings.
    pub stations: &'a [(NodeId, Site)],
    /// What is visible.
    pub sightings: &'a Sightings,
    /// When which link is closed; planners know it.
    pub closed: Closed<'a>,
}

/// What lasers between satellites can do.
#[derive(Debug, Clone, PartialEq)]
pub struct Lasers {
    /// What a lane carries.
    pub rates: RatesByRange,
    /// Terminals of each satellite.
    pub terminals: u32,
    /// How long they take to find each other.
    pub acquisition: Acquisition,
    /// How they lose light.
    pub outages: Outages,
}

/// What links with the ground can do.
#[derive(Debug, Clone, PartialEq)]
pub struct Downlink {
    /// What a lane carries.
    pub rates: RatesByRange,
    /// Which passes take place.
    pub weather: Weather,
}

impl Sky<'_> {
    /// The contacts of satellites with each other, in the windows of `eligible`, and with stations, in all passes.
    #[must_use]
    pub fn contacts(&self, eligible: &[LinkWindow], lasers: &Lasers, downlink: &Downlink) -> Contacts {
        let mut contacts = Draft::default();
        let grants = self.grants(eligible, lasers);
        for grants in grants.chunk_by(|x, y| (x.link.a, x.link.b) == (y.link.a, y.link.b)) {
            self.link(&mut contacts, grants, lasers);
        }
        let same_lane = |x: &PassWindow, y: &PassWindow| (x.satellite, x.station) == (y.satellite, y.station);
        for passes in self.sightings.passes.chunk_by(same_lane) {
            self.pass(&mut contacts, passes, downlink);
        }
        Contacts { planned: contacts.planned, actual: ActualContacts::of(contacts.actual) }
    }

    /// Who gets terminals, of those who see each other in the windows of `eligible`.
    #[must_use]
    pub fn grants(&self, eligible: &[LinkWindow], lasers: &Lasers) -> Vec<Grant> {
        let span_secs = self.sightings.trajectories.first().map_or(0.0, |trajectory| trajectory.span().secs);
        let worth_secs = lasers.acquisition.median.as_secs_f64();
        let terminals = Terminals { count: lasers.terminals, span_secs, worth_secs };
        terminals.assign(self.satellites.len(), eligible, |a, b| self.length(a, b, span_secs))
    }

    /// What a permanent link is like: a few looks say so, at places that fall into step with no orbit.
    fn length(&self, a: u32, b: u32, span_secs: f64) -> Length {
        const LOOKS: u32 = 24;
        const GOLDEN: f64 = 0.618_033_988_749_895;
        let look = |look: u32| self.range(a, b, span_secs * (f64::from(look) * GOLDEN).fract());
        let (mut least, mut most, mut sum) = (f64::INFINITY, 0.0_f64, 0.0);
        for km in (0..LOOKS).map(look) {
            (least, most, sum) = (least.min(km), most.max(km), sum + km);
        }
        Length { mean_km: sum / f64::from(LOOKS), change_km: most - least }
    }

    fn range(&self, a: u32, b: u32, t: f64) -> f64 {
        let [a, b] = [a, b].map(|satellite| self.sightings.trajectories[satellite as usize].state(t).position);
        a.distance(b)
    }

    /// The contacts of one pair, whose grants are in order.
    fn link(&self, contacts: &mut Draft, grants: &[Grant], lasers: &Lasers) {
        let LinkWindow { a, b, .. } = grants[0].link;
        let names = [a, b].map(|satellite| self.satellites[satellite as usize].clone());
        let last = grants.iter().map(|grant| mission(grant.link.window).1).max().unwrap_or_default();
        let outages = lasers.outages.of(&names[0], &names[1], last);
        let closed = (self.closed)(&names[0], &names[1]);
        let (mut planned, mut actual) = (Vec::new(), Vec::new());
        for grant in grants {
            let (start, end) = mission(grant.link.window);
            if start >= end {
                continue;
            }
            let (light_time, rate) = light::along(|t| self.range(a, b, t), &lasers.rates, start, end);
            let from = |start, end| Contact { start, end, rate: rate.clone(), light_time: light_time.clone() };
            let [expected, takes] = match grant.stands {
                true => [start, start],
                false => {
                    let takes = lasers.acquisition.takes(&names[0], &names[1], start);
                    [start + lasers.acquisition.median, start + takes]
                }
            };
            let open = without((expected, end), &closed);
            planned.extend(open.into_iter().map(|(start, end)| from(start, end)));
            let open = without((takes, end), &closed);
            let light = open.into_iter().flat_map(|window| without(window, &outages));
            actual.extend(light.map(|(start, end)| from(start, end)));
        }
        contacts.planned.insert_both(&names, planned.into());
        contacts.actual.insert_both(&names, actual.into());
    }

    /// The contacts of one satellite with one station, whose passes are in order.
    fn pass(&self, contacts: &mut Draft, passes: &[PassWindow], downlink: &Downlink) {
        let PassWindow { satellite, station, .. } = passes[0];
        let trajectory = &self.sightings.trajectories[satellite as usize];
        let (ground, site) = &self.stations[station as usize];
        let names = [self.satellites[satellite as usize].clone(), ground.clone()];
        let contact = |pass: &PassWindow| {
            let (start, end) = mission(pass.window);
            let range = |t| pass_geometry(trajectory, *site, t).0;
            let (light_time, rate) = light::along(range, &downlink.rates, start, end);
            Contact { start, end, rate, light_time }
        };
        let closed = (self.closed)(&names[0], &names[1]);
        let (mut planned, mut actual) = (Vec::new(), Vec::new());
        for contact in passes.iter().map(contact) {
            let open = without((contact.start, contact.end), &closed);
            let open = open.into_iter().map(|(start, end)| Contact { start, end, ..contact.clone() });
            if downlink.weather.allows(&names[0], &names[1], contact.start) {
                actual.extend(open.clone());
            }
            planned.extend(open);
        }
        contacts.actual.insert_both(&names, actual.into());
        contacts.planned.insert_both(&names, planned.into());
    }
}

#[derive(Default)]
struct Draft {
    planned: ContactPlan,
    actual: ContactPlan,
}

/// A window in whole nanoseconds, none of which is outside of it.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "windows are inside a span of years")]
fn mission(window: Window) -> (MissionTime, MissionTime) {
    (MissionTime((window.start * 1e9).ceil() as u64), MissionTime((window.end * 1e9).floor() as u64))
}

#[cfg(test)]
mod tests;
