//! The kernels against plain loops, and against each other.

mod bf16;
mod fp16;
mod hostile;
mod int8;
mod paths;
mod planes;
mod residual;
mod topk;

use proptest::prelude::*;

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

/// The largest that every format holds: bf16 would round the next `f32` to 2^128.
const LARGEST: f32 = f32::from_bits(0x7f7f_7fff);

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

/// Everyday values, and as many moderate ones.
fn pairs() -> impl Strategy<Value = (Vec<f32>, Vec<f32>)> {
    moderate().prop_flat_map(|own| (proptest::collection::vec(-1e3_f32..1e3, own.len()), Just(own)))
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

/// Each value with what came back for it and the largest magnitude of its block.
fn returned(wire: Wire, values: &[f32]) -> Vec<(f64, f64, f64)> {
    let back = decoded(wire, &encoded(wire, values, 1.0), values.len());
    let blocks = values.chunks(BLOCK).zip(back.chunks(BLOCK));
    let each = |(values, back): (&[f32], &[f32])| {
        let largest = values.iter().fold(0.0, |largest, value| f64::from(value.abs()).max(largest));
        let pairs = values.iter().zip(back);
        pairs.map(|(value, back)| (f64::from(*value), f64::from(*back), largest)).collect::<Vec<_>>()
    };
    blocks.flat_map(each).collect()
}

proptest! {
    #[test]
    fn f32_comes_back_as_it_was(values in values()) {
        prop_assert_eq!(bits(&decoded(Wire::F32, &encoded(Wire::F32, &values, 1.0), values.len())), bits(&values));
    }

    #[test]
    fn a_weight_is_one_multiplication(values in moderate(), weight in 0_u16..1000) {
        let weight = f32::from(weight);
        let weighted: Vec<f32> = values.iter().map(|value| value * weight).collect();
        for &wire in Wire::ALL {
            prop_assert_eq!(encoded(wire, &values, weight), encoded(wire, &weighted, 1.0));
        }
    }

    /// Over several pieces that are written at once, from any place in a line on, and nothing beside it.
    #[test]
    fn what_is_written_past_the_caches_is_the_same(values in values(), copies in 0_usize..20, skipped in 0_usize..17) {
        let values: Vec<f32> = std::iter::repeat_n(values, copies).flatten().collect();
        for &wire in Wire::ALL {
            let payload = encoded(wire, &values, 1.0);
            let mut streamed = vec![1.5; skipped + values.len() + 1];
            wire.decode_streaming(&payload, &mut streamed[skipped..][..values.len()]).expect("finite");
            let beside = vec![1.5; skipped + 1];
            let expected = [&beside[..skipped], &decoded(wire, &payload, values.len()), &beside[skipped..]].concat();
            prop_assert_eq!(bits(&streamed), bits(&expected));
        }
    }

    #[test]
    fn the_fused_kernels_are_their_parts_one_after_the_other((received, own) in pairs(), weight in 0_u16..100) {
        let weight = f32::from(weight);
        for &wire in Wire::ALL {
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
}

#[test]
fn zero_bytes_are_zeros_in_every_format() {
    for &wire in Wire::ALL {
        for elements in [0, 1, 15, 16, 17, 255, 256, 257, 300] {
            let zeros = vec![0; wire.encoded_len(elements)];
            assert_eq!(bits(&decoded(wire, &zeros, elements)), vec![0; elements], "{wire}");
            let mut sum = vec![1.5; elements];
            assert_eq!(wire.decode_add(&zeros, &mut sum), Ok(()), "{wire}");
            assert_eq!(sum, vec![1.5; elements], "{wire}");
        }
    }
}

#[test]
fn zeros_come_back_as_zeros() {
    for &wire in Wire::ALL {
        assert_eq!(decoded(wire, &encoded(wire, &[0.0; 300], 1.0), 300), [0.0; 300], "{wire}");
    }
}

#[test]
#[should_panic(expected = "a int8 payload for 3 elements")]
fn a_residual_of_another_length_is_a_bug() {
    let mut payload = vec![0; Wire::Int8.encoded_len(2)];
    let _ = Wire::Int8.encode_keeping(Weighted { values: &[1.0; 2], weight: 1.0 }, &mut [0.0; 3], &mut payload);
}
