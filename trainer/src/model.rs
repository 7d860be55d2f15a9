//! Building a model so that the same seed gives the same weights in every process.

use std::sync::{Mutex, PoisonError};

use burn::module::Module;
use burn::tensor::Device;

use crate::flat;

/// A device's generator is one for the whole process: two models that are drawn at once would disturb each other.
static GENERATOR: Mutex<()> = Mutex::new(());

/// Seeds `device`, builds a model on it and draws all its weights, which Burn would put off until they are first used.
pub(crate) fn build<M: Module>(seed: u64, device: &Device, build: impl FnOnce() -> M) -> M {
    // A panic while it was held left nothing behind: the next seed starts the generator anew.
    let _only_one = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
    device.seed(seed);
    let model = build();
    flat::draw(&model);
    model
}
