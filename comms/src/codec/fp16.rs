//! Half precision with a power-of-two scale per block.
//!
//! The encoding of `n` values is `n` halves (IEEE 754 binary16, little endian) and then one `i8` for each block of
//! 256 values, the last block being shorter: `value = half · 2^exponent`. The exponent puts the largest magnitude of
//! its block into `[2^14, 2^15)`, so no rounding overflows (binary16 ends at 65,504), and 29 binary orders below it
//! have full precision. It is −126 at the least, where a half's smallest step is below that of `f32` itself.
//!
//! Error bound, with `m` the largest magnitude of the block: `|decode(encode(v)) − v| ≤ 2^-11·|v| + 2^-39·m`. The
//! second term is the flush of what is 2^-29 times smaller than its block's largest value; unscaled binary16 would lose
//! everything below 6·10^-8.

use super::blocks::{Block, BlockFormat, BlockMut};
use super::lanes::{Lanes, is_finite, magnitude};
use super::{BLOCK, CodecError, Weighted};

/// Bytes of a binary16.
pub(super) const HALF_BYTES: usize = 2;

pub(super) fn encode<L: Lanes>(lanes: L, own: Weighted<'_>, payload: &mut [u8]) -> Result<(), CodecError> {
    let (halves, exponents) = parts_mut(payload, own.values.len());
    let blocks = own.values.chunks(BLOCK).zip(halves.chunks_mut(BLOCK * HALF_BYTES)).zip(exponents);
    for (index, ((values, halves), exponent)) in blocks.enumerate() {
        lanes.fetch_ahead(values);
        // Rounding is monotonic: the largest product is the product of the largest.
        let peak = magnitude(f32::from_bits(lanes.peak(values)) * own.weight);
        *exponent = narrow(lanes, index, values, own.weight, peak, halves)?;
    }
    Ok(())
}

pub(super) fn decode<L: Lanes>(lanes: L, payload: &[u8], values: &mut [f32]) -> Result<(), CodecError> {
    let (halves, exponents) = parts(payload, values.len());
    let blocks = halves.chunks(BLOCK * HALF_BYTES).zip(exponents).zip(values.chunks_mut(BLOCK));
    for (index, ((halves, &exponent), values)) in blocks.enumerate() {
        finite(index, lanes.widen(halves, scale(index, exponent)?, values))?;
    }
    Ok(())
}

pub(super) fn decode_add<L: Lanes>(lanes: L, payload: &[u8], sum: &mut [f32]) -> Result<(), CodecError> {
    let (halves, exponents) = parts(payload, sum.len());
    let blocks = halves.chunks(BLOCK * HALF_BYTES).zip(exponents).zip(sum.chunks_mut(BLOCK));
    for (index, ((halves, &exponent), sum)) in blocks.enumerate() {
        finite(index, lanes.widen_add(halves, scale(index, exponent)?, sum))?;
    }
    Ok(())
}

pub(super) fn decode_weighted_add<L: Lanes>(
    lanes: L,
    payload: &[u8],
    own: Weighted<'_>,
    sum: &mut [f32],
) -> Result<(), CodecError> {
    let (halves, exponents) = parts(payload, sum.len());
    let values = own.values.chunks(BLOCK).zip(sum.chunks_mut(BLOCK));
    let blocks = halves.chunks(BLOCK * HALF_BYTES).zip(exponents).zip(values);
    for (index, ((halves, &exponent), (values, sum))) in blocks.enumerate() {
        lanes.fetch_ahead(values);
        finite(index, lanes.widen_weighted_add(halves, scale(index, exponent)?, values, own.weight, sum))?;
    }
    Ok(())
}

pub(super) fn reduce<L: Lanes>(lanes: L, payload: &mut [u8], own: Weighted<'_>) -> Result<(), CodecError> {
    let mut scratch = [0.0; BLOCK];
    let (halves, exponents) = parts_mut(payload, own.values.len());
    let blocks = own.values.chunks(BLOCK).zip(halves.chunks_mut(BLOCK * HALF_BYTES)).zip(exponents);
    for (index, ((values, halves), exponent)) in blocks.enumerate() {
        lanes.fetch_ahead(values);
        let sum = &mut scratch[..values.len()];
        let peak = lanes.widen_weighted_add(halves, scale(index, *exponent)?, values, own.weight, sum);
        *exponent = narrow(lanes, index, sum, 1.0, peak, halves)?;
    }
    Ok(())
}

