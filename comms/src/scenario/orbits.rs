//! Satellites on orbits, as a scenario has them: who is up there, what their links can do, where the stations are.

use std::time::Duration;

use jiff::Timestamp;

use super::word::words;
use crate::contacts::by_orbit::{Downlink, Lasers, LinkPolicy};
use crate::id::NodeId;
use crate::orbit::{
    Constellation, Elements, LinkLimits, Placement, PropagationError, Satellite, Sightings, Site, Span,
};
use crate::units::BitsPerSecond;

/// A constellation by its orbits, with all that its contacts follow from.
#[derive(Debug, Clone, PartialEq)]
pub struct Orbits {
    /// Where the elements come from.
    pub source: OrbitSource,
    /// The names of those that were picked out, if some were.
    pub only: Option<Vec<NodeId>>,
    /// The satellites; at least one of them trains.
    pub satellites: Vec<Orbiter>,
    /// Mission time zero.
    pub start: Timestamp,
    /// For how long there are contacts.
    pub span: Duration,
    /// What a line of sight between satellites has to keep.
    pub limits: LinkLimits,
    /// Who may link with whom.
    pub policy: LinkPolicy,
    /// What their lasers can do.
    pub lasers: Lasers,
    /// The stations; at least one.
    pub stations: Vec<Station>,
    /// How high above a station's horizon a satellite has to be, degrees.
    pub min_elevation_deg: f64,
    /// What links with stations can do.
    pub downlink: Downlink,
}

/// Where elements come from.
#[derive(Debug, Clone, PartialEq)]
pub enum OrbitSource {
    /// A Walker pattern.
    Walker(Constellation, Placement),
    /// The lines of two-line element sets.
    Tle(String),
    /// Orbit mean-elements messages, in JSON or CSV.
    Omm(String),
}

/// One satellite.
#[derive(Debug, Clone, PartialEq)]
pub struct Orbiter {
    /// Its name as a node: that of its elements in lower-case letters, digits and hyphens.
    pub node: NodeId,
    /// Its orbit.
    pub elements: Elements,
    /// What it does.
    pub role: Role,
    /// Its plane, in a pattern.
    pub plane: Option<u32>,
}

words! {
    /// What a satellite does in the job.
    Role {
        /// It trains.
        Train = "train",
        /// It carries what others send.
        Relay = "relay",
        /// It stands by.
        Spare = "spare",
    }
}

words! {
    /// What a link with a station is made of.
    Band {
        /// 8 GHz: 160 Mbit/s, as Dove's on average.
        X = "x",
        /// 26 GHz: 2 Gbit/s.
        Ka = "ka",
        /// Laser: 120 Gbit/s, the lesser of TBIRD's rates.
        Optical = "optical",
    }
}

impl Band {
    /// What it carries unless the scenario says otherwise.
    pub(super) const fn rate(self) -> BitsPerSecond {
        match self {
            Self::X => BitsPerSecond(160_000_000),
            Self::Ka => BitsPerSecond(2_000_000_000),
            Self::Optical => BitsPerSecond(120_000_000_000),
        }
    }
}

/// A ground station.
#[derive(Debug, Clone, PartialEq)]
pub struct Station {
    /// Its name as it was given.
    pub name: String,
    /// Its name as a peer: in lower-case letters, digits and hyphens.
    pub node: NodeId,
    /// Geodetic latitude, degrees north.
    pub lat_deg: f64,
    /// Longitude, degrees east.
    pub lon_deg: f64,
    /// Height above the ellipsoid, metres.
    pub alt_m: f64,
    /// Where that is.
    pub site: Site,
}

impl Orbits {
    /// All that is to be seen, before any terminal is pointed anywhere. Takes a second for hundreds of satellites over a day.
    ///
    /// # Errors
    /// [`PropagationError`] if a satellite does not stay up.
    pub fn sightings(&self) -> Result<Sightings, PropagationError> {
        self.sightings_watched(|_| {})
    }

    /// As [`Orbits::sightings`], telling now and then which share of the pairs of satellites is done, from 0 to 1.
    ///
    /// # Errors
    /// [`PropagationError`] if a satellite does not stay up.
    pub fn sightings_watched(&self, told: impl FnMut(f64)) -> Result<Sightings, PropagationError> {
        let satellites: Vec<Satellite> =
            self.satellites.iter().map(|each| Satellite::new(each.elements.clone())).collect::<Result<_, _>>()?;
        let sites: Vec<Site> = self.stations.iter().map(|station| station.site).collect();
        Sightings::watched(&satellites, self.mission(), self.limits, &sites, self.min_elevation_deg, told)
    }

    /// The span of the mission that there are contacts in.
    #[must_use]
    pub fn mission(&self) -> Span {
        Span { start: self.start, secs: self.span.as_secs_f64() }
    }

    /// The names of all satellites, by their indices.
    #[must_use]
    pub fn names(&self) -> Vec<NodeId> {
        self.satellites.iter().map(|each| each.node.clone()).collect()
    }

    /// The names of the satellites that train, in order.
    pub fn trainers(&self) -> impl Iterator<Item = &NodeId> {
        self.satellites.iter().filter(|each| each.role == Role::Train).map(|each| &each.node)
    }

    /// The names of the relays, in order.
    pub fn relays(&self) -> impl Iterator<Item = &NodeId> {
        self.satellites.iter().filter(|each| each.role == Role::Relay).map(|each| &each.node)
    }

    /// The plane of each satellite, where there are planes.
    #[must_use]
    pub fn planes(&self) -> Option<Vec<u32>> {
        self.satellites.iter().map(|each| each.plane).collect()
    }
}
