//! Flat views of a module with trained, running and frozen tensors.

use burn::tensor::TensorData;

use super::*;
use crate::device;
use crate::testing::Normed;

fn inputs(device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::from([[1.0_f32, 2.0], [-1.0, 0.5], [3.0, -2.0]]), device)
}

fn numbers(elements: usize) -> Vec<f32> {
    (0..elements).map(|index| index as f32 / 8.0).collect()
}

#[test]
fn a_vector_written_reads_back_to_the_bit() {
    let device = device();
    let model = Normed::drawn(&device);
    let layout = Layout::of(&model);
    // 2·3 + 3 and 3·1 weights, gamma and beta of 3; then mean and variance of 3.
    assert_eq!((layout.trainable(), layout.elements()), (18, 24));
    assert_eq!(layout.exempt(), 24 - (2 * 3 + 3), "all but the matrices");
    let model = layout.write(model, &numbers(24));
    assert_eq!(layout.read(&model), numbers(24));
    assert_eq!(Layout::of(&model), layout, "what trains still trains");
}

#[test]
fn frozen_parameters_are_no_part_of_the_vector() {
    let device = device();
    let model = Normed::with_first_frozen(&device);
    let frozen = values(model.first.weight.val());
    let layout = Layout::of(&model);
    assert_eq!((layout.trainable(), layout.elements()), (9, 15));
    let model = layout.write(model, &numbers(15));
    assert_eq!(values(model.first.weight.val()), frozen);
    assert!(!model.first.weight.is_require_grad() && model.last.weight.is_require_grad());
    // Behind the one matrix that is left.
    assert_eq!(values(model.norm.gamma.val()), [0.375, 0.5, 0.625]);
}

#[test]
fn running_statistics_are_read_with_their_last_update_and_written_over_it() {
    let device = device();
    let model = Normed::drawn(&device);
    let layout = Layout::of(&model);
    let before = layout.read(&model);
    let _output = model.forward(inputs(&device));
    let after = layout.read(&model);
    assert_eq!(before[..18], after[..18]);
    assert_ne!(before[18..], after[18..], "one forward pass moves the running statistics");
    let _output = model.forward(inputs(&device));
    let model = layout.write(model, &before);
    assert_eq!(layout.read(&model), before, "an update that waited does not come back");
}

#[test]
fn gradients_travel_through_the_vector() {
    let device = device();
    let model = Normed::with_first_frozen(&device);
    let layout = Layout::of(&model);
    let backward = || GradientsParams::from_grads(model.forward(inputs(&device)).sum().backward(), &model);
    let mut flat = vec![0.0; layout.trainable()];
    layout.add_gradients(&model, backward(), &mut flat);
    assert!(flat.iter().any(|value| *value != 0.0));
    let once = flat.clone();
    layout.add_gradients(&model, layout.gradients(&model, &once, &device), &mut flat);
    assert!(flat.iter().zip(&once).all(|(twice, once)| *twice == 2.0 * once));
}

#[test]
fn the_same_seed_draws_the_same_weights() {
    let device = device();
    let build = |seed| {
        let model = crate::model::build(seed, &device, || Normed::new(&device));
        Layout::of(&model).read(&model)
    };
    assert_eq!(build(3), build(3));
    assert_ne!(build(3), build(4));
}
