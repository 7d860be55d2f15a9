//! Bytes with a scale per block.
//!
//! The encoding of `n` values is `n` signed bytes and then one bfloat16 for each block of 256 values, the last block
//! being shorter: `value = byte · scale`. The scale is the block's largest magnitude over 127, rounded to nearest, so
//! bytes are −127 to 127; it is `2^-126` at the least.
//!
//! Error bound, with `m` the largest magnitude of the block: `|decode(encode(v)) − v| ≤ m/253 + 2^-127`.
//!
//! A power of two as scale would save a byte in 258 and cost up to a factor of two in precision, 1.5 in the root of the
//! mean square; two bytes more of scale would gain no more than 0.4 %. And a byte times the eight bits of a bfloat16 is
//! exact in `f32`: decoding does not round, and what is sent plus the residual is what was meant, to the bit.
//!
//! The step is the same for all of a block, so an error stays where small values have large neighbours: the format
//! wants its residual kept.

use half::bf16;

use super::BLOCK;
use super::CodecError;
use super::blocks::{Block, BlockFormat, BlockMut};
use super::lanes::{Lanes, magnitude};

pub(super) const fn encoded_len(elements: usize) -> usize {
    elements + elements.div_ceil(BLOCK) * SCALE_BYTES
}

/// The format, as the kernels of [`blocks`](super::blocks) take it.
#[derive(Debug)]
pub(super) struct Int8;

impl BlockFormat for Int8 {
    const BODY_BYTES: usize = BLOCK;
    const SCALE_BYTES: usize = SCALE_BYTES;

    #[inline(always)]
    fn encode<L: Lanes>(_: L, values: &[f32], peak: u32, block: BlockMut<'_>) {
        let scale = bf16::from_f32(f32::from_bits(peak) / STEPS).max(LEAST_SCALE);
        block.scale.copy_from_slice(&scale.to_le_bytes());
        let steps = 1.0 / scale.to_f32();
        for (value, byte) in values.iter().zip(block.body) {
            // Where 1 is the last place, an addition rounds to integers, and leaves them in the lowest byte.
            #[expect(clippy::cast_possible_truncation, reason = "the lowest byte is what is wanted")]
            let nearest = (value * steps + ONES).to_bits() as u8;
            *byte = nearest;
        }
    }

    #[inline(always)]
    fn decode<L: Lanes>(_: L, element: usize, block: Block<'_>, values: &mut [f32]) -> Result<u32, CodecError> {
        let scale = scale(element, block.scale)?;
        let mut peak = 0;
        for (value, byte) in values.iter_mut().zip(block.body) {
            *value = f32::from(byte.cast_signed()) * scale;
            peak = peak.max(magnitude(*value));
        }
        Ok(peak)
    }
}

const SCALE_BYTES: usize = size_of::<bf16>();
/// Steps from zero to a block's largest magnitude.
const STEPS: f32 = 127.0;
/// The reciprocal of each scale is a normal `f32`, as this one's is.
const LEAST_SCALE: bf16 = bf16::MIN_POSITIVE;
/// `129·2^114`, the scale of `f32::MAX`: the largest whose 127 steps are finite.
const GREATEST_SCALE: bf16 = bf16::from_bits(0x7c01);
/// `1.5·2^23`: the `f32` around it are the integers.
const ONES: f32 = 12_582_912.0;

/// The scale of a block. Zero is that of a payload without samples, all of whose bytes are zero.
#[inline(always)]
fn scale(element: usize, bytes: &[u8]) -> Result<f32, CodecError> {
    let scale = bf16::from_le_bytes(bytes.try_into().unwrap_or_default());
    if scale.to_bits() == 0 || (LEAST_SCALE..=GREATEST_SCALE).contains(&scale) {
        Ok(scale.to_f32())
    } else {
        Err(CodecError::Scale { element, bits: scale.to_bits() })
    }
}
