//! Named tensors as bytes: what a `model.safetensors` holds, and what a state's digest is over.

use std::collections::BTreeMap;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use thiserror::Error;

/// Tensors of `f32` by name, in the order of their names.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NamedTensors(BTreeMap<String, NamedTensor>);

/// One of them.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedTensor {
    /// Its dimensions.
    pub shape: Vec<usize>,
    /// Its values, row by row; as many as the dimensions multiply to.
    pub values: Vec<f32>,
}

/// Why bytes are not a file of tensors that can be used.
#[derive(Debug, Error)]
pub enum TensorsError {
    /// The bytes are no safetensors file.
    #[error("not a safetensors file: {0}")]
    Format(#[from] safetensors::SafeTensorError),
    /// A tensor holds something else than `f32`.
    #[error("tensor `{name}` holds {found}; starloom trains f32, so convert it")]
    Kind {
        /// The tensor.
        name: String,
        /// What it holds.
        found: Dtype,
    },
}

impl NamedTensors {
    /// Adds a tensor. The name should not be taken.
    ///
    /// # Panics
    /// If there are not as many values as the dimensions multiply to.
    pub fn insert(&mut self, name: String, shape: Vec<usize>, values: Vec<f32>) {
        assert_eq!(shape.iter().product::<usize>(), values.len(), "values of tensor `{name}` of shape {shape:?}");
        self.0.insert(name, NamedTensor { shape, values });
    }

    /// The tensor called `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&NamedTensor> {
        self.0.get(name)
    }

    /// Takes the tensor called `name` out.
    pub fn take(&mut self, name: &str) -> Option<NamedTensor> {
        self.0.remove(name)
    }

    /// All of them, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &NamedTensor)> {
        self.0.iter().map(|(name, tensor)| (name.as_str(), tensor))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The tensors as a safetensors file. The same tensors give the same bytes: sorted names and no metadata.
    ///
    /// # Errors
    /// [`TensorsError::Format`] if the names are too long for the format's header (100 MB).
    pub fn to_safetensors(&self) -> Result<Vec<u8>, TensorsError> {
        let bytes: Vec<Vec<u8>> = self.0.values().map(|tensor| little_endian(&tensor.values)).collect();
        let views = self
            .0
            .iter()
            .zip(&bytes)
            .map(|((name, tensor), bytes)| Ok((name, TensorView::new(Dtype::F32, tensor.shape.clone(), bytes)?)));
        let views = views.collect::<Result<Vec<_>, safetensors::SafeTensorError>>()?;
        Ok(safetensors::serialize(views, None)?)
    }

    /// Reads a safetensors file. Never panics, whatever the bytes.
    ///
    /// # Errors
    /// [`TensorsError`] if it is none, or holds something else than `f32`.
    pub fn from_safetensors(bytes: &[u8]) -> Result<Self, TensorsError> {
        let mut tensors = Self::default();
        for (name, view) in SafeTensors::deserialize(bytes)?.iter() {
            if view.dtype() != Dtype::F32 {
                return Err(TensorsError::Kind { name: name.to_owned(), found: view.dtype() });
            }
            let values = view.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
            tensors.insert(name.to_owned(), view.shape().to_vec(), values);
        }
        Ok(tensors)
    }

    /// Feeds names, shapes and values to a hash, so that two sets give the same exactly if they are the same.
    pub fn hash_into(&self, hasher: &mut blake3::Hasher) {
        hasher.update(&(self.0.len() as u64).to_le_bytes());
        for (name, tensor) in &self.0 {
            hasher.update(&(name.len() as u64).to_le_bytes());
            hasher.update(name.as_bytes());
            hasher.update(&(tensor.shape.len() as u64).to_le_bytes());
            for dimension in &tensor.shape {
                hasher.update(&(*dimension as u64).to_le_bytes());
            }
            hasher.update(&little_endian(&tensor.values));
        }
    }
}

fn little_endian(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_tensors() -> NamedTensors {
        let mut tensors = NamedTensors::default();
        tensors.insert("fc.weight".into(), vec![2, 3], vec![1.0, -2.0, 3.5, f32::MIN_POSITIVE, 0.0, -0.0]);
        tensors.insert("conv.bias".into(), vec![1], vec![0.25]);
        tensors
    }

    fn digest(tensors: &NamedTensors) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        tensors.hash_into(&mut hasher);
        hasher.finalize()
    }

    #[test]
    fn a_file_reads_back_to_the_same_tensors_and_bytes() {
        let tensors = two_tensors();
        let bytes = tensors.to_safetensors().expect("a file");
        let back = NamedTensors::from_safetensors(&bytes).expect("its own file");
        assert_eq!(back, tensors);
        assert_eq!(back.to_safetensors().expect("a file"), bytes);
        assert_eq!(digest(&back), digest(&tensors));
    }

    #[test]
    fn a_digest_tells_names_shapes_and_values_apart() {
        let mut renamed = two_tensors();
        let tensor = renamed.take("conv.bias").expect("it is there");
        renamed.insert("conv.bia".into(), tensor.shape, tensor.values);
        let mut reshaped = two_tensors();
        let tensor = reshaped.take("fc.weight").expect("it is there");
        reshaped.insert("fc.weight".into(), vec![3, 2], tensor.values);
        assert_ne!(digest(&renamed), digest(&two_tensors()));
        assert_ne!(digest(&reshaped), digest(&two_tensors()));
    }

    #[test]
    fn damaged_bytes_are_refused() {
        let bytes = two_tensors().to_safetensors().expect("a file");
        for len in [0, 4, 8, bytes.len() / 2, bytes.len() - 1] {
            assert!(NamedTensors::from_safetensors(&bytes[..len]).is_err(), "{len} bytes");
        }
        assert!(NamedTensors::from_safetensors(&[0xff; 64]).is_err());
    }

    #[test]
    fn other_kinds_of_numbers_are_named() {
        let view = TensorView::new(Dtype::F64, vec![1], &[0; 8]).expect("eight bytes");
        let bytes = safetensors::serialize([("bias", view)], None).expect("a file");
        let error = NamedTensors::from_safetensors(&bytes).expect_err("f64").to_string();
        assert!(error.contains("`bias`") && error.contains("F64"), "{error}");
    }
}
