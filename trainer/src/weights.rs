//! A Burn module as named tensors, and back: what a `model.safetensors` of it holds.
//!
//! A tensor is called by its path in the module, like `conv1.weight` or `blocks.0.norm.running_mean`. All float tensors are
//! in it: trained, running and frozen ones. Shapes are those of Burn's own records: a `Linear` weight is
//! `[inputs, outputs]`, where PyTorch has `[outputs, inputs]`.

use std::path::{Path, PathBuf};

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData};
use thiserror::Error;

use crate::flat::values;
use crate::tensors::{NamedTensor, NamedTensors, TensorsError};

/// Why given weights cannot be a model's.
#[derive(Debug, Error)]
pub enum WeightsError {
    /// The file cannot be read.
    #[error("weights: cannot read {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not one of tensors that can be used.
    #[error("weights: {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: TensorsError,
    },
    /// A tensor has another shape.
    #[error("weights: tensor `{name}` has shape {found:?}, but the model's has {expected:?}")]
    Shape {
        /// The tensor.
        name: String,
        /// Its shape in the model.
        expected: Vec<usize>,
        /// Its shape in the file.
        found: Vec<usize>,
    },
    /// A tensor of the model is missing.
    #[error("weights: the model's tensor `{name}` of shape {expected:?} is missing; there are: {names}")]
    Missing {
        /// The tensor.
        name: String,
        /// Its shape in the model.
        expected: Vec<usize>,
        /// What is there.
        names: String,
    },
    /// A tensor is not the model's.
    #[error("weights: tensor `{name}` of shape {found:?} is none of the model's")]
    Unknown {
        /// The tensor.
        name: String,
        /// Its shape in the file.
        found: Vec<usize>,
    },
}

/// All float tensors of `model`.
#[must_use]
pub fn named_tensors<M: Module>(model: &M) -> NamedTensors {
    let mut collect = Collect::default();
    // An update of this thread may still wait beside a running statistic; `valid` takes it in.
    model.valid().visit(&mut collect);
    collect.tensors
}

/// `model` with the weights in the file at `path`.
///
/// # Errors
/// [`WeightsError`], which names the file, or the tensor and both shapes.
pub fn load_file<M: Module>(model: M, path: &Path) -> Result<M, WeightsError> {
    let bytes = std::fs::read(path).map_err(|source| WeightsError::Unreadable { path: path.to_owned(), source })?;
    let tensors = NamedTensors::from_safetensors(&bytes)
        .map_err(|source| WeightsError::File { path: path.to_owned(), source })?;
    load(model, tensors)
}

/// `model` with these weights: exactly its tensors, each in its shape.
///
/// # Errors
/// [`WeightsError`], which names the tensor and both shapes.
pub fn load<M: Module>(model: M, tensors: NamedTensors) -> Result<M, WeightsError> {
    let names = tensors.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    drop(model.valid());
    let mut load = Load { path: Vec::new(), tensors, names, error: None };
    let model = model.map(&mut load);
    if let Some(error) = load.error {
        return Err(error);
    }
    match load.tensors.iter().next() {
        Some((name, tensor)) => Err(WeightsError::Unknown { name: name.to_owned(), found: tensor.shape.clone() }),
        None => Ok(model),
    }
}

#[derive(Default)]
struct Collect {
    path: Vec<String>,
    tensors: NamedTensors,
}

impl ModuleVisitor for Collect {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.transform_for_save().val();
        self.tensors.insert(self.path.join("."), tensor.dims().to_vec(), values(tensor));
    }
}

struct Load {
    path: Vec<String>,
    tensors: NamedTensors,
    names: String,
    error: Option<WeightsError>,
}

impl Load {
    fn take(&mut self, expected: Vec<usize>) -> Result<NamedTensor, WeightsError> {
        let name = self.path.join(".");
        match self.tensors.take(&name) {
            None => Err(WeightsError::Missing { name, expected, names: self.names.clone() }),
            Some(found) if found.shape != expected => Err(WeightsError::Shape { name, expected, found: found.shape }),
            Some(found) => Ok(found),
        }
    }
}

impl ModuleMapper for Load {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if self.error.is_some() {
            return param;
        }
        let saved = param.transform_for_save().val();
        match self.take(saved.dims().to_vec()) {
            Ok(NamedTensor { shape, values }) => {
                let id = param.id;
                let tensor = Tensor::from_data(TensorData::new(values, shape), &saved.device());
                param.transform_for_load(tensor, id)
            }
            Err(error) => {
                self.error = Some(error);
                param
            }
        }
    }
}

#[cfg(test)]
#[path = "weights_tests.rs"]
mod tests;
