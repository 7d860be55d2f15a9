//! The replica of a Burn task.

use std::sync::Arc;

use burn::module::Module;
use burn::optim::ModuleOptimizer;
use burn::tensor::Device;
use starloom_comms::id::Round;
use starloom_comms::scenario::{Mode, Training};

use super::{Contribution, Progress, Replica};
use crate::checkpoint::{CommonState, OptimizerState};
use crate::flat::Layout;
use crate::inner;
use crate::optimizer::{ReplicatedOptimizer, clip_to_norm};
use crate::schedule::learning_rate;
use crate::task::{Evaluation, Split, Task};
use crate::tensors::NamedTensors;
use crate::weights::{self, WeightsError};

/// Held-out samples of one batch in an evaluation.
const EVALUATION_BATCH: usize = 256;

/// A task's model, trained by the rules of a scenario.
pub(crate) struct Learner<T: Task> {
    task: Arc<T>,
    split: Split<T::Sample>,
    training: Training,
    device: Device,
    layout: Layout,
    /// `None` only while an optimizer has it: it works in place on a model that nobody else holds.
    model: Option<T::Model>,
    /// The flat vector of the common state.
    common: Vec<f32>,
    rule: Rule,
}

/// Who steps.
enum Rule {
    /// All replicas together, on the agreed gradient (`ddp`).
    Together(ReplicatedOptimizer),
    /// Each for itself between two rounds; what the parameters moved by is agreed on.
    Alone(ModuleOptimizer),
}

/// Why a checkpoint cannot be gone on with.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// Its weights are not the model's.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// Its optimizer is not the scenario's.
    #[error("the checkpoint {found}, but the scenario's training needs {expected}")]
    Optimizer {
        /// What there is.
        found: &'static str,
        /// What there should be.
        expected: &'static str,
    },
}

impl<T: Task> Learner<T> {
    /// A learner with the common state that `model` has.
    pub(crate) fn new(
        task: Arc<T>,
        split: Split<T::Sample>,
        training: Training,
        device: Device,
        model: T::Model,
    ) -> Self {
        let layout = Layout::of(&model);
        let common = layout.read(&model);
        let rule = match training.mode {
            Mode::Ddp => Rule::Together(ReplicatedOptimizer::new(&training, layout.trainable())),
            Mode::LocalSgd | Mode::FedAvg => Rule::Alone(inner::burn_optimizer(&training)),
        };
        Self { task, split, training, device, layout, model: Some(model), common, rule }
    }

    /// The learner with the common state of a checkpoint.
    ///
    /// # Errors
    /// [`RestoreError`] if it is another model's, or comes from another optimizer.
    pub(crate) fn restored(mut self, state: CommonState) -> Result<Self, RestoreError> {
        let model = weights::load(self.take(), state.model)?;
        self.common = self.layout.read(&model);
        self.model = Some(model);
        self.rule = match (self.rule, state.optimizer) {
            (Rule::Together(fresh), Some(OptimizerState { steps, mut tensors })) => {
                let restored = fresh.restored(steps, |name| Some(tensors.take(name)?.values));
                let found = "has the state of another optimizer";
                Rule::Together(restored.ok_or(RestoreError::Optimizer { found, expected: "its own" })?)
            }
            (Rule::Together(_), None) => {
                let found = "has no optimizer state, so it is not of mode ddp";
                return Err(RestoreError::Optimizer { found, expected: "one" });
            }
            (alone, _) => alone,
        };
        Ok(self)
    }

    fn model(&self) -> &T::Model {
        let Some(model) = &self.model else { unreachable!("an optimizer gives the model back") };
        model
    }

    fn take(&mut self) -> T::Model {
        let Some(model) = self.model.take() else { unreachable!("an optimizer gives the model back") };
        model
    }

    /// Gives the model the common state: what was trained since the last round is forgotten.
    fn return_to_common(&mut self) {
        let model = self.take();
        self.model = Some(self.layout.write(model, &self.common));
    }

    fn batch(&self, samples: &[u64]) -> Vec<&T::Sample> {
        #[expect(clippy::cast_possible_truncation, reason = "sample numbers are indices")]
        samples.iter().map(|sample| &self.split.train[*sample as usize]).collect()
    }

    /// What this node moves by: where `model` is, less the common state.
    fn movement(&self) -> Vec<f32> {
        let mut vector = self.layout.read(self.model());
        for (value, common) in vector.iter_mut().zip(&self.common) {
            *value -= common;
        }
        vector
    }

    fn gradient_of(&self, samples: &[u64], progress: &mut dyn FnMut(Progress)) -> (Vec<f32>, f64) {
        let mut vector = vec![0.0; self.layout.elements()];
        let model = self.model();
        let batch_size = self.training.batch_size as usize;
        let loss = |batch: &[u64]| self.task.loss(model, &self.batch(batch), &self.device);
        let loss = inner::accumulate(model, &self.layout, samples, batch_size, loss, &mut vector);
        progress(Progress { step: 1, of: 1, loss });
        let trainable = self.layout.trainable();
        if trainable < vector.len() {
            vector[trainable..].copy_from_slice(&self.movement()[trainable..]);
        }
        (vector, loss)
    }

