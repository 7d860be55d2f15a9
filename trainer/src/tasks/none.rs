//! The task `none`: moves bytes only. What a job's links and rounds do without any training in them.
//!
//! A node contributes a seeded pseudo-random vector of `job.payload` bytes after `job.compute_ms` of mission time per inner
//! step. The common state is the sum of all agreed means, so replicas can be told apart.

use std::sync::Arc;
use std::time::Duration;

use starloom_comms::control::Report;
use starloom_comms::events::Mission;
use starloom_comms::id::Round;
use starloom_comms::scenario::{Job, Scenario};

use crate::checkpoint::CommonState;
use crate::exchange::Meet;
use crate::node::{self, Node, NodeError, Part, Resumed};
use crate::program::Program;
use crate::replica::{Contribution, Progress, Replica, RestoreError};
use crate::seed::derive;
use crate::shard::{Shard, samples_per_node};
use crate::solo::SoloReport;
use crate::task::Evaluation;
use crate::tensors::NamedTensors;
use crate::weights::WeightsError;

/// What the vector is called in a checkpoint.
const PAYLOAD: &str = "payload";

/// The program of the task `none`.
#[derive(Debug, Clone, Copy)]
pub struct BytesOnly;

impl Program for BytesOnly {
    fn name(&self) -> &str {
        Job::NO_TASK
    }

    fn check(&self, _scenario: &Scenario) -> Result<(), NodeError> {
        Ok(())
    }

    fn train(&self, part: &Part, meet: &mut Meet<'_>) -> Result<Report, NodeError> {
        let scenario = &part.scenario;
        let resumed = Resumed::from(part)?;
        let mut shard = Shard::shared(scenario, part.node.clone(), samples(scenario));
        let seed = derive(scenario.seed, part.node.as_str());
        let mut replica = Payload::new(scenario, seed, part.mission.clone());
        if let Some(Resumed { snapshot, .. }) = &resumed {
            replica = replica.restored(snapshot.common.clone())?;
            shard = shard.restored(snapshot.dealer.clone(), snapshot.round)?;
        }
        node::run(part, Node { replica, shard, resumed }, meet)
    }

    fn solo(&self, scenario: &Scenario, samples: Option<u64>) -> Result<SoloReport, NodeError> {
        let samples = samples.unwrap_or_else(|| self::samples(scenario).saturating_mul(scenario.training.rounds));
        Ok(SoloReport { samples, steps: 0, train_loss: None, evaluation: None, wall: Duration::ZERO })
    }
}

/// As many samples as all nodes are dealt in a round: they only count, and an epoch of them is a round.
fn samples(scenario: &Scenario) -> u64 {
    u64::from(scenario.node_count()).saturating_mul(samples_per_node(&scenario.training))
}

/// A vector that is exchanged for its own sake.
struct Payload {
    seed: u64,
    /// Mission time of all inner steps.
    compute: Duration,
    mission: Arc<dyn Mission>,
    common: Vec<f32>,
}

impl Payload {
    fn new(scenario: &Scenario, seed: u64, mission: Arc<dyn Mission>) -> Self {
        let elements = usize::try_from(scenario.job.payload.0 / 4).unwrap_or(usize::MAX);
        let compute = scenario.job.compute * scenario.training.inner_steps;
        Self { seed, compute, mission, common: vec![0.0; elements] }
    }

    fn restored(mut self, mut state: CommonState) -> Result<Self, RestoreError> {
        let (name, expected) = (PAYLOAD.to_owned(), vec![self.common.len()]);
        match state.model.take(PAYLOAD) {
            None => Err(WeightsError::Missing { name, expected, names: String::new() }.into()),
            Some(found) if found.shape != expected => {
                Err(WeightsError::Shape { name, expected, found: found.shape }.into())
            }
            Some(found) => {
                self.common = found.values;
                Ok(self)
            }
        }
    }
}

impl Replica for Payload {
    fn elements(&self) -> usize {
        self.common.len()
    }

    fn exempt(&self) -> usize {
        0
    }

    fn contribute(&mut self, round: Round, samples: &[u64], _progress: &mut dyn FnMut(Progress)) -> Contribution {
        self.mission.wait(self.compute);
        let mut random = SplitMix(self.seed ^ round.0.rotate_left(32));
        let vector = self.common.iter().map(|_| random.next()).collect();
        Contribution { vector, samples: samples.len() as u64, loss: None }
    }

    fn apply(&mut self, _round: Round, mean: Option<&[f32]>) {
        for (sum, value) in self.common.iter_mut().zip(mean.unwrap_or_default()) {
            *sum += value;
        }
    }

    fn common_state(&mut self) -> CommonState {
        let mut model = NamedTensors::default();
        model.insert(PAYLOAD.to_owned(), vec![self.common.len()], self.common.clone());
        CommonState { model, optimizer: None }
    }

    fn evaluate(&mut self) -> Option<Evaluation> {
        None
    }
}

/// Numbers of `-1..1` at a gigabyte per second (Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
/// 2014): a link must not wait for its payload.
struct SplitMix(u64);

impl SplitMix {
    #[expect(clippy::cast_precision_loss, reason = "the upper 24 bits fit an f32")]
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((bits ^ (bits >> 31)) >> 40) as f32 / 8_388_608.0 - 1.0
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use starloom_comms::id::NodeId;
    use starloom_comms::net::clock::MissionClock;
    use starloom_comms::net::event_sink::EventSink;

    use super::*;
    use crate::testing::scenario;

    fn mission() -> Arc<dyn Mission> {
        let clock = MissionClock::new(Timestamp::now(), 1.0);
        Arc::new(EventSink::new(std::io::sink(), NodeId::satellite(0), clock, &[]).expect("a thread"))
    }

    fn payload(seed: u64) -> Payload {
        Payload::new(&scenario(&[("job.task", "none"), ("job.payload", "400 B")]), seed, mission())
    }

    #[test]
    fn a_payload_has_the_scenarios_size_and_follows_its_seed_and_round() {
        let contribution = |seed, round| payload(seed).contribute(Round(round), &[0, 1], &mut |_| {});
        assert_eq!((contribution(1, 1).vector.len(), contribution(1, 1).samples), (100, 2));
        assert_eq!(contribution(1, 1), contribution(1, 1));
        assert_ne!(contribution(1, 1).vector, contribution(2, 1).vector);
        assert_ne!(contribution(1, 1).vector, contribution(1, 2).vector);
        assert!(contribution(1, 1).vector.iter().all(|value| (-1.0..1.0).contains(value)));
    }

    #[test]
    fn a_payload_restores_and_refuses_one_of_another_size() {
        let mut one = payload(1);
        one.apply(Round(1), Some(&[0.5; 100]));
        one.apply(Round(2), None);
        let state = one.common_state();
        let mut restored = payload(2).restored(state.clone()).expect("of the same size");
        assert_eq!(restored.common_state(), state);
        let smaller = Payload::new(&scenario(&[("job.payload", "40 B")]), 1, mission());
        let error = smaller.restored(state).map(|_| ()).expect_err("of another size").to_string();
        assert!(error.contains("[100]") && error.contains("[10]"), "{error}");
    }
}
