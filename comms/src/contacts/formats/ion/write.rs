//! A plan as commands.

use std::collections::BTreeSet;
use std::io;

use super::numbers::NodeNumbers;
use super::ranges::{Range, greatest, within};
use super::time::SECOND;
use crate::contacts::{Contact, ContactPlan};
use crate::id::NodeId;
use crate::units::MissionTime;

/// Bits of a byte.
const BYTE: u64 = 8;

/// A contact command: a window of whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Line {
    range: Range,
    bytes_per_sec: u64,
}

/// Writes a plan: who has which number, then for each link its ranges and the contacts of its lanes. Nodes that `numbers` does
/// not know get those that [`NodeNumbers::with_all_of`] finds. The [module](super) says what is lost.
///
/// # Errors
/// What `out` refuses.
pub fn write(plan: &ContactPlan, numbers: &NodeNumbers, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "# Times are seconds after mission start, rates bytes per second, ranges light seconds.")?;
    let numbers = numbers.with_all_of(plan);
    for (number, node) in numbers.iter() {
        writeln!(out, "# node {number} {node}")?;
    }
    let links: BTreeSet<(&NodeId, &NodeId)> = plan.lanes().map(|(from, to, _)| (from.min(to), from.max(to))).collect();
    for (one, other) in links {
        let (Some(one_number), Some(other_number)) = (numbers.number(one), numbers.number(other)) else { continue };
        let [there, back] = [plan.contacts(one, other), plan.contacts(other, one)].map(lines);
        let apart = greatest(&ranges(&there), &ranges(&back));
        let [there, back] = [there, back].map(|lines| split(lines, &apart));
        let (low, high) = (one_number.min(other_number), one_number.max(other_number));
        for Range { start, end, light_secs } in greatest(&ranges(&there), &ranges(&back)) {
            writeln!(out, "a range +{} +{} {low} {high} {light_secs}", start.0 / SECOND, end.0 / SECOND)?;
        }
        for (from, to, lines) in [(one_number, other_number, there), (other_number, one_number, back)] {
            for Line { range: Range { start, end, .. }, bytes_per_sec } in lines {
                writeln!(out, "a contact +{} +{} {from} {to} {bytes_per_sec}", start.0 / SECOND, end.0 / SECOND)?;
            }
        }
    }
    Ok(())
}

fn ranges(lines: &[Line]) -> Vec<Range> {
    lines.iter().map(|line| line.range).collect()
}

/// The whole seconds of some contacts, in pieces with one rate and one number of light seconds.
fn lines(contacts: &[Contact]) -> Vec<Line> {
    contacts.iter().flat_map(pieces).collect()
}

/// The whole seconds of a contact, with the lowest rate and the greatest light time of each.
fn pieces(contact: &Contact) -> Vec<Line> {
    let Contact { start, end, rate, light_time } = contact;
    let (start, end) = (start.0.div_ceil(SECOND), end.0 / SECOND);
    if start >= end {
        return Vec::new();
    }
    let steps = rate.all_steps().iter().map(|(at, _)| at.0);
    let knots = light_time.all_knots().iter().map(|(at, _)| at.0);
    let bends = steps.chain(knots).flat_map(|at| [at / SECOND, at.div_ceil(SECOND)]);
    let mut edges: Vec<u64> = bends.filter(|edge| (start..end).contains(edge)).chain([start, end]).collect();
    edges.sort_unstable();
    edges.dedup();
    let mut pieces: Vec<Line> = Vec::new();
    for pair in edges.windows(2) {
        let (start, end) = (MissionTime(pair[0] * SECOND), MissionTime(pair[1] * SECOND));
        let light = light_time.knots_between(start, end).map(|(_, light)| light).max().unwrap_or_default();
        let light_secs = light.as_secs().saturating_add(u64::from(light.subsec_nanos() > 0));
        let bytes_per_sec = rate.lowest(start, end).0 / BYTE;
        match pieces.last_mut() {
            Some(last) if (last.bytes_per_sec, last.range.light_secs) == (bytes_per_sec, light_secs) => {
                last.range.end = end;
            }
            _ => pieces.push(Line { range: Range { start, end, light_secs }, bytes_per_sec }),
        }
    }
    pieces.retain(|piece| piece.bytes_per_sec > 0);
    pieces
}

/// The lines, cut where the ranges of their link change, without any two that touch.
fn split(lines: Vec<Line>, apart: &[Range]) -> Vec<Line> {
    let mut apart_lines: Vec<Line> = Vec::new();
    for Line { range, bytes_per_sec } in lines {
        for mut part in within(apart, range.start, range.end).unwrap_or_default() {
            if apart_lines.last().is_some_and(|last| last.range.end == part.start) {
                part.start.0 += SECOND;
            }
            if part.start < part.end {
                apart_lines.push(Line { range: part, bytes_per_sec });
            }
        }
    }
    apart_lines
}
