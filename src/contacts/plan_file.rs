//! Contact plans that somebody else made.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use starloom_comms::contacts::ContactPlan;
use starloom_comms::contacts::formats::{ion, jsonl};
use starloom_comms::limits::MAX_PLAN_BYTES;

use crate::exit::{Exit, Failure};

/// The contact plan in a file, if its name says that it is one.
pub(crate) fn read(path: &Path) -> Result<Option<ContactPlan>, Failure> {
    let extension = path.extension().and_then(|extension| extension.to_str());
    let bad = |problem: String| Failure::message(Exit::BadInput, format!("{}: {problem}", path.display()));
    if !matches!(extension, Some("jsonl" | "ionrc")) {
        return Ok(None);
    }
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(MAX_PLAN_BYTES as u64 + 1).read_to_string(&mut text))
        .map_err(|error| bad(error.to_string()))?;
    let plan = match extension {
        Some("jsonl") => jsonl::parse(&text).map_err(|error| bad(error.to_string()))?,
        _ => ion::parse(&text, None).map_err(|error| bad(error.to_string()))?.0,
    };
    Ok(Some(plan))
}
