//! A Burn module as one flat vector, and back: the part of it that nodes exchange.
//!
//! The vector is `[trainable matrices | other trainable parameters | running statistics]`, each in the order in which the module is
//! visited (that of its fields). What is behind the matrices (norms, biases, statistics) is little, and a wire format that loses much
//! must not touch it. Frozen parameters are no part of it. A [`Layout`] is made once per module and says what lies where.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};

/// Where each tensor of a module lies in the flat vector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Every float tensor of the module, in the order in which it is visited.
    places: Vec<Place>,
    matrices: usize,
    trainable: usize,
    elements: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    role: Role,
    /// In the flat vector; of no meaning for frozen ones.
    offset: usize,
    elements: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Trainable, of two dimensions or more.
    Matrix,
    /// Trainable, of one.
    Trainable,
    Running,
    Frozen,
}

impl Role {
    const fn trains(self) -> bool {
        matches!(self, Self::Matrix | Self::Trainable)
    }
}

impl Layout {
    /// The layout of `model`, which is on a device with automatic differentiation. Draws the weights that are not drawn yet.
    pub(crate) fn of<M: Module>(model: &M) -> Self {
        // A running statistic looks like a frozen parameter, but keeps its id whatever a mapper says.
        let mut ids = Ids::default();
        model.visit(&mut ids);
        let mut others = Ids::default();
        model.clone().map(&mut OtherIds).visit(&mut others);
        let mut places: Vec<Place> = ids
            .seen
            .iter()
            .zip(&others.seen)
            .map(|(seen, other)| Place {
                role: match seen {
                    Seen { trains: true, dimensions: 2.., .. } => Role::Matrix,
                    Seen { trains: true, .. } => Role::Trainable,
                    Seen { id, .. } if *id == other.id => Role::Running,
                    _ => Role::Frozen,
                },
                offset: 0,
                elements: seen.elements,
            })
            .collect();
        let mut elements = 0;
        let mut lay_out = |role| {
            for place in places.iter_mut().filter(|place| place.role == role) {
                place.offset = elements;
                elements += place.elements;
            }
            elements
        };
        let (matrices, trainable) = (lay_out(Role::Matrix), lay_out(Role::Trainable));
        let elements = lay_out(Role::Running);
        Self { places, matrices, trainable, elements }
    }

    /// Elements of the vector.
    pub(crate) const fn elements(&self) -> usize {
        self.elements
    }

    /// How many of them, at the end, a format that loses much must not touch.
    pub(crate) const fn exempt(&self) -> usize {
        self.elements - self.matrices
    }

    /// How many of them are trainable parameters; they come first.
    pub(crate) const fn trainable(&self) -> usize {
        self.trainable
    }

    /// The vector of `model`.
    pub(crate) fn read<M: Module>(&self, model: &M) -> Vec<f32> {
        let mut flat = vec![0.0; self.elements];
        let mut read = Read { places: self.places.iter(), flat: &mut flat };
        if self.has_running() {
            // An update of this thread may still wait beside a running statistic; `valid` takes it in.
            model.valid().visit(&mut read);
        } else {
            model.visit(&mut read);
        }
        flat
    }

    /// `model` with the values of the vector `flat`.
    pub(crate) fn write<M: Module>(&self, model: M, flat: &[f32]) -> M {
        assert_eq!(flat.len(), self.elements, "the vector has the elements of the layout");
        if self.has_running() {
            drop(model.valid());
        }
        model.map(&mut Write { places: self.places.iter(), flat })
    }

    /// Sets the running statistics of `model` itself to `running`, the back of the vector: they are shared with its clones.
    pub(crate) fn write_running<M: Module>(&self, model: &M, running: &[f32]) {
        assert_eq!(running.len(), self.elements - self.trainable, "the running statistics of the layout");
        if self.has_running() {
            drop(model.valid());
            drop(model.clone().map(&mut WriteRunning {
                places: self.places.iter(),
                trainable: self.trainable,
                running,
            }));
        }
    }

    /// Adds gradients to the front of `flat`. A parameter that the loss does not depend on has none.
    pub(crate) fn add_gradients<M: Module>(&self, model: &M, mut gradients: GradientsParams, flat: &mut [f32]) {
        model.visit(&mut AddGradients { places: self.places.iter(), gradients: &mut gradients, flat });
    }

