//! Files that a scenario names: read where it lies, or written out in place.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::limits::MAX_SCENARIO_BYTES;

/// The text that a value stands for: itself if it has several lines, or that of the file that it names. Relative paths begin
/// at `base`.
///
/// # Errors
/// Why the file cannot be read.
pub(super) fn text<'a>(value: &'a str, base: &Path) -> Result<Cow<'a, str>, String> {
    if value.contains('\n') {
        return Ok(Cow::Borrowed(value));
    }
    let path = base.join(value);
    let shown = path.display();
    let unreadable = |error: std::io::Error| format!("{shown} cannot be read: {error}");
    let file = File::open(&path).map_err(unreadable)?;
    // Anything else might never end.
    if !file.metadata().map_err(unreadable)?.is_file() {
        return Err(format!("{shown} is not a file"));
    }
    let mut text = String::new();
    file.take(MAX_SCENARIO_BYTES as u64 + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() > MAX_SCENARIO_BYTES {
        return Err(format!("{shown} has more than {MAX_SCENARIO_BYTES} bytes; is this the right file?"));
    }
    Ok(Cow::Owned(text))
}
