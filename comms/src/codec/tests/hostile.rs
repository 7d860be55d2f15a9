//! What is not finite, and what no encoder writes.

use half::{bf16, f16};
use proptest::prelude::*;

use super::*;

proptest! {
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
        for &wire in Wire::ALL {
            let good = encoded(wire, &values, 1.0);
            let (own, nothing) = (Weighted { values: &values, weight: 1.0 }, vec![0.0; values.len()]);
            let own_broken = Weighted { values: &broken, weight: 1.0 };
            let weightless = Weighted { values: &broken, weight: 0.0 };
            prop_assert_eq!(wire.encode(own_broken, &mut good.clone()), found);
            prop_assert_eq!(wire.reduce(&mut good.clone(), weightless), found);
            prop_assert_eq!(wire.decode_add(&good, &mut broken.clone()), found);
            prop_assert_eq!(wire.decode_weighted_add(&good, weightless, &mut nothing.clone()), found);
            prop_assert_eq!(wire.mean(&mut broken.clone(), 2.0, &mut good.clone()), found);

            prop_assert_eq!(wire.encode_keeping(own_broken, &mut nothing.clone(), &mut good.clone()), found);
            prop_assert_eq!(wire.encode_keeping(own, &mut broken.clone(), &mut good.clone()), found);
            prop_assert_eq!(wire.reduce_keeping(&mut good.clone(), weightless, &mut nothing.clone()), found);
            prop_assert_eq!(wire.reduce_keeping(&mut good.clone(), own, &mut broken.clone()), found);
            let (mut sum, mut payload) = (broken.clone(), good.clone());
            prop_assert_eq!(wire.mean_keeping(&mut sum, 2.0, &mut nothing.clone(), &mut payload), found);
            let (mut sum, mut payload) = (values.clone(), good.clone());
            prop_assert_eq!(wire.mean_keeping(&mut sum, 2.0, &mut broken.clone(), &mut payload), found);
        }
        // The all-ones exponent is what a broken peer could send.
        let patterns = [
            (Wire::F32, bad.to_le_bytes().to_vec()),
            (Wire::Fp16, f16::from_f32_const(bad).to_le_bytes().to_vec()),
            (Wire::Bf16, bf16::from_f32_const(bad).to_le_bytes().to_vec()),
        ];
        for (wire, pattern) in patterns {
            let mut payload = encoded(wire, &values, 1.0);
            payload[pattern.len() * at..][..pattern.len()].copy_from_slice(&pattern);
            prop_assert_eq!(wire.decode(&payload, &mut vec![0.0; values.len()]), found);
        }
    }

    #[test]
    fn any_bytes_decode_to_finite_values_or_are_refused(
        (elements, bytes) in (0_usize..520).prop_flat_map(|elements| {
            let most = Wire::F32.encoded_len(elements);
            let byte = prop_oneof![2 => any::<u8>(), 1 => Just(0_u8), 1 => 0x70_u8..0x80];
            (Just(elements), proptest::collection::vec(byte, most))
        }),
        weight in value(),
    ) {
        for &wire in Wire::ALL {
            let payload = &bytes[..wire.encoded_len(elements)];
            let nothing = vec![0.0; elements];
            let own = Weighted { values: &nothing, weight };
            let mut values = nothing.clone();
            let taken = wire.decode(payload, &mut values);
            if taken.is_ok() {
                prop_assert!(values.iter().all(|value| value.is_finite()));
            }
            prop_assert_eq!(wire.decode_add(payload, &mut nothing.clone()), taken);
            prop_assert_eq!(wire.decode_weighted_add(payload, own, &mut nothing.clone()), taken);
            let mut hop = payload.to_vec();
            if wire.reduce(&mut hop, own).is_ok() {
                prop_assert_eq!(wire.decode(&hop, &mut values), Ok(()));
            }
            let mut hop = payload.to_vec();
            if wire.reduce_keeping(&mut hop, own, &mut nothing.clone()).is_ok() {
                prop_assert_eq!(wire.decode(&hop, &mut values), Ok(()));
            }
        }
    }
}

