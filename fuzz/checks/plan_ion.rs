//! Any text is a contact plan of ION or is refused with the place; a plan that was written, read and written again is the same
//! text.

use starloom_comms::contacts::ContactPlan;
use starloom_comms::contacts::formats::ion::{self, IonError, NodeNumbers};

/// Checks one input; panics if what must hold does not.
pub(crate) fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    // Mission start is the first day of 2026, so that dates are read too.
    let start = "2026-01-01T00:00:00Z".parse().ok();
    match ion::parse(text, start) {
        Ok((plan, numbers)) => {
            assert!(plan.lanes().next().is_some());
            let written = write(&plan, &numbers);
            match ion::parse(&written, None) {
                Ok((plan, numbers)) => assert_eq!(write(&plan, &numbers), written),
                Err(error) => assert_eq!(error, IonError::Empty, "{written}"),
            }
        }
        Err(IonError::Refused { line, column, .. }) => {
            let found = text.lines().nth(line - 1).map_or(0, |line| line.chars().count());
            assert!((1..=found).contains(&column), "{line}, {column}");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn write(plan: &ContactPlan, numbers: &NodeNumbers) -> String {
    let mut written = Vec::new();
    assert!(ion::write(plan, numbers, &mut written).is_ok());
    String::from_utf8_lossy(&written).into_owned()
}
