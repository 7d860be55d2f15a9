//! What no planner knows: how long an acquisition really takes, which attempts fail, when light is lost.
//!
//! Every number comes from a seed and the names and times of what it is about, so that a contact's luck does not depend on
//! what else there is, and a scenario has the same luck each time.

use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::id::NodeId;
use crate::units::MissionTime;

/// How long terminals take to find each other.
///
/// A half of all attempts takes between the least time and the median, the other between the median and the most, each evenly
/// on a logarithmic scale. A failed attempt takes its time too, and the next one follows.
#[derive(Debug, Clone, PartialEq)]
pub struct Acquisition {
    /// The least.
    pub least: Duration,
    /// What planners expect.
    pub median: Duration,
    /// The most.
    pub most: Duration,
    /// Share of attempts that fail, from 0 to below 1.
    pub failures: f64,
    /// Where its luck comes from.
    pub seed: u64,
}

impl Acquisition {
    /// How long it takes for the link between two satellites whose terminals are pointed at each other from `start` on,
    /// failed attempts included.
    #[must_use]
    pub fn takes(&self, a: &NodeId, b: &NodeId, start: MissionTime) -> Duration {
        /// Attempts after which it succeeds whatever the odds: at nine failures in ten one in forty thousand gets there.
        const MOST_ATTEMPTS: u32 = 100;
        let mut luck = luck(self.seed, "acquisition", &[a, b], start);
        let mut sum = Duration::ZERO;
        for _ in 0..MOST_ATTEMPTS {
            sum += self.attempt(&mut luck);
            if luck.random::<f64>() >= self.failures {
                break;
            }
        }
        sum
    }

    fn attempt(&self, luck: &mut ChaCha8Rng) -> Duration {
        let (low, high) = if luck.random::<bool>() { (self.least, self.median) } else { (self.median, self.most) };
        let share: f64 = luck.random();
        if low.is_zero() {
            return high.mul_f64(share);
        }
        low.mul_f64((high.as_secs_f64() / low.as_secs_f64()).powf(share)).clamp(low, high)
    }
}

/// How links lose light for some seconds, again and again: spans with and without, each of exponential length.
#[derive(Debug, Clone, PartialEq)]
pub struct Outages {
    /// Mean length of an outage.
    pub mean: Duration,
    /// Share of the time that a link is up, above 0; 1 is no outage at all.
    pub uptime: f64,
    /// Where its luck comes from.
    pub seed: u64,
}

impl Outages {
    /// The outages `[start, end)` of the link between two satellites, from mission start up to `end`, in order.
    #[must_use]
    pub fn of(&self, a: &NodeId, b: &NodeId, end: MissionTime) -> Vec<(MissionTime, MissionTime)> {
        if self.uptime >= 1.0 || self.mean.is_zero() {
            return Vec::new();
        }
        let up = self.mean.mul_f64(self.uptime / (1.0 - self.uptime));
        let mut luck = luck(self.seed, "outage", &[a, b], MissionTime::ZERO);
        let mut outages = Vec::new();
        let mut at = MissionTime::ZERO;
        loop {
            let from = at + exponential(&mut luck, up);
            if from >= end {
                return outages;
            }
            // An outage shorter than a nanosecond is none.
            at = (from + exponential(&mut luck, self.mean)).max(from + Duration::from_nanos(1));
            outages.push((from, at.min(end)));
        }
    }
}

/// Whether a pass takes place, where weather spoils some.
#[derive(Debug, Clone, PartialEq)]
pub struct Weather {
    /// Share of passes that take place, above 0 and at most 1.
    pub success: f64,
    /// Where its luck comes from.
    pub seed: u64,
}

impl Weather {
    /// Whether the pass of a satellite over a station that begins at `start` takes place.
    #[must_use]
    pub fn allows(&self, satellite: &NodeId, station: &NodeId, start: MissionTime) -> bool {
        self.success >= 1.0 || luck(self.seed, "weather", &[satellite, station], start).random::<f64>() < self.success
    }
}

