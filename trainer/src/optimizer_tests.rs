//! The flat optimizer against hand-computed steps and against its twin, Burn's.

use burn::module::{Module, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Tensor, TensorData};
use proptest::prelude::*;

use super::*;
use crate::inner::burn_optimizer;
use crate::testing::training;

fn sgd(momentum: f64, nesterov: bool, weight_decay: f64) -> Training {
    Training { optimizer: Optimizer::Sgd { momentum, nesterov }, weight_decay, ..training() }
}

fn adamw(weight_decay: f64) -> Training {
    Training { optimizer: Optimizer::AdamW { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-8 }, weight_decay, ..training() }
}

#[test]
fn sgd_keeps_a_share_of_its_velocity() {
    let mut optimizer = ReplicatedOptimizer::new(&sgd(0.5, false, 0.0), 1);
    let mut parameters = [1.0];
    optimizer.step(&mut parameters, &[1.0], 0.1);
    assert!((parameters[0] - 0.9).abs() < 1e-6);
    // The velocity is 0.5 · 1 + 1: no dampening, as in PyTorch.
    optimizer.step(&mut parameters, &[1.0], 0.1);
    assert!((parameters[0] - 0.75).abs() < 1e-6);
}

#[test]
fn the_first_step_of_adamw_is_the_sign_of_the_gradient() {
    let mut optimizer = ReplicatedOptimizer::new(&adamw(0.0), 2);
    let mut parameters = [0.0, 0.0];
    optimizer.step(&mut parameters, &[3.0, -0.01], 0.1);
    assert!((parameters[0] + 0.1).abs() < 1e-6 && (parameters[1] - 0.1).abs() < 1e-5, "{parameters:?}");
}

#[test]
fn a_restored_optimizer_goes_on_as_if_it_never_stopped() {
    for training in [sgd(0.9, true, 0.01), adamw(0.01)] {
        let mut whole = ReplicatedOptimizer::new(&training, 3);
        let mut parameters = [0.5, -0.5, 2.0];
        whole.step(&mut parameters, &[0.1, 0.2, 0.3], 0.1);
        let stored: Vec<(&str, Vec<f32>)> = whole.state().map(|(name, values)| (name, values.to_vec())).collect();
        let stored = |name: &str| Some(stored.iter().find(|(stored, _)| *stored == name)?.1.clone());
        let resumed = ReplicatedOptimizer::new(&training, 3).restored(whole.steps(), stored).expect("its own state");
        assert_eq!(resumed, whole);
        assert!(ReplicatedOptimizer::new(&training, 4).restored(1, stored).is_none(), "of another length");
        assert!(ReplicatedOptimizer::new(&training, 3).restored(1, |_| None).is_none());
    }
}

#[test]
fn a_long_gradient_is_shortened_and_a_short_one_is_not() {
    let mut gradient = [3.0, 4.0];
    assert!((clip_to_norm(&mut gradient, 1.0) - 5.0).abs() < 1e-12);
    assert!((gradient[0] - 0.6).abs() < 1e-6 && (gradient[1] - 0.8).abs() < 1e-6);
    let mut short = [0.3, 0.4];
    clip_to_norm(&mut short, 1.0);
    assert_eq!(short, [0.3, 0.4]);
    let mut broken = [f32::NAN, 4.0];
    assert!(clip_to_norm(&mut broken, 1.0).is_nan());
    assert!(broken[1] == 4.0);
}

#[derive(Module, Debug)]
struct Weights {
    all: Param<Tensor<1>>,
}

fn steps_of_burn(training: &Training, start: &[f32], gradients: &[Vec<f32>]) -> Vec<f32> {
    let device = crate::device();
    let mut model = Weights { all: Param::from_data(TensorData::new(start.to_vec(), [start.len()]), &device) };
    let mut optimizer = burn_optimizer(training);
    for gradient in gradients {
        let mut grads = GradientsParams::new();
        let plain = device.clone().without_autodiff();
        let gradient = Tensor::<1>::from_data(TensorData::new(gradient.clone(), [start.len()]), &plain);
        grads.register(model.all.id, gradient);
        model = optimizer.step(training.learning_rate, model, grads);
    }
    model.all.val().into_data().try_to_vec().expect("f32")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_flat_optimizer_moves_as_its_burn_twin(
        start in prop::collection::vec(-2.0_f32..2.0, 5),
        gradients in prop::collection::vec(prop::collection::vec(-1.0_f32..1.0, 5), 1..8),
        momentum in 0.0_f64..0.99,
        weight_decay in prop_oneof![Just(0.0), 0.0_f64..0.1],
        which in 0..3,
    ) {
        let training = match which {
            0 => sgd(momentum, false, weight_decay),
            1 => sgd(momentum, true, weight_decay),
            _ => adamw(weight_decay),
        };
        let mut parameters = start.clone();
        let mut optimizer = ReplicatedOptimizer::new(&training, start.len());
        for gradient in &gradients {
            optimizer.step(&mut parameters, gradient, training.learning_rate);
        }
        for (own, twin) in parameters.iter().zip(steps_of_burn(&training, &start, &gradients)) {
            prop_assert!((own - twin).abs() <= 1e-4 * (1.0 + twin.abs()), "{own} is not {twin}");
        }
    }
}
