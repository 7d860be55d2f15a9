//! The arithmetic of one block, behind which the processor's vector instructions hide.

use super::BLOCK;

/// Operations on a block of up to [`BLOCK`] values.
///
/// Implementations differ in speed alone. Each operation rounds as IEEE 754 says, to nearest, ties to even, once per
/// arithmetic sign in its definition, so that all give the same bits. Those that write `f32` return the peak of what
/// they wrote: the greatest bit pattern of `|value|`, which orders as the magnitude does, with infinity and NaN on
/// top.
pub(super) trait Lanes: Copy {
    /// `kernel()`, compiled for the processor's vectors as far as what it calls is inlined. Rust never contracts
    /// arithmetic, so a plain loop too gives the same bits on every path.
    fn run<R>(self, kernel: impl FnOnce() -> R) -> R;

    /// Has the processor fetch what lies some blocks behind `values`: while a kernel reads a block, computes and reads the next,
    /// the processor's own guesses fall behind. Changes nothing but the speed.
    fn fetch_ahead(self, values: &[f32]);

    /// The peak of `values`.
    fn peak(self, values: &[f32]) -> u32;

    /// `halves = half((x·w)·scale)`, with `x` and `w` as `values` and `weight`.
    fn narrow(self, values: &[f32], weight: f32, scale: f32, halves: &mut [u8]);

    /// `values = f32(halves)·scale`.
    fn widen(self, halves: &[u8], scale: f32, values: &mut [f32]) -> u32;

    /// `sum = sum + f32(halves)·scale`.
    fn widen_add(self, halves: &[u8], scale: f32, sum: &mut [f32]) -> u32;

    /// `sum = x·w + f32(halves)·scale`, with `x` and `w` as `values` and `weight`.
    fn widen_weighted_add(self, halves: &[u8], scale: f32, values: &[f32], weight: f32, sum: &mut [f32]) -> u32;

    /// Which values have a magnitude whose bit pattern is `least` or more. `least` is at most that of infinity.
    fn reaching(self, values: &[f32; BLOCK], least: u32) -> Mask;

    /// `to = from`, past the caches: no line of `to` is read before it is written, and none stays.
    fn stream(self, from: &[f32], to: &mut [f32]);

    /// `values = values / divisor`, where `divisor` is not zero.
    fn divide(self, values: &mut [f32], divisor: f32) -> u32;
}

/// A bit for each value of a block, the first value's the lowest of the first number.
pub(super) type Mask = [u64; BLOCK / 64];

/// The bit pattern of `|value|`.
pub(super) const fn magnitude(value: f32) -> u32 {
    value.to_bits() & 0x7fff_ffff
}

/// Whether a peak is that of finite values.
pub(super) const fn is_finite(peak: u32) -> bool {
    peak < f32::INFINITY.to_bits()
}

/// Evaluates an expression with the fastest [`Lanes`] of this processor.
macro_rules! dispatch {
    ($lanes:ident => $run:expr) => {{
        #[cfg(target_arch = "x86_64")]
        {
            match $crate::codec::simd_x86::Avx2::detect() {
                Some($lanes) => $run,
                None => {
                    let $lanes = $crate::codec::portable::Portable;
                    $run
                }
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            let $lanes = $crate::codec::portable::Portable;
            $run
        }
    }};
}

pub(super) use dispatch;
