//! How keys and values look in TOML.

use std::fmt::{Display, Write};
use std::time::Duration;

use super::super::key::Key;
use crate::id::NodeId;
use crate::units::{BitsPerSecond, ByteSize, MissionTime, nanos};

/// Writes keys, with a header wherever the section changes.
#[derive(Default)]
pub(super) struct Writer {
    text: String,
    section: &'static str,
}

impl Writer {
    pub(super) fn put(&mut self, key: &Key, value: impl Display) -> &mut Self {
        self.enter(key).line(key.name(), value)
    }

    pub(super) fn put_or_unset(&mut self, key: &Key, value: Option<impl Display>) -> &mut Self {
        match value {
            Some(value) => self.put(key, value),
            None => self.unset(key),
        }
    }

    /// Names a key that is off, or that has no effect beside the others.
    pub(super) fn unset(&mut self, key: &Key) -> &mut Self {
        self.enter(key).push(format_args!("# {} is not set", key.name()))
    }

    fn enter(&mut self, key: &Key) -> &mut Self {
        if self.section != key.section() {
            self.section = key.section();
            self.header(&format!("[{}]", key.section()));
        }
        self
    }

    pub(super) fn header(&mut self, header: &str) -> &mut Self {
        self.push(format_args!("\n{header}"))
    }

    pub(super) fn line(&mut self, name: impl Display, value: impl Display) -> &mut Self {
        self.push(format_args!("{name} = {value}"))
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    fn push(&mut self, line: std::fmt::Arguments<'_>) -> &mut Self {
        // Writing to a string cannot fail.
        let _written = writeln!(self.text, "{line}");
        self
    }
}

/// A string in TOML's quotes.
pub(super) fn text(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// The shortest text that reads back as the same number.
pub(super) fn number(number: f64) -> String {
    let shown = format!("{number:?}");
    shown.strip_suffix(".0").map(str::to_owned).unwrap_or(shown)
}

pub(super) fn megabits(rate: BitsPerSecond) -> String {
    decimal(rate.0, 6)
}

pub(super) fn gigabits(rate: BitsPerSecond) -> String {
    decimal(rate.0, 9)
}

/// A list of names.
pub(super) fn names<'a>(names: impl Iterator<Item = &'a NodeId>) -> String {
    let quoted: Vec<String> = names.map(|name| text(name.as_str())).collect();
    format!("[{}]", quoted.join(", "))
}

pub(super) fn millis(span: Duration) -> String {
    decimal(nanos(span), 6)
}

pub(super) fn secs(span: Duration) -> String {
    decimal(nanos(span), 9)
}

pub(super) fn instant(at: MissionTime) -> String {
    decimal(at.0, 9)
}

/// `value` divided by ten to the power of `places`, exactly.
fn decimal(value: u64, places: usize) -> String {
    let digits = format!("{value:0>width$}", width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    match fraction.trim_end_matches('0') {
        "" => whole.to_owned(),
        fraction => format!("{whole}.{fraction}"),
    }
}

/// A size in the largest binary unit that it is a multiple of.
pub(super) fn size(size: ByteSize) -> String {
    match size.0 {
        bytes if bytes > 0 && bytes.is_multiple_of(1 << 20) => format!("\"{} MiB\"", bytes >> 20),
        bytes if bytes > 0 && bytes.is_multiple_of(1 << 10) => format!("\"{} KiB\"", bytes >> 10),
        bytes => bytes.to_string(),
    }
}
