//! The scenario: one TOML file that says who takes part, over which links, to learn what, and what goes wrong.
//!
//! [`Scenario::load`] reads and checks it once, and what it gives out is right: values are in range, names are of nodes
//! that there are, and values that depend on each other agree. Everything else takes a [`Scenario`] and checks nothing.
//!
//! ```
//! # use std::path::Path;
//! use starloom_comms::scenario::Scenario;
//!
//! let text = "name = \"first\"\n[mesh]\nnodes = 4\n";
//! let scenario = Scenario::parse(text, Path::new("first.toml"))?;
//! assert_eq!(scenario.nodes().len(), 4);
//!
//! let mistyped = Scenario::parse(&text.replace("nodes", "nods"), Path::new("first.toml")).unwrap_err();
//! assert!(mistyped.to_string().starts_with("first.toml:3:1: `mesh.nods` is not a key"));
//! # Ok::<(), starloom_comms::scenario::ScenarioError>(())
//! ```
//!
//! The way of a text: `tree` parses it into values that know their place, `overrides` sets the values given beside it,
//! `structure` refuses keys that there are not and fills in defaults, `reader` and `build` make typed values of it, and
//! `relations` compares them. `keys` is the one table of every key; `configs/README.md` shows it.

mod build;
mod collective;
mod documents;
mod error;
mod key;
mod keys;
mod names;
mod orbits;
mod overrides;
mod plan;
mod problems;
mod reader;
mod relations;
mod structure;
mod suggest;
mod training;
mod tree;
mod types;
mod word;
mod write;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::Read;
use std::path::Path;

pub use collective::{Collective, Packing, StrategyChoice};
pub use error::{Flaw, Place, Problem, ScenarioError};
pub use orbits::{Band, OrbitSource, Orbiter, Orbits, Role, Station};
pub use training::{LearningRateSchedule, Mode, Optimizer, Private, Training};
pub use types::{
    AggregatorRules, Checkpoint, Compute, Emulation, Fault, FaultTime, Geometry, Ground, Job, Mesh, Network, Outage,
    RoundRules, Scenario, SimulatedPayload, Simulation, Topology,
};
pub use word::InvalidWord;

use crate::limits::MAX_SCENARIO_BYTES;
use problems::Problems;
use reader::Reader;
use tree::{Node, Source};

impl Scenario {
    /// Reads and checks the scenario in a file.
    ///
    /// # Errors
    /// As [`Scenario::parse`], and [`ScenarioError::Unreadable`] if the file cannot be read or is not UTF-8.
    pub fn load(path: &Path) -> Result<Self, ScenarioError> {
        Self::load_with(path, &[])
    }

    /// Reads and checks the scenario in a file, with the values of some keys given beside it.
    ///
    /// # Errors
    /// As [`Scenario::load`].
    pub fn load_with(path: &Path, overrides: &[(String, String)]) -> Result<Self, ScenarioError> {
        let mut text = String::new();
        File::open(path)
            .and_then(|file| file.take(MAX_SCENARIO_BYTES as u64 + 1).read_to_string(&mut text))
            .map_err(|source| ScenarioError::Unreadable { path: path.to_owned(), source })?;
        Self::parse_with(&text, path, overrides)
    }

    /// Checks the scenario in `text`. `origin` is the file that errors name, and beside which the files lie that it names.
    ///
    /// # Errors
    /// [`ScenarioError::TooLong`] beyond [`MAX_SCENARIO_BYTES`], [`ScenarioError::Invalid`] with all that is wrong.
    pub fn parse(text: &str, origin: &Path) -> Result<Self, ScenarioError> {
        Self::parse_with(text, origin, &[])
    }

    /// Checks the scenario in `text` with the values of some keys given beside it: pairs of a dotted key and a value in
    /// TOML, where a bare word stands for a string (`training.mode`, `ddp`). The last of several for one key holds.
    ///
    /// # Errors
    /// As [`Scenario::parse`]; a problem with an override names it.
    pub fn parse_with(text: &str, origin: &Path, overrides: &[(String, String)]) -> Result<Self, ScenarioError> {
        if text.len() > MAX_SCENARIO_BYTES {
            return Err(ScenarioError::TooLong { origin: origin.to_owned(), most: MAX_SCENARIO_BYTES });
        }
        let mut problems = Problems::new(text, overrides);
        match scenario(text, origin, overrides, &mut problems) {
            Some(scenario) if problems.is_empty() => Ok(scenario),
            _ => Err(problems.into_error(origin)),
        }
    }
}

/// The scenario, or `None` and what is wrong in `problems`.
fn scenario(
    text: &str,
    origin: &Path,
    overrides: &[(String, String)],
    problems: &mut Problems<'_>,
) -> Option<Scenario> {
    let mut document = match Node::document(text) {
        Ok(document) => document,
        Err(error) => {
            let source = error.span().map_or(Source::Default, |span| Source::Text(span.start));
            problems.add(source, Flaw::Syntax { message: error.message().to_owned() });
            return None;
        }
    };
    overrides::apply(&mut document, overrides, problems);
    structure::check(&document, problems);
    structure::fill_in_defaults(&mut document);
    let scenario = build::scenario(&mut Reader::new(&document, problems), origin.parent().unwrap_or(Path::new("")))?;
    // A relation between values that are wrong by themselves says nothing.
    if problems.is_empty() {
        relations::check(&scenario, &document, problems);
    }
    Some(scenario)
}
