//! The kernels over any format that encodes a block by itself.
//!
//! A format says what it does with one block ([`BlockFormat`]); here stands what all have in common. Each kernel is one
//! pass over memory: what it means to send, and what the payload then says, lie in two blocks on the stack that never
//! leave the first cache. The loops are plain, and [`Lanes::run`] has them compiled for the processor's vectors. It reaches
//! as far as functions are inlined, which is why all are here and in the formats.
//!
//! A payload is the bodies of its blocks and then, in the same order, their scales, where a format has them.

use std::iter::{repeat, repeat_with};

use super::lanes::{Lanes, is_finite, magnitude};
use super::{BLOCK, CodecError, Weighted};

/// Blocks that are decoded in the first cache before they are written past all of them: many, as a line at either end may be
/// written in parts.
const STREAMED_BLOCKS: usize = 16;

/// What a format does with one block of up to [`BLOCK`] values.
pub(super) trait BlockFormat {
    /// Bytes of the body of a full block.
    const BODY_BYTES: usize;
    /// Bytes of the scale of any block.
    const SCALE_BYTES: usize;
    /// The peak from which on a value would be encoded as infinity.
    const OVERFLOW: u32 = f32::INFINITY.to_bits();

    /// Encodes `values`, whose peak is `peak` and below [`BlockFormat::OVERFLOW`].
    fn encode<L: Lanes>(lanes: L, values: &[f32], peak: u32, block: BlockMut<'_>);

    /// Decodes to `values` and gives their peak. An error names `element`, the first of the block.
    fn decode<L: Lanes>(lanes: L, element: usize, block: Block<'_>, values: &mut [f32]) -> Result<u32, CodecError>;
}

/// One block of a payload.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block<'a> {
    pub(super) body: &'a [u8],
    pub(super) scale: &'a [u8],
}

/// One block of a payload, to write to.
#[derive(Debug)]
pub(super) struct BlockMut<'a> {
    pub(super) body: &'a mut [u8],
    pub(super) scale: &'a mut [u8],
}

#[inline(always)]
pub(super) fn encode<F: BlockFormat, L: Lanes>(lanes: L, own: Weighted<'_>, payload: &mut [u8]) -> Outcome {
    let mut scratch = [0.0; BLOCK];
    let blocks = own.values.chunks(BLOCK).zip(blocks_mut::<F>(payload, own.values.len()));
    for (index, (values, block)) in blocks.enumerate() {
        lanes.fetch_ahead(values);
        let meant = &mut scratch[..values.len()];
        let peak = fill(meant, values.iter().map(|value| value * own.weight));
        put::<F, L>(lanes, index, meant, peak, block)?;
    }
    Ok(())
}

#[inline(always)]
pub(super) fn encode_keeping<F: BlockFormat, L: Lanes>(
    lanes: L,
    own: Weighted<'_>,
    residual: &mut [f32],
    payload: &mut [u8],
) -> Outcome {
    let (mut meant, mut sent) = ([0.0; BLOCK], [0.0; BLOCK]);
    let vectors = own.values.chunks(BLOCK).zip(residual.chunks_mut(BLOCK));
    for (index, ((values, residual), mut block)) in vectors.zip(blocks_mut::<F>(payload, own.values.len())).enumerate()
    {
        lanes.fetch_ahead(values);
        lanes.fetch_ahead(residual);
        let (meant, sent) = (&mut meant[..values.len()], &mut sent[..values.len()]);
        let peak = fill(meant, values.iter().zip(&*residual).map(|(value, kept)| value * own.weight + kept));
        put::<F, L>(lanes, index, meant, peak, block.reborrow())?;
        F::decode(lanes, index * BLOCK, block.as_ref(), sent)?;
        keep(residual, meant, sent);
    }
    Ok(())
}

#[inline(always)]
pub(super) fn decode<F: BlockFormat, L: Lanes>(lanes: L, payload: &[u8], values: &mut [f32]) -> Outcome {
    let blocks = blocks::<F>(payload, values.len());
    for (index, (values, block)) in values.chunks_mut(BLOCK).zip(blocks).enumerate() {
        finite(index, F::decode(lanes, index * BLOCK, block, values)?)?;
    }
    Ok(())
}

