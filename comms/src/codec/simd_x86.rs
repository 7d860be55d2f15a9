//! The block arithmetic with AVX2 and F16C: the one module of the workspace with `unsafe` code.
//!
//! What is unsafe here is of two kinds. Loads and stores go through references to arrays of the very size that the
//! instruction moves. Functions with a `target_feature` are called through a method of [`Avx2`] alone, and such a
//! value exists only where [`Avx2::detect`] has found all of the features.
#![expect(
    unsafe_code,
    reason = "vector instructions that are detected at run time; reviewed, and tested against `Portable`"
)]

use std::arch::x86_64::{
    __m128i, __m256, __m256i, _MM_FROUND_TO_NEAREST_INT, _MM_HINT_T0, _mm_loadu_si128, _mm_prefetch, _mm_sfence,
    _mm_storeu_si128, _mm256_add_ps, _mm256_and_si256, _mm256_castps_si256, _mm256_castsi256_ps, _mm256_cmpgt_epi32,
    _mm256_cvtph_ps, _mm256_cvtps_ph, _mm256_div_ps, _mm256_loadu_ps, _mm256_max_epu32, _mm256_movemask_ps,
    _mm256_mul_ps, _mm256_set1_epi32, _mm256_set1_ps, _mm256_setzero_si256, _mm256_storeu_ps, _mm256_storeu_si256,
    _mm256_stream_ps,
};

use super::BLOCK;
use super::lanes::{Lanes, Mask};

/// Proof that the processor has AVX2 and F16C, and BMI1 and POPCNT, which come with them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Avx2(());

impl Avx2 {
    /// The proof, if it holds on this processor. The answer is cached.
    pub(super) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("f16c")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("popcnt"))
        .then_some(Self(()))
    }
}

impl Lanes for Avx2 {
    #[inline(always)]
    fn run<R>(self, kernel: impl FnOnce() -> R) -> R {
        // SAFETY: `self` proves that the processor has the features.
        unsafe { run(kernel) }
    }

    #[inline(always)]
    fn fetch_ahead(self, values: &[f32]) {
        let ahead = values.as_ptr().wrapping_byte_add(FETCHED_AHEAD);
        for line in 0..size_of_val(values).div_ceil(LINE) {
            // SAFETY: a prefetch reads nothing that the program sees, and may be of any address.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(ahead.wrapping_byte_add(line * LINE).cast::<i8>()) };
        }
    }

    fn peak(self, values: &[f32]) -> u32 {
        let (vectors, tail) = values.as_chunks();
        // SAFETY: `self` proves that the processor has the features.
        unsafe { peak(vectors).max(peak(&[padded(tail)])) }
    }

    fn narrow(self, values: &[f32], weight: f32, scale: f32, halves: &mut [u8]) {
        let (vectors, tail) = values.as_chunks();
        let (half_vectors, half_tail) = halves.as_chunks_mut();
        // SAFETY: `self` proves that the processor has the features.
        unsafe { narrow(vectors, weight, scale, half_vectors) };
        if !tail.is_empty() {
            let mut last = [[0; HALVES]];
            // SAFETY: as above.
            unsafe { narrow(&[padded(tail)], weight, scale, &mut last) };
            half_tail.copy_from_slice(&last[0][..half_tail.len()]);
        }
    }

    fn widen(self, halves: &[u8], scale: f32, values: &mut [f32]) -> u32 {
        let (half_vectors, half_tail) = halves.as_chunks();
        let (vectors, tail) = values.as_chunks_mut();
        // SAFETY: `self` proves that the processor has the features.
        let mut peak = unsafe { widen(half_vectors, scale, vectors) };
        if !tail.is_empty() {
            let mut last = [[0.0; VALUES]];
            // SAFETY: as above.
            peak = peak.max(unsafe { widen(&[padded(half_tail)], scale, &mut last) });
            tail.copy_from_slice(&last[0][..tail.len()]);
        }
        peak
    }

    fn widen_add(self, halves: &[u8], scale: f32, sum: &mut [f32]) -> u32 {
        let (half_vectors, half_tail) = halves.as_chunks();
        let (vectors, tail) = sum.as_chunks_mut();
        // SAFETY: `self` proves that the processor has the features.
        let mut peak = unsafe { widen_add(half_vectors, scale, vectors) };
        if !tail.is_empty() {
            let mut last = [padded(tail)];
            // SAFETY: as above.
            peak = peak.max(unsafe { widen_add(&[padded(half_tail)], scale, &mut last) });
            tail.copy_from_slice(&last[0][..tail.len()]);
        }
        peak
    }

