//! Any text is a scenario or is refused with a reason; a scenario written out in full reads back the same.

use std::path::Path;

use starloom_comms::scenario::Scenario;

/// Checks one input; panics if what must hold does not.
pub(crate) fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match Scenario::parse(text, Path::new("input.toml")) {
        Ok(scenario) => {
            let resolved = scenario.to_toml();
            let again = Scenario::parse(&resolved, Path::new("resolved.toml"));
            assert_eq!(again.map_err(|error| error.to_string()), Ok(scenario), "{resolved}");
        }
        Err(error) => assert!(error.to_string().contains("input.toml"), "{error}"),
    }
}