#[inline(always)]
pub(super) fn decode_streaming<F: BlockFormat, L: Lanes>(lanes: L, payload: &[u8], values: &mut [f32]) -> Outcome {
    let mut scratch = [0.0; STREAMED_BLOCKS * BLOCK];
    let mut blocks = blocks::<F>(payload, values.len());
    for (piece, values) in values.chunks_mut(scratch.len()).enumerate() {
        let received = &mut scratch[..values.len()];
        for (index, (received, block)) in received.chunks_mut(BLOCK).zip(&mut blocks).enumerate() {
            let index = piece * STREAMED_BLOCKS + index;
            finite(index, F::decode(lanes, index * BLOCK, block, received)?)?;
        }
        lanes.stream(received, values);
    }
    Ok(())
}

#[inline(always)]
pub(super) fn decode_add<F: BlockFormat, L: Lanes>(lanes: L, payload: &[u8], sum: &mut [f32]) -> Outcome {
    let mut scratch = [0.0; BLOCK];
    let blocks = blocks::<F>(payload, sum.len());
    for (index, (sum, block)) in sum.chunks_mut(BLOCK).zip(blocks).enumerate() {
        let received = &mut scratch[..sum.len()];
        F::decode(lanes, index * BLOCK, block, received)?;
        let mut peak = 0;
        for (sum, received) in sum.iter_mut().zip(received) {
            *sum += *received;
            peak = peak.max(magnitude(*sum));
        }
        finite(index, peak)?;
    }
    Ok(())
}

#[inline(always)]
pub(super) fn decode_weighted_add<F: BlockFormat, L: Lanes>(
    lanes: L,
    payload: &[u8],
    own: Weighted<'_>,
    sum: &mut [f32],
) -> Outcome {
    let mut scratch = [0.0; BLOCK];
    let blocks = blocks::<F>(payload, sum.len());
    for (index, ((values, sum), block)) in own.values.chunks(BLOCK).zip(sum.chunks_mut(BLOCK)).zip(blocks).enumerate() {
        lanes.fetch_ahead(values);
        let received = &mut scratch[..sum.len()];
        F::decode(lanes, index * BLOCK, block, received)?;
        let sums = values.iter().zip(received).map(|(value, received)| value * own.weight + *received);
        finite(index, fill(sum, sums))?;
    }
    Ok(())
}

#[inline(always)]
pub(super) fn reduce<F: BlockFormat, L: Lanes>(lanes: L, payload: &mut [u8], own: Weighted<'_>) -> Outcome {
    let (mut meant, mut received) = ([0.0; BLOCK], [0.0; BLOCK]);
    let blocks = own.values.chunks(BLOCK).zip(blocks_mut::<F>(payload, own.values.len()));
    for (index, (values, block)) in blocks.enumerate() {
        lanes.fetch_ahead(values);
        let (meant, received) = (&mut meant[..values.len()], &mut received[..values.len()]);
        F::decode(lanes, index * BLOCK, block.as_ref(), received)?;
        let sums = values.iter().zip(received).map(|(value, received)| value * own.weight + *received);
        let peak = fill(meant, sums);
        put::<F, L>(lanes, index, meant, peak, block)?;
    }
    Ok(())
}

#[inline(always)]
pub(super) fn reduce_keeping<F: BlockFormat, L: Lanes>(
    lanes: L,
    payload: &mut [u8],
    own: Weighted<'_>,
    residual: &mut [f32],
) -> Outcome {
    let (mut meant, mut scratch) = ([0.0; BLOCK], [0.0; BLOCK]);
    let vectors = own.values.chunks(BLOCK).zip(residual.chunks_mut(BLOCK));
    for (index, ((values, residual), mut block)) in vectors.zip(blocks_mut::<F>(payload, own.values.len())).enumerate()
    {
        lanes.fetch_ahead(values);
        lanes.fetch_ahead(residual);
        let (meant, scratch) = (&mut meant[..values.len()], &mut scratch[..values.len()]);
        F::decode(lanes, index * BLOCK, block.as_ref(), scratch)?;
        let sums = values.iter().zip(&*scratch).zip(&*residual);
        let peak = fill(meant, sums.map(|((value, received), kept)| value * own.weight + received + kept));
        put::<F, L>(lanes, index, meant, peak, block.reborrow())?;
        F::decode(lanes, index * BLOCK, block.as_ref(), scratch)?;
        keep(residual, meant, scratch);
    }
    Ok(())
}

