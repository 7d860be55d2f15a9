//! What is not sent is kept, and arrives in the long run.

use proptest::prelude::*;

use super::*;

/// Own values, what is received, and what was kept.
fn triples() -> impl Strategy<Value = (Vec<f32>, Vec<f32>, Vec<f32>)> {
    pairs().prop_flat_map(|(received, own)| {
        let kept = proptest::collection::vec(-2e3_f32..2e3, own.len());
        (Just(received), Just(own), kept)
    })
}

proptest! {
    #[test]
    fn the_keeping_kernels_are_their_parts_one_after_the_other(
        (received, own, kept) in triples(),
        weight in 0_u16..100,
    ) {
        let weight = f32::from(weight);
        let own_weighted = Weighted { values: &own, weight };
        for &wire in Wire::ALL {
            let stale = encoded(wire, &received, 1.0);
            let read = decoded(wire, &stale, own.len());

            let meant: Vec<f32> = own.iter().zip(&kept).map(|(own, kept)| own * weight + kept).collect();
            let (mut payload, mut residual) = (stale.clone(), kept.clone());
            wire.encode_keeping(own_weighted, &mut residual, &mut payload).expect("finite");
            assert_kept(wire, &meant, &payload, &residual);

            let sums = own.iter().zip(&read).zip(&kept);
            let meant: Vec<f32> = sums.map(|((own, read), kept)| own * weight + read + kept).collect();
            let (mut payload, mut residual) = (stale.clone(), kept.clone());
            wire.reduce_keeping(&mut payload, own_weighted, &mut residual).expect("finite");
            assert_kept(wire, &meant, &payload, &residual);

            let meant: Vec<f32> = own.iter().zip(&kept).map(|(sum, kept)| sum / 7.0 + kept).collect();
            let (mut payload, mut residual, mut sum) = (stale, kept.clone(), own.clone());
            wire.mean_keeping(&mut sum, 7.0, &mut residual, &mut payload).expect("finite");
            assert_kept(wire, &meant, &payload, &residual);
            prop_assert_eq!(bits(&sum), bits(&decoded(wire, &payload, own.len())));
        }
    }

    #[test]
    fn what_is_sent_and_what_is_kept_are_what_was_meant(values in values()) {
        for &wire in Wire::ALL {
            let mut residual = vec![0.0; values.len()];
            let mut payload = vec![0; wire.encoded_len(values.len())];
            let own = Weighted { values: &values, weight: 1.0 };
            wire.encode_keeping(own, &mut residual, &mut payload).expect("finite");
            let sent = decoded(wire, &payload, values.len());
            for ((value, sent), kept) in values.iter().zip(&sent).zip(&residual) {
                prop_assert_eq!(f64::from(*sent) + f64::from(*kept), f64::from(*value), "{}", wire);
            }
        }
    }
}

fn assert_kept(wire: Wire, meant: &[f32], payload: &[u8], residual: &[f32]) {
    assert_eq!(payload, encoded(wire, meant, 1.0), "{wire}");
    let sent = decoded(wire, payload, meant.len());
    let kept: Vec<f32> = meant.iter().zip(&sent).map(|(meant, sent)| meant - sent).collect();
    assert_eq!(bits(residual), bits(&kept), "{wire}");
}

/// Contributions of a round, alike from round to round and of many sizes within a block.
fn contribution(round: u32, elements: usize) -> Vec<f32> {
    (0..elements)
        .map(|element| {
            let size = 10_f32.powi((element % 5) as i32 - 4);
            size * (1.0 + ((element as u32 * 37 + round * 101) % 97) as f32 / 97.0)
        })
        .collect()
}

#[test]
fn over_many_rounds_everything_is_sent_but_the_residual() {
    const ELEMENTS: usize = 700;
    const ROUNDS: u32 = 400;
    for &wire in Wire::ALL {
        let (mut meant, mut sent) = (vec![0.0_f64; ELEMENTS], vec![0.0_f64; ELEMENTS]);
        let mut residual = vec![0.0; ELEMENTS];
        let mut payload = vec![0; wire.encoded_len(ELEMENTS)];
        for round in 0..ROUNDS {
            let values = contribution(round, ELEMENTS);
            let own = Weighted { values: &values, weight: 3.0 };
            wire.encode_keeping(own, &mut residual, &mut payload).expect("finite");
            let round = values.iter().zip(decoded(wire, &payload, ELEMENTS));
            for ((meant, sent), (value, decoded)) in meant.iter_mut().zip(&mut sent).zip(round) {
                *meant += f64::from(value * 3.0);
                *sent += f64::from(decoded);
            }
        }
        for ((meant, sent), kept) in meant.iter().zip(&sent).zip(&residual) {
            // Each round rounds once in `f32`: the sum of what is new and what was kept.
            let rounding =
                meant * (-24_f64).exp2() * 2.0 + f64::from(kept.abs()) * (-24_f64).exp2() * f64::from(ROUNDS);
            let off = (sent + f64::from(*kept) - meant).abs();
            assert!(off <= rounding, "{wire}: {sent} and {kept} for {meant}, {off:e} off");
        }
    }
}

#[test]
fn small_values_beside_large_ones_arrive_only_if_the_residual_is_kept() {
    let mut values = vec![1e-3_f32; BLOCK];
    values[0] = 1.0;
    for &wire in Wire::ALL.iter().filter(|wire| wire.wants_residual()) {
        let own = Weighted { values: &values, weight: 1.0 };
        let mut payload = vec![0; wire.encoded_len(BLOCK)];
        wire.encode(own, &mut payload).expect("finite");
        assert!(decoded(wire, &payload, BLOCK)[BLOCK - 1] == 0.0, "{wire}");

        let (mut residual, mut sum) = (vec![0.0; BLOCK], vec![0.0; BLOCK]);
        for _ in 0..1000 {
            wire.encode_keeping(own, &mut residual, &mut payload).expect("finite");
            wire.decode_add(&payload, &mut sum).expect("finite");
        }
        assert!((sum[BLOCK - 1] - 1.0).abs() < 0.1, "{wire}: {} of 1", sum[BLOCK - 1]);
    }
}

#[test]
fn huge_and_subnormal_values_arrive_with_their_residual() {
    for &wire in Wire::ALL {
        for size in [1e30, 1e-41] {
            let values: Vec<f32> = (0..300).map(|element| size * (1.0 + element as f32 / 300.0)).collect();
            let (mut residual, mut sum) = (vec![0.0; 300], vec![0.0_f64; 300]);
            let mut payload = vec![0; wire.encoded_len(300)];
            for _ in 0..50 {
                wire.encode_keeping(Weighted { values: &values, weight: 1.0 }, &mut residual, &mut payload)
                    .expect("finite");
                for (sum, sent) in sum.iter_mut().zip(decoded(wire, &payload, 300)) {
                    *sum += f64::from(sent);
                }
            }
            for ((sum, kept), value) in sum.iter().zip(&residual).zip(&values) {
                let meant = 50.0 * f64::from(*value);
                assert!(((sum + f64::from(*kept)) / meant - 1.0).abs() < 1e-5, "{wire}: {sum} and {kept} of {meant}");
            }
        }
    }
}
