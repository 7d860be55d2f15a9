//! What a lane carries, in steps over time.

use std::sync::Arc;

use thiserror::Error;

use crate::units::{BitsPerSecond, MissionTime};

/// Bits times a second in nanoseconds: what is counted in, so that nothing is rounded before the end.
const BYTE: u64 = 8 * 1_000_000_000;

/// What a lane carries over time: one rate, or steps, as where a modem slows down with distance. Never zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate(Steps);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Steps {
    One(BitsPerSecond),
    /// Each from its instant on, the first of them also before it.
    Many(Arc<[(MissionTime, BitsPerSecond)]>),
}

/// Why steps are no [`Rate`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidRate {
    /// There is none.
    #[error("a rate without a step")]
    Empty,
    /// A step carries nothing.
    #[error("the rate from {from} on is 0: end the contact there")]
    Zero {
        /// When the step begins.
        from: MissionTime,
    },
    /// A step does not begin after the one before it.
    #[error("a step of the rate begins at {next}, not after the one before it at {from}")]
    Order {
        /// When a step begins.
        from: MissionTime,
        /// When the next does.
        next: MissionTime,
    },
}

impl From<BitsPerSecond> for Rate {
    fn from(rate: BitsPerSecond) -> Self {
        Self(Steps::One(rate))
    }
}

impl Rate {
    /// The rate that holds from each instant on, up to the next; the first holds before it too.
    ///
    /// # Errors
    /// [`InvalidRate`] if there is no step, or one that is zero or out of order.
    pub fn steps(steps: &[(MissionTime, BitsPerSecond)]) -> Result<Self, InvalidRate> {
        if let Some(pair) = steps.windows(2).find(|pair| pair[0].0 >= pair[1].0) {
            return Err(InvalidRate::Order { from: pair[0].0, next: pair[1].0 });
        }
        if let Some(&(from, _)) = steps.iter().find(|(_, rate)| rate.0 == 0) {
            return Err(InvalidRate::Zero { from });
        }
        match steps {
            [] => Err(InvalidRate::Empty),
            [(_, rate)] => Ok(Self(Steps::One(*rate))),
            many => Ok(Self(Steps::Many(many.into()))),
        }
    }

    /// The rate at an instant.
    #[must_use]
    pub fn at(&self, at: MissionTime) -> BitsPerSecond {
        match &self.0 {
            Steps::One(rate) => *rate,
            Steps::Many(steps) => steps[index_at(steps, at)].1,
        }
    }

    /// Every step as it was given; empty if the rate is always the same.
    #[must_use]
    pub fn all_steps(&self) -> &[(MissionTime, BitsPerSecond)] {
        match &self.0 {
            Steps::One(_) => &[],
            Steps::Many(steps) => steps,
        }
    }

    /// The steps of `[start, end)`: from when on which rate holds, the first from `start`.
    pub fn steps_between(
        &self,
        start: MissionTime,
        end: MissionTime,
    ) -> impl Iterator<Item = (MissionTime, BitsPerSecond)> + '_ {
        let later = match &self.0 {
            Steps::One(_) => &[][..],
            Steps::Many(steps) => &steps[index_at(steps, start) + 1..],
        };
        std::iter::once((start, self.at(start))).chain(later.iter().copied().take_while(move |(from, _)| *from < end))
    }

    /// The lowest rate of `[start, end)`.
    #[must_use]
    pub fn lowest(&self, start: MissionTime, end: MissionTime) -> BitsPerSecond {
        self.steps_between(start, end).map(|(_, rate)| rate).min().unwrap_or_default()
    }

    /// When the last of `bytes` has left a sender that begins at `start`, rounded up to a nanosecond; nothing if that is
    /// beyond the mission's clock.
    #[must_use]
    pub fn sent(&self, start: MissionTime, bytes: u64) -> Option<MissionTime> {
        if let (Steps::One(rate), Some(bits)) = (&self.0, bytes.checked_mul(BYTE))
            && let Some(rounded) = bits.checked_add(rate.0.checked_sub(1)?)
        {
            // The wide division below is slow, and hardly ever needed.
            let nanos = rounded / rate.0;
            return start.0.checked_add(nanos).map(MissionTime).filter(|at| *at < MissionTime::NEVER);
        }
        let mut left = u128::from(bytes) * u128::from(BYTE);
        let mut steps = self.steps_between(start, MissionTime::NEVER).peekable();
        while let Some((from, rate)) = steps.next() {
            let fits = steps.peek().map(|(next, _)| u128::from(next.0 - from.0) * u128::from(rate.0));
            if fits.is_none_or(|fits| left <= fits) {
                let rounding = u128::from(rate.0).checked_sub(1)?;
                let nanos = u64::try_from((left + rounding) / u128::from(rate.0)).ok()?;
                return from.0.checked_add(nanos).map(MissionTime).filter(|at| *at < MissionTime::NEVER);
            }
            left -= fits.unwrap_or_default();
        }
        None
    }

    /// Whole bytes that leave a sender between two instants.
    #[must_use]
    pub fn bytes_between(&self, start: MissionTime, end: MissionTime) -> u64 {
        let mut steps = self.steps_between(start, end).peekable();
        let mut sum = 0_u128;
        while let Some((from, rate)) = steps.next() {
            let until = steps.peek().map_or(end, |(next, _)| *next);
            sum = sum.saturating_add(u128::from(until.0.saturating_sub(from.0)) * u128::from(rate.0));
        }
        u64::try_from(sum / u128::from(BYTE)).unwrap_or(u64::MAX)
    }

    /// Each step divided by a positive and finite number; at least a bit per second is left.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "`as` saturates, which is meant; rates are far below 2^53"
    )]
    pub(super) fn divided(&self, by: f64) -> Self {
        let slower = |rate: BitsPerSecond| BitsPerSecond(((rate.0 as f64 / by) as u64).max(1));
        Self(match &self.0 {
            Steps::One(rate) => Steps::One(slower(*rate)),
            Steps::Many(steps) => Steps::Many(steps.iter().map(|(from, rate)| (*from, slower(*rate))).collect()),
        })
    }

    /// Whether some step carries nothing.
    pub(super) fn has_zero(&self) -> bool {
        matches!(self.0, Steps::One(BitsPerSecond(0)))
    }
}

/// Which of several steps holds at an instant.
fn index_at(steps: &[(MissionTime, BitsPerSecond)], at: MissionTime) -> usize {
    steps.partition_point(|(from, _)| *from <= at).saturating_sub(1)
}
