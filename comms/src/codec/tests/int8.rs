//! Bytes under a scale.

use half::bf16;
use proptest::prelude::*;

use super::*;

/// The format by its definition, one value at a time, in `f64` where the definition is exact.
mod naive {
    use super::*;

    pub(super) fn encode(values: &[f32]) -> Vec<u8> {
        let scales: Vec<bf16> = values.chunks(BLOCK).map(scale).collect();
        let byte = |(index, value): (usize, &f32)| {
            let steps = value * (1.0 / scales[index / BLOCK].to_f32_const());
            (f64::from(steps).round_ties_even() as i8).cast_unsigned()
        };
        let bytes: Vec<u8> = values.iter().enumerate().map(byte).collect();
        [bytes, scales.into_iter().flat_map(bf16::to_le_bytes).collect()].concat()
    }

    fn scale(block: &[f32]) -> bf16 {
        let largest = block.iter().fold(0.0_f32, |largest, value| value.abs().max(largest));
        bf16::from_f32_const((largest / 127.0).max(f32::MIN_POSITIVE))
    }

    /// Each product is exact in `f64`, and in `f32` too.
    pub(super) fn decode(payload: &[u8], elements: usize) -> Vec<f64> {
        let (bytes, scales) = payload.split_at(elements);
        let scale = |block: usize| f64::from(bf16::from_le_bytes([scales[2 * block], scales[2 * block + 1]]));
        bytes.iter().enumerate().map(|(index, byte)| f64::from(byte.cast_signed()) * scale(index / BLOCK)).collect()
    }
}

proptest! {
    #[test]
    fn int8_is_what_its_definition_says(values in values()) {
        let payload = encoded(Wire::Int8, &values, 1.0);
        prop_assert_eq!(&payload, &naive::encode(&values));
        let back: Vec<f64> = decoded(Wire::Int8, &payload, values.len()).into_iter().map(f64::from).collect();
        prop_assert_eq!(back, naive::decode(&payload, values.len()));
    }

    #[test]
    fn int8_keeps_its_error_bound(values in values()) {
        for (value, back, largest) in returned(Wire::Int8, &values) {
            let bound = largest / 253.0 + (-127_f64).exp2();
            prop_assert!((back - value).abs() <= bound, "{value} came back as {back}");
        }
    }

    #[test]
    fn no_encoder_writes_the_byte_without_a_positive_twin(values in values()) {
        let payload = encoded(Wire::Int8, &values, 1.0);
        prop_assert!(payload[..values.len()].iter().all(|byte| byte.cast_signed() != i8::MIN));
    }
}

#[test]
fn of_two_equally_near_bytes_the_even_one_is_taken() {
    let values = [127.0, 0.5, 1.5, 2.5, -0.5, -1.5, -126.5, 126.5];
    assert_eq!(
        decoded(Wire::Int8, &encoded(Wire::Int8, &values, 1.0), 8),
        [127.0, 0.0, 2.0, 2.0, 0.0, -2.0, -126.0, 126.0]
    );
}

#[test]
fn every_finite_f32_has_an_encoding_in_bytes() {
    for value in [f32::MAX, -f32::MAX, 1e30, 1e-30] {
        let back = decoded(Wire::Int8, &encoded(Wire::Int8, &[value], 1.0), 1)[0];
        assert!((back / value - 1.0).abs() <= 1.0 / 253.0, "{value:e} came back as {back:e}");
    }
    for value in [f32::from_bits(1), -f32::from_bits(1), f32::from_bits(0x007f_ffff), f32::MIN_POSITIVE] {
        let back = decoded(Wire::Int8, &encoded(Wire::Int8, &[value], 1.0), 1)[0];
        assert!((f64::from(back) - f64::from(value)).abs() <= (-127_f64).exp2(), "{value:e} came back as {back:e}");
    }
}

#[test]
fn the_greatest_scale_is_that_of_the_greatest_f32() {
    let payload = encoded(Wire::Int8, &[f32::MAX], 1.0);
    assert_eq!(payload, [127, 0x01, 0x7c]);
    assert!(decoded(Wire::Int8, &payload, 1)[0].is_finite());
}
