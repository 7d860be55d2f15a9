//! The kernels against plain loops, and against each other.

use half::f16;
use proptest::prelude::*;

use super::fp16::{exponent_of, power_of_two};
use super::lanes::{Lanes, magnitude};
use super::portable::Portable;
use super::*;

/// Values of all sizes: everyday ones, those at the ends of the range of `f32`, subnormal ones, zeros of both signs.
fn value() -> impl Strategy<Value = f32> {
    prop_oneof![
        4 => -1.0_f32..1.0,
        2 => (-30.0_f32..30.0, -1.0_f32..1.0).prop_map(|(order, value)| value * order.exp2()),
        1 => any::<u32>().prop_map(|bits| finite(f32::from_bits(bits))),
        1 => prop_oneof![Just(0.0), Just(-0.0), Just(f32::MIN_POSITIVE), Just(f32::from_bits(1)), Just(LARGEST)],
    ]
}

/// The largest that fp16 holds: from the next `f32` on, rounding would go to 2^128.
const LARGEST: f32 = f32::from_bits(0x7f7f_efff);

fn finite(value: f32) -> f32 {
    if value.is_finite() { value.clamp(-LARGEST, LARGEST) } else { 1.0 }
}

/// Lengths around the grain of vectors and blocks.
fn values() -> impl Strategy<Value = Vec<f32>> {
    prop_oneof![0_usize..20, 250_usize..262, 505_usize..520]
        .prop_flat_map(|length| proptest::collection::vec(value(), length))
}

/// Values that a sum of two stays finite of.
fn moderate() -> impl Strategy<Value = Vec<f32>> {
    values().prop_map(|values| values.into_iter().map(|value| value.clamp(-1e30, 1e30)).collect())
}

fn encoded(wire: Wire, values: &[f32], weight: f32) -> Vec<u8> {
    let mut payload = vec![0xAA; wire.encoded_len(values.len())];
    wire.encode(Weighted { values, weight }, &mut payload).expect("finite");
    payload
}

