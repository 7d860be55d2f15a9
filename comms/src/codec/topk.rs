//! The few largest of each block.
//!
//! Of each block of 256 values the 16 of largest magnitude are encoded, of equal ones those that come first; of a last
//! block that is shorter as many as it has, up to 16. A body is the indices of these entries within the block, a byte
//! each, and then their values as halves (IEEE 754 binary16, little endian), both in the order of the block; behind all
//! bodies there is one `i8` for each block, as in [`fp16`]: `value = half · 2^exponent`. What has no entry decodes to
//! zero, and entries of the same index add up, so that zero bytes mean zeros.
//!
//! That is [Deep Gradient Compression](https://arxiv.org/abs/1712.01887) with a share of 1/16 and the choice made block
//! by block: the length of a payload follows from the number of elements, and a choice costs no sorting of the vector.
//!
//! Error bound, with `m` the largest magnitude of the block and `s` the 16th largest:
//! `|decode(encode(v)) − v| ≤ 2^-11·|v| + 2^-39·m` for an entry, and `|v| ≤ s` for what is none: the format wants its
//! residual kept. Both errors are exact in `f32`, so what is sent plus the residual is what was meant, to the bit.
//! Halves under the block's power of two cost a byte in 49 more than bfloat16 and are eight times as precise.

use super::blocks::{Block, BlockFormat, BlockMut};
use super::fp16::{self, HALF_BYTES};
use super::lanes::{Lanes, Mask, magnitude};
use super::{BLOCK, CodecError};

pub(super) const fn encoded_len(elements: usize) -> usize {
    let rest = elements % BLOCK;
    let last = if rest < ENTRIES { rest } else { ENTRIES };
    (elements / BLOCK * ENTRIES + last) * ENTRY_BYTES + elements.div_ceil(BLOCK)
}

/// The format, as the kernels of [`blocks`](super::blocks) take it.
#[derive(Debug)]
pub(super) struct TopK;

impl BlockFormat for TopK {
    const BODY_BYTES: usize = ENTRIES * ENTRY_BYTES;
    const SCALE_BYTES: usize = 1;
    const OVERFLOW: u32 = fp16::OVERFLOW;

    #[inline(always)]
    fn encode<L: Lanes>(lanes: L, values: &[f32], peak: u32, block: BlockMut<'_>) {
        let entries = values.len().min(ENTRIES);
        let (indices, halves) = block.body.split_at_mut(entries);
        let mut chosen = [0.0; ENTRIES];
        let padded;
        let full = if let Ok(full) = values.try_into() {
            full
        } else {
            padded = followed_by_zeros(values);
            &padded
        };
        indices.copy_from_slice(&places(largest(lanes, full, peak, entries))[..entries]);
        for (chosen, place) in chosen.iter_mut().zip(&*indices) {
            *chosen = full[usize::from(*place)];
        }
        block.scale[0] = fp16::scaled(lanes, &chosen[..entries], 1.0, peak, halves);
    }

    #[inline(always)]
    fn decode<L: Lanes>(lanes: L, element: usize, block: Block<'_>, values: &mut [f32]) -> Result<u32, CodecError> {
        let mut received = [0.0; ENTRIES];
        let (indices, halves) = block.body.split_at(values.len().min(ENTRIES));
        let received = &mut received[..indices.len()];
        lanes.widen(halves, fp16::scale(element / BLOCK, block.scale[0])?, received);
        values.fill(0.0);
        let elements = values.len();
        let mut peak = 0;
        for (&index, received) in indices.iter().zip(received) {
            let Some(value) = values.get_mut(usize::from(index)) else {
                return Err(CodecError::Index { element, index, elements });
            };
            *value += *received;
            peak = peak.max(magnitude(*value));
        }
        Ok(peak)
    }
}

/// Values of a full block that have an entry.
const ENTRIES: usize = 16;
const ENTRY_BYTES: usize = 1 + HALF_BYTES;
/// Indices that are written without asking how many there are: a guess costs more than a few too many.
const AT_ONCE: usize = 8;

/// A last block as a full one. Among equals zeros behind the values come last.
fn followed_by_zeros(values: &[f32]) -> [f32; BLOCK] {
    let mut block = [0.0; BLOCK];
    block[..values.len()].copy_from_slice(values);
    block
}

/// The `wanted` values of largest magnitude, the first of equal ones.
#[inline(always)]
fn largest<L: Lanes>(lanes: L, values: &[f32; BLOCK], peak: u32, wanted: usize) -> Mask {
    // `enough` values or more reach `low`; fewer than are wanted reach `high`.
    let (mut low, mut high) = (reached_by_all(values), peak + 1);
    let mut enough = BLOCK;
    while enough > wanted && high - low > 1 {
        // Where zero is the bound, most often all that is not zero has an entry.
        let middle = if low == 0 { 1 } else { low.midpoint(high) };
        let reaching = how_many(values, middle);
        // What comes of it is as good as random: no branch should depend on it.
        let is_low = reaching >= wanted;
        low = if is_low { middle } else { low };
        high = if is_low { high } else { middle };
        enough = if is_low { reaching } else { enough };
    }
    let reaching = lanes.reaching(values, low);
    if count(reaching) == wanted {
        return reaching;
    }
    // What does not reach `high` equals `low`.
    let above = lanes.reaching(values, high);
    first(above, reaching, wanted - count(above))
}

#[inline(always)]
fn how_many(values: &[f32; BLOCK], least: u32) -> usize {
    values.iter().map(|value| u32::from(magnitude(*value) >= least)).sum::<u32>() as usize
}

/// A magnitude that 16 values reach at the least: each group of values that stand 16 apart has one.
#[inline(always)]
fn reached_by_all(values: &[f32; BLOCK]) -> u32 {
    let mut highest = [0; ENTRIES];
    for group in values.as_chunks::<ENTRIES>().0 {
        for (highest, value) in highest.iter_mut().zip(group) {
            *highest = magnitude(*value).max(*highest);
        }
    }
    highest.into_iter().fold(u32::MAX, u32::min)
}

/// `all` and, of those candidates that are not among them, the first `more`.
fn first(mut all: Mask, candidates: Mask, mut more: usize) -> Mask {
    for (all, candidates) in all.iter_mut().zip(candidates) {
        let mut equal = candidates & !*all;
        while equal != 0 && more > 0 {
            *all |= equal & equal.wrapping_neg();
            equal &= equal - 1;
            more -= 1;
        }
    }
    all
}

#[inline(always)]
fn count(mask: Mask) -> usize {
    mask.into_iter().map(|bits| bits.count_ones() as usize).sum()
}

/// The indices in a mask of up to [`ENTRIES`], ascending.
#[inline(always)]
fn places(mask: Mask) -> [u8; ENTRIES + AT_ONCE] {
    let mut places = [0; ENTRIES + AT_ONCE];
    let mut end = 0;
    for (mut bits, start) in mask.into_iter().zip([0_u8, 64, 128, 192]) {
        let mut next = end;
        end += bits.count_ones() as usize;
        while next < end {
            for place in &mut places[next..next + AT_ONCE] {
                // Of no bits the place is 64, and none will read it.
                *place = start.wrapping_add(bits.trailing_zeros() as u8);
                bits &= bits.wrapping_sub(1);
            }
            next += AT_ONCE;
        }
    }
    places
}
