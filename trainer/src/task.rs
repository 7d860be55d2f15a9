//! What a user brings: a model, its data, a loss, and how good it is.
//!
//! ```
//! use burn::nn::{Linear, LinearConfig, loss::{MseLoss, Reduction}};
//! use burn::prelude::*;
//! use starloom_trainer::{DataSource, Split, Task, TaskError};
//!
//! struct Slope;
//!
//! impl Task for Slope {
//!     type Model = Linear;
//!     type Sample = [f32; 2];
//!
//!     fn name(&self) -> &str {
//!         "slope"
//!     }
//!     fn model(&self, device: &Device) -> Linear {
//!         LinearConfig::new(1, 1).init(device)
//!     }
//!     fn data(&self, source: &DataSource) -> Result<Split<[f32; 2]>, TaskError> {
//!         Ok(source.split((0..100).map(|x| [x as f32, 2.0 * x as f32]).collect()))
//!     }
//!     fn loss(&self, model: &Linear, batch: &[&[f32; 2]], device: &Device) -> Tensor<1> {
//!         let column = |index: usize| {
//!             let values: Vec<f32> = batch.iter().map(|sample| sample[index]).collect();
//!             Tensor::<2>::from_data(TensorData::new(values, [batch.len(), 1]), device)
//!         };
//!         MseLoss::new().forward(model.forward(column(0)), column(1), Reduction::Mean)
//!     }
//! }
//! # let device = starloom_trainer::device();
//! # let split = Slope.data(&DataSource::new(7, 0.2)).unwrap();
//! # assert!(Slope.loss(&Slope.model(&device), &[&split.train[0]], &device).into_scalar::<f32>() >= 0.0);
//! ```

use std::io;
use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};
use starloom_comms::ledger::Permutation;
use thiserror::Error;

use crate::seed;

/// A training task: the one trait to implement for a model and data of one's own.
///
/// The same task runs in every node process, so all of it must follow from its arguments: the model is built right after
/// its device is seeded, and the data is the same wherever the same source is read.
pub trait Task: Send + Sync + 'static {
    /// The model. Parameters that require gradients are trained and exchanged, running statistics (batch norm) travel with
    /// them, frozen parameters stay as they are. Parameters are `f32`.
    type Model: Module;
    /// One sample, in memory or as a reference to it (a path, an offset): [`Task::loss`] may load what it points to.
    type Sample: Send + Sync + 'static;

    /// What a scenario calls it in `job.task`.
    fn name(&self) -> &str;

    /// A model with its initial weights on `device`.
    fn model(&self, device: &Device) -> Self::Model;

    /// All samples, split in those that are trained on and those that are held out.
    ///
    /// # Errors
    /// A [`TaskError`] that names the file and what is wrong with it.
    fn data(&self, source: &DataSource) -> Result<Split<Self::Sample>, TaskError>;

    /// The mean loss over a batch, of shape `[1]`. `batch` is never empty.
    fn loss(&self, model: &Self::Model, batch: &[&Self::Sample], device: &Device) -> Tensor<1>;

    /// How good the model is on a batch of held-out samples; the batches of a split are averaged by their sizes. The
    /// model and `device` come without automatic differentiation. The default gives the loss alone.
    fn evaluate(&self, model: &Self::Model, batch: &[&Self::Sample], device: &Device) -> Evaluation {
        Evaluation { loss: f64::from(self.loss(model, batch, device).into_scalar::<f32>()), accuracy: None }
    }

    /// The class of a sample. In `fedavg` it makes private shards one-sided (`private.dirichlet_alpha`); without classes
    /// they are uneven in size only.
    fn label(&self, sample: &Self::Sample) -> Option<usize> {
        let _ = sample;
        None
    }
}

/// Where a task's data comes from, and how it is split.
#[derive(Debug, Clone, PartialEq)]
pub struct DataSource {
    seed: u64,
    test_fraction: f64,
    path: Option<PathBuf>,
}

impl DataSource {
    /// The task's own data, with `test_fraction` (above 0, below 1) of it held out by `seed`.
    #[must_use]
    pub const fn new(seed: u64, test_fraction: f64) -> Self {
        Self { seed, test_fraction, path: None }
    }

    /// The data of one node, at `path`.
    #[must_use]
    pub fn private(seed: u64, test_fraction: f64, path: &Path) -> Self {
        Self { seed, test_fraction, path: Some(path.to_owned()) }
    }

    /// The private data of this node (`private.paths` in a scenario), if it brings its own.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Splits samples by the scenario's seed and `training.test_fraction`: at least one sample on each side, if there are
    /// two. The same samples in the same order give the same split.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share of a count that fits memory"
    )]
    pub fn split<S>(&self, samples: Vec<S>) -> Split<S> {
        let count = samples.len();
        let held_out = ((count as f64 * self.test_fraction).round() as usize).clamp(1, count.saturating_sub(1).max(1));
        let order = Permutation::new(count as u64, seed::derive(self.seed, "split"));
        let mut places: Vec<(u64, S)> =
            samples.into_iter().zip(0..).map(|(sample, at)| (order.at(at), sample)).collect();
        places.sort_by_key(|(place, _)| *place);
        let mut ordered = places.into_iter().map(|(_, sample)| sample);
        let test = ordered.by_ref().take(held_out).collect();
        Split { train: ordered.collect(), test }
    }
}

