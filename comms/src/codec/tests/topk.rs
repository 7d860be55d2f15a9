//! The few largest of each block.

use half::f16;
use proptest::prelude::*;

use super::super::fp16::{exponent_of, power_of_two};
use super::super::lanes::magnitude;
use super::*;

/// The format by its definition: sort a block, take the first, put them back in order.
mod naive {
    use super::*;

    pub(super) fn encode(values: &[f32]) -> Vec<u8> {
        let blocks: Vec<(Vec<u8>, u8)> = values.chunks(BLOCK).map(block).collect();
        let mut payload: Vec<u8> = blocks.iter().flat_map(|(body, _)| body.clone()).collect();
        payload.extend(blocks.iter().map(|(_, exponent)| exponent));
        payload
    }

    fn block(values: &[f32]) -> (Vec<u8>, u8) {
        let places = places(values);
        let exponent = exponent_of(values.iter().map(|value| magnitude(*value)).max().unwrap_or_default());
        let half = |place: &usize| f16::from_f32_const(values[*place] * power_of_two(-exponent)).to_le_bytes();
        let indices = places.iter().map(|place| *place as u8);
        (indices.chain(places.iter().flat_map(half)).collect(), (exponent as i8).cast_unsigned())
    }

    /// Where the entries of a block are. The sort is stable.
    pub(super) fn places(values: &[f32]) -> Vec<usize> {
        let mut places: Vec<usize> = (0..values.len()).collect();
        places.sort_by_key(|place| std::cmp::Reverse(magnitude(values[*place])));
        places.truncate(16);
        places.sort_unstable();
        places
    }

    pub(super) fn decode(payload: &[u8], elements: usize) -> Vec<f32> {
        let (mut bodies, exponents) = payload.split_at(payload.len() - elements.div_ceil(BLOCK));
        let mut values = vec![0.0; elements];
        for (values, exponent) in values.chunks_mut(BLOCK).zip(exponents) {
            let (body, rest) = bodies.split_at(3 * values.len().min(16));
            bodies = rest;
            let (indices, halves) = body.split_at(body.len() / 3);
            for (index, half) in indices.iter().zip(halves.chunks(2)) {
                let half = f16::from_le_bytes([half[0], half[1]]).to_f32_const();
                values[usize::from(*index)] += half * power_of_two(i32::from(exponent.cast_signed()));
            }
        }
        values
    }
}

/// Blocks in which many values are equal, or most are zero.
fn lumpy() -> impl Strategy<Value = Vec<f32>> {
    let level = prop_oneof![4 => Just(0), 2 => -2_i8..=2, 1 => -100_i8..=100];
    prop_oneof![0_usize..40, 250_usize..262, 505_usize..520].prop_flat_map(move |length| {
        proptest::collection::vec(level.clone().prop_map(|level| f32::from(level) * 0.25), length)
    })
}

proptest! {
    #[test]
    fn topk_is_what_its_definition_says(values in prop_oneof![values(), lumpy()]) {
        let payload = encoded(Wire::TopK, &values, 1.0);
        prop_assert_eq!(&payload, &naive::encode(&values));
        let back = decoded(Wire::TopK, &payload, values.len());
        prop_assert_eq!(bits(&back), bits(&naive::decode(&payload, values.len())));
    }

    #[test]
    fn topk_keeps_its_error_bound(values in prop_oneof![values(), lumpy()]) {
        let returned = returned(Wire::TopK, &values);
        for (values, returned) in values.chunks(BLOCK).zip(returned.chunks(BLOCK)) {
            let places = naive::places(values);
            let least = places.iter().map(|place| f64::from(values[*place].abs())).fold(f64::INFINITY, f64::min);
            for (place, (value, back, largest)) in returned.iter().enumerate() {
                let entry = (-11_f64).exp2() * value.abs() + (-39_f64).exp2() * largest;
                let bound = if places.contains(&place) { entry } else { least };
                prop_assert!((back - value).abs() <= bound, "{value} came back as {back}");
            }
        }
    }
}

#[test]
fn of_equal_values_the_first_are_sent() {
    let back = decoded(Wire::TopK, &encoded(Wire::TopK, &[-3.0; 300], 1.0), 300);
    let expected: Vec<f32> = (0..300).map(|place| if place % BLOCK < 16 { -3.0 } else { 0.0 }).collect();
    assert_eq!(back, expected);
}

#[test]
fn a_block_of_up_to_sixteen_values_is_sent_whole() {
    for elements in 1..=16_u8 {
        let values: Vec<f32> = (0..elements).map(|value| 1.5 - f32::from(value)).collect();
        let payload = encoded(Wire::TopK, &values, 1.0);
        assert_eq!(payload.len(), 3 * values.len() + 1);
        assert_eq!(decoded(Wire::TopK, &payload, values.len()), values);
    }
}

#[test]
fn an_outlier_does_not_cost_the_others_their_places() {
    let mut values = vec![1e-6_f32; BLOCK];
    for (place, value) in values.iter_mut().enumerate().skip(100).take(15) {
        *value = place as f32;
    }
    values[200] = -1e30;
    let payload = encoded(Wire::TopK, &values, 1.0);
    let expected: Vec<u8> = (100..115).chain([200]).collect();
    assert_eq!(payload[..16], expected);
    let sent = decoded(Wire::TopK, &payload, BLOCK);
    assert!((sent[200] / -1e30 - 1.0).abs() < 1.0 / 2048.0);
}
