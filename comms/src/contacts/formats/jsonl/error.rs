//! Why a text is no plan.

use thiserror::Error;

use super::HEADER;
use crate::contacts::InvalidContact;
use crate::limits::MAX_PLAN_BYTES;

/// Why a text is no contact plan as lines of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JsonlError {
    /// It is longer than any plan that is read.
    #[error("{bytes} bytes: a contact plan has at most {MAX_PLAN_BYTES}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// There is no line.
    #[error("no line in it: the first is `{HEADER}`")]
    NoHeader,
    /// The first line is no header.
    #[error("line {line}, column {column}: {problem}; the first line is `{HEADER}`")]
    Header {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong.
        problem: String,
    },
    /// The plan is of another format, or of another version of it.
    #[error("line {line}: format `{format}`, version {version}; the first line is `{HEADER}`")]
    Version {
        /// The line, from 1.
        line: usize,
        /// The format that it says.
        format: String,
        /// The version that it says.
        version: u32,
    },
    /// A line is no contact.
    #[error("line {line}, column {column}: {problem}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// A contact cannot be, or not beside another.
    #[error("line {line}: {problem}")]
    Contact {
        /// The line of the contact, from 1; of two that overlap, the one that starts later.
        line: usize,
        /// What is wrong.
        problem: InvalidContact,
    },
    /// There is no contact.
    #[error("a plan without a contact")]
    Empty,
}
