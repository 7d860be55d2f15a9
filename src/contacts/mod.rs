//! What `starloom contacts` shows of a constellation: who sees whom, when, and what that amounts to.
//!
//! A [`View`] holds windows by indices and names: those of the geometry, or those that are left after terminals, acquisition and
//! outages. [`table`] prints what they amount to, [`rows`] writes them as CSV, [`gantt`] draws them.

pub mod gantt;
pub(crate) mod plan_file;
pub mod rows;
pub mod table;

use std::borrow::Cow;
use std::collections::BTreeMap;

use starloom_comms::contacts::{Contact, ContactPlan};
use starloom_comms::id::NodeId;
use starloom_comms::orbit::{LinkWindow, PassWindow, Sightings, Visibility, Window};
use starloom_comms::scenario::Orbits;

/// The windows of a constellation.
#[derive(Debug)]
pub struct View<'a> {
    /// Who and where.
    pub orbits: &'a Orbits,
    /// What each satellite is called in its catalogue.
    pub satellites: Vec<String>,
    /// What each station is called.
    pub stations: Vec<String>,
    /// Where satellites are.
    pub sightings: &'a Sightings,
    /// Windows between satellites, ordered by pair and time.
    pub links: Cow<'a, [LinkWindow]>,
    /// Windows with stations, ordered by satellite, station and time.
    pub passes: Cow<'a, [PassWindow]>,
    /// When each satellite is in the Earth's shadow.
    pub eclipses: Vec<Vec<Window>>,
}

/// What a window is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// Two satellites see each other.
    Isl,
    /// A satellite passes a station.
    Pass,
    /// A satellite is in the Earth's shadow.
    Eclipse,
}

impl<'a> View<'a> {
    /// All that is to be seen, before any terminal is pointed anywhere.
    #[must_use]
    pub fn geometric(orbits: &'a Orbits, sightings: &'a Sightings) -> Self {
        Self::with(orbits, sightings, Cow::Borrowed(&*sightings.links), Cow::Borrowed(&*sightings.passes))
    }

    fn with(
        orbits: &'a Orbits,
        sightings: &'a Sightings,
        links: Cow<'a, [LinkWindow]>,
        passes: Cow<'a, [PassWindow]>,
    ) -> Self {
        let satellites = orbits.satellites.iter().map(|each| each.elements.name.clone()).collect();
        let stations = orbits.stations.iter().map(|station| station.name.clone()).collect();
        Self { orbits, satellites, stations, sightings, links, passes, eclipses: sightings.eclipses() }
    }

    /// What is left of it in `plan`.
    #[must_use]
    pub fn of_plan(orbits: &'a Orbits, sightings: &'a Sightings, plan: &ContactPlan) -> Self {
        let names = orbits.satellites.iter().map(|each| &each.node);
        let satellites: BTreeMap<&NodeId, u32> = names.zip(0..).collect();
        let names = orbits.stations.iter().map(|station| &station.node);
        let stations: BTreeMap<&NodeId, u32> = names.zip(0..).collect();
        let (mut links, mut passes) = (Vec::new(), Vec::new());
        for (from, to, contacts) in plan.lanes() {
            let Some(&a) = satellites.get(from) else { continue };
            match (satellites.get(to), stations.get(to)) {
                (Some(&b), _) if a < b => {
                    links.extend(contacts.iter().map(|contact| LinkWindow { a, b, window: window(contact) }));
                }
                (_, Some(&station)) => {
                    let pass = |contact| PassWindow { satellite: a, station, window: window(contact) };
                    passes.extend(contacts.iter().map(pass));
                }
                _ => {}
            }
        }
        links.sort_by(|x, y| (x.a, x.b).cmp(&(y.a, y.b)).then(x.window.start.total_cmp(&y.window.start)));
        passes.sort_by(|x, y| {
            (x.satellite, x.station).cmp(&(y.satellite, y.station)).then(x.window.start.total_cmp(&y.window.start))
        });
        Self::with(orbits, sightings, links.into(), passes.into())
    }

    /// The same without orbits, for what asks about windows alone.
    #[must_use]
    pub fn visibility(&self) -> Visibility<'_> {
        Visibility {
            satellites: &self.satellites,
            stations: &self.stations,
            span: self.orbits.mission(),
            links: &self.links,
            passes: &self.passes,
            eclipses: &self.eclipses,
        }
    }

    /// Seconds of mission that it is about.
    #[must_use]
    pub const fn secs(&self) -> f64 {
        self.orbits.span.as_secs_f64()
    }

    /// What a satellite is called in its catalogue.
    #[must_use]
    pub fn satellite(&self, index: u32) -> &str {
        &self.satellites[index as usize]
    }

    /// What a station is called.
    #[must_use]
    pub fn station(&self, index: u32) -> &str {
        &self.stations[index as usize]
    }
}

fn window(contact: &Contact) -> Window {
    Window { start: contact.start.as_secs_f64(), end: contact.end.as_secs_f64() }
}

#[cfg(test)]
mod tests;