    fn widen_weighted_add(self, halves: &[u8], scale: f32, values: &[f32], weight: f32, sum: &mut [f32]) -> u32 {
        let (half_vectors, half_tail) = halves.as_chunks();
        let (vectors, tail) = values.as_chunks();
        let (sum_vectors, sum_tail) = sum.as_chunks_mut();
        // SAFETY: `self` proves that the processor has the features.
        let mut peak = unsafe { widen_weighted_add(half_vectors, scale, vectors, weight, sum_vectors) };
        if !tail.is_empty() {
            let mut last = [[0.0; VALUES]];
            let (half_tail, tail) = ([padded(half_tail)], [padded(tail)]);
            // SAFETY: as above.
            peak = peak.max(unsafe { widen_weighted_add(&half_tail, scale, &tail, weight, &mut last) });
            sum_tail.copy_from_slice(&last[0][..sum_tail.len()]);
        }
        peak
    }

    fn reaching(self, values: &[f32; BLOCK], least: u32) -> Mask {
        let (vectors, _) = values.as_chunks();
        // SAFETY: `self` proves that the processor has the features.
        unsafe { reaching(vectors, least) }
    }

    fn stream(self, from: &[f32], to: &mut [f32]) {
        // SAFETY: a vector register is eight values of any bits, which is all that an aligned piece of `to` is used as.
        let (head, vectors, tail) = unsafe { to.align_to_mut() };
        let (first, rest) = from.split_at(head.len());
        let (middle, last) = rest.split_at(vectors.len() * VALUES);
        head.copy_from_slice(first);
        // SAFETY: `self` proves that the processor has the features.
        unsafe { stream(middle.as_chunks().0, vectors) };
        tail.copy_from_slice(last);
    }

    fn divide(self, values: &mut [f32], divisor: f32) -> u32 {
        let (vectors, tail) = values.as_chunks_mut();
        // SAFETY: `self` proves that the processor has the features.
        let mut peak = unsafe { divide(vectors, divisor) };
        if !tail.is_empty() {
            let mut last = [padded(tail)];
            // SAFETY: as above.
            peak = peak.max(unsafe { divide(&mut last, divisor) });
            tail.copy_from_slice(&last[0][..tail.len()]);
        }
        peak
    }
}

/// Values of one vector register.
const VALUES: usize = 8;
/// Bytes between what is read and what is fetched meanwhile.
const FETCHED_AHEAD: usize = 4096;
/// Bytes that are fetched at once.
const LINE: usize = 64;
/// Bytes of as many halves.
const HALVES: usize = 16;

/// A last vector that is not full, with zeros behind it, which change neither a peak nor their neighbours.
fn padded<T: Copy + Default, const N: usize>(tail: &[T]) -> [T; N] {
    let mut vector = [T::default(); N];
    vector[..tail.len()].copy_from_slice(tail);
    vector
}

#[target_feature(enable = "avx2,bmi1,f16c,popcnt")]
fn run<R>(kernel: impl FnOnce() -> R) -> R {
    kernel()
}

#[target_feature(enable = "avx2,bmi1,f16c,popcnt")]
fn peak(vectors: &[[f32; VALUES]]) -> u32 {
    let mut peak = _mm256_setzero_si256();
    for vector in vectors {
        peak = higher(peak, load(vector));
    }
    highest(peak)
}

#[target_feature(enable = "avx2,bmi1,f16c,popcnt")]
fn narrow(vectors: &[[f32; VALUES]], weight: f32, scale: f32, halves: &mut [[u8; HALVES]]) {
    let (weight, scale) = (_mm256_set1_ps(weight), _mm256_set1_ps(scale));
    for (vector, halves) in vectors.iter().zip(halves) {
        let scaled = _mm256_mul_ps(_mm256_mul_ps(load(vector), weight), scale);
        let narrow = _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(scaled);
        // SAFETY: `halves` is 16 bytes, as the store writes; it needs no alignment.
        unsafe { _mm_storeu_si128(halves.as_mut_ptr().cast::<__m128i>(), narrow) };
    }
}

#[target_feature(enable = "avx2,bmi1,f16c,popcnt")]
fn widen(halves: &[[u8; HALVES]], scale: f32, vectors: &mut [[f32; VALUES]]) -> u32 {
    let scale = _mm256_set1_ps(scale);
    let mut peak = _mm256_setzero_si256();
    for (halves, vector) in halves.iter().zip(vectors) {
        let value = _mm256_mul_ps(load_halves(halves), scale);
        peak = higher(peak, value);
        store(value, vector);
    }
    highest(peak)
}