    /// The front of `flat` as gradients of `model`. `device` is where it lives, with or without automatic differentiation.
    pub(crate) fn gradients<M: Module>(&self, model: &M, flat: &[f32], device: &Device) -> GradientsParams {
        let device = device.clone().without_autodiff();
        let mut write = WriteGradients { places: self.places.iter(), flat, device, gradients: GradientsParams::new() };
        model.visit(&mut write);
        write.gradients
    }

    fn has_running(&self) -> bool {
        self.elements > self.trainable
    }
}

/// Draws every weight of `model` that is not drawn yet, in the order of its fields, so that the same seed gives the same
/// weights.
pub(crate) fn draw<M: Module>(model: &M) {
    model.visit(&mut Ids::default());
}

struct Seen {
    id: ParamId,
    trains: bool,
    dimensions: usize,
    elements: usize,
}

#[derive(Default)]
struct Ids {
    seen: Vec<Seen>,
}

impl ModuleVisitor for Ids {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.val();
        self.seen.push(Seen {
            id: param.id,
            trains: tensor.is_require_grad(),
            dimensions: D,
            elements: tensor.shape().num_elements(),
        });
    }
}

struct OtherIds;

impl ModuleMapper for OtherIds {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (_, tensor, mapper) = param.consume();
        Param::from_mapped_value(ParamId::new(), tensor, mapper)
    }
}

type Places<'a> = std::slice::Iter<'a, Place>;

/// The next place: a module is visited in the same order each time.
fn next(places: &mut Places<'_>) -> Place {
    let Some(place) = places.next() else { panic!("the module has more tensors than it was laid out with") };
    *place
}

struct Read<'a> {
    places: Places<'a>,
    flat: &'a mut [f32],
}

impl ModuleVisitor for Read<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Place { role, offset, elements } = next(&mut self.places);
        if role != Role::Frozen {
            self.flat[offset..offset + elements].copy_from_slice(&values(param.val()));
        }
    }
}

struct Write<'a> {
    places: Places<'a>,
    flat: &'a [f32],
}

impl ModuleMapper for Write<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Place { role, offset, elements } = next(&mut self.places);
        if role == Role::Frozen {
            return param;
        }
        let values = self.flat[offset..offset + elements].to_vec();
        param.map(|old| {
            let tensor = Tensor::from_data(TensorData::new(values, old.shape()), &old.device());
            if role.trains() { tensor.require_grad() } else { tensor }
        })
    }
}

struct WriteRunning<'a> {
    places: Places<'a>,
    trainable: usize,
    running: &'a [f32],
}

impl ModuleMapper for WriteRunning<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Place { role, offset, elements } = next(&mut self.places);
        if role != Role::Running {
            return param;
        }
        let from = offset - self.trainable;
        let values = self.running[from..from + elements].to_vec();
        param.map(|old| Tensor::from_data(TensorData::new(values, old.shape()), &old.device()))
    }
}

struct AddGradients<'a> {
    places: Places<'a>,
    gradients: &'a mut GradientsParams,
    flat: &'a mut [f32],
}

impl ModuleVisitor for AddGradients<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Place { role, offset, elements } = next(&mut self.places);
        if !role.trains() {
            return;
        }
        if let Some(gradient) = self.gradients.remove::<D>(param.id) {
            for (sum, value) in self.flat[offset..offset + elements].iter_mut().zip(values(gradient)) {
                *sum += value;
            }
        }
    }
}

struct WriteGradients<'a> {
    places: Places<'a>,
    flat: &'a [f32],
    device: Device,
    gradients: GradientsParams,
}

impl ModuleVisitor for WriteGradients<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Place { role, offset, elements } = next(&mut self.places);
        if role.trains() {
            let data = TensorData::new(self.flat[offset..offset + elements].to_vec(), param.lazy_shape());
            self.gradients.register(param.id, Tensor::<D>::from_data(data, &self.device));
        }
    }
}

/// The values of a tensor, row by row. A module that is not of `f32` is converted.
pub(crate) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    match tensor.into_data().try_into_vec_as::<f32>() {
        Ok(values) => values,
        Err(error) => panic!("a float tensor gives its values: {error:?}"),
    }
}

#[cfg(test)]
#[path = "flat_tests.rs"]
mod tests;
