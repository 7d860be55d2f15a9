//! Vector instructions change the speed alone.

use proptest::prelude::*;

use super::super::blocks::BlockFormat;
use super::super::fp16::power_of_two;
use super::super::lanes::{Lanes, magnitude};
use super::super::portable::Portable;
use super::super::{bare, blocks};
use super::*;

proptest! {
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
        if let Some(vector) = super::super::simd_x86::Avx2::detect() {
            let vector = outputs(vector, &values, &other, weight, exponent, &halves);
            prop_assert_eq!(vector.iter().zip(&portable).position(|(vector, portable)| vector != portable), None);
        }
    }

    #[test]
    fn every_path_writes_the_same_blocks(
        (received, own) in pairs(),
        kept in proptest::collection::vec(-2e3_f32..2e3, 520),
        weight in 0_u16..100,
    ) {
        let (weight, kept) = (f32::from(weight), &kept[..own.len()]);
        let portable = all_kernels(Portable, &received, &own, kept, weight);
        #[cfg(target_arch = "x86_64")]
        if let Some(vector) = super::super::simd_x86::Avx2::detect() {
            prop_assert_eq!(all_kernels(vector, &received, &own, kept, weight), portable);
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
        if let Ok(full) = values.try_into() {
            for least in [0, 1, magnitude(weight), magnitude(values[7]), f32::INFINITY.to_bits()] {
                all.extend(lanes.reaching(full, least).into_iter().flat_map(|bits| [bits as u32, (bits >> 32) as u32]));
            }
        }
        all.extend(out.iter().map(quiet));
    }
    all
}

/// All that the kernels over blocks write, in every format.
fn all_kernels<L: Lanes>(lanes: L, received: &[f32], own: &[f32], kept: &[f32], weight: f32) -> Vec<Written> {
    let own = Weighted { values: own, weight };
    vec![
        kernels::<bare::Bare, L>(lanes, Wire::F32, received, own, kept),
        kernels::<super::super::fp16::Fp16, L>(lanes, Wire::Fp16, received, own, kept),
        kernels::<super::super::bf16::Bf16, L>(lanes, Wire::Bf16, received, own, kept),
        kernels::<super::super::int8::Int8, L>(lanes, Wire::Int8, received, own, kept),
        kernels::<super::super::topk::TopK, L>(lanes, Wire::TopK, received, own, kept),
    ]
}

/// Payloads, and bits of values.
type Written = (Vec<Vec<u8>>, Vec<Vec<u32>>);

fn kernels<F: BlockFormat, L: Lanes>(
    lanes: L,
    wire: Wire,
    received: &[f32],
    own: Weighted<'_>,
    kept: &[f32],
) -> Written {
    let empty = vec![0xAA; wire.encoded_len(received.len())];
    let (mut payloads, mut vectors) = (Vec::new(), Vec::new());
    let mut first = empty.clone();
    let whole = Weighted { values: received, weight: 1.0 };
    lanes.run(|| blocks::encode::<F, L>(lanes, whole, &mut first)).expect("finite");

    let mut values = vec![f32::NAN; received.len()];
    lanes.run(|| blocks::decode::<F, L>(lanes, &first, &mut values)).expect("finite");
    vectors.push(bits(&values));
    lanes.run(|| blocks::decode_add::<F, L>(lanes, &first, &mut values)).expect("finite");
    vectors.push(bits(&values));
    lanes.run(|| blocks::decode_weighted_add::<F, L>(lanes, &first, own, &mut values)).expect("finite");
    vectors.push(bits(&values));

    let (mut payload, mut residual) = (empty, kept.to_vec());
    lanes.run(|| blocks::encode_keeping::<F, L>(lanes, own, &mut residual, &mut payload)).expect("finite");
    payloads.push(payload.clone());
    vectors.push(bits(&residual));
    lanes.run(|| blocks::reduce_keeping::<F, L>(lanes, &mut payload, whole, &mut residual)).expect("finite");
    payloads.push(payload.clone());
    vectors.push(bits(&residual));
    lanes.run(|| blocks::mean_keeping::<F, L>(lanes, &mut values, 7.0, &mut residual, &mut payload)).expect("finite");
    payloads.push(payload.clone());
    vectors.extend([bits(&values), bits(&residual)]);
    lanes.run(|| blocks::reduce::<F, L>(lanes, &mut payload, own)).expect("finite");
    payloads.push(payload.clone());
    lanes.run(|| blocks::mean::<F, L>(lanes, &mut values, 3.0, &mut payload)).expect("finite");
    payloads.extend([first, payload]);
    vectors.push(bits(&values));
    (payloads, vectors)
}
