//! The format of one frame: a [`Wire`], and how much of the frame's end a format that loses much must not touch.

use std::fmt;
use std::ops::Range;

use super::{BLOCK, CodecError, Weighted, Wire};

/// How the numbers of a frame are encoded: in blocks of one format, the last of them as fp16 perhaps.
///
/// Norms and biases are few and suffer most from rounding; a vector has them at its end. The kernels are those of [`Wire`], and
/// panic as these do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    /// The format.
    pub wire: Wire,
    /// Blocks at the end that are fp16 instead.
    pub exempt: u16,
}

/// A run of elements in one format, and the bytes that they take.
struct Part {
    wire: Wire,
    elements: Range<usize>,
    bytes: Range<usize>,
}

impl Part {
    fn of<'a>(&self, own: Weighted<'a>) -> Weighted<'a> {
        Weighted { values: &own.values[self.elements.clone()], ..own }
    }

    fn outcome(&self, outcome: Result<(), CodecError>) -> Result<(), CodecError> {
        outcome.map_err(|error| error.behind(self.elements.start))
    }
}

impl Format {
    /// Blocks of one format alone, for `elements` of which those from `exempt_from` on are exempt from losses.
    #[must_use]
    pub fn exempting(wire: Wire, elements: usize, exempt_from: usize) -> Self {
        if !wire.wants_residual() || exempt_from >= elements {
            return Self::from(wire);
        }
        let exempt = elements.div_ceil(BLOCK) - exempt_from / BLOCK;
        Self { wire, exempt: u16::try_from(exempt).unwrap_or(u16::MAX) }
    }

    /// Bytes of the encoding of `elements` values.
    #[must_use]
    pub fn encoded_len(self, elements: usize) -> usize {
        self.parts(elements).last().map_or(0, |part| part.bytes.end)
    }

    /// As [`Wire::encode`].
    ///
    /// # Errors
    /// As there.
    pub fn encode(self, own: Weighted<'_>, payload: &mut [u8]) -> Result<(), CodecError> {
        let each = |part: Part| part.outcome(part.wire.encode(part.of(own), &mut payload[part.bytes.clone()]));
        self.parts(own.values.len()).try_for_each(each)
    }

    /// As [`Wire::encode_keeping`].
    ///
    /// # Errors
    /// As there.
    pub fn encode_keeping(self, own: Weighted<'_>, residual: &mut [f32], payload: &mut [u8]) -> Result<(), CodecError> {
        self.parts(own.values.len()).try_for_each(|part| {
            let residual = &mut residual[part.elements.clone()];
            part.outcome(part.wire.encode_keeping(part.of(own), residual, &mut payload[part.bytes.clone()]))
        })
    }

    /// As [`Wire::decode`].
    ///
    /// # Errors
    /// As there.
    pub fn decode(self, payload: &[u8], values: &mut [f32]) -> Result<(), CodecError> {
        self.parts(values.len()).try_for_each(|part| {
            part.outcome(part.wire.decode(&payload[part.bytes.clone()], &mut values[part.elements.clone()]))
        })
    }

    /// As [`Wire::decode_streaming`].
    ///
    /// # Errors
    /// As there.
    pub fn decode_streaming(self, payload: &[u8], values: &mut [f32]) -> Result<(), CodecError> {
        self.parts(values.len()).try_for_each(|part| {
            let values = &mut values[part.elements.clone()];
            part.outcome(part.wire.decode_streaming(&payload[part.bytes.clone()], values))
        })
    }

    /// As [`Wire::decode_add`].
    ///
    /// # Errors
    /// As there.
    pub fn decode_add(self, payload: &[u8], sum: &mut [f32]) -> Result<(), CodecError> {
        self.parts(sum.len()).try_for_each(|part| {
            part.outcome(part.wire.decode_add(&payload[part.bytes.clone()], &mut sum[part.elements.clone()]))
        })
    }

    /// As [`Wire::decode_weighted_add`].
    ///
    /// # Errors
    /// As there.
    pub fn decode_weighted_add(self, payload: &[u8], own: Weighted<'_>, sum: &mut [f32]) -> Result<(), CodecError> {
        self.parts(sum.len()).try_for_each(|part| {
            let sum = &mut sum[part.elements.clone()];
            part.outcome(part.wire.decode_weighted_add(&payload[part.bytes.clone()], part.of(own), sum))
        })
    }

    /// As [`Wire::reduce`].
    ///
    /// # Errors
    /// As there.
    pub fn reduce(self, payload: &mut [u8], own: Weighted<'_>) -> Result<(), CodecError> {
        let each = |part: Part| part.outcome(part.wire.reduce(&mut payload[part.bytes.clone()], part.of(own)));
        self.parts(own.values.len()).try_for_each(each)
    }

    /// As [`Wire::reduce_keeping`].
    ///
    /// # Errors
    /// As there.
    pub fn reduce_keeping(self, payload: &mut [u8], own: Weighted<'_>, residual: &mut [f32]) -> Result<(), CodecError> {
        self.parts(own.values.len()).try_for_each(|part| {
            let residual = &mut residual[part.elements.clone()];
            part.outcome(part.wire.reduce_keeping(&mut payload[part.bytes.clone()], part.of(own), residual))
        })
    }

    /// As [`Wire::mean`].
    ///
    /// # Errors
    /// As there.
    pub fn mean(self, sum: &mut [f32], divisor: f32, payload: &mut [u8]) -> Result<(), CodecError> {
        self.parts(sum.len()).try_for_each(|part| {
            let sum = &mut sum[part.elements.clone()];
            part.outcome(part.wire.mean(sum, divisor, &mut payload[part.bytes.clone()]))
        })
    }

    /// As [`Wire::mean_keeping`].
    ///
    /// # Errors
    /// As there.
    pub fn mean_keeping(
        self,
        sum: &mut [f32],
        divisor: f32,
        residual: &mut [f32],
        payload: &mut [u8],
    ) -> Result<(), CodecError> {
        self.parts(sum.len()).try_for_each(|part| {
            let (sum, residual) = (&mut sum[part.elements.clone()], &mut residual[part.elements.clone()]);
            part.outcome(part.wire.mean_keeping(sum, divisor, residual, &mut payload[part.bytes.clone()]))
        })
    }

    /// The runs of `elements`, one or two; one without elements if there are none.
    fn parts(self, elements: usize) -> impl Iterator<Item = Part> {
        let cut = elements.div_ceil(BLOCK).saturating_sub(usize::from(self.exempt)) * BLOCK;
        let cut = if self.exempt == 0 { elements } else { cut };
        let bytes = self.wire.encoded_len(cut);
        let first = Part { wire: self.wire, elements: 0..cut, bytes: 0..bytes };
        let exempt = bytes + Wire::Fp16.encoded_len(elements - cut);
        let last = Part { wire: Wire::Fp16, elements: cut..elements, bytes: bytes..exempt };
        let has_last = cut < elements;
        (cut > 0 || !has_last).then_some(first).into_iter().chain(has_last.then_some(last))
    }
}

impl From<Wire> for Format {
    fn from(wire: Wire) -> Self {
        Self { wire, exempt: 0 }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.exempt {
            0 => write!(f, "{}", self.wire),
            blocks => write!(f, "{} but for {blocks} blocks", self.wire),
        }
    }
}
