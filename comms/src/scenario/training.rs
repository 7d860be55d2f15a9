//! How a scenario trains, typed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::word::words;
use crate::id::NodeId;

/// How it is trained.
#[derive(Debug, Clone, PartialEq)]
pub struct Training {
    /// What a round exchanges.
    pub mode: Mode,
    /// Rounds of the job, at least 1.
    pub rounds: u64,
    /// Optimizer steps between two exchanges, at least 1; 1 in [`Mode::Ddp`].
    pub inner_steps: u32,
    /// Samples of a forward and backward pass, at least 1.
    pub batch_size: u32,
    /// Batches whose gradients are summed into one step, at least 1.
    pub accumulation: u32,
    /// How a step uses the gradient.
    pub optimizer: Optimizer,
    /// Decay of weights per step, relative to the learning rate.
    pub weight_decay: f64,
    /// The learning rate at its highest; above zero.
    pub learning_rate: f64,
    /// How the learning rate falls after the warm-up.
    pub schedule: LearningRateSchedule,
    /// Steps over which the learning rate rises from zero; at most [`Training::steps`].
    pub warmup_steps: u64,
    /// The largest norm of a gradient; longer ones are shortened to it.
    pub clip_norm: Option<f64>,
    /// The share of the data that is held out for the test, above 0 and below 1.
    pub test_fraction: f64,
    /// Rounds between two evaluations during the job; 0 for none.
    pub evaluate_every: u64,
}

impl Training {
    /// Optimizer steps of one node over the whole job.
    #[must_use]
    pub const fn steps(&self) -> u64 {
        self.rounds.saturating_mul(self.inner_steps as u64)
    }
}

words! {
    /// What a round exchanges.
    Mode {
        /// Gradients, after each step.
        Ddp = "ddp",
        /// What the parameters moved by in `inner_steps` steps on re-dealt shards.
        LocalSgd = "local-sgd",
        /// The same on private shards, which never move.
        FedAvg = "fedavg",
    }
}

/// How a step uses the gradient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Optimizer {
    /// Stochastic gradient descent.
    Sgd {
        /// Share of the last step that is kept, `0..1`.
        momentum: f64,
        /// Whether the gradient is taken ahead of the momentum (Nesterov).
        nesterov: bool,
    },
    /// Adam with decoupled weight decay.
    AdamW {
        /// Decay of the mean of gradients, `0..1`.
        beta_1: f64,
        /// Decay of the mean of their squares, `0..1`.
        beta_2: f64,
        /// What keeps the division finite; above zero.
        epsilon: f64,
    },
}

impl Optimizer {
    /// Every optimizer, as a scenario writes it.
    pub const WORDS: &'static [&'static str] = &["sgd", "adamw"];

    /// The optimizer as a scenario writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sgd { .. } => "sgd",
            Self::AdamW { .. } => "adamw",
        }
    }
}

words! {
    /// How the learning rate falls after the warm-up.
    LearningRateSchedule {
        /// Not at all.
        Constant = "constant",
        /// To zero after the last step, along half a cosine.
        Cosine = "cosine",
        /// To zero after the last step, along a line.
        Linear = "linear",
    }
}

/// The data that each node keeps to itself, in [`Mode::FedAvg`].
#[derive(Debug, Clone, PartialEq)]
pub struct Private {
    /// How alike the shards are that a shared data set is split into: small is uneven and one-sided, large is even.
    pub dirichlet_alpha: f64,
    /// Data of nodes that bring their own; the data set is split among all if it is empty. As written: relative to the
    /// folder that the command runs in.
    pub paths: BTreeMap<NodeId, PathBuf>,
}