    /// What `optimizer` moves the model by in inner steps on `samples`; and the optimizer after them.
    fn movement_by(
        &mut self,
        mut optimizer: ModuleOptimizer,
        round: Round,
        samples: &[u64],
        progress: &mut dyn FnMut(Progress),
    ) -> (Vec<f32>, f64, ModuleOptimizer) {
        let per_step = self.training.batch_size as usize * self.training.accumulation as usize;
        let steps = samples.chunks(per_step);
        let of = u32::try_from(steps.len()).unwrap_or(u32::MAX);
        let before = steps_before(&self.training, round);
        let mut mean = 0.0;
        for (step, samples_of_step) in (1..).zip(steps) {
            let model = self.model();
            let loss = |batch: &[u64]| self.task.loss(model, &self.batch(batch), &self.device);
            let (gradient, loss) =
                inner::gradient(model, &self.layout, &self.training, samples_of_step, loss, &self.device);
            let rate = learning_rate(&self.training, before + u64::from(step) - 1);
            self.model = Some(optimizer.step(rate, self.take(), gradient));
            progress(Progress { step, of, loss });
            #[expect(clippy::cast_precision_loss, reason = "a share of a round's samples")]
            let share = samples_of_step.len() as f64 / samples.len() as f64;
            mean += loss * share;
        }
        let vector = self.movement();
        // Steps that ended in a NaN would live on in the optimizer's momentum.
        let sound = vector.iter().all(|value| value.is_finite());
        let optimizer = if sound { optimizer } else { inner::burn_optimizer(&self.training) };
        (vector, mean, optimizer)
    }
}

impl<T: Task> Replica for Learner<T> {
    fn elements(&self) -> usize {
        self.layout.elements()
    }

    fn exempt(&self) -> usize {
        self.layout.exempt()
    }

    fn contribute(&mut self, round: Round, samples: &[u64], progress: &mut dyn FnMut(Progress)) -> Contribution {
        if samples.is_empty() {
            return Contribution { vector: vec![0.0; self.layout.elements()], samples: 0, loss: None };
        }
        let (vector, loss) = match &mut self.rule {
            Rule::Together(_) => self.gradient_of(samples, progress),
            Rule::Alone(optimizer) => {
                // Taken, not cloned: it works in place on a state that nobody else holds.
                let mine = std::mem::replace(optimizer, inner::burn_optimizer(&self.training));
                let (vector, loss, mine) = self.movement_by(mine, round, samples, progress);
                self.rule = Rule::Alone(mine);
                (vector, loss)
            }
        };
        Contribution { vector, samples: samples.len() as u64, loss: Some(loss) }
    }

    fn apply(&mut self, round: Round, mean: Option<&[f32]>) {
        if let Some(mean) = mean {
            let moved_from = match &mut self.rule {
                Rule::Together(optimizer) => {
                    let trainable = self.layout.trainable();
                    let mut gradient = mean[..trainable].to_vec();
                    if let Some(largest) = self.training.clip_norm {
                        clip_to_norm(&mut gradient, largest);
                    }
                    let rate = learning_rate(&self.training, steps_before(&self.training, round));
                    optimizer.step(&mut self.common[..trainable], &gradient, rate);
                    trainable
                }
                Rule::Alone(_) => 0,
            };
            for (common, moved) in self.common[moved_from..].iter_mut().zip(&mean[moved_from..]) {
                *common += moved;
            }
        }
        self.return_to_common();
    }

    fn common_state(&mut self) -> CommonState {
        self.return_to_common();
        let optimizer = match &self.rule {
            Rule::Alone(_) => None,
            Rule::Together(optimizer) => {
                let mut tensors = NamedTensors::default();
                for (name, values) in optimizer.state() {
                    tensors.insert(name.to_owned(), vec![values.len()], values.to_vec());
                }
                Some(OptimizerState { steps: optimizer.steps(), tensors })
            }
        };
        CommonState { model: weights::named_tensors(self.model()), optimizer }
    }

    fn evaluate(&mut self) -> Option<Evaluation> {
        self.return_to_common();
        evaluate(&*self.task, self.model(), &self.split.test, &self.device)
    }
}

/// How good `model` is on held-out samples; `None` without any.
pub(crate) fn evaluate<T: Task>(task: &T, model: &T::Model, test: &[T::Sample], device: &Device) -> Option<Evaluation> {
    let (model, device) = (model.valid(), device.clone().without_autodiff());
    let batches = test.chunks(EVALUATION_BATCH).map(|batch| {
        let batch: Vec<&T::Sample> = batch.iter().collect();
        (task.evaluate(&model, &batch, &device), batch.len())
    });
    Evaluation::mean(&batches.collect::<Vec<_>>())
}

/// Optimizer steps of a node before `round`, if every round had all of them: what the learning rate goes by.
fn steps_before(training: &Training, round: Round) -> u64 {
    round.0.saturating_sub(1).saturating_mul(u64::from(training.inner_steps))
}
