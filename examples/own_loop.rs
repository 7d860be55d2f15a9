//! A training loop as anyone has one, and the calls that make it a node of a job. Alone it trains alone:
//!
//!     cargo run --release --example own_loop
//!
//! As four nodes (`launch` starts this program once per node, see `starloom::Session`):
//!
//!     cargo build --release --example own_loop
//!     cargo run --release -- launch configs/quickstart.toml --program target/release/examples/own_loop \
//!         --set job.task=sine --set training.mode=ddp --set training.inner_steps=1 --set training.rounds=60

#![allow(clippy::print_stdout, reason = "a program that shows its progress")]

use std::error::Error;

use burn::nn::loss::{MseLoss, Reduction};
use burn::nn::{Linear, LinearConfig, Relu};
use burn::optim::{AdamWConfig, GradientsParams};
use burn::prelude::*;
use starloom::prelude::*;

const STEPS: usize = 60;
const BATCH: usize = 32;

#[derive(Module, Debug)]
struct Network {
    hidden: Linear,
    out: Linear,
    relu: Relu,
}

impl Network {
    fn new(device: &Device) -> Self {
        let (hidden, out) = (LinearConfig::new(1, 64).init(device), LinearConfig::new(64, 1).init(device));
        Self { hidden, out, relu: Relu::new() }
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.out.forward(self.relu.forward(self.hidden.forward(x)))
    }
}

/// A batch of a sine, different in each step and on each node.
fn batch(step: usize, slot: usize, slots: usize, device: &Device) -> (Tensor<2>, Tensor<2>) {
    let sample = |at: usize| ((step * slots + slot) * BATCH + at) as f32 * 0.618_034 % 1.0 * 2.0 - 1.0;
    let x: Vec<f32> = (0..BATCH).map(sample).collect();
    let y: Vec<f32> = x.iter().map(|x| (3.0 * x).sin()).collect();
    let column = |values| Tensor::from_data(TensorData::new(values, [BATCH, 1]), device);
    (column(x), column(y))
}

fn main() -> Result<(), Box<dyn Error>> {
    let device = Device::flex().autodiff();
    let mut session = Session::from_env()?;

    device.seed(7);
    let mut model = session.start(Network::new(&device))?;
    let mut optimizer = AdamWConfig::new().init();
    for step in session.rounds_done()..STEPS {
        let (x, y) = batch(step, session.slot(), session.slots(), &device);
        let loss = MseLoss::new().forward(model.forward(x), y, Reduction::Mean);
        let value: f32 = loss.clone().into_scalar();
        session.note_loss(f64::from(value));
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        let gradients = session.average(&model, gradients, BATCH)?; // <- the one call that makes it distributed
        model = optimizer.step(1e-2, model, gradients);
        if step % 20 == 0 || step + 1 == STEPS {
            println!("step {step}: loss {value:.4}");
        }
        if session.is_over() {
            break;
        }
    }
    session.finish(&model)?;
    Ok(())
}