fn decoded(wire: Wire, payload: &[u8], elements: usize) -> Vec<f32> {
    let mut values = vec![f32::NAN; elements];
    wire.decode(payload, &mut values).expect("finite");
    values
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

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
        let back = decoded(Wire::Fp16, &encoded(Wire::Fp16, &values, 1.0), values.len());
        for (block, back) in values.chunks(BLOCK).zip(back.chunks(BLOCK)) {
            let largest = block.iter().fold(0.0, |largest, value| f64::from(value.abs()).max(largest));
            for (value, back) in block.iter().zip(back) {
                let (value, back) = (f64::from(*value), f64::from(*back));
                let bound = (-11_f64).exp2() * value.abs() + (-39_f64).exp2() * largest;
                prop_assert!((back - value).abs() <= bound, "{value} came back as {back}");
            }
        }
    }

    #[test]
    fn f32_comes_back_as_it_was(values in values()) {
        prop_assert_eq!(bits(&decoded(Wire::F32, &encoded(Wire::F32, &values, 1.0), values.len())), bits(&values));
    }

    #[test]
    fn a_weight_is_one_multiplication(values in moderate(), weight in 0_u16..1000) {
        let weight = f32::from(weight);
        let weighted: Vec<f32> = values.iter().map(|value| value * weight).collect();
        for wire in [Wire::F32, Wire::Fp16] {
            prop_assert_eq!(encoded(wire, &values, weight), encoded(wire, &weighted, 1.0));
        }
    }

    #[test]
    fn the_fused_kernels_are_their_parts_one_after_the_other(
        pairs in moderate().prop_flat_map(|own| (proptest::collection::vec(-1e3_f32..1e3, own.len()), Just(own))),
        weight in 0_u16..100,
    ) {
        let (received, own) = pairs;
        let weight = f32::from(weight);
        for wire in [Wire::F32, Wire::Fp16] {
            let payload = encoded(wire, &received, 1.0);
            let read = decoded(wire, &payload, own.len());
            let own_weighted = Weighted { values: &own, weight };
            let expected: Vec<f32> = own.iter().zip(&read).map(|(own, read)| own * weight + read).collect();

            let mut sum = vec![f32::NAN; own.len()];
            wire.decode_weighted_add(&payload, own_weighted, &mut sum).expect("finite");
            prop_assert_eq!(bits(&sum), bits(&expected));

            let mut sum: Vec<f32> = own.iter().map(|own| own * weight).collect();
            wire.decode_add(&payload, &mut sum).expect("finite");
            prop_assert_eq!(bits(&sum), bits(&expected));

            let mut hop = payload.clone();
            wire.reduce(&mut hop, own_weighted).expect("finite");
            prop_assert_eq!(&hop, &encoded(wire, &expected, 1.0));

            let quotient: Vec<f32> = expected.iter().map(|sum| sum / 7.0).collect();
            let mut last = payload;
            wire.mean(&mut sum, 7.0, &mut last).expect("finite");
            prop_assert_eq!(&last, &encoded(wire, &quotient, 1.0));
            prop_assert_eq!(bits(&sum), bits(&decoded(wire, &last, own.len())));
        }
    }

    #[test]
    fn one_value_that_is_not_finite_is_found(
        values in moderate(),
        at in any::<proptest::sample::Index>(),
        bad in prop_oneof![Just(f32::NAN), Just(f32::INFINITY), Just(f32::NEG_INFINITY), Just(-f32::NAN)],
    ) {
        prop_assume!(!values.is_empty());
        let at = at.index(values.len());
        let mut broken = values.clone();
        broken[at] = bad;
        let found = Err(CodecError::NonFinite { element: at / BLOCK * BLOCK });
        prop_assert_eq!(peak(&broken).map(drop), found);
        for wire in [Wire::F32, Wire::Fp16] {
            let mut payload = encoded(wire, &values, 1.0);
            prop_assert_eq!(wire.reduce(&mut payload, Weighted { values: &broken, weight: 0.0 }), found);
            prop_assert_eq!(wire.encode(Weighted { values: &broken, weight: 1.0 }, &mut payload), found);
            let payload = encoded(wire, &values, 1.0);
            prop_assert_eq!(wire.decode_add(&payload, &mut broken.clone()), found);
            prop_assert_eq!(wire.mean(&mut broken.clone(), 2.0, &mut payload.clone()), found);
        }
        // As halves and as `f32`, the all-ones exponent is what a broken peer could send.
        let mut payload = encoded(Wire::Fp16, &values, 1.0);
        payload[2 * at..2 * at + 2].copy_from_slice(&f16::from_f32_const(bad).to_le_bytes());
        prop_assert_eq!(Wire::Fp16.decode(&payload, &mut vec![0.0; values.len()]), found);
        let mut payload = encoded(Wire::F32, &values, 1.0);
        payload[4 * at..4 * at + 4].copy_from_slice(&bad.to_le_bytes());
        prop_assert_eq!(Wire::F32.decode(&payload, &mut vec![0.0; values.len()]), found);
    }

    #[test]
    fn vector_instructions_give_the_same_bits_as_plain_loops(
        (values, other) in values().prop_flat_map(|values| {
            let other = proptest::collection::vec(value(), values.len());
            (Just(values), other)
        }),
        weight in value().prop_filter("a divisor", |weight| *weight != 0.0),
        exponent in -126_i32..=113,
        halves in proptest::collection::vec(any::<u8>(), 1040),
    ) {
        let portable = outputs(Portable, &values, &other, weight, exponent, &halves);
        #[cfg(target_arch = "x86_64")]
        if let Some(vector) = super::simd_x86::Avx2::detect() {
            let vector = outputs(vector, &values, &other, weight, exponent, &halves);
            prop_assert_eq!(vector.iter().zip(&portable).position(|(vector, portable)| vector != portable), None);
        }
    }
}

