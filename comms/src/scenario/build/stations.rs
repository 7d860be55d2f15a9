//! From a document to stations on the ground, and to what links with them can do.

use std::collections::BTreeSet;
use std::path::Path;

use super::super::key::Element;
use super::super::keys;
use super::super::names::node_named;
use super::super::orbits::{Band, Station};
use super::super::reader::Reader;
use super::super::tree::Value;
use super::length;
use crate::contacts::by_orbit::{Downlink, Weather};
use crate::id::NodeId;
use crate::orbit::Site;

/// Where stations are, unless a scenario says: publicly known places of ground stations around the world.
const USUAL: &str = "name,lat_deg,lon_deg,alt_m
svalbard,78.2297,15.4075,450
kiruna,67.857,20.964,400
hangzhou,30.2741,120.1551,20
maspalomas,27.7629,-15.6338,200
singapore,1.3521,103.8198,15
punta-arenas,-52.938,-70.85,35
";

pub(super) fn downlink(r: &mut Reader<'_, '_>, seed: u64) -> Option<Downlink> {
    let (band, rate) = (r.word::<Band>(&keys::BAND), r.megabits(&keys::GROUND_RATE));
    let rate = if r.is_written(&keys::GROUND_RATE) { rate? } else { band?.rate() };
    let (success, seed) = (r.number(&keys::PASS_SUCCESS), r.seed(&keys::WEATHER_SEED, seed));
    Some(Downlink { rates: rate.into(), weather: Weather { success: success?, seed: seed? } })
}

/// The stations: in place, in a file, or the usual ones.
pub(super) fn stations(r: &mut Reader<'_, '_>, base: &Path) -> Option<Vec<Station>> {
    let stations = match r.section(keys::STATIONS.path) {
        None => table(r, USUAL)?,
        Some(Value::List(_)) => {
            let count = length(r, keys::STATIONS.path);
            let stations: Vec<_> = (0..count).map(|i| in_place(&mut r.of(Element::Item(i)))).collect();
            stations.into_iter().collect::<Option<Vec<_>>>()?
        }
        Some(_) => {
            let document = r.document(&keys::STATIONS, base)?;
            table(r, &document)?
        }
    };
    let mut taken = BTreeSet::new();
    if let Some(twice) = stations.iter().find(|station| !taken.insert(&station.node)) {
        return r.refuse_document(&keys::STATIONS, format!("there are two stations `{}`", twice.node));
    }
    if stations.is_empty() {
        return r
            .refuse_document(&keys::STATIONS, "there is no station; leave the key out for the usual ones".to_owned());
    }
    Some(stations)
}

fn in_place(r: &mut Reader<'_, '_>) -> Option<Station> {
    let (name, lat_deg, lon_deg) =
        (r.label(&keys::STATION_NAME), r.number(&keys::STATION_LAT), r.number(&keys::STATION_LON));
    let alt_m = if r.is_written(&keys::STATION_ALT) { r.number(&keys::STATION_ALT)? } else { 0.0 };
    let (name, lat_deg, lon_deg) = (name?, lat_deg?, lon_deg?);
    match station(&name, lat_deg, lon_deg, alt_m) {
        Ok(station) => Some(station),
        Err(reason) => r.refuse(&keys::STATION_NAME, &name, reason),
    }
}

/// A row of a table of stations.
#[derive(serde::Deserialize)]
struct Row {
    name: String,
    lat_deg: f64,
    lon_deg: f64,
    #[serde(default)]
    alt_m: f64,
}

fn table(r: &mut Reader<'_, '_>, text: &str) -> Option<Vec<Station>> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let mut stations = Vec::new();
    for (line, row) in (2..).zip(reader.deserialize::<Row>()) {
        let station = row
            .map_err(|error| error.to_string())
            .and_then(|row| station(&row.name, row.lat_deg, row.lon_deg, row.alt_m))
            .map_err(|reason| format!("line {line}: {reason}"));
        match station {
            Ok(station) => stations.push(station),
            Err(reason) => return r.refuse_document(&keys::STATIONS, reason),
        }
    }
    Some(stations)
}

fn station(name: &str, lat_deg: f64, lon_deg: f64, alt_m: f64) -> Result<Station, String> {
    let node = node_named(name).ok_or_else(|| format!("`{name}` has no letter or digit"))?;
    if [NodeId::station(), NodeId::aggregator()].contains(&node) {
        return Err(format!("`{name}` is the name of a process; call the station otherwise"));
    }
    let site = Site::new(lat_deg, lon_deg, alt_m).map_err(|error| format!("station {name}: {error}"))?;
    Ok(Station { name: name.to_owned(), node, lat_deg, lon_deg, alt_m, site })
}
