//! How far a mean may be off the exact one, by its format.

use crate::codec::Wire;

/// The most that an element of the mean of `ranks` contributions is off the exact mean, where `magnitude` is the weighted mean of
/// the contributions' magnitudes at this element, and `largest` the largest of these in the vector.
///
/// Every rank that adds to a sum rounds what those before it have rounded, and the owner rounds once more: with `n` ranks, `A` as
/// `magnitude` and `M` as `largest` that is `n·(2^-11·A + 2^-39·M)` in fp16, `n·2^-8·A` in bf16, `n·M/253` in int8, give or take
/// a few percent, and `n·2^-22·A` in f32, which the others come on top of. In top-k it is as much as `M` each time: what was left
/// out is not in it.
#[must_use]
pub fn bound(wire: Wire, ranks: u32, magnitude: f64, largest: f64) -> f64 {
    // Beside the rounding stands the smallest number that the format has, for what would be even smaller.
    let (rounding, least) = match wire {
        Wire::F32 => (0.0, 1e-44),
        Wire::Fp16 => (1.01 * (magnitude / TWO_TO_11 + largest / TWO_TO_39), 1e-44),
        Wire::Bf16 => (1.05 * magnitude / 256.0, LEAST_BF16),
        Wire::TopK => (1.05 * largest, 1e-44),
        Wire::Int8 => (1.05 * largest / 253.0, LEAST_NORMAL),
    };
    f64::from(ranks) * (rounding + magnitude / TWO_TO_22 + least)
}

const TWO_TO_11: f64 = (1_u64 << 11) as f64;
const TWO_TO_22: f64 = (1_u64 << 22) as f64;
const TWO_TO_39: f64 = (1_u64 << 39) as f64;
/// Below it a number is kept with fewer bits.
const LEAST_NORMAL: f64 = f32::MIN_POSITIVE as f64;
/// 2^-133.
const LEAST_BF16: f64 = LEAST_NORMAL / 128.0;
