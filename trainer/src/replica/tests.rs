//! A replica's contributions and what it does with agreed means.

use starloom_comms::id::{NodeId, Round};
use starloom_comms::scenario::Scenario;

use super::*;
use crate::testing::{Plane, scenario};

fn learner(scenario: &Scenario) -> Learner<Plane> {
    Plane::new(40).node(scenario, &NodeId::satellite(0)).0
}

fn ddp(more: &[(&str, &str)]) -> Scenario {
    let mut set = vec![("training.mode", "ddp"), ("training.batch_size", "4"), ("training.learning_rate", "0.1")];
    set.extend_from_slice(more);
    scenario(&set)
}

fn local(more: &[(&str, &str)]) -> Scenario {
    let mut set = vec![("training.mode", "local-sgd"), ("training.inner_steps", "2"), ("training.batch_size", "4")];
    set.extend_from_slice(more);
    scenario(&set)
}

fn contribute(learner: &mut Learner<Plane>, samples: &[u64]) -> Contribution {
    learner.contribute(Round(1), samples, &mut |_| {})
}

/// Weights of [`Plane`]'s model that are trained; the running statistics follow them.
const TRAINABLE: usize = 18;

#[test]
fn an_accumulated_gradient_is_that_of_one_large_batch() {
    // Without batch norm's dependence on the batch, which the last layer's bias-free weights see, the mean is linear: so
    // the batches hold the same samples twice.
    let samples = [1, 2, 3, 4, 1, 2, 3, 4];
    let once = contribute(&mut learner(&ddp(&[])), &samples[..4]);
    let twice = contribute(&mut learner(&ddp(&[("training.accumulation", "2")])), &samples);
    assert_eq!((once.samples, twice.samples), (4, 8));
    for (one, two) in once.vector[..TRAINABLE].iter().zip(&twice.vector) {
        assert!((one - two).abs() < 1e-5, "{one} is not {two}");
    }
}

#[test]
fn a_node_without_samples_contributes_nothing() {
    for scenario in [ddp(&[]), local(&[])] {
        let mut learner = learner(&scenario);
        let contribution = contribute(&mut learner, &[]);
        assert_eq!((contribution.samples, contribution.loss), (0, None));
        assert!(contribution.vector.iter().all(|value| *value == 0.0));
    }
}

#[test]
fn running_statistics_travel_as_movement_from_the_common_state() {
    let mut learner = learner(&ddp(&[]));
    let contribution = contribute(&mut learner, &[0, 1, 2, 3]);
    assert!(contribution.vector[TRAINABLE..].iter().any(|value| *value != 0.0));
    let before = learner.common_state();
    let mut mean = vec![0.0; learner.elements()];
    mean[TRAINABLE] = 0.25;
    learner.apply(Round(1), Some(&mean));
    let state = learner.common_state().model;
    assert_eq!(state.get("norm.running_mean").expect("batch norm").values, [0.25, 0.0, 0.0]);
    assert_eq!(state.get("norm.running_var").expect("batch norm").values, [1.0; 3], "the local update is forgotten");
    assert_eq!(state.get("first.weight"), before.model.get("first.weight"), "no gradient, no step");
}

#[test]
fn local_steps_end_where_the_contribution_says_and_are_forgotten() {
    let mut learner = learner(&local(&[("training.clip_norm", "1000.0")]));
    let before = learner.common_state();
    let contribution = contribute(&mut learner, &[0, 1, 2, 3, 4, 5, 6, 7]);
    assert!(contribution.vector.iter().any(|value| *value != 0.0));
    assert_eq!(learner.common_state(), before, "a contribution alone changes nothing");
    learner.apply(Round(1), None);
    assert_eq!(learner.common_state(), before, "a round without contributions changes nothing");
    learner.apply(Round(2), Some(&contribution.vector));
    assert_ne!(learner.common_state(), before);
}

#[test]
fn a_contribution_broken_by_a_nan_does_not_live_on_in_the_momentum() {
    let mut plane = Plane::new(40);
    plane.heights[0] = f32::NAN;
    let mut learner = plane.node(&local(&[("training.momentum", "0.9")]), &NodeId::satellite(0)).0;
    let broken = contribute(&mut learner, &[0, 1, 2, 3]);
    assert!(broken.vector.iter().any(|value| value.is_nan()));
    learner.apply(Round(1), None);
    let sound = contribute(&mut learner, &[4, 5, 6, 7]);
    assert!(sound.vector.iter().all(|value| value.is_finite()));
}

#[test]
fn a_state_of_another_mode_is_refused() {
    let of_local = learner(&local(&[])).common_state();
    let error = learner(&ddp(&[])).restored(of_local).map(|_| ()).expect_err("no optimizer").to_string();
    assert!(error.contains("no optimizer state"), "{error}");
    let of_sgd = learner(&ddp(&[("training.optimizer", "sgd")])).common_state();
    let error = learner(&ddp(&[("training.optimizer", "adamw")])).restored(of_sgd);
    assert!(error.map(|_| ()).expect_err("another").to_string().contains("another optimizer"));
}
