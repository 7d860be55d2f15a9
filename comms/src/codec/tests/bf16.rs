//! The upper half of `f32`.

use half::bf16;
use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn bf16_is_what_the_half_crate_rounds_to(values in values()) {
        let payload = encoded(Wire::Bf16, &values, 1.0);
        let naive: Vec<u8> = values.iter().flat_map(|value| bf16::from_f32_const(*value).to_le_bytes()).collect();
        prop_assert_eq!(&payload, &naive);
        let back: Vec<f32> = values.iter().map(|value| bf16::from_f32_const(*value).to_f32_const()).collect();
        prop_assert_eq!(bits(&decoded(Wire::Bf16, &payload, values.len())), bits(&back));
    }

    #[test]
    fn bf16_keeps_its_error_bound(values in values()) {
        for (value, back, _) in returned(Wire::Bf16, &values) {
            let bound = ((-8_f64).exp2() * value.abs()).max((-134_f64).exp2());
            prop_assert!((back - value).abs() <= bound, "{value} came back as {back}");
        }
    }
}

#[test]
fn of_two_equally_near_the_even_one_is_taken() {
    let back = |bits: u32| decoded(Wire::Bf16, &encoded(Wire::Bf16, &[f32::from_bits(bits)], 1.0), 1)[0].to_bits();
    assert_eq!(back(0x3f80_8000), 0x3f80_0000);
    assert_eq!(back(0x3f81_8000), 0x3f82_0000);
    assert_eq!(back(0x3f80_8001), 0x3f81_0000);
    assert_eq!(back(0xbf81_7fff), 0xbf81_0000);
}

#[test]
fn the_largest_comes_back_in_bf16_and_the_next_is_infinite() {
    assert_eq!(decoded(Wire::Bf16, &encoded(Wire::Bf16, &[-LARGEST], 1.0), 1), [-bf16::MAX.to_f32()]);
    let beyond = Weighted { values: &[LARGEST.next_up()], weight: 1.0 };
    assert_eq!(Wire::Bf16.encode(beyond, &mut [0; 2]), Err(CodecError::NonFinite { element: 0 }));
}
