//! Commands as a plan.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::error::{IonError, IonProblem};
use super::field::{Field, fields};
use super::numbers::NodeNumbers;
use super::ranges::{Range, joined, within};
use super::time::{Reference, SECOND};
use crate::contacts::{Contact, ContactPlan, InvalidContact};
use crate::id::{InvalidNodeId, NodeId};
use crate::limits::MAX_PLAN_BYTES;
use crate::units::{BitsPerSecond, MissionTime};

const CONTACT: &str = "a contact START END FROM TO BYTES_PER_SECOND [CONFIDENCE]";
const RANGE: &str = "a range START END ONE OTHER LIGHT_SECONDS";
/// Fields of the longest command, with its confidence.
const MOST_FIELDS: usize = 8;

/// Reads a plan, and which number is which node. Dates are counted from `start`, the instant of mission time zero; without
/// it, a plan with a date is refused.
///
/// # Errors
/// [`IonError`] with line and column.
pub fn parse(text: &str, start: Option<Timestamp>) -> Result<(ContactPlan, NodeNumbers), IonError> {
    if text.len() > MAX_PLAN_BYTES {
        return Err(IonError::TooLong { bytes: text.len() });
    }
    let numbers = NodeNumbers::named_in(text)?;
    let mut reader = Reader {
        reference: Reference { start, zero: MissionTime::ZERO },
        all_are_named: !numbers.is_empty(),
        numbers,
        contacts: BTreeMap::new(),
        ranges: BTreeMap::new(),
    };
    for (line, text) in (1..).zip(text.lines()) {
        reader.line(line, text)?;
    }
    reader.plan()
}

struct Reader<'a> {
    reference: Reference,
    all_are_named: bool,
    numbers: NodeNumbers,
    /// By sender and receiver.
    contacts: BTreeMap<(u64, u64), Vec<Window<'a, BitsPerSecond>>>,
    /// By the node that is named first, and the other.
    ranges: BTreeMap<(u64, u64), Vec<Window<'a, u64>>>,
}

/// A half-open time, what holds in it, and where it stands.
struct Window<'a, T> {
    /// The field that says the start.
    field: Field<'a>,
    start: MissionTime,
    end: MissionTime,
    what: T,
}

impl<'a> Reader<'a> {
    fn line(&mut self, line: usize, text: &'a str) -> Result<(), IonError> {
        let count = fields(line, text).count();
        let fields: Vec<Field<'a>> = fields(line, text).take(MOST_FIELDS + 1).collect();
        let Some(first) = fields.first().filter(|field| !field.text.starts_with('#')) else { return Ok(()) };
        let wrong_count = |form| Err(first.refuse(IonProblem::Fields { count, form }));
        match (first.text, fields.get(1).map_or("", |field| field.text)) {
            ("a", "contact") => match fields[2..] {
                [start, end, from, to, rate] => self.contact([start, end, from, to, rate]),
                [start, end, from, to, rate, confidence] => {
                    self.contact([start, end, from, to, rate])?;
                    let certain = confidence.text.parse() == Ok(1.0);
                    let unsure = || confidence.refuse(IonProblem::Confidence { found: confidence.shown() });
                    certain.then_some(()).ok_or_else(unsure)
                }
                _ => wrong_count(CONTACT),
            },
            ("a", "range") => match fields[2..] {
                [start, end, one, other, light] => self.range([start, end, one, other, light]),
                _ => wrong_count(RANGE),
            },
            ("@", _) => {
                let [_, time] = fields[..] else { return wrong_count("@ TIME") };
                self.reference.zero = self.reference.read(&time)?;
                Ok(())
            }
            ("m", "horizon") if count == 3 => Ok(()),
            ("m", "horizon") => wrong_count("m horizon TIME"),
            (command, what) => {
                let found = Field { text: &[command, what].join(" "), ..*first }.shown();
                Err(first.refuse(IonProblem::Command { found: found.trim_end().to_owned() }))
            }
        }
    }

