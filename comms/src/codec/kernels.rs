//! The kernels of each format, on the fastest lanes of the processor.

use super::bare::{self, Bare};
use super::bf16::Bf16;
use super::fp16::{self, Fp16};
use super::int8::Int8;
use super::topk::TopK;
use super::{CodecError, Weighted, Wire, blocks, lanes};

/// Each kernel panics if the lengths of its slices do not fit together: `payload` has
/// [`Wire::encoded_len`] bytes for the number of values, and a residual is as long as these.
impl Wire {
    /// `payload = encode(w·x)`.
    ///
    /// # Errors
    /// [`CodecError::NonFinite`] if `w·x` has NaN or infinity.
    pub fn encode(self, own: Weighted<'_>, payload: &mut [u8]) -> Result<(), CodecError> {
        self.check(payload, own.values);
        match self {
            Self::F32 => plainly!(lanes => bare::encode(lanes, own, payload)),
            Self::Fp16 => lanes::dispatch!(lanes => fp16::encode(lanes, own, payload)),
            Self::Bf16 => by_block!(encode::<Bf16>(own, payload)),
            Self::Int8 => by_block!(encode::<Int8>(own, payload)),
            Self::TopK => by_block!(encode::<TopK>(own, payload)),
        }
    }

    /// `v = w·x + r; payload = encode(v); r = v − decode(payload)`, with `r` as `residual`. A sum of several partial
    /// sums is encoded with a weight of 1.
    ///
    /// # Errors
    /// [`CodecError::NonFinite`] if `v` has NaN or infinity.
    pub fn encode_keeping(self, own: Weighted<'_>, residual: &mut [f32], payload: &mut [u8]) -> Result<(), CodecError> {
        self.check(payload, own.values);
        self.check(payload, residual);
        each_format!(self, encode_keeping(own, residual, payload))
    }

    /// `values = decode(payload)`.
    ///
    /// # Errors
    /// [`CodecError`] if `payload` has NaN, infinity or an impossible scale or index.
    pub fn decode(self, payload: &[u8], values: &mut [f32]) -> Result<(), CodecError> {
        self.check(payload, values);
        match self {
            Self::F32 => plainly!(_lanes => bare::decode(payload, values)),
            Self::Fp16 => lanes::dispatch!(lanes => fp16::decode(lanes, payload, values)),
            Self::Bf16 => by_block!(decode::<Bf16>(payload, values)),
            Self::Int8 => by_block!(decode::<Int8>(payload, values)),
            Self::TopK => by_block!(decode::<TopK>(payload, values)),
        }
    }

    /// As [`Wire::decode`], for a long vector whose values are not read again soon: they are written past the caches, which
    /// on memory takes less than half the time.
    ///
    /// # Errors
    /// As [`Wire::decode`].
    pub fn decode_streaming(self, payload: &[u8], values: &mut [f32]) -> Result<(), CodecError> {
        self.check(payload, values);
        each_format!(self, decode_streaming(payload, values))
    }

    /// `sum += decode(payload)`.
    ///
    /// # Errors
    /// [`CodecError`] if `payload` has an impossible scale or index, or the sum NaN or infinity.
    pub fn decode_add(self, payload: &[u8], sum: &mut [f32]) -> Result<(), CodecError> {
        self.check(payload, sum);
        match self {
            Self::F32 => plainly!(_lanes => bare::decode_add(payload, sum)),
            Self::Fp16 => lanes::dispatch!(lanes => fp16::decode_add(lanes, payload, sum)),
            Self::Bf16 => by_block!(decode_add::<Bf16>(payload, sum)),
            Self::Int8 => by_block!(decode_add::<Int8>(payload, sum)),
            Self::TopK => by_block!(decode_add::<TopK>(payload, sum)),
        }
    }

    /// `sum = w·x + decode(payload)`.
    ///
    /// # Errors
    /// [`CodecError`] if `payload` has an impossible scale or index, or the sum NaN or infinity.
    pub fn decode_weighted_add(self, payload: &[u8], own: Weighted<'_>, sum: &mut [f32]) -> Result<(), CodecError> {
        self.check(payload, sum);
        self.check(payload, own.values);
        match self {
            Self::F32 => plainly!(lanes => bare::decode_weighted_add(lanes, payload, own, sum)),
            Self::Fp16 => lanes::dispatch!(lanes => fp16::decode_weighted_add(lanes, payload, own, sum)),
            Self::Bf16 => by_block!(decode_weighted_add::<Bf16>(payload, own, sum)),
            Self::Int8 => by_block!(decode_weighted_add::<Int8>(payload, own, sum)),
            Self::TopK => by_block!(decode_weighted_add::<TopK>(payload, own, sum)),
        }
    }

