//! From a range that changes to a light time along straight lines, and to rates in steps.

use std::time::Duration;

use crate::contacts::{LightTime, Rate};
use crate::units::{BitsPerSecond, MissionTime};

/// Speed of light, kilometres a second.
const LIGHT_KM_S: f64 = 299_792.458;
/// How far a straight line may be off the range: light takes three microseconds for it.
const TOLERANCE_KM: f64 = 0.9;
/// Longest line, seconds: a few of them to an orbit, so that no bend hides between the places that are looked at.
const LONGEST_SECS: f64 = 600.0;
/// Shortest line, seconds: whatever the range does, it does not get finer.
const SHORTEST_SECS: f64 = 1.0;

/// What a modem carries, by distance.
#[derive(Debug, Clone, PartialEq)]
pub struct RatesByRange {
    /// What it carries at the nearest; never zero.
    pub near: BitsPerSecond,
    /// Where it slows down: from how many kilometres on it carries what; in order, never zero.
    pub beyond: Vec<(f64, BitsPerSecond)>,
}

impl RatesByRange {
    fn at(&self, km: f64) -> BitsPerSecond {
        let passed = self.beyond.partition_point(|(from, _)| *from <= km);
        self.beyond[..passed].last().map_or(self.near, |(_, rate)| *rate)
    }
}

impl From<BitsPerSecond> for RatesByRange {
    fn from(near: BitsPerSecond) -> Self {
        Self { near, beyond: Vec::new() }
    }
}

/// What a range in kilometres, as a function of mission seconds, makes of a contact from `start` to `end`: how long light
/// takes, within three microseconds, and what is carried.
pub(super) fn along(
    range_km: impl Fn(f64) -> f64,
    rates: &RatesByRange,
    start: MissionTime,
    end: MissionTime,
) -> (LightTime, Rate) {
    let ranges = Ranges::of(&range_km, start, end);
    let light: Vec<_> = ranges.knots.iter().map(|&(at, km)| (at, Duration::from_secs_f64(km / LIGHT_KM_S))).collect();
    // Knots and steps are in order, and nothing comes nearer faster than light: the other arms are never taken.
    let light = LightTime::knots(&light).unwrap_or_else(|_| light[0].1.into());
    (light, Rate::steps(&ranges.steps(rates)).unwrap_or_else(|_| rates.near.into()))
}

/// A range along straight lines.
struct Ranges {
    knots: Vec<(MissionTime, f64)>,
}

impl Ranges {
    fn of(range_km: &impl Fn(f64) -> f64, start: MissionTime, end: MissionTime) -> Self {
        let mut open = vec![(start.as_secs_f64(), end.as_secs_f64())];
        let mut knots = vec![(start, range_km(start.as_secs_f64()))];
        while let Some((from, to)) = open.pop() {
            let (first, last) = (range_km(from), range_km(to));
            let is_straight = [0.25, 0.5, 0.75].into_iter().all(|share| {
                (range_km(from + share * (to - from)) - (first + share * (last - first))).abs() <= TOLERANCE_KM
            });
            let secs = to - from;
            if secs > LONGEST_SECS || (!is_straight && secs > SHORTEST_SECS) {
                let middle = from + secs / 2.0;
                open.extend([(middle, to), (from, middle)]);
            } else {
                knots.push((MissionTime::from_secs_f64(to).min(end), last));
            }
        }
        knots.dedup_by_key(|(at, _)| *at);
        Self { knots }
    }

    /// From when on which rate holds.
    fn steps(&self, rates: &RatesByRange) -> Vec<(MissionTime, BitsPerSecond)> {
        let (start, km) = self.knots[0];
        let mut steps = vec![(start, rates.at(km))];
        for pair in self.knots.windows(2) {
            let [(at, from), (next, to)] = [pair[0], pair[1]];
            let mut crossed: Vec<f64> =
                rates.beyond.iter().map(|(edge, _)| *edge).filter(|edge| (from < *edge) != (to < *edge)).collect();
            if to < from {
                crossed.reverse();
            }
            for edge in crossed {
                let share = (edge - from) / (to - from);
                let since = Duration::from_secs_f64(next.since(at).as_secs_f64() * share);
                let here = if to > from { edge } else { edge.next_down() };
                steps.push(((at + since).min(next), rates.at(here)));
            }
        }
        // Of several at one instant the last holds.
        steps.reverse();
        steps.dedup_by_key(|(at, _)| *at);
        steps.reverse();
        steps.dedup_by_key(|(_, rate)| *rate);
        steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: f64) -> MissionTime {
        MissionTime::from_secs_f64(secs)
    }

    #[test]
    fn light_time_follows_a_close_flyby_within_three_microseconds() {
        // 15 km/s past each other at 500 km.
        let range = |t: f64| (500.0_f64.powi(2) + (15.0 * (t - 150.0)).powi(2)).sqrt();
        let (light, _) = along(range, &BitsPerSecond(1).into(), at(0.0), at(300.0));
        let miss = |tenth: i32| {
            let t = f64::from(tenth) / 10.0;
            (light.at(at(t)).as_secs_f64() - range(t) / LIGHT_KM_S).abs()
        };
        let worst = (0..=3_000).map(miss).fold(0.0, f64::max);
        assert!(worst < 4e-6, "{worst} s off");
    }

    #[test]
    fn a_rate_steps_where_the_range_crosses_an_edge() {
        let range = |t: f64| 1_000.0 + 10.0 * (t - 100.0).abs();
        let beyond = vec![(1_200.0, BitsPerSecond(40)), (1_500.0, BitsPerSecond(10))];
        let (_, rate) = along(range, &RatesByRange { near: BitsPerSecond(100), beyond }, at(0.0), at(200.0));
        let steps: Vec<_> = rate.steps_between(at(0.0), at(200.0)).collect();
        assert_eq!(steps.iter().map(|(_, rate)| rate.0).collect::<Vec<_>>(), [10, 40, 100, 40, 10]);
        for ((found, _), expected) in steps.iter().zip([0.0, 50.0, 80.0, 120.0, 150.0]) {
            assert!((found.as_secs_f64() - expected).abs() < 0.2, "{steps:?}");
        }
    }
}
