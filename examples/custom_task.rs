//! A model and data of one's own, with the whole `starloom` command line: two interleaved spirals, told apart by a small network.
//!
//!     cargo run --release --example custom_task -- launch configs/quickstart.toml --set job.task=spirals

use std::process::ExitCode;

use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Linear, LinearConfig};
use burn::prelude::*;
use starloom::prelude::*;

#[derive(Module, Debug)]
struct Network {
    hidden: Linear,
    wide: Linear,
    out: Linear,
}

impl Network {
    fn forward(&self, points: Tensor<2>) -> Tensor<2> {
        self.out.forward(self.wide.forward(self.hidden.forward(points).tanh()).tanh())
    }
}

struct Spirals;

impl Task for Spirals {
    type Model = Network;
    type Sample = (f32, f32, usize);

    fn name(&self) -> &str {
        "spirals"
    }
    fn model(&self, device: &Device) -> Network {
        let layer = |inputs, outputs| LinearConfig::new(inputs, outputs).init(device);
        Network { hidden: layer(2, 64), wide: layer(64, 64), out: layer(64, 2) }
    }
    fn data(&self, source: &DataSource) -> Result<Split<(f32, f32, usize)>, TaskError> {
        let point = |at: usize| {
            let (turn, arm) = (at as f32 / 400.0, at % 2);
            let angle = turn * 1.5 + arm as f32 * std::f32::consts::PI;
            (turn * angle.cos(), turn * angle.sin(), arm)
        };
        Ok(source.split((40..1240).map(point).collect()))
    }
    fn loss(&self, model: &Network, batch: &[&(f32, f32, usize)], device: &Device) -> Tensor<1> {
        let (points, arms) = tensors(batch, device);
        CrossEntropyLossConfig::new().init(device).forward(model.forward(points), arms)
    }
    fn evaluate(&self, model: &Network, batch: &[&(f32, f32, usize)], device: &Device) -> Evaluation {
        let (points, arms) = tensors(batch, device);
        Evaluation::of_classes(model.forward(points), arms)
    }
}

fn tensors(batch: &[&(f32, f32, usize)], device: &Device) -> (Tensor<2>, Tensor<1, Int>) {
    let points: Vec<f32> = batch.iter().flat_map(|(x, y, _)| [*x, *y]).collect();
    let arms: Vec<i64> = batch.iter().map(|(_, _, arm)| *arm as i64).collect();
    let points = Tensor::from_data(TensorData::new(points, [batch.len(), 2]), device);
    (points, Tensor::from_data(TensorData::new(arms, [batch.len()]), device))
}

fn main() -> ExitCode {
    starloom::main(Spirals)
}
