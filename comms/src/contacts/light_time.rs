//! How long light takes, as a function of time.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use crate::units::{MissionTime, nanos};

/// How long light takes from a sender to a receiver, by when it leaves: always as long, or along straight lines between
/// knots. In integer nanoseconds, so that all nodes compute the same.
///
/// Light that leaves later never arrives earlier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LightTime(Curve);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Curve {
    Always(Duration),
    /// Before the first and after the last it stays as there.
    Knots(Arc<[(MissionTime, Duration)]>),
}

/// Why knots are no [`LightTime`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidLightTime {
    /// There is none.
    #[error("a light time without a knot")]
    Empty,
    /// A knot does not come after the one before it.
    #[error("a knot of the light time is at {next}, not after the one before it at {knot}")]
    Order {
        /// When one knot is.
        knot: MissionTime,
        /// When the next is.
        next: MissionTime,
    },
    /// Light that leaves later would arrive earlier.
    #[error(
        "the light time falls from {from:?} at {knot} to {to:?} at {next}: later light would overtake earlier light"
    )]
    Overtakes {
        /// When one knot is.
        knot: MissionTime,
        /// The light time there.
        from: Duration,
        /// When the next is.
        next: MissionTime,
        /// The light time there.
        to: Duration,
    },
}

impl From<Duration> for LightTime {
    fn from(always: Duration) -> Self {
        Self(Curve::Always(always))
    }
}

impl LightTime {
    /// The light time along straight lines between knots.
    ///
    /// # Errors
    /// [`InvalidLightTime`] if there is no knot, or one out of order, or light would overtake light.
    pub fn knots(knots: &[(MissionTime, Duration)]) -> Result<Self, InvalidLightTime> {
        for pair in knots.windows(2) {
            let [(knot, from), (next, to)] = [pair[0], pair[1]];
            if knot >= next {
                return Err(InvalidLightTime::Order { knot, next });
            }
            if nanos(from).saturating_sub(nanos(to)) > next.0 - knot.0 {
                return Err(InvalidLightTime::Overtakes { knot, from, next, to });
            }
        }
        match knots {
            [] => Err(InvalidLightTime::Empty),
            [(_, always)] => Ok(Self::from(*always)),
            many => Ok(Self(Curve::Knots(many.into()))),
        }
    }

    /// How long light takes that leaves at `at`.
    #[must_use]
    pub fn at(&self, at: MissionTime) -> Duration {
        Duration::from_nanos(self.stretch(at).at(at))
    }

    /// The straight line that an instant lies on: who asks for many instants in order need not look for each.
    pub(crate) fn stretch(&self, at: MissionTime) -> Stretch {
        let knots = match &self.0 {
            Curve::Always(always) => return Stretch::level(0, u64::MAX, *always),
            Curve::Knots(knots) => knots,
        };
        let after = passed(knots, at);
        match (knots[..after].last(), knots.get(after)) {
            (Some(&(from, last)), Some(&(until, next))) => {
                Stretch { from: from.0, until: until.0, first: nanos(last), next: nanos(next) }
            }
            (Some(&(from, last)), None) => Stretch::level(from.0, u64::MAX, last),
            (None, _) => Stretch::level(0, knots[0].0.0, knots[0].1),
        }
    }

    /// Every knot as it was given; empty if the light time is always the same.
    #[must_use]
    pub fn all_knots(&self) -> &[(MissionTime, Duration)] {
        match &self.0 {
            Curve::Always(_) => &[],
            Curve::Knots(knots) => knots,
        }
    }

    /// What describes it over `[start, end)`: its value at `start`, the knots inside, and its value at `end` unless it stays
    /// the same. [`LightTime::knots`] of these is the same light time there.
    pub fn knots_between(
        &self,
        start: MissionTime,
        end: MissionTime,
    ) -> impl Iterator<Item = (MissionTime, Duration)> + '_ {
        let inside = match &self.0 {
            Curve::Always(_) => &[][..],
            Curve::Knots(knots) => &knots[knots.partition_point(|(knot, _)| *knot <= start)..],
        };
        let last = (!inside.is_empty()).then(|| (end, self.at(end)));
        std::iter::once((start, self.at(start)))
            .chain(inside.iter().copied().take_while(move |(knot, _)| *knot < end))
            .chain(last)
    }
}

/// How many of the knots are not after `at`.
fn passed(knots: &[(MissionTime, Duration)], at: MissionTime) -> usize {
    let is_place = |&after: &usize| {
        let (before, next) = (after.checked_sub(1).and_then(|last| knots.get(last)), knots.get(after));
        before.is_some_and(|(knot, _)| *knot <= at) && next.is_some_and(|(knot, _)| at < *knot)
    };
    // Knots mostly stand evenly but for the last: one look finds the place, where a search would go through the memory.
    let even = || {
        let (first, last) = (knots.first()?.0.0, knots.last()?.0.0);
        let share = u128::from(at.0.checked_sub(first)?) * (knots.len() as u128 - 1);
        let before = usize::try_from(share.checked_div(u128::from(last - first))?).ok()?;
        [before + 1, before].into_iter().find(is_place)
    };
    even().unwrap_or_else(|| knots.partition_point(|(knot, _)| *knot <= at))
}
/// A stretch `[from, until)` of a light time, in nanoseconds: a straight line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stretch {
    from: u64,
    until: u64,
    /// The light time at `from`, and at `until`.
    first: u64,
    next: u64,
}

impl Stretch {
    fn level(from: u64, until: u64, light_time: Duration) -> Self {
        let light_time = nanos(light_time);
        Self { from, until, first: light_time, next: light_time }
    }

    /// Whether an instant lies on it.
    pub(crate) const fn covers(&self, at: MissionTime) -> bool {
        self.from <= at.0 && at.0 < self.until
    }

    /// The light time at an instant on it, in nanoseconds.
    pub(crate) fn at(&self, at: MissionTime) -> u64 {
        let Self { from, until, first, next } = *self;
        let (since, span) = (at.0 - from, until - from);
        // Rounded down on both slopes, so that no step down is greater than the time that has passed.
        if next >= first {
            first + part(next - first, since, span, 0)
        } else {
            first - part(first - next, since, span, span - 1)
        }
    }
}

/// `(whole × since + rounding) / span`, which is at most `whole`; the wide division is slow and hardly ever needed.
fn part(whole: u64, since: u64, span: u64, rounding: u64) -> u64 {
    match whole.checked_mul(since).and_then(|product| product.checked_add(rounding)) {
        Some(product) => product / span,
        None => {
            let product = u128::from(whole) * u128::from(since) + u128::from(rounding);
            u64::try_from(product / u128::from(span)).unwrap_or(u64::MAX)
        }
    }
}