#[target_feature(enable = "avx2,bmi1,f16c,popcnt")]
fn widen_add(halves: &[[u8; HALVES]], scale: f32, sums: &mut [[f32; VALUES]]) -> u32 {
    let scale = _mm256_set1_ps(scale);
    let mut peak = _mm256_setzero_si256();
    for (halves, sum) in halves.iter().zip(sums) {
        let value = _mm256_add_ps(load(sum), _mm256_mul_ps(load_halves(halves), scale));
        peak = higher(peak, value);
        store(value, sum);
    }
    highest(peak)
}

#[target_feature(enable = "avx2,bmi1,f16c,popcnt")]
fn widen_weighted_add(
    halves: &[[u8; HALVES]],
    scale: f32,
    vectors: &[[f32; VALUES]],
    weight: f32,
    sums: &mut [[f32; VALUES]],
) -> u32 {
    let (scale, weight) = (_mm256_set1_ps(scale), _mm256_set1_ps(weight));
    let mut peak = _mm256_setzero_si256();
    for ((halves, vector), sum) in halves.iter().zip(vectors).zip(sums) {
        let own = _mm256_mul_ps(load(vector), weight);
        let value = _mm256_add_ps(own, _mm256_mul_ps(load_halves(halves), scale));
        peak = higher(peak, value);
        store(value, sum);
    }
    highest(peak)
}

#[target_feature(enable = "avx2,bmi1,f16c,popcnt")]
fn reaching(vectors: &[[f32; VALUES]], least: u32) -> Mask {
    let below = _mm256_set1_epi32(least.cast_signed() - 1);
    let mut mask = [0; BLOCK / 64];
    for (bits, vectors) in mask.iter_mut().zip(vectors.as_chunks::<{ 64 / VALUES }>().0) {
        for (place, vector) in vectors.iter().enumerate() {
            let reaching = _mm256_cmpgt_epi32(magnitudes(load(vector)), below);
            let lanes = _mm256_movemask_ps(_mm256_castsi256_ps(reaching)).cast_unsigned();
            *bits |= u64::from(lanes) << (place * VALUES);
        }
    }
    mask
}

#[target_feature(enable = "avx2,bmi1,f16c,popcnt")]
fn divide(vectors: &mut [[f32; VALUES]], divisor: f32) -> u32 {
    let divisor = _mm256_set1_ps(divisor);
    let mut peak = _mm256_setzero_si256();
    for vector in vectors {
        let value = _mm256_div_ps(load(vector), divisor);
        peak = higher(peak, value);
        store(value, vector);
    }
    highest(peak)
}

#[target_feature(enable = "avx2")]
fn stream(vectors: &[[f32; VALUES]], to: &mut [__m256]) {
    for (vector, to) in vectors.iter().zip(to) {
        // SAFETY: `to` is a vector register's place, aligned as one.
        unsafe { _mm256_stream_ps(std::ptr::from_mut(to).cast::<f32>(), load(vector)) };
    }
    // Such stores keep no order with those that will tell others of them.
    _mm_sfence();
}

#[target_feature(enable = "avx2")]
fn load(vector: &[f32; VALUES]) -> __m256 {
    // SAFETY: `vector` is 32 bytes, as the load reads; it needs no alignment.
    unsafe { _mm256_loadu_ps(vector.as_ptr()) }
}

#[target_feature(enable = "avx2,bmi1,f16c,popcnt")]
fn load_halves(halves: &[u8; HALVES]) -> __m256 {
    // SAFETY: `halves` is 16 bytes, as the load reads; it needs no alignment.
    _mm256_cvtph_ps(unsafe { _mm_loadu_si128(halves.as_ptr().cast::<__m128i>()) })
}

#[target_feature(enable = "avx2")]
fn store(value: __m256, vector: &mut [f32; VALUES]) {
    // SAFETY: `vector` is 32 bytes, as the store writes; it needs no alignment.
    unsafe { _mm256_storeu_ps(vector.as_mut_ptr(), value) };
}

/// Per lane, the greater of a peak and the magnitude of a value.
#[target_feature(enable = "avx2")]
fn higher(peak: __m256i, value: __m256) -> __m256i {
    _mm256_max_epu32(peak, magnitudes(value))
}

/// Per lane, the bit pattern of the magnitude.
#[target_feature(enable = "avx2")]
fn magnitudes(value: __m256) -> __m256i {
    _mm256_and_si256(_mm256_castps_si256(value), _mm256_set1_epi32(i32::MAX))
}

/// The greatest lane.
#[target_feature(enable = "avx2")]
fn highest(peak: __m256i) -> u32 {
    let mut lanes = [0_u32; VALUES];
    // SAFETY: `lanes` is 32 bytes, as the store writes; it needs no alignment.
    unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast::<__m256i>(), peak) };
    lanes.into_iter().fold(0, u32::max)
}
