//! The upper half of `f32`.
//!
//! The encoding of `n` values is `n` bfloat16 (the sign, the eight bits of exponent and the upper seven of the fraction
//! of an `f32`, little endian), rounded to nearest, ties to even. The range is that of `f32`, so there is no scale:
//! what is small beside its neighbours is as precise as they are.
//!
//! Error bound: `|decode(encode(v)) − v| ≤ 2^-8·|v|`, or `2^-134` where that is more.

use super::BLOCK;
use super::CodecError;
use super::blocks::{Block, BlockFormat, BlockMut};
use super::lanes::{Lanes, magnitude};

pub(super) const fn encoded_len(elements: usize) -> usize {
    elements * BYTES
}

/// The format, as the kernels of [`blocks`](super::blocks) take it.
#[derive(Debug)]
pub(super) struct Bf16;

impl BlockFormat for Bf16 {
    const BODY_BYTES: usize = BLOCK * BYTES;
    const SCALE_BYTES: usize = 0;
    /// Half a step above the largest bfloat16.
    const OVERFLOW: u32 = 0x7f7f_8000;

    #[inline(always)]
    fn encode<L: Lanes>(_: L, values: &[f32], _: u32, block: BlockMut<'_>) {
        for (value, bytes) in values.iter().zip(block.body.as_chunks_mut().0) {
            *bytes = narrow(*value).to_le_bytes();
        }
    }

    #[inline(always)]
    fn decode<L: Lanes>(_: L, _: usize, block: Block<'_>, values: &mut [f32]) -> Result<u32, CodecError> {
        let mut peak = 0;
        for (value, bytes) in values.iter_mut().zip(block.body.as_chunks().0) {
            *value = f32::from_bits(u32::from(u16::from_le_bytes(*bytes)) << 16);
            peak = peak.max(magnitude(*value));
        }
        Ok(peak)
    }
}

const BYTES: usize = 2;

/// The nearest bfloat16 of a value that does not overflow. Of two equally near ones, half a step up and then cutting
/// off would take the larger; a step less than that takes it only if the lower one is odd.
#[inline(always)]
fn narrow(value: f32) -> u16 {
    let bits = value.to_bits();
    (bits.wrapping_add(0x7fff + (bits >> 16 & 1)) >> 16) as u16
}
