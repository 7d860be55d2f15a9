//! The lines, as JSON has them.

use std::fmt;
use std::time::Duration;

use serde::de::{DeserializeOwned, Deserializer, Error, SeqAccess, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use super::error::JsonlError;
use crate::contacts::{Contact, LightTime, Rate};
use crate::id::NodeId;
use crate::units::{BitsPerSecond, MissionTime, nanos};

/// The first line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    format: String,
    version: u32,
}

impl Header {
    pub(super) fn parse(line: usize, text: &str) -> Result<(), JsonlError> {
        let Self { format, version } =
            parse(text).map_err(|(column, problem)| JsonlError::Header { line, column, problem })?;
        if format == "starloom-contacts" && version == 1 {
            return Ok(());
        }
        Err(JsonlError::Version { line, format: format.chars().take(64).collect(), version })
    }
}

/// Any other line: a contact.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    from: NodeId,
    to: NodeId,
    #[serde(default, skip_serializing_if = "is_one_way")]
    both: bool,
    start_ns: MissionTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end_ns: Option<MissionTime>,
    #[serde(serialize_with = "write_rate", deserialize_with = "read_rate")]
    rate_bps: Rate,
    #[serde(serialize_with = "write_light_time", deserialize_with = "read_light_time")]
    light_time_ns: LightTime,
}

impl Record {
    pub(super) fn new(from: &NodeId, to: &NodeId, both: bool, contact: &Contact) -> Self {
        Self {
            from: from.clone(),
            to: to.clone(),
            both,
            start_ns: contact.start,
            end_ns: Some(contact.end).filter(|end| *end < MissionTime::NEVER),
            rate_bps: contact.rate.clone(),
            light_time_ns: contact.light_time.clone(),
        }
    }

    pub(super) fn parse(line: usize, text: &str) -> Result<Self, JsonlError> {
        parse(text).map_err(|(column, problem)| JsonlError::Line { line, column, problem })
    }

    /// What it says: the contact of one lane, or of two.
    pub(super) fn contacts(self) -> impl Iterator<Item = (NodeId, NodeId, Contact)> {
        let Self { from, to, both, start_ns: start, end_ns, rate_bps: rate, light_time_ns: light_time } = self;
        let contact = Contact { start, end: end_ns.unwrap_or(MissionTime::NEVER), rate, light_time };
        let back = both.then(|| (to.clone(), from.clone(), contact.clone()));
        std::iter::once((from, to, contact)).chain(back)
    }
}

/// One line of JSON, or the column and what is wrong there.
fn parse<T: DeserializeOwned>(text: &str) -> Result<T, (usize, String)> {
    serde_json::from_str(text).map_err(|error| {
        let problem = error.to_string();
        // The line is always 1, and the caller knows better.
        let problem = problem.split(" at line ").next().unwrap_or(&problem).to_owned();
        (error.column().max(1), problem)
    })
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_one_way(both: &bool) -> bool {
    !both
}

fn write_rate<S: Serializer>(rate: &Rate, serializer: S) -> Result<S::Ok, S::Error> {
    match rate.all_steps() {
        [] => rate.at(MissionTime::ZERO).serialize(serializer),
        steps => steps.serialize(serializer),
    }
}

fn read_rate<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Rate, D::Error> {
    match Course::read(deserializer, "bits per second, or steps as [[at_ns, bps], …]")? {
        Course::Always(rate) => Ok(BitsPerSecond(rate).into()),
        Course::Points(steps) => {
            let steps: Vec<_> = steps.into_iter().map(|(at, rate)| (MissionTime(at), BitsPerSecond(rate))).collect();
            Rate::steps(&steps).map_err(D::Error::custom)
        }
    }
}

fn write_light_time<S: Serializer>(light_time: &LightTime, serializer: S) -> Result<S::Ok, S::Error> {
    match light_time.all_knots() {
        [] => nanos(light_time.at(MissionTime::ZERO)).serialize(serializer),
        knots => serializer.collect_seq(knots.iter().map(|(at, light)| (at, nanos(*light)))),
    }
}

fn read_light_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<LightTime, D::Error> {
    match Course::read(deserializer, "nanoseconds, or knots as [[at_ns, ns], …]")? {
        Course::Always(light) => Ok(Duration::from_nanos(light).into()),
        Course::Points(knots) => {
            let knots = knots.into_iter().map(|(at, light)| (MissionTime(at), Duration::from_nanos(light)));
            LightTime::knots(&knots.collect::<Vec<_>>()).map_err(D::Error::custom)
        }
    }
}

/// A number that is always the same, or one at each of several instants.
enum Course {
    Always(u64),
    Points(Vec<(u64, u64)>),
}

impl Course {
    fn read<'de, D: Deserializer<'de>>(deserializer: D, right: &'static str) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CourseVisitor { right })
    }
}

struct CourseVisitor {
    right: &'static str,
}

impl<'de> Visitor<'de> for CourseVisitor {
    type Value = Course;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a whole number of {}", self.right)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Course, E> {
        Ok(Course::Always(number))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut points: A) -> Result<Course, A::Error> {
        let mut all = Vec::new();
        while let Some(point) = points.next_element()? {
            all.push(point);
        }
        Ok(Course::Points(all))
    }
}
