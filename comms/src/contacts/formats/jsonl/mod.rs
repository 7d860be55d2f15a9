//! A contact plan as lines of JSON, exact to the nanosecond: starloom's own format.
//!
//! The first line is the [`HEADER`]. Every further line is a contact of one lane, or of both lanes of a link if these are
//! alike:
//!
//! ```json
//! {"format":"starloom-contacts","version":1}
//! {"from":"sat-0","to":"sat-1","both":true,"start_ns":0,"rate_bps":8000000,"light_time_ns":[[0,3500000],[60,3499950]]}
//! {"from":"sat-1","to":"station","start_ns":5,"end_ns":90,"rate_bps":[[5,8000],[40,16000]],"light_time_ns":0}
//! ```
//!
//! All numbers are whole and below 2^64. Times are in nanoseconds since mission start; without `end_ns`, or with null, the
//! contact lasts. A rate that steps is a list of when each step begins and its bits per second; a light time that bends is a
//! list of knots. Blank lines are skipped, keys that are not known are refused. A plan that is written reads back equal, if its
//! light times are below 584 years.

mod error;
mod record;
#[cfg(test)]
mod tests;

use std::io;

pub use error::JsonlError;
use record::{Header, Record};

use crate::contacts::{Contact, ContactPlan, InvalidContact};
use crate::id::NodeId;
use crate::limits::MAX_PLAN_BYTES;
use crate::units::MissionTime;

/// The first line of a plan.
pub const HEADER: &str = r#"{"format":"starloom-contacts","version":1}"#;

/// Writes a plan: the header, then its contacts by sender, receiver and time. A contact that is the same in both directions is
/// written once, by the sender whose name comes first.
///
/// # Errors
/// What `out` refuses.
pub fn write(plan: &ContactPlan, mut out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "{HEADER}")?;
    for (from, to, contacts) in plan.lanes() {
        let back = plan.contacts(to, from);
        for contact in contacts {
            let both = back
                .binary_search_by_key(&contact.start, |other| other.start)
                .is_ok_and(|found| back[found] == *contact);
            if !both || from < to {
                serde_json::to_writer(&mut out, &Record::new(from, to, both, contact))?;
                writeln!(out)?;
            }
        }
    }
    Ok(())
}

/// Reads a plan.
///
/// # Errors
/// [`JsonlError`] with the line, and the column where JSON tells it.
pub fn parse(text: &str) -> Result<ContactPlan, JsonlError> {
    if text.len() > MAX_PLAN_BYTES {
        return Err(JsonlError::TooLong { bytes: text.len() });
    }
    let mut lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let (line, header) = lines.next().ok_or(JsonlError::NoHeader)?;
    Header::parse(line, header)?;
    let mut contacts = Vec::new();
    for (line, text) in lines {
        contacts.extend(Record::parse(line, text)?.contacts());
    }
    if contacts.is_empty() {
        return Err(JsonlError::Empty);
    }
    ContactPlan::new(contacts).map_err(|problem| JsonlError::Contact { line: line_of(&problem, text), problem })
}

/// The last line with a contact that `problem` can be about. Reads the text again: lines are not worth remembering for a
/// plan without a problem.
fn line_of(problem: &InvalidContact, text: &str) -> usize {
    let lines = (1..).zip(text.lines());
    let lines = lines.filter(|(line, text)| {
        let Ok(record) = Record::parse(*line, text) else { return false };
        record.contacts().any(|(from, to, contact)| is_about(problem, &from, &to, &contact))
    });
    lines.last().map_or(1, |(line, _)| line)
}

fn is_about(problem: &InvalidContact, sender: &NodeId, receiver: &NodeId, contact: &Contact) -> bool {
    let this = |from: &NodeId, to: &NodeId, start: MissionTime| (from, to, start) == (sender, receiver, contact.start);
    match problem {
        InvalidContact::Loop { peer } => peer == sender && peer == receiver,
        InvalidContact::Empty { from, to, start, end } => this(from, to, *start) && contact.end == *end,
        InvalidContact::NoRate { from, to, start } => {
            this(from, to, *start) && contact.rate.lowest(*start, contact.end).0 == 0
        }
        InvalidContact::Overlap { from, to, start, .. } => this(from, to, *start),
    }
}