    /// `payload = encode(w·x + decode(payload))`, in place.
    ///
    /// # Errors
    /// [`CodecError`] if `payload` has an impossible scale or index, or the sum NaN or infinity.
    pub fn reduce(self, payload: &mut [u8], own: Weighted<'_>) -> Result<(), CodecError> {
        self.check(payload, own.values);
        match self {
            Self::F32 => plainly!(lanes => bare::reduce(lanes, payload, own)),
            Self::Fp16 => lanes::dispatch!(lanes => fp16::reduce(lanes, payload, own)),
            Self::Bf16 => by_block!(reduce::<Bf16>(payload, own)),
            Self::Int8 => by_block!(reduce::<Int8>(payload, own)),
            Self::TopK => by_block!(reduce::<TopK>(payload, own)),
        }
    }

    /// `v = w·x + decode(payload) + r; payload = encode(v); r = v − decode(payload)`, in place, with `r` as
    /// `residual`.
    ///
    /// # Errors
    /// [`CodecError`] if `payload` has an impossible scale or index, or `v` NaN or infinity.
    pub fn reduce_keeping(self, payload: &mut [u8], own: Weighted<'_>, residual: &mut [f32]) -> Result<(), CodecError> {
        self.check(payload, own.values);
        self.check(payload, residual);
        each_format!(self, reduce_keeping(payload, own, residual))
    }

    /// `sum /= divisor; payload = encode(sum); sum = decode(payload)`: what the owner of a segment sends, and its own
    /// copy of what the others will read from that. The divisor is not zero.
    ///
    /// # Errors
    /// [`CodecError::NonFinite`] if the quotient has NaN or infinity.
    pub fn mean(self, sum: &mut [f32], divisor: f32, payload: &mut [u8]) -> Result<(), CodecError> {
        self.check(payload, sum);
        match self {
            Self::F32 => plainly!(_lanes => bare::mean(sum, divisor, payload)),
            Self::Fp16 => lanes::dispatch!(lanes => fp16::mean(lanes, sum, divisor, payload)),
            Self::Bf16 => by_block!(mean::<Bf16>(sum, divisor, payload)),
            Self::Int8 => by_block!(mean::<Int8>(sum, divisor, payload)),
            Self::TopK => by_block!(mean::<TopK>(sum, divisor, payload)),
        }
    }

    /// `v = sum / divisor + r; payload = encode(v); sum = decode(payload); r = v − sum`, with `r` as `residual`. The
    /// divisor is not zero.
    ///
    /// # Errors
    /// [`CodecError::NonFinite`] if `v` has NaN or infinity.
    pub fn mean_keeping(
        self,
        sum: &mut [f32],
        divisor: f32,
        residual: &mut [f32],
        payload: &mut [u8],
    ) -> Result<(), CodecError> {
        self.check(payload, sum);
        self.check(payload, residual);
        each_format!(self, mean_keeping(sum, divisor, residual, payload))
    }

    fn check(self, payload: &[u8], values: &[f32]) {
        assert_eq!(payload.len(), self.encoded_len(values.len()), "a {self} payload for {} elements", values.len());
    }
}

/// Runs a kernel that is made of plain loops.
macro_rules! plainly {
    ($lanes:ident => $kernel:expr) => {
        lanes::dispatch!($lanes => lanes::Lanes::run(
            $lanes,
            #[inline(always)]
            || $kernel,
        ))
    };
}

/// Runs a kernel of [`blocks`] for one format.
macro_rules! by_block {
    ($kernel:ident::<$format:ty>($($argument:expr),+)) => {
        plainly!(lanes => blocks::$kernel::<$format, _>(lanes, $($argument),+))
    };
}

/// Runs a kernel of [`blocks`] for the format that `$wire` is.
macro_rules! each_format {
    ($wire:expr, $kernel:ident $arguments:tt) => {
        match $wire {
            Wire::F32 => by_block!($kernel::<Bare> $arguments),
            Wire::Fp16 => by_block!($kernel::<Fp16> $arguments),
            Wire::Bf16 => by_block!($kernel::<Bf16> $arguments),
            Wire::Int8 => by_block!($kernel::<Int8> $arguments),
            Wire::TopK => by_block!($kernel::<TopK> $arguments),
        }
    };
}

use {by_block, each_format, plainly};