fn exponential(luck: &mut ChaCha8Rng, mean: Duration) -> Duration {
    // Above 0, so that its logarithm is finite.
    let share = 1.0 - luck.random::<f64>();
    mean.mul_f64(-share.ln())
}

/// The luck of one thing.
fn luck(seed: u64, what: &str, names: &[&NodeId], at: MissionTime) -> ChaCha8Rng {
    let mut text = what.to_owned();
    for name in names {
        text.push('/');
        text.push_str(name.as_str());
    }
    text.push('/');
    text.push_str(&at.0.to_string());
    ChaCha8Rng::seed_from_u64(xxh3_64_with_seed(text.as_bytes(), seed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sat(index: u32) -> NodeId {
        NodeId::satellite(index)
    }

    fn acquisition(failures: f64) -> Acquisition {
        let [least, median, most] = [5, 15, 60].map(Duration::from_secs);
        Acquisition { least, median, most, failures, seed: 7 }
    }

    fn times(acquisition: &Acquisition) -> Vec<f64> {
        let time = |at| acquisition.takes(&sat(0), &sat(1), MissionTime(at)).as_secs_f64();
        let mut times: Vec<f64> = (0..2_001).map(time).collect();
        times.sort_by(f64::total_cmp);
        times
    }

    #[test]
    fn half_of_all_acquisitions_take_less_than_the_median_and_none_leaves_its_bounds() {
        let times = times(&acquisition(0.0));
        assert!(times[0] >= 5.0 && times[2_000] <= 60.0, "{} to {}", times[0], times[2_000]);
        assert!((times[1_000] - 15.0).abs() < 1.0, "{}", times[1_000]);
    }

    #[test]
    fn failed_attempts_take_their_time_and_without_a_spread_there_is_no_luck() {
        let often = times(&acquisition(0.5));
        assert!(often[1_000] > times(&acquisition(0.0))[1_000] && often[2_000] > 60.0);
        let fixed = Duration::from_secs(15);
        let steady = Acquisition { least: fixed, median: fixed, most: fixed, failures: 0.0, seed: 1 };
        assert_eq!(times(&steady), vec![15.0; 2_001]);
    }

    #[test]
    fn a_link_is_up_for_its_share_of_the_time() {
        let outages = Outages { mean: Duration::from_millis(7_500), uptime: 0.99, seed: 3 };
        let span = MissionTime::from_secs_f64(1e7);
        let found = outages.of(&sat(3), &sat(4), span);
        let down: f64 = found.iter().map(|(start, end)| end.since(*start).as_secs_f64()).sum();
        assert!((down / 1e7 - 0.01).abs() < 5e-4, "{down} s down, seed 3");
        assert!((down / found.len() as f64 - 7.5).abs() < 0.3, "{} outages, seed 3", found.len());
        assert!(found.iter().all(|(start, end)| start < end) && found.windows(2).all(|pair| pair[0].1 < pair[1].0));
    }

    #[test]
    fn luck_belongs_to_its_pair_and_its_seed() {
        let outages = |seed| Outages { mean: Duration::from_secs(7), uptime: 0.9, seed };
        let day = MissionTime::from_secs_f64(86_400.0);
        assert_eq!(outages(1).of(&sat(0), &sat(1), day), outages(1).of(&sat(0), &sat(1), day));
        assert_ne!(outages(1).of(&sat(0), &sat(1), day), outages(1).of(&sat(0), &sat(2), day));
        assert_ne!(outages(1).of(&sat(0), &sat(1), day), outages(2).of(&sat(0), &sat(1), day));
        let weather = Weather { success: 0.7, seed: 5 };
        let good = (0..1_000).filter(|at| weather.allows(&sat(0), &sat(1), MissionTime(*at))).count();
        assert!((650..750).contains(&good), "{good} of 1000, seed 5");
    }
}