pub(super) fn mean<L: Lanes>(lanes: L, sum: &mut [f32], divisor: f32, payload: &mut [u8]) -> Result<(), CodecError> {
    let (halves, exponents) = parts_mut(payload, sum.len());
    let blocks = sum.chunks_mut(BLOCK).zip(halves.chunks_mut(BLOCK * HALF_BYTES)).zip(exponents);
    for (index, ((sum, halves), exponent)) in blocks.enumerate() {
        let peak = lanes.divide(sum, divisor);
        *exponent = narrow(lanes, index, sum, 1.0, peak, halves)?;
        lanes.widen(halves, scale(index, *exponent)?, sum);
    }
    Ok(())
}

/// The format, as the kernels of [`blocks`](super::blocks) take it. Those here have one loop less.
#[derive(Debug)]
pub(super) struct Fp16;

impl BlockFormat for Fp16 {
    const BODY_BYTES: usize = BLOCK * HALF_BYTES;
    const SCALE_BYTES: usize = 1;
    const OVERFLOW: u32 = OVERFLOW;

    #[inline(always)]
    fn encode<L: Lanes>(lanes: L, values: &[f32], peak: u32, block: BlockMut<'_>) {
        block.scale[0] = scaled(lanes, values, 1.0, peak, block.body);
    }

    #[inline(always)]
    fn decode<L: Lanes>(lanes: L, element: usize, block: Block<'_>, values: &mut [f32]) -> Result<u32, CodecError> {
        Ok(lanes.widen(block.body, scale(element / BLOCK, block.scale[0])?, values))
    }
}

/// Encodes one block, whose weighted values peak at `peak`, and gives its exponent.
fn narrow<L: Lanes>(
    lanes: L,
    index: usize,
    values: &[f32],
    weight: f32,
    peak: u32,
    halves: &mut [u8],
) -> Result<u8, CodecError> {
    if peak >= OVERFLOW {
        return Err(CodecError::NonFinite { element: index * BLOCK });
    }
    Ok(scaled(lanes, values, weight, peak, halves))
}

/// Encodes one block, whose weighted values peak at `peak`, below [`OVERFLOW`].
pub(super) fn scaled<L: Lanes>(lanes: L, values: &[f32], weight: f32, peak: u32, halves: &mut [u8]) -> u8 {
    let exponent = exponent_of(peak);
    lanes.narrow(values, weight, power_of_two(-exponent), halves);
    #[expect(clippy::cast_possible_truncation, reason = "EXPONENTS fits i8")]
    (exponent as i8).cast_unsigned()
}

/// What an encoder writes: the least is where `2^exponent` is still a normal `f32`, the greatest is that of `f32::MAX`.
const EXPONENTS: std::ops::RangeInclusive<i32> = -126..=113;
/// The bit pattern from which on a magnitude rounds up to 2^128, which `f32` has not: `2^128·(1 − 2^-12)`.
pub(super) const OVERFLOW: u32 = 0x7f7f_f000;
/// The binary order that the largest magnitude of a block is brought to.
const TOP: i32 = 14;

/// The exponent for a block with this peak.
pub(super) fn exponent_of(peak: u32) -> i32 {
    let order = (peak >> 23).cast_signed() - 127;
    (order - TOP).max(*EXPONENTS.start())
}

/// `2^exponent`, a normal `f32` for the negative of each of [`EXPONENTS`] too.
pub(super) fn power_of_two(exponent: i32) -> f32 {
    f32::from_bits((exponent + 127).cast_unsigned() << 23)
}

pub(super) fn scale(index: usize, exponent: u8) -> Result<f32, CodecError> {
    let exponent = exponent.cast_signed();
    if EXPONENTS.contains(&i32::from(exponent)) {
        Ok(power_of_two(i32::from(exponent)))
    } else {
        Err(CodecError::Exponent { element: index * BLOCK, exponent })
    }
}

fn finite(index: usize, peak: u32) -> Result<(), CodecError> {
    if is_finite(peak) { Ok(()) } else { Err(CodecError::NonFinite { element: index * BLOCK }) }
}

fn parts(payload: &[u8], elements: usize) -> (&[u8], &[u8]) {
    payload.split_at(elements * HALF_BYTES)
}

fn parts_mut(payload: &mut [u8], elements: usize) -> (&mut [u8], &mut [u8]) {
    payload.split_at_mut(elements * HALF_BYTES)
}
