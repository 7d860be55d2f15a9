//! Values with a unit: spans, instants, rates, sizes.

use std::time::Duration;

use jiff::Timestamp;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::Reader;
use crate::scenario::key::{Key, Kind};
use crate::scenario::tree::{Excerpt, Value};
use crate::units::{BitsPerSecond, ByteSize, MissionTime};

impl Reader<'_, '_> {
    /// A number of seconds, to a microsecond: so an instant years into a mission keeps its value as text.
    pub(in crate::scenario) fn seconds(&mut self, key: &Key) -> Option<Duration> {
        self.number(key).map(|secs| Duration::from_micros(rounded(secs * 1e6)))
    }

    /// A number of seconds since mission start, to a microsecond.
    pub(in crate::scenario) fn instant(&mut self, key: &Key) -> Option<MissionTime> {
        self.seconds(key).map(|span| MissionTime::ZERO + span)
    }

    /// A number of milliseconds, to a nanosecond.
    pub(in crate::scenario) fn milliseconds(&mut self, key: &Key) -> Option<Duration> {
        self.number(key).map(|millis| Duration::from_nanos(rounded(millis * 1e6)))
    }

    /// A number of megabits per second, to a bit per second.
    pub(in crate::scenario) fn megabits(&mut self, key: &Key) -> Option<BitsPerSecond> {
        self.number(key).map(|megabits| BitsPerSecond(rounded(megabits * 1e6)))
    }

    /// A number of gigabits per second, to a bit per second.
    pub(in crate::scenario) fn gigabits(&mut self, key: &Key) -> Option<BitsPerSecond> {
        self.number(key).map(|gigabits| BitsPerSecond(rounded(gigabits * 1e9)))
    }

    /// A seed of its own; without one, one that follows from the scenario's.
    pub(in crate::scenario) fn seed(&mut self, key: &Key, scenario: u64) -> Option<u64> {
        if self.is_written(key) {
            return self.integer(key);
        }
        // TOML has no integers beyond 63 bits.
        Some(xxh3_64_with_seed(key.path.as_bytes(), scenario) >> 1)
    }

    /// An instant in UTC, as a date of TOML or as a text; nothing without the key.
    pub(in crate::scenario) fn timestamp(&mut self, key: &Key) -> Option<Timestamp> {
        let text = match &self.node(key)?.value {
            Value::Text(text) | Value::Date(text) => text,
            _ => return self.wrong_type(key),
        };
        match text.parse() {
            Ok(at) => Some(at),
            Err(_) => self.malformed(key, text, "a time has a date, a time and a zone, like 2026-01-01T00:00:00Z"),
        }
    }

    pub(in crate::scenario) fn size(&mut self, key: &Key) -> Option<ByteSize> {
        let Kind::Size(least, most) = key.kind else { return None };
        let (bytes, shown) = match &self.node(key)?.value {
            Value::Integer(bytes) => (u64::try_from(*bytes).ok(), bytes.to_string()),
            Value::Text(text) => match text.parse::<ByteSize>() {
                Ok(size) => (Some(size.0), Excerpt(text).to_string()),
                Err(_) => {
                    return self.malformed(key, text, "a size is a number of bytes, or one with a unit, like 4 MiB");
                }
            },
            _ => return self.wrong_type(key),
        };
        match bytes.filter(|bytes| (least..=most).contains(bytes)) {
            Some(bytes) => Some(ByteSize(bytes)),
            None => self.out_of_range(key, shown),
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "numbers are in range, and `as` saturates")]
fn rounded(number: f64) -> u64 {
    number.round() as u64
}
