//! Halves under a power of two.

use half::f16;
use proptest::prelude::*;

use super::super::fp16::{exponent_of, power_of_two};
use super::super::lanes::magnitude;
use super::*;

/// The largest that fp16 holds: from the next `f32` on, rounding would go to 2^128.
const LARGEST_IN_HALVES: f32 = f32::from_bits(0x7f7f_efff);

/// The format by its definition, one value at a time, with the `half` crate's arithmetic in software.
mod naive {
    use super::*;

    pub(super) fn encode(values: &[f32]) -> Vec<u8> {
        let exponents: Vec<i32> = values
            .chunks(BLOCK)
            .map(|block| exponent_of(block.iter().map(|value| magnitude(*value)).max().unwrap_or_default()))
            .collect();
        let half = |(index, value): (usize, &f32)| f16::from_f32_const(value * power_of_two(-exponents[index / BLOCK]));
        let mut payload: Vec<u8> = values.iter().enumerate().map(half).flat_map(f16::to_le_bytes).collect();
        payload.extend(exponents.iter().map(|exponent| (*exponent as i8).cast_unsigned()));
        payload
    }

    pub(super) fn decode(payload: &[u8], elements: usize) -> Vec<f32> {
        let (halves, exponents) = payload.split_at(2 * elements);
        let half = |index: usize| f16::from_le_bytes([halves[2 * index], halves[2 * index + 1]]).to_f32_const();
        (0..elements)
            .map(|index| half(index) * power_of_two(i32::from(exponents[index / BLOCK].cast_signed())))
            .collect()
    }
}

proptest! {
    #[test]
    fn fp16_is_what_its_definition_says(values in values()) {
        let payload = encoded(Wire::Fp16, &values, 1.0);
        prop_assert_eq!(&payload, &naive::encode(&values));
        let back = decoded(Wire::Fp16, &payload, values.len());
        prop_assert_eq!(bits(&back), bits(&naive::decode(&payload, values.len())));
    }

    #[test]
    fn fp16_keeps_its_error_bound(values in values()) {
        for (value, back, largest) in returned(Wire::Fp16, &values) {
            let bound = (-11_f64).exp2() * value.abs() + (-39_f64).exp2() * largest;
            prop_assert!((back - value).abs() <= bound, "{value} came back as {back}");
        }
    }
}

#[test]
fn what_unscaled_halves_lose_survives() {
    let values: Vec<f32> = (0..1000).map(|index| 1e-9 * (1.0 + index as f32)).collect();
    assert_eq!(f16::from_f32_const(values[0]).to_f32_const(), 0.0, "binary16 alone flushes it");
    for (value, back) in values.iter().zip(decoded(Wire::Fp16, &encoded(Wire::Fp16, &values, 1.0), 1000)) {
        assert!((back / value - 1.0).abs() <= 1.0 / 2048.0, "{value:e} came back as {back:e}");
    }
}

#[test]
fn the_largest_and_the_smallest_f32_come_back_in_halves() {
    let beyond = Weighted { values: &[LARGEST_IN_HALVES.next_up()], weight: 1.0 };
    assert_eq!(Wire::Fp16.encode(beyond, &mut [0; 3]), Err(CodecError::NonFinite { element: 0 }));
    for value in [LARGEST_IN_HALVES, -LARGEST_IN_HALVES, f32::MIN_POSITIVE, f32::from_bits(1), -f32::from_bits(1)] {
        let back = decoded(Wire::Fp16, &encoded(Wire::Fp16, &[value], 1.0), 1)[0];
        assert!((back / value - 1.0).abs() <= 1.0 / 2048.0, "{value:e} came back as {back:e}");
    }
}