#[inline(always)]
pub(super) fn mean<F: BlockFormat, L: Lanes>(lanes: L, sum: &mut [f32], divisor: f32, payload: &mut [u8]) -> Outcome {
    let blocks = blocks_mut::<F>(payload, sum.len());
    for (index, (sum, mut block)) in sum.chunks_mut(BLOCK).zip(blocks).enumerate() {
        let mut peak = 0;
        for sum in &mut *sum {
            *sum /= divisor;
            peak = peak.max(magnitude(*sum));
        }
        put::<F, L>(lanes, index, sum, peak, block.reborrow())?;
        F::decode(lanes, index * BLOCK, block.as_ref(), sum)?;
    }
    Ok(())
}

#[inline(always)]
pub(super) fn mean_keeping<F: BlockFormat, L: Lanes>(
    lanes: L,
    sum: &mut [f32],
    divisor: f32,
    residual: &mut [f32],
    payload: &mut [u8],
) -> Outcome {
    let mut meant = [0.0; BLOCK];
    let blocks = blocks_mut::<F>(payload, sum.len());
    for (index, ((sum, residual), mut block)) in
        sum.chunks_mut(BLOCK).zip(residual.chunks_mut(BLOCK)).zip(blocks).enumerate()
    {
        let meant = &mut meant[..sum.len()];
        let peak = fill(meant, sum.iter().zip(&*residual).map(|(sum, kept)| sum / divisor + kept));
        put::<F, L>(lanes, index, meant, peak, block.reborrow())?;
        F::decode(lanes, index * BLOCK, block.as_ref(), sum)?;
        keep(residual, meant, sum);
    }
    Ok(())
}

type Outcome = Result<(), CodecError>;

/// Encodes what a kernel means to send, unless it is not finite or would not be.
#[inline(always)]
fn put<F: BlockFormat, L: Lanes>(lanes: L, index: usize, meant: &[f32], peak: u32, block: BlockMut<'_>) -> Outcome {
    if peak >= F::OVERFLOW {
        return Err(CodecError::NonFinite { element: index * BLOCK });
    }
    F::encode(lanes, meant, peak, block);
    Ok(())
}

/// Writes `values` to `block` and gives their peak.
#[inline(always)]
fn fill(block: &mut [f32], values: impl Iterator<Item = f32>) -> u32 {
    let mut peak = 0;
    for (place, value) in block.iter_mut().zip(values) {
        *place = value;
        peak = peak.max(magnitude(value));
    }
    peak
}

/// `residual = meant − sent`.
#[inline(always)]
fn keep(residual: &mut [f32], meant: &[f32], sent: &[f32]) {
    for ((residual, meant), sent) in residual.iter_mut().zip(meant).zip(sent) {
        *residual = meant - sent;
    }
}

#[inline(always)]
fn finite(index: usize, peak: u32) -> Outcome {
    if is_finite(peak) { Ok(()) } else { Err(CodecError::NonFinite { element: index * BLOCK }) }
}

impl BlockMut<'_> {
    #[inline(always)]
    fn as_ref(&self) -> Block<'_> {
        Block { body: self.body, scale: self.scale }
    }

    #[inline(always)]
    fn reborrow(&mut self) -> BlockMut<'_> {
        BlockMut { body: self.body, scale: self.scale }
    }
}

/// The blocks of a payload for so many elements.
#[inline(always)]
fn blocks<F: BlockFormat>(payload: &[u8], elements: usize) -> impl Iterator<Item = Block<'_>> {
    let (bodies, scales) = payload.split_at(payload.len() - elements.div_ceil(BLOCK) * F::SCALE_BYTES);
    // Where there are no scales there are no pieces of them either, and each block has an empty one.
    let scales = scales.chunks(F::SCALE_BYTES.max(1)).chain(repeat(&[][..]));
    bodies.chunks(F::BODY_BYTES).zip(scales).map(|(body, scale)| Block { body, scale })
}

#[inline(always)]
fn blocks_mut<F: BlockFormat>(payload: &mut [u8], elements: usize) -> impl Iterator<Item = BlockMut<'_>> {
    let (bodies, scales) = payload.split_at_mut(payload.len() - elements.div_ceil(BLOCK) * F::SCALE_BYTES);
    let scales = scales.chunks_mut(F::SCALE_BYTES.max(1)).chain(repeat_with(|| &mut [][..]));
    bodies.chunks_mut(F::BODY_BYTES).zip(scales).map(|(body, scale)| BlockMut { body, scale })
}