/// All that the operations of `lanes` write and return for blocks of these inputs, NaN being one value.
fn outputs<L: Lanes>(lanes: L, values: &[f32], other: &[f32], weight: f32, exponent: i32, halves: &[u8]) -> Vec<u32> {
    let quiet = |value: &f32| if value.is_nan() { u32::MAX } else { value.to_bits() };
    let peaked = |peak: u32| if peak > f32::INFINITY.to_bits() { u32::MAX } else { peak };
    let scale = power_of_two(exponent);
    let mut all = Vec::new();
    for ((values, other), halves) in values.chunks(BLOCK).zip(other.chunks(BLOCK)).zip(halves.chunks(2 * BLOCK)) {
        let halves = &halves[..2 * values.len()];
        let mut out = values.to_vec();
        all.push(lanes.peak(values));
        let mut narrow = vec![0; 2 * values.len()];
        lanes.narrow(values, weight, power_of_two(-exponent), &mut narrow);
        all.extend(narrow.chunks(2).map(|half| u32::from(u16::from_le_bytes([half[0], half[1]]))));
        all.push(peaked(lanes.widen(halves, scale, &mut out)));
        all.extend(out.iter().map(quiet));
        out.copy_from_slice(values);
        all.push(peaked(lanes.widen_add(halves, scale, &mut out)));
        all.extend(out.iter().map(quiet));
        all.push(peaked(lanes.widen_weighted_add(halves, scale, other, weight, &mut out)));
        all.extend(out.iter().map(quiet));
        out.copy_from_slice(values);
        all.push(peaked(lanes.divide(&mut out, weight)));
        all.extend(out.iter().map(quiet));
    }
    all
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
fn the_largest_and_the_smallest_f32_come_back() {
    let beyond = Weighted { values: &[LARGEST.next_up()], weight: 1.0 };
    assert_eq!(Wire::Fp16.encode(beyond, &mut [0; 3]), Err(CodecError::NonFinite { element: 0 }));
    for value in [LARGEST, -LARGEST, f32::MIN_POSITIVE, f32::from_bits(1), -f32::from_bits(1)] {
        let back = decoded(Wire::Fp16, &encoded(Wire::Fp16, &[value], 1.0), 1)[0];
        assert!((back / value - 1.0).abs() <= 1.0 / 2048.0, "{value:e} came back as {back:e}");
    }
}

#[test]
fn zero_bytes_are_zeros_in_every_format() {
    for wire in [Wire::F32, Wire::Fp16] {
        assert_eq!(bits(&decoded(wire, &vec![0; wire.encoded_len(300)], 300)), vec![0; 300], "{wire}");
    }
}

#[test]
fn a_scale_that_no_encoder_writes_is_refused() {
    for exponent in [-128, -127, 114, 127_i8] {
        let mut payload = encoded(Wire::Fp16, &[1.0; 300], 1.0);
        payload[601] = exponent.cast_unsigned();
        let refused = Err(CodecError::Exponent { element: 256, exponent });
        assert_eq!(Wire::Fp16.decode(&payload, &mut [0.0; 300]), refused);
        assert_eq!(Wire::Fp16.decode_add(&payload, &mut [0.0; 300]), refused);
        assert_eq!(Wire::Fp16.reduce(&mut payload, Weighted { values: &[0.0; 300], weight: 1.0 }), refused);
    }
}

#[test]
fn a_product_that_overflows_is_not_finite() {
    for wire in [Wire::F32, Wire::Fp16] {
        let own = Weighted { values: &[1.0, f32::MAX], weight: 2.0 };
        let mut payload = vec![0; wire.encoded_len(2)];
        assert_eq!(wire.encode(own, &mut payload), Err(CodecError::NonFinite { element: 0 }), "{wire}");
    }
}
