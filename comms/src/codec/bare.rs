//! Bare `f32`, little endian. Plain loops that compilers vectorise: memory is their bound.
//!
//! All are inlined, so that [`Lanes::run`] reaches them.

use super::blocks::{Block, BlockFormat, BlockMut};
use super::lanes::{Lanes, is_finite, magnitude};
use super::{BLOCK, CodecError, Weighted};

#[inline(always)]
pub(super) fn encode<L: Lanes>(lanes: L, own: Weighted<'_>, payload: &mut [u8]) -> Result<(), CodecError> {
    let blocks = own.values.chunks(BLOCK).zip(payload.chunks_mut(BLOCK * BYTES));
    for (index, (values, bytes)) in blocks.enumerate() {
        lanes.fetch_ahead(values);
        let mut peak = 0;
        for (value, bytes) in values.iter().zip(bytes.as_chunks_mut().0) {
            peak = store(value * own.weight, bytes, peak);
        }
        finite(index, peak)?;
    }
    Ok(())
}

#[inline(always)]
pub(super) fn decode(payload: &[u8], values: &mut [f32]) -> Result<(), CodecError> {
    each(payload, values, |_, received| received)
}

#[inline(always)]
pub(super) fn decode_add(payload: &[u8], sum: &mut [f32]) -> Result<(), CodecError> {
    each(payload, sum, |sum, received| sum + received)
}

#[inline(always)]
pub(super) fn decode_weighted_add<L: Lanes>(
    lanes: L,
    payload: &[u8],
    own: Weighted<'_>,
    sum: &mut [f32],
) -> Result<(), CodecError> {
    let blocks = payload.chunks(BLOCK * BYTES).zip(own.values.chunks(BLOCK).zip(sum.chunks_mut(BLOCK)));
    for (index, (bytes, (values, sum))) in blocks.enumerate() {
        lanes.fetch_ahead(values);
        let mut peak = 0;
        for ((sum, value), bytes) in sum.iter_mut().zip(values).zip(bytes.as_chunks().0) {
            *sum = value * own.weight + f32::from_le_bytes(*bytes);
            peak = peak.max(magnitude(*sum));
        }
        finite(index, peak)?;
    }
    Ok(())
}

#[inline(always)]
pub(super) fn reduce<L: Lanes>(lanes: L, payload: &mut [u8], own: Weighted<'_>) -> Result<(), CodecError> {
    let blocks = own.values.chunks(BLOCK).zip(payload.chunks_mut(BLOCK * BYTES));
    for (index, (values, bytes)) in blocks.enumerate() {
        lanes.fetch_ahead(values);
        let mut peak = 0;
        for (value, bytes) in values.iter().zip(bytes.as_chunks_mut().0) {
            peak = store(value * own.weight + f32::from_le_bytes(*bytes), bytes, peak);
        }
        finite(index, peak)?;
    }
    Ok(())
}

#[inline(always)]
pub(super) fn mean(sum: &mut [f32], divisor: f32, payload: &mut [u8]) -> Result<(), CodecError> {
    let blocks = sum.chunks_mut(BLOCK).zip(payload.chunks_mut(BLOCK * BYTES));
    for (index, (sum, bytes)) in blocks.enumerate() {
        let mut peak = 0;
        for (sum, bytes) in sum.iter_mut().zip(bytes.as_chunks_mut().0) {
            *sum /= divisor;
            peak = store(*sum, bytes, peak);
        }
        finite(index, peak)?;
    }
    Ok(())
}

/// Replaces each of `values` by what `combine` makes of it and the received one.
#[inline(always)]
fn each(payload: &[u8], values: &mut [f32], combine: impl Fn(f32, f32) -> f32) -> Result<(), CodecError> {
    let blocks = payload.chunks(BLOCK * BYTES).zip(values.chunks_mut(BLOCK));
    for (index, (bytes, values)) in blocks.enumerate() {
        let mut peak = 0;
        for (value, bytes) in values.iter_mut().zip(bytes.as_chunks().0) {
            *value = combine(*value, f32::from_le_bytes(*bytes));
            peak = peak.max(magnitude(*value));
        }
        finite(index, peak)?;
    }
    Ok(())
}

/// The format, as the kernels of [`blocks`](super::blocks) take it. Those here have one loop less.
#[derive(Debug)]
pub(super) struct Bare;

impl BlockFormat for Bare {
    const BODY_BYTES: usize = BLOCK * BYTES;
    const SCALE_BYTES: usize = 0;

    #[inline(always)]
    fn encode<L: Lanes>(_: L, values: &[f32], _: u32, block: BlockMut<'_>) {
        for (value, bytes) in values.iter().zip(block.body.as_chunks_mut().0) {
            *bytes = value.to_le_bytes();
        }
    }

    #[inline(always)]
    fn decode<L: Lanes>(_: L, _: usize, block: Block<'_>, values: &mut [f32]) -> Result<u32, CodecError> {
        let mut peak = 0;
        for (value, bytes) in values.iter_mut().zip(block.body.as_chunks().0) {
            *value = f32::from_le_bytes(*bytes);
            peak = peak.max(magnitude(*value));
        }
        Ok(peak)
    }
}

const BYTES: usize = size_of::<f32>();

#[inline(always)]
fn store(value: f32, bytes: &mut [u8; BYTES], peak: u32) -> u32 {
    *bytes = value.to_le_bytes();
    peak.max(magnitude(value))
}

fn finite(index: usize, peak: u32) -> Result<(), CodecError> {
    if is_finite(peak) { Ok(()) } else { Err(CodecError::NonFinite { element: index * BLOCK }) }
}
