//! The block arithmetic for every processor: plain loops, and the slice conversions of the `half` crate.

use half::f16;
use half::slice::{HalfBitsSliceExt, HalfFloatSliceExt};

use super::BLOCK;
use super::fp16::HALF_BYTES;
use super::lanes::{Lanes, Mask, magnitude};

#[derive(Debug, Clone, Copy)]
pub(super) struct Portable;

impl Lanes for Portable {
    #[inline(always)]
    fn run<R>(self, kernel: impl FnOnce() -> R) -> R {
        kernel()
    }

    #[inline(always)]
    fn fetch_ahead(self, _: &[f32]) {}

    fn peak(self, values: &[f32]) -> u32 {
        values.iter().fold(0, |peak, value| peak.max(magnitude(*value)))
    }

    fn narrow(self, values: &[f32], weight: f32, scale: f32, halves: &mut [u8]) {
        let (mut scaled, mut narrow) = ([0.0; BLOCK], [f16::ZERO; BLOCK]);
        for (scaled, value) in scaled.iter_mut().zip(values) {
            *scaled = value * weight * scale;
        }
        narrow[..values.len()].convert_from_f32_slice(&scaled[..values.len()]);
        for (bytes, half) in halves.as_chunks_mut().0.iter_mut().zip(narrow) {
            *bytes = half.to_bits().to_le_bytes();
        }
    }

    fn widen(self, halves: &[u8], scale: f32, values: &mut [f32]) -> u32 {
        let received = widened(halves);
        combine(values, &received, |_, received| received * scale)
    }

    fn widen_add(self, halves: &[u8], scale: f32, sum: &mut [f32]) -> u32 {
        let received = widened(halves);
        combine(sum, &received, |sum, received| sum + received * scale)
    }

    fn widen_weighted_add(self, halves: &[u8], scale: f32, values: &[f32], weight: f32, sum: &mut [f32]) -> u32 {
        let mut own = [0.0; BLOCK];
        for (own, value) in own.iter_mut().zip(values) {
            *own = value * weight;
        }
        sum.copy_from_slice(&own[..values.len()]);
        self.widen_add(halves, scale, sum)
    }

    fn reaching(self, values: &[f32; BLOCK], least: u32) -> Mask {
        let mut mask = [0; BLOCK / 64];
        for (bits, values) in mask.iter_mut().zip(values.as_chunks::<64>().0) {
            for (place, value) in values.iter().enumerate() {
                *bits |= u64::from(magnitude(*value) >= least) << place;
            }
        }
        mask
    }

    fn stream(self, from: &[f32], to: &mut [f32]) {
        to.copy_from_slice(from);
    }

    fn divide(self, values: &mut [f32], divisor: f32) -> u32 {
        values.iter_mut().fold(0, |peak, value| {
            *value /= divisor;
            peak.max(magnitude(*value))
        })
    }
}

fn widened(halves: &[u8]) -> [f32; BLOCK] {
    let (mut bits, mut wide) = ([0; BLOCK], [0.0; BLOCK]);
    for (bits, bytes) in bits.iter_mut().zip(halves.as_chunks().0) {
        *bits = u16::from_le_bytes(*bytes);
    }
    let elements = halves.len() / HALF_BYTES;
    bits[..elements].reinterpret_cast::<f16>().convert_to_f32_slice(&mut wide[..elements]);
    wide
}

fn combine(values: &mut [f32], received: &[f32; BLOCK], combine: impl Fn(f32, f32) -> f32) -> u32 {
    values.iter_mut().zip(received).fold(0, |peak, (value, received)| {
        *value = combine(*value, *received);
        peak.max(magnitude(*value))
    })
}
