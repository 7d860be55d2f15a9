//! The same training in one process, as anyone would write it with Burn alone: what a job is measured against.

use std::time::{Duration, Instant};

use starloom_comms::id::NodeId;
use starloom_comms::ledger::Dealer;
use starloom_comms::scenario::{Scenario, Training};

use crate::device;
use crate::flat::Layout;
use crate::inner;
use crate::replica::evaluate;
use crate::schedule::learning_rate;
use crate::shard::samples_per_node;
use crate::task::{Evaluation, Split, Task};

/// What came of training alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SoloReport {
    /// Samples trained on, each epoch counted.
    pub samples: u64,
    /// Optimizer steps.
    pub steps: u64,
    /// Loss of the last step.
    pub train_loss: Option<f64>,
    /// How good the model is on the held-out split.
    pub evaluation: Option<Evaluation>,
    /// Time of the loop, without reading data or evaluating.
    pub wall: Duration,
}

/// Trains `model` on as many samples as the job has room for in its rounds, each step on as many as all nodes together, in epochs
/// over all training samples. A job uses fewer: its last round of an epoch takes what is left. `samples` sets another budget; the learning rate then falls over its steps.
pub(crate) fn train<T: Task>(
    task: &T,
    split: &Split<T::Sample>,
    scenario: &Scenario,
    mut model: T::Model,
    samples: Option<u64>,
) -> SoloReport {
    let nodes = u64::from(scenario.node_count());
    let per_step = nodes * u64::from(scenario.training.batch_size) * u64::from(scenario.training.accumulation);
    let budget = samples.unwrap_or_else(|| nodes * samples_per_node(&scenario.training) * scenario.training.rounds);
    let training = alone(&scenario.training, nodes, steps(budget, split.train.len() as u64, per_step));

    let device = device();
    let layout = Layout::of(&model);
    let mut optimizer = inner::burn_optimizer(&training);
    let mut dealer = Dealer::new(split.train.len() as u64, scenario.seed);
    let me = [NodeId::satellite(0)];
    let mut report = SoloReport { samples: 0, steps: 0, train_loss: None, evaluation: None, wall: Duration::ZERO };
    let begun = Instant::now();
    while report.samples < budget {
        let issue = dealer.issue(&me, per_step.min(budget - report.samples));
        let batch = issue.dealt_to(&me[0]);
        if batch.is_empty() {
            break;
        }
        let loss = |numbers: &[u64]| {
            #[expect(clippy::cast_possible_truncation, reason = "sample numbers are indices")]
            let samples: Vec<&T::Sample> = numbers.iter().map(|number| &split.train[*number as usize]).collect();
            task.loss(&model, &samples, &device)
        };
        let (gradient, loss) = inner::gradient(&model, &layout, &training, batch, loss, &device);
        model = optimizer.step(learning_rate(&training, report.steps), model, gradient);
        report.samples += batch.len() as u64;
        report.steps += 1;
        report.train_loss = Some(loss).filter(|loss| loss.is_finite());
        dealer.commit(&issue, &[(me[0].clone(), batch.len() as u64)], &me);
    }
    report.wall = begun.elapsed();
    report.evaluation = evaluate(task, &model, &split.test, &device);
    report
}

/// Steps for `budget` samples in epochs over `samples`: the last step of an epoch takes what is left of it.
fn steps(budget: u64, samples: u64, per_step: u64) -> u64 {
    let samples = samples.max(1);
    budget / samples * samples.div_ceil(per_step) + (budget % samples).div_ceil(per_step)
}

/// The rules of a job for one process that takes `steps` steps with the batches of all nodes in one.
fn alone(training: &Training, nodes: u64, steps: u64) -> Training {
    let whole = u64::from(training.batch_size) * nodes;
    Training {
        rounds: steps,
        inner_steps: 1,
        batch_size: u32::try_from(whole).unwrap_or(u32::MAX),
        warmup_steps: training.warmup_steps.min(steps),
        ..training.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_step_of_a_pass_takes_what_is_left() {
        assert_eq!(steps(8960, 1438, 64), 6 * 23 + 6);
        assert_eq!(steps(100, 100, 50), 2);
        assert_eq!(steps(0, 100, 50), 0);
    }
}