#[test]
fn a_power_of_two_that_no_encoder_writes_is_refused() {
    for exponent in [-128, -127, 114, 127_i8] {
        let mut payload = encoded(Wire::Fp16, &[1.0; 300], 1.0);
        payload[601] = exponent.cast_unsigned();
        let refused = Err(CodecError::Exponent { element: 256, exponent });
        assert_every_reader_says(Wire::Fp16, &payload, refused);
    }
}

#[test]
fn a_scale_of_bytes_that_no_encoder_writes_is_refused() {
    for bits in [0x0001, 0x007f, 0x7c02, 0x7f80, 0x7fc0, 0x8000, 0xbf80, 0xffff_u16] {
        let mut payload = encoded(Wire::Int8, &[1.0; 300], 1.0);
        payload[302..].copy_from_slice(&bits.to_le_bytes());
        assert_every_reader_says(Wire::Int8, &payload, Err(CodecError::Scale { element: 256, bits }));
    }
    let mut payload = encoded(Wire::Int8, &[f32::MAX; 300], 1.0);
    payload[299] = i8::MIN.cast_unsigned();
    assert_every_reader_says(Wire::Int8, &payload, Err(CodecError::NonFinite { element: 256 }));
}

#[test]
fn an_entry_outside_its_block_is_refused() {
    // Bodies of 16 indices and 16 halves, and two exponents behind them.
    for index in [44, 45, 255_u8] {
        let mut payload = encoded(Wire::TopK, &[1.0; 300], 1.0);
        payload[48 + 15] = index;
        let refused = Err(CodecError::Index { element: 256, index, elements: 44 });
        assert_every_reader_says(Wire::TopK, &payload, refused);
    }
    for exponent in [-128, 114_i8] {
        let mut payload = encoded(Wire::TopK, &[1.0; 300], 1.0);
        payload[97] = exponent.cast_unsigned();
        assert_every_reader_says(Wire::TopK, &payload, Err(CodecError::Exponent { element: 256, exponent }));
    }
}

#[test]
fn entries_of_the_same_index_add_up_and_may_not_overflow() {
    let mut payload = encoded(Wire::TopK, &[LARGEST; 300], 1.0);
    payload[48..64].fill(43);
    assert_every_reader_says(Wire::TopK, &payload, Err(CodecError::NonFinite { element: 256 }));
    let mut payload = encoded(Wire::TopK, &[1.5; 300], 1.0);
    payload[48..64].fill(43);
    assert_eq!(decoded(Wire::TopK, &payload, 300)[256..], [[0.0; 43].as_slice(), &[24.0]].concat());
}

/// Of a payload for 300 elements.
fn assert_every_reader_says(wire: Wire, payload: &[u8], outcome: Result<(), CodecError>) {
    let own = Weighted { values: &[0.0; 300], weight: 1.0 };
    assert_eq!(wire.decode(payload, &mut [0.0; 300]), outcome);
    assert_eq!(wire.decode_streaming(payload, &mut [0.0; 300]), outcome);
    assert_eq!(wire.decode_add(payload, &mut [0.0; 300]), outcome);
    assert_eq!(wire.decode_weighted_add(payload, own, &mut [0.0; 300]), outcome);
    assert_eq!(wire.reduce(&mut payload.to_vec(), own), outcome);
    assert_eq!(wire.reduce_keeping(&mut payload.to_vec(), own, &mut [0.0; 300]), outcome);
}

#[test]
fn a_product_that_overflows_is_not_finite() {
    for &wire in Wire::ALL {
        let own = Weighted { values: &[1.0, f32::MAX], weight: 2.0 };
        let mut payload = vec![0; wire.encoded_len(2)];
        assert_eq!(wire.encode(own, &mut payload), Err(CodecError::NonFinite { element: 0 }), "{wire}");
    }
}
