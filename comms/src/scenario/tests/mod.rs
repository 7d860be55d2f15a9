//! Tests of the way from a text to a scenario and back.

mod orbits;
mod random;
mod reference;
mod refusals;
mod values;

use std::path::Path;

use super::{Scenario, ScenarioError};

/// A scenario that leaves everything to defaults.
const LEAST: &str = "name = \"least\"\n[mesh]\nnodes = 4\n";

/// A scenario with a mesh that writes every key.
const FULL: &str = include_str!("full.toml");

/// One with a constellation that writes every key.
const FULL_ORBITS: &str = include_str!("full-orbits.toml");

fn parse(text: &str) -> Result<Scenario, ScenarioError> {
    Scenario::parse(text, Path::new("s.toml"))
}

fn parse_with(text: &str, overrides: &[(&str, &str)]) -> Result<Scenario, ScenarioError> {
    let overrides: Vec<_> = overrides.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Scenario::parse_with(text, Path::new("s.toml"), &overrides)
}
