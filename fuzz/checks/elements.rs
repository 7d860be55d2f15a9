//! Any text is element sets or is refused with the place; element sets are of an orbit or are refused, and an orbit has states
//! or says that it has come down.

use starloom_comms::orbit::{ElementsError, Satellite, parse_omm_csv, parse_omm_json, parse_tle};

/// Checks one input; panics if what must hold does not.
pub(crate) fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for parse in [parse_tle, parse_omm_json, parse_omm_csv] {
        match parse(text) {
            Ok(sets) => {
                for set in sets {
                    let epoch = set.epoch;
                    let Ok(satellite) = Satellite::new(set) else { continue };
                    let _state_or_decay = satellite.state(epoch, 3_600.0);
                }
            }
            Err(ElementsError::Tle { line, column, .. }) => {
                assert!(
                    line <= text.lines().count() + 1 && (1..=text.len().max(1)).contains(&column),
                    "{line}, {column}"
                );
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}
