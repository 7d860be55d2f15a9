//! From a document to satellites on orbits.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use super::super::key::Key;
use super::super::keys;
use super::super::names::node_named;
use super::super::orbits::{OrbitSource, Orbiter, Orbits, Role};
use super::super::reader::Reader;
use super::{lasers, stations};
use crate::id::NodeId;
use crate::orbit::{Constellation, Elements, Placement, Satellite, parse_omm_csv, parse_omm_json, parse_tle};

/// The satellites, links and stations that a document describes. `None` if anything of them was reported.
pub(super) fn orbits(r: &mut Reader<'_, '_>, base: &Path, seed: u64) -> Option<Orbits> {
    let (hours, raised) = (r.number(&keys::HOURS), raised(r, base, seed));
    let (limits, lasers) = (lasers::limits(r), lasers::lasers(r, seed));
    let (stations, min_elevation_deg) = (stations::stations(r, base), r.number(&keys::MIN_ELEVATION));
    let downlink = stations::downlink(r, seed);
    let [only, relays, spares] = [&keys::ONLY, &keys::RELAYS, &keys::SPARES].map(|key| r.names(key));
    let Raised { source, elements, start } = raised?;
    let mut satellites = orbiters(r, &source, elements)?;
    let only = only?;
    if let Some(only) = &only {
        let known = members(r, &keys::ONLY, only, &satellites)?;
        satellites = (0..).zip(satellites).filter(|(index, _)| known.contains(index)).map(|(_, each)| each).collect();
    }
    for (key, names, role) in [(&keys::RELAYS, relays?, Role::Relay), (&keys::SPARES, spares?, Role::Spare)] {
        for index in members(r, key, &names.unwrap_or_default(), &satellites)? {
            satellites[index as usize].role = role;
        }
    }
    if satellites.iter().all(|each| each.role != Role::Train) {
        let (key, reason) = (&keys::RELAYS, "no satellite is left that trains; leave one out of relays and spares");
        return r.refuse(key, "all", reason);
    }
    let policy = lasers::policy(r, |r, names| members(r, &keys::AMONG, names, &satellites))?;
    let orbits = Orbits {
        source,
        only,
        start,
        span: milliseconds(hours?),
        limits: limits?,
        policy,
        lasers: lasers?,
        stations: stations?,
        min_elevation_deg: min_elevation_deg?,
        downlink: downlink?,
        satellites,
    };
    stay_up(r, &orbits)?;
    Some(orbits)
}

/// What was launched, and when the mission starts.
struct Raised {
    source: OrbitSource,
    elements: Vec<Elements>,
    start: Timestamp,
}

fn raised(r: &mut Reader<'_, '_>, base: &Path, seed: u64) -> Option<Raised> {
    let given: Vec<&'static Key> =
        [&keys::WALKER, &keys::TLE, &keys::OMM].into_iter().filter(|key| r.is_written(key)).collect();
    let (placement, start) = (placement(r, seed), r.timestamp(&keys::START));
    let start = if r.is_written(&keys::START) { Some(start?) } else { None };
    match given[..] {
        [] => r.missing(&keys::WALKER),
        [key] if std::ptr::eq(key, &keys::WALKER) => walker(r, placement?, start),
        [key] => file(r, key, base, start),
        [key, other, ..] => r.one_too_many(other, key),
    }
}

fn walker(r: &mut Reader<'_, '_>, placement: Placement, start: Option<Timestamp>) -> Option<Raised> {
    /// Mission start of a pattern: 2026-01-01T00:00:00Z.
    const NEW_YEAR_2026: Timestamp = Timestamp::constant(1_767_225_600, 0);
    let (text, start) = (r.label(&keys::WALKER)?, start.unwrap_or(NEW_YEAR_2026));
    match text.parse::<Constellation>() {
        Ok(pattern) => {
            let elements = pattern.elements(start, &placement);
            Some(Raised { source: OrbitSource::Walker(pattern, placement), elements, start })
        }
        Err(error) => r.refuse(&keys::WALKER, &text, error.to_string()),
    }
}

