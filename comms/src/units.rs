//! Units as types: mission time, rates and byte sizes with their arithmetic in integers.
//!
//! All times that a plan or a schedule depends on are integer nanoseconds, so that every node computes the same.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// An instant on the scenario's clock, in nanoseconds since mission start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MissionTime(pub u64);

impl MissionTime {
    /// Mission start.
    pub const ZERO: Self = Self(0);
    /// Later than any instant of a mission (584 years after its start).
    pub const NEVER: Self = Self(u64::MAX);

    /// The instant `secs` seconds after mission start. Negative and non-finite values give mission start.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates, which is meant")]
    pub fn from_secs_f64(secs: f64) -> Self {
        Self((secs * 1e9).round() as u64)
    }

    /// Seconds since mission start.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "for display; plans stay in nanoseconds")]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// The time from `earlier` to this instant, zero if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for MissionTime {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(nanos(span)))
    }
}

impl Sub<Duration> for MissionTime {
    type Output = Self;

    fn sub(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(nanos(span)))
    }
}

impl fmt::Display for MissionTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} s", self.as_secs_f64())
    }
}

/// A span in nanoseconds, saturating at 584 years.
#[must_use]
pub fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

/// A data rate. Zero means that nothing gets through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BitsPerSecond(pub u64);

impl BitsPerSecond {
    /// How long `bytes` take to leave a sender at this rate, rounded up to a nanosecond; [`Duration::MAX`] at rate zero.
    #[must_use]
    pub fn transmit_time(self, bytes: u64) -> Duration {
        if self.0 == 0 {
            return if bytes == 0 { Duration::ZERO } else { Duration::MAX };
        }
        let nanos = (u128::from(bytes) * 8 * 1_000_000_000).div_ceil(u128::from(self.0));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

impl fmt::Display for BitsPerSecond {
    #[expect(clippy::cast_precision_loss, reason = "for display")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = self.0 as f64;
        match self.0 {
            1_000_000_000.. => write!(f, "{} Gbit/s", rate / 1e9),
            1_000_000.. => write!(f, "{} Mbit/s", rate / 1e6),
            1_000.. => write!(f, "{} kbit/s", rate / 1e3),
            _ => write!(f, "{rate} bit/s"),
        }
    }
}

/// An amount of data. Written as `1500`, `4 KiB`, `16MB` or `2GB`; shown in binary units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ByteSize(pub u64);

/// Why a text is not a [`ByteSize`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not a size: write bytes, or a number with B, kB, MB, GB, TB, KiB, MiB, GiB or TiB, like `16 MiB`")]
pub struct InvalidByteSize {
    /// The refused text.
    pub text: String,
}

const SIZE_UNITS: [(&str, u64); 10] = [
    ("", 1),
    ("b", 1),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
];

impl FromStr for ByteSize {
    type Err = InvalidByteSize;

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "the range is checked before the cast"
    )]
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidByteSize { text: text.to_owned() };
        let trimmed = text.trim();
        let digits = trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(trimmed.len());
        let (number, unit) = trimmed.split_at(digits);
        let unit = unit.trim().to_ascii_lowercase();
        let factor = SIZE_UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(invalid)?.1;
        if let Ok(whole) = number.parse::<u64>() {
            return whole.checked_mul(factor).map(Self).ok_or_else(invalid);
        }
        let bytes = number.parse::<f64>().map_err(|_| invalid())? * factor as f64;
        if (0.0..1e18).contains(&bytes) { Ok(Self(bytes.round() as u64)) } else { Err(invalid()) }
    }
}

impl fmt::Display for ByteSize {
    #[expect(clippy::cast_precision_loss, reason = "for display")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0 as f64;
        match self.0 {
            0..1024 => write!(f, "{bytes} B"),
            1024..1_048_576 => write!(f, "{:.1} KiB", bytes / 1024.0),
            1_048_576..1_073_741_824 => write!(f, "{:.1} MiB", bytes / 1_048_576.0),
            _ => write!(f, "{:.2} GiB", bytes / 1_073_741_824.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transmit_time_rounds_up_to_a_nanosecond() {
        assert_eq!(BitsPerSecond(100_000_000_000).transmit_time(1), Duration::from_nanos(1));
        assert_eq!(BitsPerSecond(8).transmit_time(3), Duration::from_secs(3));
        assert_eq!(BitsPerSecond(0).transmit_time(0), Duration::ZERO);
        assert_eq!(BitsPerSecond(0).transmit_time(1), Duration::MAX);
    }

    #[test]
    fn sizes_are_read_in_decimal_and_binary_units() {
        for (text, bytes) in [("1500", 1500), ("4 KiB", 4096), ("16GB", 16_000_000_000), ("1.5 MiB", 1_572_864)] {
            assert_eq!(text.parse(), Ok(ByteSize(bytes)), "{text}");
        }
        for bad in ["", "KiB", "4 apples", "-1", "1e3", "99999999 TiB"] {
            assert!(bad.parse::<ByteSize>().is_err(), "{bad}");
        }
    }
}
