//! A model and data of one's own, with the whole `starloom` command line: which arm of a spiral a point lies on.
//!
//!     cargo run --release --example custom_task -- launch configs/quickstart.toml --set job.task=spirals

use std::process::ExitCode;

use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Linear, LinearConfig};
use burn::prelude::*;
use starloom::prelude::*;

#[derive(Module, Debug)]
struct Network {
    layers: Vec<Linear>,
    out: Linear,
}

struct Spirals;

impl Task for Spirals {
    type Model = Network;
    /// A point, and its arm.
    type Sample = ([f32; 2], i64);

    fn name(&self) -> &str {
        "spirals"
    }
    fn model(&self, device: &Device) -> Network {
        let layer = |inputs, outputs| LinearConfig::new(inputs, outputs).init(device);
        Network { layers: vec![layer(2, 64), layer(64, 64)], out: layer(64, 2) }
    }
    fn data(&self, source: &DataSource) -> Result<Split<Self::Sample>, TaskError> {
        let point = |at: i64| {
            let (radius, arm) = (at as f32 / 400.0, at % 2);
            let angle = radius * 1.5 + arm as f32 * std::f32::consts::PI;
            ([radius * angle.cos(), radius * angle.sin()], arm)
        };
        Ok(source.split((40..1240).map(point).collect()))
    }
    fn loss(&self, model: &Network, batch: &[&Self::Sample], device: &Device) -> Tensor<1> {
        let (logits, arms) = forward(model, batch, device);
        CrossEntropyLossConfig::new().init(device).forward(logits, arms)
    }
    fn evaluate(&self, model: &Network, batch: &[&Self::Sample], device: &Device) -> Evaluation {
        let (logits, arms) = forward(model, batch, device);
        Evaluation::of_classes(logits, arms)
    }
}

fn forward(model: &Network, batch: &[&([f32; 2], i64)], device: &Device) -> (Tensor<2>, Tensor<1, Int>) {
    let (points, arms): (Vec<[f32; 2]>, Vec<i64>) = batch.iter().copied().copied().unzip();
    let points = Tensor::from_data(TensorData::new(points.concat(), [arms.len(), 2]), device);
    let features = model.layers.iter().fold(points, |features, layer| layer.forward(features).tanh());
    (model.out.forward(features), Tensor::from_ints(arms.as_slice(), device))
}

fn main() -> ExitCode {
    starloom::main(Spirals)
}
