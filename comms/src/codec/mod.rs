//! How numbers look on the wire, and the arithmetic on them there.
//!
//! [`Wire`] names the format. Its methods are the kernels of a collective, each one pass over memory:
//!
//! | kernel | effect | where |
//! |---|---|---|
//! | [`Wire::encode`] | `payload = encode(w·x)` | a rank injects its contribution |
//! | [`Wire::reduce`] | `payload = encode(w·x + decode(payload))` | a hop adds its own, in place |
//! | [`Wire::decode_weighted_add`] | `sum = w·x + decode(payload)` | the first of several partial sums |
//! | [`Wire::decode_add`] | `sum += decode(payload)` | the others |
//! | [`Wire::mean`] | `sum /= n; payload = encode(sum); sum = decode(payload)` | a segment's owner |
//! | [`Wire::decode`] | `values = decode(payload)` | everybody else takes the owner's numbers |
//!
//! Sums are in `f32`. Every kernel notices NaN and infinity in what it writes, in the pass that it makes anyway. The
//! processor's vector instructions are chosen at run time and change the speed alone: results are the same to
//! the bit on every path.
//!
//! ```
//! use starloom_comms::codec::{Weighted, Wire};
//!
//! let mut payload = vec![0; Wire::Fp16.encoded_len(3)];
//! Wire::Fp16.encode(Weighted { values: &[0.5, 1e30, -3e-4], weight: 1.0 }, &mut payload)?;
//! let mut values = [0.0; 3];
//! Wire::Fp16.decode(&payload, &mut values)?;
//! assert!((values[1] / 1e30 - 1.0).abs() < 1.0 / 2048.0);
//! # Ok::<(), starloom_comms::codec::CodecError>(())
//! ```

mod bare;
mod fp16;
mod lanes;
mod portable;
#[cfg(target_arch = "x86_64")]
mod simd_x86;
#[cfg(test)]
mod tests;
mod wire;

use thiserror::Error;

pub use wire::{InvalidWire, Wire};

/// A contribution and its weight: the number of samples behind it.
#[derive(Debug, Clone, Copy)]
pub struct Weighted<'a> {
    /// The numbers.
    pub values: &'a [f32],
    /// What each is multiplied by; finite and not negative.
    pub weight: f32,
}

/// Why a kernel stopped. What it was writing is then unspecified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CodecError {
    /// NaN or infinity, in the input or by overflow of the sum. In fp16, what rounds to 2^128 is infinite too.
    #[error("NaN or infinity in the block at element {element}")]
    NonFinite {
        /// The first element of the block of [`BLOCK`] elements that has it.
        element: usize,
    },
    /// A block's scale is one that no encoder writes.
    #[error("a block scale of 2^{exponent} at element {element}: scales are 2^-126 to 2^113")]
    Exponent {
        /// The first element of the block.
        element: usize,
        /// The power of two.
        exponent: i8,
    },
}

/// Elements that share a scale in fp16, and the grain at which kernels report errors.
pub const BLOCK: usize = fp16::BLOCK;

/// Each kernel panics if the lengths of its slices do not fit together: `payload` has
/// [`Wire::encoded_len`] bytes for the number of values.
impl Wire {
    /// `payload = encode(w·x)`.
    ///
    /// # Errors
    /// [`CodecError::NonFinite`] if `w·x` has NaN or infinity.
    pub fn encode(self, own: Weighted<'_>, payload: &mut [u8]) -> Result<(), CodecError> {
        self.check(payload, own.values);
        match self {
            Self::F32 => bare::encode(own, payload),
            Self::Fp16 => lanes::dispatch!(lanes => fp16::encode(lanes, own, payload)),
        }
    }

    /// `values = decode(payload)`.
    ///
    /// # Errors
    /// [`CodecError`] if `payload` has NaN, infinity or an impossible scale.
    pub fn decode(self, payload: &[u8], values: &mut [f32]) -> Result<(), CodecError> {
        self.check(payload, values);
        match self {
            Self::F32 => bare::decode(payload, values),
            Self::Fp16 => lanes::dispatch!(lanes => fp16::decode(lanes, payload, values)),
        }
    }

    /// `sum += decode(payload)`.
    ///
    /// # Errors
    /// [`CodecError`] if `payload` has an impossible scale, or the sum NaN or infinity.
    pub fn decode_add(self, payload: &[u8], sum: &mut [f32]) -> Result<(), CodecError> {
        self.check(payload, sum);
        match self {
            Self::F32 => bare::decode_add(payload, sum),
            Self::Fp16 => lanes::dispatch!(lanes => fp16::decode_add(lanes, payload, sum)),
        }
    }

    /// `sum = w·x + decode(payload)`.
    ///
    /// # Errors
    /// [`CodecError`] if `payload` has an impossible scale, or the sum NaN or infinity.
    pub fn decode_weighted_add(self, payload: &[u8], own: Weighted<'_>, sum: &mut [f32]) -> Result<(), CodecError> {
        self.check(payload, sum);
        self.check(payload, own.values);
        match self {
            Self::F32 => bare::decode_weighted_add(payload, own, sum),
            Self::Fp16 => lanes::dispatch!(lanes => fp16::decode_weighted_add(lanes, payload, own, sum)),
        }
    }

    /// `payload = encode(w·x + decode(payload))`, in place.
    ///
    /// # Errors
    /// [`CodecError`] if `payload` has an impossible scale, or the sum NaN or infinity.
    pub fn reduce(self, payload: &mut [u8], own: Weighted<'_>) -> Result<(), CodecError> {
        self.check(payload, own.values);
        match self {
            Self::F32 => bare::reduce(payload, own),
            Self::Fp16 => lanes::dispatch!(lanes => fp16::reduce(lanes, payload, own)),
        }
    }

    /// `sum /= divisor; payload = encode(sum); sum = decode(payload)`: what the owner of a segment sends, and its own
    /// copy of what the others will read from that. The divisor is not zero.
    ///
    /// # Errors
    /// [`CodecError::NonFinite`] if the quotient has NaN or infinity.
    pub fn mean(self, sum: &mut [f32], divisor: f32, payload: &mut [u8]) -> Result<(), CodecError> {
        self.check(payload, sum);
        match self {
            Self::F32 => bare::mean(sum, divisor, payload),
            Self::Fp16 => lanes::dispatch!(lanes => fp16::mean(lanes, sum, divisor, payload)),
        }
    }

    fn check(self, payload: &[u8], values: &[f32]) {
        assert_eq!(payload.len(), self.encoded_len(values.len()), "a {self} payload for {} elements", values.len());
    }
}

/// The largest magnitude in `values`, 0 if there are none.
///
/// # Errors
/// [`CodecError::NonFinite`] if one is NaN or infinity.
pub fn peak(values: &[f32]) -> Result<f32, CodecError> {
    let mut peak = 0;
    for (block, chunk) in values.chunks(PEAK_CHUNK).enumerate() {
        let bits = lanes::dispatch!(lanes => lanes::Lanes::peak(lanes, chunk));
        if !lanes::is_finite(bits) {
            let at = chunk.iter().position(|value| !value.is_finite()).unwrap_or_default();
            return Err(CodecError::NonFinite { element: block * PEAK_CHUNK + at / BLOCK * BLOCK });
        }
        peak = bits.max(peak);
    }
    Ok(f32::from_bits(peak))
}

/// Elements that [`peak`] looks at between two checks.
const PEAK_CHUNK: usize = 64 * BLOCK;
