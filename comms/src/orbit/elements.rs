//! Orbital elements, as catalogues publish them: TLE and OMM.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use serde::de::{Deserialize, Deserializer};
use thiserror::Error;

/// Mean elements of an orbit in the sense of SGP4, at an epoch.
#[derive(Debug, Clone, PartialEq)]
pub struct Elements {
    /// What the satellite is called: the last word of its catalogue name.
    pub name: String,
    /// Its number in the catalogue.
    pub catalog: u64,
    /// When the elements hold.
    pub epoch: Timestamp,
    /// Degrees.
    pub inclination_deg: f64,
    /// Right ascension of the ascending node, degrees.
    pub raan_deg: f64,
    /// From 0 to below 1.
    pub eccentricity: f64,
    /// Argument of perigee, degrees.
    pub perigee_deg: f64,
    /// Degrees.
    pub mean_anomaly_deg: f64,
    /// Revolutions a day, by Kozai.
    pub mean_motion: f64,
    /// The drag term B*, per Earth radius.
    pub drag: f64,
}

/// Why a text has no elements to give.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ElementsError {
    /// A line of a TLE is not one.
    #[error("line {line}, column {column}: {problem}")]
    Tle {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// An entry of an OMM is not one.
    #[error("{place}: {problem}")]
    Omm {
        /// Line and column, or entry.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// Two objects have one name.
    #[error("two satellites are called `{name}`: the objects {first} and {second}")]
    SameName {
        /// The name.
        name: String,
        /// One object.
        first: u64,
        /// The other.
        second: u64,
    },
    /// There is nothing.
    #[error("no element set in it")]
    Empty,
}

/// Characters of a line of a TLE.
const TLE_COLUMNS: usize = 69;

/// All objects of a TLE file, with or without a line of names before each pair; the newest element set of each.
///
/// # Errors
/// [`ElementsError`] with line and column.
pub fn parse_tle(text: &str) -> Result<Vec<Elements>, ElementsError> {
    let mut sets = Vec::new();
    let mut lines = (1..).zip(text.lines().map(str::trim_end)).filter(|(_, line)| !line.is_empty()).peekable();
    while let Some((number, line)) = lines.next() {
        let (title, (number, first)) = if is_tle_line(line, '1') {
            (None, (number, line))
        } else {
            let pair = lines.next_if(|(_, next)| is_tle_line(next, '1'));
            let problem = "a name must be followed by a line of 69 characters that begins with `1 `";
            (Some(line), pair.ok_or_else(|| tle_error(number + 1, 1, problem))?)
        };
        let problem = "a line of 69 characters that begins with `2 ` must follow";
        let (second_number, second) =
            lines.next_if(|(_, next)| is_tle_line(next, '2')).ok_or_else(|| tle_error(number + 1, 1, problem))?;
        check_line(number, first)?;
        check_line(second_number, second)?;
        let parsed = sgp4::Elements::from_tle(None, first.as_bytes(), second.as_bytes())
            .map_err(|error| tle_error(number, 1, &error.to_string()))?;
        sets.push(of_tle(&parsed, title));
    }
    newest(sets)
}

fn is_tle_line(line: &str, first: char) -> bool {
    line.len() >= 2 && line.starts_with(first) && line[1..].starts_with(' ')
}

fn tle_error(line: usize, column: usize, problem: &str) -> ElementsError {
    ElementsError::Tle { line, column, problem: problem.to_owned() }
}

/// Length and checksum, with the place that a person looks at.
fn check_line(number: usize, line: &str) -> Result<(), ElementsError> {
    if !line.is_ascii() {
        let column = line.chars().position(|each| !each.is_ascii()).unwrap_or(0) + 1;
        return Err(tle_error(number, column, "not an ASCII character"));
    }
    if line.len() != TLE_COLUMNS {
        let problem = format!("{} characters, where a line has {TLE_COLUMNS}", line.len());
        return Err(tle_error(number, line.len().min(TLE_COLUMNS), &problem));
    }
    let (body, checksum) = line.split_at(TLE_COLUMNS - 1);
    let sum: u32 = body.chars().map(|each| if each == '-' { 1 } else { each.to_digit(10).unwrap_or(0) }).sum();
    if checksum.parse() != Ok(sum % 10) {
        let problem = format!("the checksum is `{checksum}`, and that of the line is `{}`", sum % 10);
        return Err(tle_error(number, TLE_COLUMNS, &problem));
    }
    Ok(())
}

fn of_tle(set: &sgp4::Elements, title: Option<&str>) -> Elements {
    let time = set.datetime.and_utc();
    let nanos = i32::try_from(time.timestamp_subsec_nanos()).unwrap_or(0);
    Elements {
        name: name_of(title.unwrap_or_default(), set.norad_id),
        catalog: set.norad_id,
        epoch: Timestamp::new(time.timestamp(), nanos).unwrap_or_default(),
        inclination_deg: set.inclination,
        raan_deg: set.right_ascension,
        eccentricity: set.eccentricity,
        perigee_deg: set.argument_of_perigee,
        mean_anomaly_deg: set.mean_anomaly,
        mean_motion: set.mean_motion,
        drag: set.drag_term,
    }
}

fn name_of(title: &str, catalog: u64) -> String {
    title.split_whitespace().next_back().map_or_else(|| catalog.to_string(), str::to_owned)
}

/// One entry of an OMM (CCSDS 502.0), as CelesTrak and Space-Track write them: numbers bare or in quotes.
#[derive(serde::Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
struct Omm {
    #[serde(default)]
    object_name: String,
    #[serde(deserialize_with = "number")]
    norad_cat_id: f64,
    epoch: String,
    #[serde(deserialize_with = "number")]
    mean_motion: f64,
    #[serde(deserialize_with = "number")]
    eccentricity: f64,
    #[serde(deserialize_with = "number")]
    inclination: f64,
    #[serde(deserialize_with = "number")]
    ra_of_asc_node: f64,
    #[serde(deserialize_with = "number")]
    arg_of_pericenter: f64,
    #[serde(deserialize_with = "number")]
    mean_anomaly: f64,
    #[serde(deserialize_with = "number")]
    bstar: f64,
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Number {
        Bare(f64),
        Quoted(String),
    }
    match Number::deserialize(deserializer)? {
        Number::Bare(number) => Ok(number),
        Number::Quoted(text) => text.trim().parse().map_err(serde::de::Error::custom),
    }
}

impl Omm {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be small")]
    fn elements(self) -> Result<Elements, String> {
        let epoch: DateTime = self
            .epoch
            .trim_end_matches('Z')
            .parse()
            .map_err(|error| format!("EPOCH `{}`: {error}; as 2026-01-01T00:00:00.000000", self.epoch))?;
        let epoch = Offset::UTC.to_timestamp(epoch).map_err(|error| format!("EPOCH `{}`: {error}", self.epoch))?;
        if !(0.0..1e15).contains(&self.norad_cat_id) {
            return Err(format!("NORAD_CAT_ID {}: a catalogue number is a small integer", self.norad_cat_id));
        }
        let catalog = self.norad_cat_id as u64;
        Ok(Elements {
            name: name_of(&self.object_name, catalog),
            catalog,
            epoch,
            inclination_deg: self.inclination,
            raan_deg: self.ra_of_asc_node,
            eccentricity: self.eccentricity,
            perigee_deg: self.arg_of_pericenter,
            mean_anomaly_deg: self.mean_anomaly,
            mean_motion: self.mean_motion,
            drag: self.bstar,
        })
    }
}

/// All objects of an OMM in JSON: a list of entries. The newest element set of each.
///
/// # Errors
/// [`ElementsError`] with line and column, or the entry.
pub fn parse_omm_json(text: &str) -> Result<Vec<Elements>, ElementsError> {
    let entries: Vec<Omm> = serde_json::from_str(text).map_err(|error| {
        let problem = error.to_string();
        let problem = problem.split(" at line ").next().unwrap_or(&problem).to_owned();
        ElementsError::Omm { place: format!("line {}, column {}", error.line(), error.column()), problem }
    })?;
    newest(of_omm(entries)?)
}

/// All objects of an OMM in CSV, with a header of OMM keywords. The newest element set of each.
///
/// # Errors
/// [`ElementsError`] with the line.
pub fn parse_omm_csv(text: &str) -> Result<Vec<Elements>, ElementsError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let entries = reader.deserialize().collect::<Result<Vec<Omm>, _>>().map_err(|error| ElementsError::Omm {
        place: error.position().map_or_else(|| "the header".to_owned(), |at| format!("line {}", at.line())),
        problem: error.to_string(),
    })?;
    newest(of_omm(entries)?)
}

