//! Weights in files, and weights that do not fit.

use burn::nn::{LinearConfig, LinearLayout};
use burn::tensor::Device;
use tempfile::TempDir;

use super::*;
use crate::device;
use crate::flat::Layout;
use crate::testing::Normed;

#[test]
fn weights_read_back_from_their_file() {
    let device = device();
    let model = Normed::with_first_frozen(&device);
    let tensors = named_tensors(&model);
    let names: Vec<&str> = tensors.iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        [
            "first.bias",
            "first.weight",
            "last.weight",
            "norm.beta",
            "norm.gamma",
            "norm.running_mean",
            "norm.running_var"
        ]
    );
    let home = TempDir::new().expect("a directory");
    let path = home.path().join("model.safetensors");
    std::fs::write(&path, tensors.to_safetensors().expect("a file")).expect("written");
    let other = load_file(Normed::with_first_frozen(&device), &path).expect("the same model");
    assert_eq!(named_tensors(&other), tensors);
    assert_eq!(Layout::of(&other), Layout::of(&model), "what trains still trains");
}

#[test]
fn a_tensor_that_is_kept_transposed_reads_back() {
    let device = device();
    let build = |layout| crate::model::build(0, &device, || LinearConfig::new(2, 3).with_layout(layout).init(&device));
    let tensors = named_tensors(&build(LinearLayout::Col));
    assert_eq!(tensors.get("weight").expect("it has one").shape, [3, 2]);
    let again = load(build(LinearLayout::Col), tensors.clone()).expect("the same model");
    assert_eq!(named_tensors(&again), tensors);
}

#[track_caller]
fn refusal(change: impl FnOnce(&mut NamedTensors), device: &Device) -> String {
    let mut tensors = named_tensors(&Normed::drawn(device));
    change(&mut tensors);
    load(Normed::drawn(device), tensors).expect_err("changed").to_string()
}

#[test]
fn weights_of_another_model_are_refused_by_name_and_shape() {
    let device = device();
    let shape = refusal(|tensors| tensors.insert("first.weight".into(), vec![3, 2], vec![0.0; 6]), &device);
    assert!(shape.contains("`first.weight`") && shape.contains("[3, 2]") && shape.contains("[2, 3]"), "{shape}");
    let missing = refusal(|tensors| drop(tensors.take("norm.beta")), &device);
    assert!(missing.contains("`norm.beta`") && missing.contains("`norm.gamma`"), "{missing}");
    let unknown = refusal(|tensors| tensors.insert("head.bias".into(), vec![1], vec![0.0]), &device);
    assert!(unknown.contains("`head.bias`"), "{unknown}");
}

#[test]
fn a_file_that_is_not_there_or_not_of_tensors_is_named() {
    let device = device();
    let home = TempDir::new().expect("a directory");
    let path = home.path().join("model.safetensors");
    let missing = load_file(Normed::drawn(&device), &path).expect_err("not there").to_string();
    assert!(missing.contains("model.safetensors") && missing.contains("No such file"), "{missing}");
    std::fs::write(&path, b"{}").expect("written");
    let damaged = load_file(Normed::drawn(&device), &path).expect_err("not one").to_string();
    assert!(damaged.contains("model.safetensors") && damaged.contains("not a safetensors file"), "{damaged}");
}
