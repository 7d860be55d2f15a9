//! Nanoseconds shown as seconds, exactly.

use std::fmt;
use std::time::Duration;

use crate::units::{MissionTime, nanos};

/// Nanoseconds, shown as a decimal number of seconds with as many digits as it takes: `0`, `12.5`, `0.000000001`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seconds(u64);

impl From<MissionTime> for Seconds {
    fn from(at: MissionTime) -> Self {
        Self(at.0)
    }
}

impl From<Duration> for Seconds {
    fn from(span: Duration) -> Self {
        Self(nanos(span))
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, mut part, mut digits) = (self.0 / 1_000_000_000, self.0 % 1_000_000_000, 9);
        if part == 0 {
            return write!(f, "{whole}");
        }
        while part.is_multiple_of(10) {
            (part, digits) = (part / 10, digits - 1);
        }
        write!(f, "{whole}.{part:0digits$}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_nanosecond_is_shown_and_no_zero_too_many() {
        let shown = [0, 1, 12_500_000_000, 7_000_000_000, 1_000_000_010, u64::MAX].map(|at| Seconds(at).to_string());
        assert_eq!(shown, ["0", "0.000000001", "12.5", "7", "1.00000001", "18446744073.709551615"]);
    }
}
