//! Why a text is no plan.

use thiserror::Error;

use super::numbers::TakenNumber;
use crate::contacts::InvalidContact;
use crate::id::{InvalidNodeId, NodeId};
use crate::limits::MAX_PLAN_BYTES;
use crate::units::MissionTime;

/// Why a text is no contact plan of ION.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum IonError {
    /// It is longer than any plan that is read.
    #[error("{bytes} bytes: a contact plan has at most {MAX_PLAN_BYTES}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// A line is refused.
    #[error("line {line}, column {column}: {problem}")]
    Refused {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong there.
        problem: IonProblem,
    },
    /// There is no contact.
    #[error("a plan without a contact")]
    Empty,
}

/// What is wrong at a place of a plan of ION. What was found there is cut to its first characters.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum IonProblem {
    /// The command is none of a plan.
    #[error("`{found}` is no command of a contact plan: these are `a contact`, `a range`, `@`, `m horizon` and `#`")]
    Command {
        /// How the line begins.
        found: String,
    },
    /// The command has too few fields, or too many.
    #[error("{count} fields, where there are those of `{form}`")]
    Fields {
        /// How many the line has.
        count: usize,
        /// The form of the command.
        form: &'static str,
    },
    /// This is no time.
    #[error("`{found}` is no time: write seconds as `+60`, or a date as `2026/01/01-00:00:00`")]
    Time {
        /// What stands there.
        found: String,
    },
    /// A date, and nothing that it could be counted from.
    #[error("`{found}` is a date, and when the mission starts is not known: write seconds after it, as `+60`")]
    NoStart {
        /// The date.
        found: String,
    },
    /// A time before mission start or beyond its clock.
    #[error("`{found}` is not in the mission, which lasts from its start for 584 years")]
    Outside {
        /// The time.
        found: String,
    },
    /// This is no number.
    #[error("`{found}` is no {what}: write a whole number from {least} to {most}, in digits without leading zeros")]
    Number {
        /// What stands there.
        found: String,
        /// What should.
        what: &'static str,
        /// The smallest that is right.
        least: u64,
        /// The largest that is right.
        most: u64,
    },
    /// The contact may not take place.
    #[error("the confidence is `{found}`: a plan has only contacts that will be, so write 1 or nothing")]
    Confidence {
        /// What stands there.
        found: String,
    },
    /// Other nodes have names, this one has none.
    #[error("no comment names the node {number}: write `# node {number} NAME`, as for the others")]
    Unnamed {
        /// The node.
        number: u64,
    },
    /// The name is none.
    #[error(transparent)]
    Name(#[from] InvalidNodeId),
    /// The number or the name is taken.
    #[error(transparent)]
    Taken(#[from] TakenNumber),
    /// The contact cannot be, or not beside another.
    #[error(transparent)]
    Contact(#[from] InvalidContact),
    /// The range is empty, or joins a node to itself.
    #[error("a range from {start} to {end} between {one} and {other}: it joins two nodes, and its end is later")]
    Range {
        /// One node.
        one: NodeId,
        /// The other.
        other: NodeId,
        /// Its first instant.
        start: MissionTime,
        /// The first instant after it.
        end: MissionTime,
    },
    /// Two ranges of a pair share an instant.
    #[error("a range between {one} and {other} ends at {end} and the next starts at {start}: ranges must not overlap")]
    Overlap {
        /// The node that both name first.
        one: NodeId,
        /// The other.
        other: NodeId,
        /// When the range that starts first ends.
        end: MissionTime,
        /// When the next starts, inside it.
        start: MissionTime,
    },
    /// A contact has an instant without a range.
    #[error("no range from {from} to {to} at {at}, and a contact: every instant of a contact needs an `a range`")]
    NoRange {
        /// The sender.
        from: NodeId,
        /// The receiver.
        to: NodeId,
        /// The first such instant.
        at: MissionTime,
    },
}