/// Samples to train on, and samples to test with that nothing is trained on.
#[derive(Debug, Clone, PartialEq)]
pub struct Split<S> {
    /// To train on. A sample's number is its index here.
    pub train: Vec<S>,
    /// Held out. The same on all nodes, also where each trains on its own data.
    pub test: Vec<S>,
}

/// How good a model is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evaluation {
    /// Mean loss.
    pub loss: f64,
    /// Share of samples that are right, `0..=1`, where that means something.
    pub accuracy: Option<f64>,
}

impl Evaluation {
    /// Cross entropy and accuracy of a classifier: a row of `logits` per sample, and the class of each.
    #[must_use]
    pub fn of_classes(logits: Tensor<2>, targets: Tensor<1, Int>) -> Self {
        let count = targets.dims()[0];
        let device = logits.device();
        let guesses = logits.clone().argmax(1).reshape([count]);
        let right = guesses.equal(targets.clone()).int().sum().into_scalar::<i64>();
        let loss = burn::nn::loss::CrossEntropyLossConfig::new().init(&device).forward(logits, targets);
        #[expect(clippy::cast_precision_loss, reason = "a batch is small")]
        let accuracy = right as f64 / count as f64;
        Self { loss: f64::from(loss.into_scalar::<f32>()), accuracy: Some(accuracy) }
    }

    /// The mean over batches, by their sizes; none of nothing. The accuracy is left out if one batch has none.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a batch is small")]
    pub fn mean(batches: &[(Self, usize)]) -> Option<Self> {
        let total = batches.iter().map(|(_, count)| *count as f64).sum::<f64>();
        if total == 0.0 {
            return None;
        }
        let mean = |of: &dyn Fn(&Self) -> Option<f64>| {
            batches.iter().map(|(each, count)| Some(of(each)? * *count as f64)).sum::<Option<f64>>()
        };
        let loss = mean(&|each| Some(each.loss))? / total;
        Some(Self { loss, accuracy: mean(&|each| each.accuracy).map(|sum| sum / total) })
    }
}

/// Why a task cannot give its data. Texts, boxed errors, and those of reading and parsing become one by `?`.
#[derive(Debug, Error)]
pub enum TaskError {
    /// A file cannot be read.
    #[error("cannot read data from {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is not what it should be.
    #[error("{origin}, line {line}: {reason}")]
    Malformed {
        /// The file, or what the data is called.
        origin: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// Anything else.
    #[error(transparent)]
    Other(#[from] Box<dyn std::error::Error + Send + Sync>),
}

macro_rules! other {
    ($($error:ty),+) => {
        $(impl From<$error> for TaskError {
            fn from(error: $error) -> Self {
                Self::Other(error.into())
            }
        })+
    };
}

other!(&str, String, io::Error, std::num::ParseIntError, std::num::ParseFloatError);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_holds_every_sample_once_and_follows_the_seed() {
        let source = DataSource::new(7, 0.2);
        let split = source.split((0..1797).collect());
        assert_eq!((split.train.len(), split.test.len()), (1438, 359));
        let mut all: Vec<i32> = split.train.iter().chain(&split.test).copied().collect();
        all.sort_unstable();
        assert_eq!(all, (0..1797).collect::<Vec<_>>());
        assert_eq!(split, source.split((0..1797).collect()));
        assert_ne!(split.test, DataSource::new(8, 0.2).split((0..1797).collect()).test);
    }

    #[test]
    fn a_split_of_few_samples_has_some_on_each_side() {
        for fraction in [0.01, 0.99] {
            let split = DataSource::new(1, fraction).split(vec!['a', 'b']);
            assert_eq!((split.train.len(), split.test.len()), (1, 1), "fraction {fraction}");
        }
        assert_eq!(DataSource::new(1, 0.5).split(Vec::<u8>::new()).train, Vec::<u8>::new());
    }

    #[test]
    fn batches_are_averaged_by_their_sizes() {
        let batch = |loss, accuracy| Evaluation { loss, accuracy };
        let mean = Evaluation::mean(&[(batch(1.0, Some(1.0)), 3), (batch(5.0, Some(0.0)), 1)]);
        assert_eq!(mean, Some(batch(2.0, Some(0.75))));
        let unclear = Evaluation::mean(&[(batch(1.0, Some(1.0)), 1), (batch(1.0, None), 1)]);
        assert_eq!(unclear, Some(batch(1.0, None)));
        assert_eq!(Evaluation::mean(&[]), None);
    }
}