fn placement(r: &mut Reader<'_, '_>, seed: u64) -> Option<Placement> {
    let (raan, arc, scatter) = (r.number(&keys::RAAN), r.number(&keys::ARC), r.number(&keys::SCATTER));
    let seed = r.seed(&keys::SCATTER_SEED, seed);
    Some(Placement { raan_deg: raan?, arc_deg: arc?, scatter_deg: scatter?, seed: seed? })
}

fn file(r: &mut Reader<'_, '_>, key: &Key, base: &Path, start: Option<Timestamp>) -> Option<Raised> {
    let document = r.document(key, base)?;
    let is_tle = std::ptr::eq(key, &keys::TLE);
    let parsed = match document.trim_start().starts_with(['[', '{']) {
        _ if is_tle => parse_tle(&document),
        true => parse_omm_json(&document),
        false => parse_omm_csv(&document),
    };
    match parsed {
        Ok(elements) => {
            let newest = elements.iter().map(|each| each.epoch).max().unwrap_or_default();
            let source = if is_tle { OrbitSource::Tle(document) } else { OrbitSource::Omm(document) };
            Some(Raised { source, elements, start: start.unwrap_or(newest) })
        }
        Err(error) => r.refuse_document(key, error.to_string()),
    }
}

/// The satellites with their names as nodes, no two of which are the same.
fn orbiters(r: &mut Reader<'_, '_>, source: &OrbitSource, elements: Vec<Elements>) -> Option<Vec<Orbiter>> {
    let (key, in_plane) = match source {
        OrbitSource::Walker(pattern, _) => (&keys::WALKER, elements.len() as u32 / pattern.planes()),
        OrbitSource::Tle(_) => (&keys::TLE, 0),
        OrbitSource::Omm(_) => (&keys::OMM, 0),
    };
    let mut taken = BTreeSet::from([NodeId::station(), NodeId::aggregator()]);
    let mut satellites = Vec::with_capacity(elements.len());
    for (slot, elements) in (0_u32..).zip(elements) {
        let Some(node) = node_named(&elements.name) else {
            return r.refuse_document(key, format!("satellite `{}` has no letter or digit in its name", elements.name));
        };
        if !taken.insert(node.clone()) {
            let reason = format!("satellite `{}` would be node `{node}`, and that name is taken", elements.name);
            return r.refuse_document(key, reason);
        }
        let plane = slot.checked_div(in_plane);
        satellites.push(Orbiter { node, elements, role: Role::Train, plane });
    }
    Some(satellites)
}

/// The indices of satellites by their names, each of which has to be there.
fn members(r: &mut Reader<'_, '_>, key: &Key, names: &[NodeId], satellites: &[Orbiter]) -> Option<BTreeSet<u32>> {
    let mut found = BTreeSet::new();
    for name in names {
        match (0..).zip(satellites).find(|(_, each)| each.node == *name) {
            Some((index, _)) => found.insert(index),
            None => {
                let (first, last) = (&satellites[0].node, &satellites[satellites.len() - 1].node);
                let reason =
                    format!("there is no such satellite; the {} there are go from {first} to {last}", satellites.len());
                return r.refuse(key, name.as_str(), reason);
            }
        };
    }
    Some(found)
}

/// Whether every satellite has an orbit, and stays on it for the whole mission.
fn stay_up(r: &mut Reader<'_, '_>, orbits: &Orbits) -> Option<()> {
    let key = match orbits.source {
        OrbitSource::Walker(..) => &keys::WALKER,
        OrbitSource::Tle(_) => &keys::TLE,
        OrbitSource::Omm(_) => &keys::OMM,
    };
    let mission = orbits.mission();
    for orbiter in &orbits.satellites {
        // Who has come down does not rise again: both ends of the mission say it.
        let stays = Satellite::new(orbiter.elements.clone()).and_then(|satellite| {
            [0.0, mission.secs].into_iter().try_for_each(|at| satellite.is_up(mission.start, at))
        });
        if let Err(error) = stays {
            return r.refuse_document(key, error.to_string());
        }
    }
    Some(())
}

/// Hours to a millisecond, so that they keep their value as text.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "hours are in range")]
fn milliseconds(hours: f64) -> Duration {
    Duration::from_millis((hours * 3.6e6).round() as u64)
}
