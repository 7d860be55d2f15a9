//! One inner step on this node alone: forward, backward, accumulate, clip, and Burn's optimizer.

use burn::module::Module;
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::{Device, Tensor};
use starloom_comms::scenario::{Optimizer, Training};

use crate::flat::Layout;
use crate::optimizer::clip_to_norm;

/// Burn's optimizer by a scenario's words, without the places where Burn's defaults differ from PyTorch's.
#[expect(clippy::cast_possible_truncation, reason = "Burn keeps these in f32")]
pub(crate) fn burn_optimizer(training: &Training) -> ModuleOptimizer {
    let decay = training.weight_decay as f32;
    match training.optimizer {
        Optimizer::Sgd { momentum, nesterov } => {
            let keeping = MomentumConfig::new().with_momentum(momentum).with_dampening(0.0).with_nesterov(nesterov);
            SgdConfig::new()
                .with_momentum((momentum > 0.0).then_some(keeping))
                .with_weight_decay((decay > 0.0).then(|| WeightDecayConfig::new(decay)))
                .init()
        }
        Optimizer::AdamW { beta_1, beta_2, epsilon } => AdamWConfig::new()
            .with_beta_1(beta_1 as f32)
            .with_beta_2(beta_2 as f32)
            .with_epsilon(epsilon as f32)
            .with_weight_decay(decay)
            .init(),
    }
}

/// The gradient of a batch's mean loss times `share`, and the loss itself.
pub(crate) fn backward<M: Module>(model: &M, loss: Tensor<1>, share: f32) -> (GradientsParams, f64) {
    let value = f64::from(loss.clone().into_scalar::<f32>());
    // Not a multiplication by one: the graph of an ordinary step stays an ordinary step's.
    let loss = if share < 1.0 { loss.mul_scalar(share) } else { loss };
    (GradientsParams::from_grads(loss.backward(), model), value)
}

/// The gradient of the mean loss over `samples`, in batches of `batch_size`, added to the front of `flat`; and that loss.
pub(crate) fn accumulate<M: Module>(
    model: &M,
    layout: &Layout,
    samples: &[u64],
    batch_size: usize,
    mut loss: impl FnMut(&[u64]) -> Tensor<1>,
    flat: &mut [f32],
) -> f64 {
    let mut mean = 0.0;
    for batch in samples.chunks(batch_size) {
        let share = share(batch.len(), samples.len());
        let (gradients, value) = backward(model, loss(batch), share);
        layout.add_gradients(model, gradients, flat);
        mean += value * f64::from(share);
    }
    mean
}

/// The gradient for an inner step on `samples`, shortened to `clip_norm` where the scenario says so; and the mean loss.
pub(crate) fn gradient<M: Module>(
    model: &M,
    layout: &Layout,
    training: &Training,
    samples: &[u64],
    mut loss: impl FnMut(&[u64]) -> Tensor<1>,
    device: &Device,
) -> (GradientsParams, f64) {
    let batch_size = training.batch_size as usize;
    if samples.len() <= batch_size && training.clip_norm.is_none() {
        return backward(model, loss(samples), 1.0);
    }
    let mut flat = vec![0.0; layout.trainable()];
    let mean = accumulate(model, layout, samples, batch_size, loss, &mut flat);
    if let Some(largest) = training.clip_norm {
        clip_to_norm(&mut flat, largest);
    }
    (layout.gradients(model, &flat, device), mean)
}

#[expect(clippy::cast_precision_loss, reason = "batches are far below 2^24 samples")]
fn share(part: usize, whole: usize) -> f32 {
    part as f32 / whole as f32
}
