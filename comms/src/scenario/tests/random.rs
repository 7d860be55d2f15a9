//! No text makes the parser panic, and what it accepts reads back the same.

use std::path::Path;

use proptest::prelude::*;

use super::super::Scenario;
use super::{FULL, FULL_ORBITS, LEAST, parse, parse_with};

fn check(text: &str) {
    match parse(text) {
        Ok(scenario) => {
            let resolved = scenario.to_toml();
            let again = parse(&resolved).unwrap_or_else(|error| panic!("{error}\n{resolved}"));
            assert_eq!(again, scenario, "{resolved}");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

proptest! {
    #[test]
    fn any_text_is_accepted_or_refused(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn any_text_of_pieces_of_scenarios_is_accepted_or_refused(
        pieces in prop::collection::vec(prop::sample::select(pieces()), 0..40),
    ) {
        check(&pieces.concat());
    }

    #[test]
    fn a_valid_text_with_bytes_changed_is_accepted_or_refused(
        valid in prop::sample::select(vec![FULL, FULL_ORBITS, LEAST]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<char>(), 0usize..3), 1..8),
    ) {
        let mut text: Vec<char> = valid.chars().collect();
        for (at, char, what) in changes {
            let at = at.index(text.len());
            match what {
                0 => text[at] = char,
                1 => text.insert(at, char),
                _ => drop(text.remove(at)),
            }
        }
        check(&text.iter().collect::<String>());
    }

    #[test]
    fn any_override_is_accepted_or_refused(
        key in prop_oneof![any::<String>(), prop::sample::select(paths())],
        value in prop_oneof![any::<String>(), "-?[0-9]{1,25}(\\.[0-9]{1,9})?", prop::sample::select(pieces())],
    ) {
        if let Ok(scenario) = parse_with(FULL, &[(&key, &value)]) {
            let again = Scenario::parse(&scenario.to_toml(), Path::new("again.toml"));
            prop_assert_eq!(again.map_err(|error| error.to_string()), Ok(scenario));
        }
    }
}

fn paths() -> Vec<String> {
    super::super::keys::ALL.iter().map(|key| key.path.replace("[]", "[0]").replace("<node>", "sat-0")).collect()
}

fn pieces() -> Vec<String> {
    let lines = FULL.lines().chain(FULL_ORBITS.lines()).map(|line| format!("{line}\n"));
    let words =
        ["[", "]", "{", "}", "\"", "'''", "=", ".", "#", "\n", "nan", "-inf", "0x", "1e400", "\u{feff}", "é", "[["];
    lines.chain(words.map(str::to_owned)).chain(paths()).collect()
}
