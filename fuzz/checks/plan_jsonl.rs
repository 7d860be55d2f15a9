//! Any text is a contact plan as lines of JSON or is refused with the place; a plan that is written reads back equal.

use starloom_comms::contacts::formats::jsonl::{self, JsonlError};

/// Checks one input; panics if what must hold does not.
pub(crate) fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match jsonl::parse(text) {
        Ok(plan) => {
            let mut written = Vec::new();
            assert!(jsonl::write(&plan, &mut written).is_ok());
            let written = String::from_utf8_lossy(&written);
            assert_eq!(jsonl::parse(&written), Ok(plan), "{written}");
        }
        Err(
            JsonlError::Header { line, .. }
            | JsonlError::Version { line, .. }
            | JsonlError::Line { line, .. }
            | JsonlError::Contact { line, .. },
        ) => assert!((1..=text.lines().count()).contains(&line), "{line}"),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
