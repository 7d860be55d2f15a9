//! What can be wrong with a scenario, and how it is said.

use std::fmt;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::key::quoted;

/// Why there is no scenario.
#[derive(Debug, Error)]
pub enum ScenarioError {
    /// The file cannot be read.
    #[error("cannot read scenario {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The text is longer than any scenario should be.
    #[error("{}: the scenario has more than {most} bytes; is this the right file?", origin.display())]
    TooLong {
        /// The file.
        origin: PathBuf,
        /// What would be right.
        most: usize,
    },
    /// The text does not hold. Shows one line per problem, each with its file, line and column.
    #[error("{}", Lines { origin, problems, more: *more })]
    Invalid {
        /// The file.
        origin: PathBuf,
        /// What is wrong, in the order in which it was found; at least one.
        problems: Vec<Problem>,
        /// Problems beyond those.
        more: usize,
    },
}

/// One thing that is wrong with a scenario.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("{flaw}")]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What.
    #[source]
    pub flaw: Flaw,
}

/// Where a problem is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In the file.
    Line {
        /// The line, from 1.
        line: usize,
        /// The character in it, from 1.
        column: usize,
    },
    /// In an override of a key, as given on the command line.
    Override {
        /// The option, as `key=value`.
        option: String,
    },
    /// Nowhere in particular: something is missing, or follows from defaults.
    File,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Flaw {
    /// The text is not TOML.
    #[error("this is not TOML: {message}")]
    Syntax {
        /// What the parser says.
        message: String,
    },
    /// There is no such key.
    #[error("`{key}` is not a key of a scenario; {}", Suggestion { nearest, valid })]
    UnknownKey {
        /// The key.
        key: String,
        /// The valid key that it resembles.
        nearest: Option<String>,
        /// The keys that are valid in its place.
        valid: Vec<&'static str>,
    },
    /// An override is for an element that its list does not have.
    #[error("`{key}` has no place: the list has no such element; elements count from 0")]
    NoElement {
        /// The key.
        key: String,
    },
    /// A key without default is missing.
    #[error("`{key}` is missing: {meaning}")]
    Missing {
        /// The key.
        key: String,
        /// What it stands for.
        meaning: &'static str,
    },
    /// The value has another type.
    #[error("`{key}` must be {expected}, and is {found}")]
    WrongType {
        /// The key.
        key: String,
        /// What would be right.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// The number is out of range.
    #[error("`{key}` = {value} is out of range: it must be {range}")]
    OutOfRange {
        /// The key.
        key: String,
        /// What is there.
        value: String,
        /// What would be right.
        range: String,
    },
    /// The value is none of the words that the key accepts.
    #[error("`{key}` = {value} is none of {}{}", quoted(accepted), DidYouMean(nearest.as_deref()))]
    UnknownWord {
        /// The key.
        key: String,
        /// What is there.
        value: String,
        /// The words that would be right.
        accepted: &'static [&'static str],
        /// The word that it resembles.
        nearest: Option<&'static str>,
    },
    /// The text does not read as what the key stands for.
    #[error("`{key}` = {value} cannot be: {reason}")]
    Malformed {
        /// The key.
        key: String,
        /// What is there.
        value: String,
        /// What would be right.
        reason: String,
    },
    /// Two values do not go together.
    #[error("`{key}` = {value} {relation} `{other}` = {other_value}: {remedy}")]
    Relation {
        /// The key.
        key: String,
        /// What is there.
        value: String,
        /// How the two stand, as in `5 is more than 4`.
        relation: &'static str,
        /// The other key, or an expression of keys.
        other: String,
        /// Its value.
        other_value: String,
        /// What would be right.
        remedy: String,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { line, column } => write!(f, "line {line}, column {column}"),
            Self::Override { option } => write!(f, "--set {option}"),
            Self::File => f.write_str("the file"),
        }
    }
}

/// All problems, one a line, in the form that editors make a link of: `file:line:column: …`.
struct Lines<'a> {
    origin: &'a PathBuf,
    problems: &'a [Problem],
    more: usize,
}

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = self.origin.display();
        for (index, Problem { place, flaw }) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            match place {
                Place::Line { line, column } => write!(f, "{origin}:{line}:{column}: {flaw}")?,
                Place::Override { .. } => write!(f, "{place}: {flaw}")?,
                Place::File => write!(f, "{origin}: {flaw}")?,
            }
        }
        if self.more > 0 { write!(f, "\n{origin}: {} more like these", self.more) } else { Ok(()) }
    }
}

struct Suggestion<'a> {
    nearest: &'a Option<String>,
    valid: &'a [&'static str],
}

impl fmt::Display for Suggestion<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.nearest {
            Some(nearest) => write!(f, "did you mean `{nearest}`?"),
            None if self.valid.is_empty() => f.write_str("nothing can stand there"),
            None => write!(f, "there can be {}", quoted(self.valid)),
        }
    }
}

struct DidYouMean<'a>(Option<&'a str>);

impl fmt::Display for DidYouMean<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |nearest| write!(f, "; did you mean `{nearest}`?"))
    }
}
