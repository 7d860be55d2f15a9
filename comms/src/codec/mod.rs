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
//! | [`Wire::decode_streaming`] | the same | where they are many |
//!
//! A format that loses much ([`Wire::wants_residual`]) has its errors fed back: the rank that loses something keeps it as
//! its residual, in the units of what it encoded, and means it too when it encodes the next time. In the long run
//! everything arrives (Seide and others, 1-bit SGD, Interspeech 2014;
//! [Karimireddy and others](https://arxiv.org/abs/1901.09847)). The kernels that encode exist in that form too, for every
//! format:
//!
//! | kernel | meant | effect |
//! |---|---|---|
//! | [`Wire::encode_keeping`] | `v = w·x + r` | `payload = encode(v); r = v − decode(payload)` |
//! | [`Wire::reduce_keeping`] | `v = w·x + decode(payload) + r` | the same |
//! | [`Wire::mean_keeping`] | `v = sum / n + r` | the same, and `sum = decode(payload)` |
//!
//! Sums are in `f32`. Every kernel notices NaN and infinity in what it writes, in the pass that it makes anyway. The
//! processor's vector instructions are chosen at run time and change the speed alone: results are the same to
//! the bit on every path.
//!
//! [`planes`] packs a payload, where a link is slower than that.
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
mod bf16;
mod blocks;
mod format;
mod fp16;
mod int8;
mod kernels;
mod lanes;
pub mod planes;
mod portable;
#[cfg(target_arch = "x86_64")]
mod simd_x86;
#[cfg(test)]
mod tests;
mod topk;
mod wire;

use thiserror::Error;

pub use format::Format;
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
    /// NaN or infinity, in the input or by overflow of the sum. What rounds to 2^128 is infinite too, which begins
    /// `2^-12` of that below it in fp16 and top-k and `2^-9` in bf16.
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
    /// A block's scale in int8 is one that no encoder writes.
    #[error("a block scale of {} at element {element}: scales are 0, or 2^-126 to 2^121", half::bf16::from_bits(*bits))]
    Scale {
        /// The first element of the block.
        element: usize,
        /// The scale, as the bits of a bfloat16.
        bits: u16,
    },
    /// An entry of top-k is outside its block.
    #[error("an entry at {index} in a block of {elements} values at element {element}")]
    Index {
        /// The first element of the block.
        element: usize,
        /// Where the entry would be.
        index: u8,
        /// Values in the block.
        elements: usize,
    },
}

impl CodecError {
    /// The same of a vector that has so many elements before those that it is about.
    #[must_use]
    pub(crate) const fn behind(mut self, before: usize) -> Self {
        match &mut self {
            Self::NonFinite { element }
            | Self::Exponent { element, .. }
            | Self::Scale { element, .. }
            | Self::Index { element, .. } => *element += before,
        }
        self
    }

    /// The first element of the block that it is about.
    #[must_use]
    pub const fn element(self) -> usize {
        match self {
            Self::NonFinite { element }
            | Self::Exponent { element, .. }
            | Self::Scale { element, .. }
            | Self::Index { element, .. } => element,
        }
    }
}

/// Elements that share a scale, and the grain at which kernels report errors.
pub const BLOCK: usize = 256;

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