fn of_omm(entries: Vec<Omm>) -> Result<Vec<Elements>, ElementsError> {
    let entries = (1..).zip(entries);
    entries
        .map(|(entry, omm)| {
            omm.elements().map_err(|problem| ElementsError::Omm { place: format!("entry {entry}"), problem })
        })
        .collect()
}

/// The newest set of each object, in the order in which the objects come first. No two may share a name.
fn newest(sets: Vec<Elements>) -> Result<Vec<Elements>, ElementsError> {
    let mut order: Vec<u64> = Vec::new();
    let mut objects: BTreeMap<u64, Elements> = BTreeMap::new();
    for set in sets {
        match objects.get(&set.catalog) {
            Some(known) if known.epoch >= set.epoch => {}
            Some(_) => {
                objects.insert(set.catalog, set);
            }
            None => {
                order.push(set.catalog);
                objects.insert(set.catalog, set);
            }
        }
    }
    let mut names: BTreeMap<String, u64> = BTreeMap::new();
    for set in objects.values() {
        if let Some(first) = names.insert(set.name.clone(), set.catalog) {
            return Err(ElementsError::SameName { name: set.name.clone(), first, second: set.catalog });
        }
    }
    if order.is_empty() {
        return Err(ElementsError::Empty);
    }
    Ok(order.into_iter().filter_map(|catalog| objects.remove(&catalog)).collect())
}

#[cfg(test)]
#[path = "elements_tests.rs"]
mod tests;
