//! Payloads, packed.

use std::io::Write;

use proptest::prelude::*;

use super::super::planes::{UnpackError, pack, unpack};
use super::*;

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..300),
        proptest::collection::vec(prop_oneof![4 => Just(0_u8), 1 => any::<u8>()], 0..3000),
    ]
}

proptest! {
    #[test]
    fn what_is_packed_unpacks(bytes in bytes(), stride in 1_usize..60, level in -5_i32..6) {
        let packed = pack(&bytes, stride, level);
        prop_assert_eq!(unpack(&packed, stride, bytes.len()).expect("intact"), bytes);
    }

    #[test]
    fn every_format_comes_back_as_it_was(values in values()) {
        for &wire in Wire::ALL {
            let payload = encoded(wire, &values, 1.0);
            let packed = pack(&payload, wire.stride(), 1);
            prop_assert_eq!(unpack(&packed, wire.stride(), payload.len()).expect("intact"), payload);
        }
    }

    #[test]
    fn changed_bytes_unpack_to_the_length_that_is_due_or_to_nothing(
        bytes in bytes(), at in any::<proptest::sample::Index>(), flip in 1_u8.., cut in 0_usize..4,
    ) {
        let mut packed = pack(&bytes, 2, 1);
        let at = at.index(packed.len());
        packed[at] ^= flip;
        packed.truncate(packed.len() - cut);
        if let Ok(unpacked) = unpack(&packed, 2, bytes.len()) {
            prop_assert_eq!(unpacked.len(), bytes.len());
        }
    }

    #[test]
    fn noise_is_refused(noise in proptest::collection::vec(any::<u8>(), 0..200), bytes in 0_usize..1000) {
        prop_assume!(noise.first_chunk() != Some(&[0x28, 0xb5, 0x2f, 0xfd]) && noise.get(1..4) != Some(&[0x2a, 0x4d, 0x18]));
        prop_assert!(unpack(&noise, 4, bytes).is_err());
    }
}

#[test]
fn a_payload_of_another_length_is_refused_before_it_is_unpacked() {
    let bomb = pack(&vec![0; 64 << 20], 4, 1);
    let error = unpack(&bomb, 4, 1000).expect_err("too long");
    assert!(matches!(error, UnpackError::Size { bytes: 1000, stated, .. } if stated == 64 << 20), "{error}");
    let error = unpack(&pack(&[1; 999], 4, 1), 4, 1000).expect_err("too short");
    assert!(matches!(error, UnpackError::Size { bytes: 1000, stated: 999, .. }), "{error}");
}

#[test]
fn what_lies_about_its_length_is_refused() {
    // Two frames behind each other, of which the first states the length that is due.
    let mut packed = pack(&[7; 1000], 1, 1);
    packed.extend(pack(&vec![0; 64 << 20], 1, 1));
    let error = unpack(&packed, 1, 1000).expect_err("more than it says");
    assert!(matches!(error, UnpackError::Compression { bytes: 1000, .. }), "{error}");

    let mut stream = zstd::Encoder::new(Vec::new(), 1).expect("an encoder");
    stream.write_all(&[7; 1000]).and_then(|()| stream.flush()).expect("written to memory");
    let error = unpack(&stream.finish().expect("written to memory"), 1, 1000).expect_err("a stream states no length");
    assert!(matches!(error, UnpackError::NoSize { bytes: 1000, .. }), "{error}");
}

#[test]
fn planes_make_numbers_shorter_than_zstd_alone() {
    let values: Vec<f32> = (0..BLOCK * 100).map(|index| ((index * 7919) as f32).sin() * 1e-3).collect();
    for wire in [Wire::F32, Wire::Fp16, Wire::Bf16] {
        let payload = encoded(wire, &values, 1.0);
        let (split, whole) = (pack(&payload, wire.stride(), 1).len(), pack(&payload, 1, 1).len());
        assert!(split * 100 < whole.min(payload.len()) * 97, "{wire}: {split} of {}, {whole} whole", payload.len());
    }
}
