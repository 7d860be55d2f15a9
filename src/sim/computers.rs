//! How long satellites compute: operations over speed, which falls in the Earth's shadow.

use std::collections::BTreeMap;
use std::time::Duration;

use starloom_comms::id::NodeId;
use starloom_comms::scenario::Scenario;
use starloom_comms::units::MissionTime;

/// The computers of all satellites.
#[derive(Debug)]
pub(super) struct Computers {
    /// Seconds that a sample takes in sunlight.
    per_sample: f64,
    /// What a round takes whatever its samples.
    per_round: Duration,
    /// Share of the speed that is left in the shadow.
    eclipse_speed: f64,
    /// When they are slower.
    eclipses: Eclipses,
}

/// When each satellite is in the Earth's shadow: `[start, end)` in mission seconds, in order.
pub(super) type Eclipses = BTreeMap<NodeId, Vec<(f64, f64)>>;

impl Computers {
    /// Those of a scenario, whose satellites are in the shadow at these times.
    pub(super) fn new(scenario: &Scenario, eclipses: Eclipses) -> Self {
        let compute = &scenario.compute;
        let waits = if scenario.job.moves_bytes_only() { scenario.job.compute } else { Duration::ZERO };
        Self {
            per_sample: compute.flops_per_sample / (compute.tops * 1e12 * compute.utilisation),
            per_round: waits * scenario.training.inner_steps,
            eclipse_speed: compute.eclipse_speed,
            eclipses,
        }
    }

    /// How long `samples` samples take in sunlight.
    pub(super) fn in_sunlight(&self, samples: u64) -> Duration {
        self.per_round + Duration::try_from_secs_f64(self.per_sample * samples as f64).unwrap_or(Duration::MAX)
    }

    /// When a satellite that begins at `start` has trained on `samples` samples.
    pub(super) fn done(&self, node: &NodeId, start: MissionTime, samples: u64) -> MissionTime {
        let mut left = self.in_sunlight(samples).as_secs_f64();
        let mut now = start.as_secs_f64();
        let eclipses = self.eclipses.get(node).map_or(&[][..], Vec::as_slice);
        let over = eclipses.partition_point(|(_, dawn)| *dawn <= now);
        for &(dusk, dawn) in &eclipses[over..] {
            let light = (dusk - now).max(0.0);
            if left <= light {
                break;
            }
            left -= light;
            now = now.max(dusk);
            let shadow = dawn - now;
            if left <= shadow * self.eclipse_speed {
                return start.max(MissionTime::from_secs_f64(now + left / self.eclipse_speed));
            }
            left -= shadow * self.eclipse_speed;
            now = dawn;
        }
        start.max(MissionTime::from_secs_f64(now + left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_satellite_in_the_shadow_computes_at_its_share_of_the_speed() {
        let node = NodeId::satellite(0);
        let eclipses = BTreeMap::from([(node.clone(), vec![(10.0, 20.0), (100.0, 110.0)])]);
        let computers = Computers { per_sample: 0.5, per_round: Duration::ZERO, eclipse_speed: 0.5, eclipses };
        let done =
            |start: f64, samples| computers.done(&node, MissionTime::from_secs_f64(start), samples).as_secs_f64();
        for (start, samples, end) in [
            (0.0, 20, 10.0),
            (0.0, 24, 14.0),
            (12.0, 4, 16.0),
            (12.0, 10, 21.0),
            (30.0, 10, 35.0),
            (95.0, 14, 104.0),
            (0.0, 0, 0.0),
        ] {
            assert!((done(start, samples) - end).abs() < 1e-6, "{samples} from {start}: {}", done(start, samples));
        }
        assert_eq!(done(200.0, 10).to_bits(), 205.0_f64.to_bits());
    }
}
