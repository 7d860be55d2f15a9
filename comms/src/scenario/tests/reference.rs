//! The reference and the ready scenarios hold true.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::super::key::{Absent, Key, Space};
use super::super::{Scenario, keys};
use super::{FULL, FULL_ORBITS, parse};

fn configs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs")
}

/// A key's row of the reference.
fn row(key: &Key) -> String {
    let default = match key.absent {
        Absent::Required => "required".to_owned(),
        Absent::Default(value) => format!("`{value}`"),
        Absent::Unset => "not set".to_owned(),
    };
    format!("| `{}` | {} | {default} | {} | {} |", key.path, key.unit, key.kind, key.meaning)
}

#[test]
fn the_reference_shows_every_key_as_it_is_and_no_key_too_many() {
    let path = configs().join("README.md");
    let reference = std::fs::read_to_string(&path).expect("the reference");
    let shown: Vec<&str> = reference.lines().filter(|line| line.starts_with("| `")).collect();
    let actual: Vec<String> = keys::ALL.iter().map(|key| row(key)).collect();
    assert!(shown == actual, "{} should have these rows:\n{}\n", path.display(), actual.join("\n"));
}

#[test]
fn every_ready_scenario_is_valid_and_named_after_its_file() {
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(configs()).expect("configs") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let scenario = Scenario::load(&path).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(path.file_stem().and_then(|stem| stem.to_str()), Some(scenario.name.as_str()));
            names.insert(scenario.name);
        }
    }
    let jobs = ["quickstart", "ddp", "fedavg", "ring-outage"];
    let constellations = ["star12-ring", "star12-six", "star12-gap", "delta12", "star66", "train400", "mission2800"];
    for name in jobs.into_iter().chain(constellations) {
        assert!(names.contains(name), "{name} is missing among {names:?}");
    }
}

#[test]
fn every_default_is_what_a_scenario_without_the_key_gets() {
    let orbits = "name = \"least\"\nconstellation.walker = \"D:550:53.0:12/3/1\"\n";
    for (space, least) in [(Space::Mesh, "name = \"least\"\nmesh.nodes = 4\n"), (Space::Orbits, orbits)] {
        let keys = keys::ALL.iter().filter(|key| key.belongs_to().is_none_or(|other| other == space));
        let written: String = keys
            .filter_map(|key| match key.absent {
                Absent::Default(value) => Some(format!("{} = {value}\n", key.path)),
                Absent::Required | Absent::Unset => None,
            })
            .collect();
        let explicit = parse(&format!("{least}{written}")).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(explicit, parse(least).expect("valid"));
    }
}

#[test]
fn a_resolved_scenario_names_every_key_that_means_something_in_it() {
    for (space, full) in [(Space::Mesh, FULL), (Space::Orbits, FULL_ORBITS)] {
        let resolved = parse(full).expect("valid").to_toml();
        let table: toml::Table = resolved.parse().expect("TOML");
        let private = |key: &&&Key| space == Space::Mesh || !key.path.starts_with("private.paths");
        let keys = keys::ALL.iter().filter(|key| key.belongs_to().is_none_or(|other| other == space));
        for key in keys.filter(private) {
            let commented = resolved.contains(&format!("# {} is not set", key.name()));
            // Each fault is at a phase or at an instant, and a scenario with orbits has one of the second kind.
            let other_kind = space == Space::Orbits && key.path.starts_with("faults[].at.");
            assert!(commented || other_kind || written(&table, key.path), "{} is missing in\n{resolved}", key.path);
        }
    }
}

/// Whether any value stands at a path of the table of keys.
fn written(table: &toml::Table, path: &str) -> bool {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    let found: Vec<&toml::Value> = match name.strip_suffix("[]") {
        Some(list) => table.get(list).and_then(toml::Value::as_array).into_iter().flatten().collect(),
        None if name.starts_with('<') => table.values().collect(),
        None => table.get(name).into_iter().collect(),
    };
    match rest {
        None => !found.is_empty(),
        Some(rest) => found.iter().filter_map(|value| value.as_table()).any(|table| written(table, rest)),
    }
}