    fn contact(&mut self, [start, end, from, to, rate]: [Field<'a>; 5]) -> Result<(), IonError> {
        let (start_at, end_at) = (self.reference.read(&start)?, self.reference.read(&end)?);
        let (lane, sender, receiver) = self.pair(&from, &to)?;
        if lane.0 == lane.1 {
            return Err(to.refuse(InvalidContact::Loop { peer: receiver }));
        }
        if start_at >= end_at {
            let empty = InvalidContact::Empty { from: sender, to: receiver, start: start_at, end: end_at };
            return Err(end.refuse(empty));
        }
        let bytes_per_sec = rate.number("rate in bytes per second", 0, u64::MAX / 8)?;
        if bytes_per_sec == 0 {
            return Err(rate.refuse(InvalidContact::NoRate { from: sender, to: receiver, start: start_at }));
        }
        let window = Window { field: start, start: start_at, end: end_at, what: BitsPerSecond(bytes_per_sec * 8) };
        self.contacts.entry(lane).or_default().push(window);
        Ok(())
    }

    fn range(&mut self, [start, end, one, other, light]: [Field<'a>; 5]) -> Result<(), IonError> {
        let (start_at, end_at) = (self.reference.read(&start)?, self.reference.read(&end)?);
        let (pair, one, other) = self.pair(&one, &other)?;
        if pair.0 == pair.1 || start_at >= end_at {
            return Err(end.refuse(IonProblem::Range { one, other, start: start_at, end: end_at }));
        }
        let light_secs = light.number("range in light seconds", 0, u64::MAX / SECOND)?;
        let window = Window { field: start, start: start_at, end: end_at, what: light_secs };
        self.ranges.entry(pair).or_default().push(window);
        Ok(())
    }

    /// Two nodes: their numbers and their names.
    fn pair(&mut self, one: &Field<'a>, other: &Field<'a>) -> Result<((u64, u64), NodeId, NodeId), IonError> {
        let ((one_number, one), (other_number, other)) = (self.node(one)?, self.node(other)?);
        Ok(((one_number, other_number), one, other))
    }

    fn node(&mut self, field: &Field<'a>) -> Result<(u64, NodeId), IonError> {
        let number = field.number("node number", 1, u64::MAX)?;
        if let Some(node) = self.numbers.node(number) {
            return Ok((number, node.clone()));
        }
        if self.all_are_named {
            return Err(field.refuse(IonProblem::Unnamed { number }));
        }
        let node: NodeId = number.to_string().parse().map_err(|error: InvalidNodeId| field.refuse(error))?;
        self.numbers.insert(number, node.clone()).map_err(|error| field.refuse(error))?;
        Ok((number, node))
    }

    fn plan(self) -> Result<(ContactPlan, NodeNumbers), IonError> {
        let Self { numbers, contacts, ranges, .. } = self;
        if contacts.is_empty() {
            return Err(IonError::Empty);
        }
        let named = |number: u64| numbers.node(number).cloned().unwrap_or_else(NodeId::station);
        let mut apart: BTreeMap<(u64, u64), Vec<Range>> = BTreeMap::new();
        for ((one, other), mut windows) in ranges {
            if let Some((field, end, start)) = overlap(&mut windows) {
                return Err(field.refuse(IonProblem::Overlap { one: named(one), other: named(other), end, start }));
            }
            let ranges =
                windows.into_iter().map(|Window { start, end, what, .. }| Range { start, end, light_secs: what });
            apart.insert((one, other), joined(ranges));
        }
        let mut plan = ContactPlan::default();
        for ((from, to), mut windows) in contacts {
            let (sender, receiver) = (named(from), named(to));
            if let Some((field, end, start)) = overlap(&mut windows) {
                let overlap = InvalidContact::Overlap { from: sender, to: receiver, end, start };
                return Err(field.refuse(overlap));
            }
            let forward = apart.get(&(from, to));
            let ranges =
                forward.or_else(|| apart.get(&(to, from)).filter(|_| to < from)).map_or(&[][..], Vec::as_slice);
            let mut lane = Vec::with_capacity(windows.len());
            for Window { field, start, end, what: rate } in windows {
                let parts = within(ranges, start, end).map_err(|at| {
                    field.refuse(IonProblem::NoRange { from: sender.clone(), to: receiver.clone(), at })
                })?;
                lane.extend(parts.into_iter().map(|Range { start, end, light_secs }| Contact {
                    start,
                    end,
                    rate: rate.into(),
                    light_time: Duration::from_secs(light_secs).into(),
                }));
            }
            plan.insert(sender, receiver, lane.into());
        }
        Ok((plan, numbers))
    }
}

/// Sorts windows by time. If two share an instant: the one further down in the text, when the first ends, when the next starts.
fn overlap<'a, T>(windows: &mut [Window<'a, T>]) -> Option<(Field<'a>, MissionTime, MissionTime)> {
    windows.sort_by_key(|window| window.start);
    let pair = windows.windows(2).find(|pair| pair[0].end > pair[1].start)?;
    let field = if pair[0].field.line > pair[1].field.line { pair[0].field } else { pair[1].field };
    Some((field, pair[0].end, pair[1].start))
}
