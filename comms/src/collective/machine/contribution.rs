//! What a rank puts into a collective.

use std::sync::Arc;

use super::outcome::Refusal;
use super::weight;
use crate::codec::{CodecError, Wire, peak};
use crate::collective::residual::Residual;

/// A vector and its weight. It is looked through once, and serves any number of attempts. Cloning shares the vector.
#[derive(Debug, Clone)]
pub struct Contribution {
    values: Arc<Vec<f32>>,
    samples: u64,
    /// The largest magnitude in it.
    peak: Result<f32, CodecError>,
    residual: Option<Arc<Residual>>,
    exempt: usize,
}

impl Contribution {
    /// A contribution of `values` with the weight `samples`. One without samples is not looked through: nothing of it counts.
    #[must_use]
    pub fn new(values: Arc<Vec<f32>>, samples: u64) -> Self {
        let peak = if samples == 0 { Ok(0.0) } else { peak(&values) };
        Self { values, samples, peak, residual: None, exempt: 0 }
    }

    /// With what earlier rounds have left of this rank's: what is lost in encoding is then kept, see
    /// [`Machine::take_residual`](super::Machine::take_residual).
    #[must_use]
    pub fn with_residual(self, residual: Arc<Residual>) -> Self {
        Self { residual: Some(residual), ..self }
    }

    /// With so many elements at the end of the vector that a format which loses much must not touch, as norms and biases: the
    /// blocks that they are in travel as fp16. All ranks exempt as many.
    #[must_use]
    pub fn exempting(self, elements: usize) -> Self {
        Self { exempt: elements, ..self }
    }

    pub(super) fn residual(&self) -> Option<Residual> {
        self.residual.as_ref().map(|residual| residual.of_length(self.values.len()))
    }

    /// Where the exempt elements begin.
    pub(super) fn exempt_from(&self) -> usize {
        self.values.len() - self.exempt.min(self.values.len())
    }

    /// The vector.
    #[must_use]
    pub const fn values(&self) -> &Arc<Vec<f32>> {
        &self.values
    }

    /// Its weight.
    #[must_use]
    pub const fn samples(&self) -> u64 {
        self.samples
    }

    /// The vector's buffer, unless it is shared.
    #[must_use]
    pub fn into_buffer(self) -> Option<Vec<f32>> {
        Arc::into_inner(self.values)
    }

    /// Whether it could make a sum over `ranks` that is not finite, and why.
    ///
    /// The limit keeps a sum of `ranks` contributions finite, with room for each hop to round up: `(1 + 2^-11)^4096 < 16`
    /// and `(1 + 2^-8)^4096 < 2^24`. In int8 the largest value of a block rounds as its scale does, which is a bfloat16.
    #[expect(clippy::cast_precision_loss, reason = "a bound with room to spare")]
    pub(super) fn refusal(&self, ranks: usize, wire: Wire) -> Option<Refusal> {
        let room = match wire {
            Wire::F32 | Wire::Fp16 | Wire::TopK => 16.0,
            Wire::Bf16 | Wire::Int8 => 16_777_216.0,
        };
        let (samples, limit) = (self.samples, f32::MAX / (room * ranks as f32));
        match self.peak {
            Ok(peak) if peak * weight(samples) <= limit => None,
            Ok(peak) => Some(Refusal::TooLarge { peak, samples, limit }),
            Err(error) => {
                let block = error.element();
                let place = self.values[block..].iter().position(|value| !value.is_finite()).unwrap_or_default();
                Some(Refusal::NonFinite { element: block + place, value: self.values[block + place] })
            }
        }
    }
}
