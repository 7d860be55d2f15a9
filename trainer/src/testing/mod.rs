//! What unit tests of this crate share: a default training section, small models and tasks, nodes in one process.

mod meeting;
mod plane;

use std::path::Path;

use burn::module::Module;
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use starloom_comms::scenario::{LearningRateSchedule, Mode, Optimizer, Scenario, Training};

pub(crate) use meeting::{LocalExchange, Meeting};
pub(crate) use plane::{Lines, Plane};

/// A training section to change what matters in.
pub(crate) fn training() -> Training {
    Training {
        mode: Mode::Ddp,
        rounds: 8,
        inner_steps: 1,
        batch_size: 8,
        accumulation: 1,
        optimizer: Optimizer::Sgd { momentum: 0.9, nesterov: false },
        weight_decay: 0.0,
        learning_rate: 0.05,
        schedule: LearningRateSchedule::Constant,
        warmup_steps: 0,
        clip_norm: None,
        test_fraction: 0.2,
        evaluate_every: 0,
    }
}

/// Two layers with batch norm between them; the first can be frozen.
#[derive(Module, Debug)]
pub(crate) struct Normed {
    pub(crate) first: Linear,
    pub(crate) norm: BatchNorm,
    pub(crate) last: Linear,
}

impl Normed {
    pub(crate) fn new(device: &Device) -> Self {
        Self {
            first: LinearConfig::new(2, 3).init(device),
            norm: BatchNormConfig::new(3).init(device),
            last: LinearConfig::new(3, 1).with_bias(false).init(device),
        }
    }

    /// One whose weights are drawn, alone: those that others draw from a seed at the same time stay what they are.
    pub(crate) fn drawn(device: &Device) -> Self {
        crate::model::build(0, device, || Self::new(device))
    }

    pub(crate) fn with_first_frozen(device: &Device) -> Self {
        let Self { first, norm, last } = Self::drawn(device);
        Self { first: first.no_grad(), norm, last }
    }

    pub(crate) fn forward(&self, inputs: Tensor<2>) -> Tensor<2> {
        self.last.forward(self.norm.forward(self.first.forward(inputs)))
    }
}

/// A small scenario with these keys set.
pub(crate) fn scenario(set: &[(&str, &str)]) -> Scenario {
    let set: Vec<(String, String)> = set.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let text = "name = \"test\"\nseed = 7\n[mesh]\nnodes = 2\n";
    match Scenario::parse_with(text, Path::new("test.toml"), &set) {
        Ok(scenario) => scenario,
        Err(error) => panic!("{error}"),
    }
}
