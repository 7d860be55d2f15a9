//! Mission time in real processes: one start, one scale, the same reading everywhere on a machine.
//!
//! ```
//! # use std::time::Duration;
//! use starloom_comms::net::clock::MissionClock;
//!
//! let clock = MissionClock::new(jiff::Timestamp::now(), 60.0);
//! assert_eq!(clock.wall(Duration::from_secs(60)), Duration::from_secs(1));
//! assert_eq!(clock.mission(Duration::from_secs(1)), Duration::from_secs(60));
//! ```

use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::units::{MissionTime, nanos};

/// Reads mission time off the machine's monotonic clock: `(wall time since start) × time_scale`.
///
/// The wall clock is looked at once, when the clock is made, so a step of it (NTP) later does not move the mission.
/// Processes that are given the same start agree as well as their wall clocks do; on one machine, exactly.
#[derive(Debug, Clone, Copy)]
pub struct MissionClock {
    start: Timestamp,
    anchor: Instant,
    /// Wall nanoseconds from mission start to the anchor; negative when the mission starts later.
    anchor_nanos: i128,
    time_scale: f64,
}

impl MissionClock {
    /// A clock of a mission that starts at `start` (which may lie ahead) and passes `time_scale` seconds in each second
    /// of wall time. `time_scale` is positive and finite.
    #[must_use]
    pub fn new(start: Timestamp, time_scale: f64) -> Self {
        debug_assert!(time_scale.is_finite() && time_scale > 0.0, "time_scale is {time_scale}");
        let anchor = wall_now();
        let anchor_nanos = Timestamp::now().as_nanosecond() - start.as_nanosecond();
        Self { start, anchor, anchor_nanos, time_scale }
    }

    /// Wall time of mission start.
    #[must_use]
    pub const fn start(&self) -> Timestamp {
        self.start
    }

    /// Mission seconds per wall second.
    #[must_use]
    pub const fn time_scale(&self) -> f64 {
        self.time_scale
    }

    /// The mission time; [`MissionTime::ZERO`] before the mission starts.
    #[must_use]
    pub fn now(&self) -> MissionTime {
        self.at(wall_now())
    }

    /// The mission time at a wall instant.
    #[must_use]
    pub fn at(&self, instant: Instant) -> MissionTime {
        let since_anchor = match instant.checked_duration_since(self.anchor) {
            Some(after) => signed_nanos(after),
            None => -signed_nanos(self.anchor - instant),
        };
        MissionTime(scaled(self.anchor_nanos + since_anchor, self.time_scale))
    }

    /// The wall instant of a mission time. What lies more than a year ahead is moved to a year from the clock's making.
    #[must_use]
    pub fn instant(&self, at: MissionTime) -> Instant {
        let wall = i128::from(scaled(i128::from(at.0), 1.0 / self.time_scale)) - self.anchor_nanos;
        let span = Duration::from_nanos(u64::try_from(wall.unsigned_abs()).unwrap_or(u64::MAX)).min(A_YEAR);
        if wall < 0 { self.anchor.checked_sub(span).unwrap_or(self.anchor) } else { self.anchor + span }
    }

    /// How long a span of mission time takes on the wall.
    #[must_use]
    pub fn wall(&self, mission: Duration) -> Duration {
        Duration::from_nanos(scaled(i128::from(nanos(mission)), 1.0 / self.time_scale))
    }

    /// How much mission time passes in a span of wall time.
    #[must_use]
    pub fn mission(&self, wall: Duration) -> Duration {
        Duration::from_nanos(scaled(i128::from(nanos(wall)), self.time_scale))
    }
}

/// The instant that timers go by. Tests of what is timed stop it.
pub(super) fn wall_now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// Timers do not reach further.
const A_YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

fn signed_nanos(span: Duration) -> i128 {
    i128::from(nanos(span))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "`as` saturates, which is meant; a scaled time is exact to a microsecond over a century"
)]
fn scaled(nanos: i128, scale: f64) -> u64 {
    if (scale - 1.0).abs() < f64::EPSILON {
        return u64::try_from(nanos.max(0)).unwrap_or(u64::MAX);
    }
    (nanos as f64 * scale).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(since_start: Duration, time_scale: f64) -> MissionClock {
        let start = Timestamp::now() - since_start;
        MissionClock::new(start, time_scale)
    }

    #[test]
    fn an_instant_reads_back_to_its_mission_time() {
        for scale in [0.1, 1.0, 60.0] {
            let clock = clock(Duration::from_secs(30), scale);
            let at = clock.now() + Duration::from_secs(7);
            let back = clock.at(clock.instant(at));
            assert!(back.0.abs_diff(at.0) < 1_000, "scale {scale}: {at} became {back}");
        }
    }

    #[test]
    fn a_mission_that_has_not_started_stands_at_zero() {
        let clock = MissionClock::new(Timestamp::now() + Duration::from_secs(3600), 1.0);
        assert_eq!(clock.now(), MissionTime::ZERO);
        assert!(clock.instant(MissionTime::ZERO) > Instant::now() + Duration::from_secs(3000));
    }

    #[test]
    fn mission_time_passes_at_the_scale() {
        let clock = clock(Duration::from_secs(10), 60.0);
        let (now, later) = (Instant::now(), Instant::now() + Duration::from_secs(2));
        let passed = clock.at(later).since(clock.at(now));
        assert!(passed.abs_diff(Duration::from_secs(120)) < Duration::from_millis(1), "{passed:?}");
        assert!(clock.at(now) >= MissionTime::from_secs_f64(600.0));
    }

    #[test]
    fn never_is_a_year_ahead_at_most() {
        let clock = clock(Duration::ZERO, 1e-3);
        assert!(clock.instant(MissionTime::NEVER) <= Instant::now() + A_YEAR);
    }
}
