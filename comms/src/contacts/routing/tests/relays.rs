use std::time::Duration;

use proptest::prelude::*;

use super::twins::passed;
use crate::contacts::Contact;
use crate::contacts::routing::Relaying;
use crate::contacts::tests::steps;
use crate::units::MissionTime;

/// Contacts one behind the other that never end, each with its steps of rates and its light time.
fn chains(most_steps: usize) -> impl Strategy<Value = Vec<Contact>> {
    let rates = prop::collection::vec((1u64..12, 1_000_000_000u64..40_000_000_000), 1..=most_steps);
    prop::collection::vec((0u64..30, rates, 0u64..9), 1..6).prop_map(|links| {
        let each = links.into_iter().map(|(start, rates, light)| Contact {
            start: MissionTime(start),
            end: MissionTime::NEVER,
            rate: steps(start, &rates),
            light_time: Duration::from_nanos(light).into(),
        });
        each.collect()
    })
}

proptest! {
    #[test]
    fn at_one_rate_a_lane_a_bundle_that_is_cut_through_arrives_when_its_bits_do(chain in chains(1), bytes in 1u64..40) {
        prop_assert_eq!(last_bit(&chain, bytes), bit_by_bit(&chain, bytes));
    }

    #[test]
    fn at_rates_in_steps_its_bits_arrive_then_or_later(chain in chains(4), bytes in 1u64..40) {
        prop_assert!(last_bit(&chain, bytes) <= bit_by_bit(&chain, bytes));
    }
}

fn last_bit(chain: &[Contact], bytes: u64) -> u64 {
    chain
        .iter()
        .fold((0, 0), |bits, contact| {
            passed(contact, bits, bytes, Relaying::CutThrough).expect("a window that never ends").1
        })
        .1
}

/// Lets each lane carry in each nanosecond what it can of the bits that are there.
fn bit_by_bit(chain: &[Contact], bytes: u64) -> u64 {
    const LATEST: u64 = 1_000;
    let all = u128::from(bytes) * 8 * 1_000_000_000;
    // How much is there at each instant.
    let mut there = vec![all; LATEST as usize];
    for contact in chain {
        let light = contact.light_time.at(MissionTime::ZERO);
        let mut arrived = vec![0; there.len()];
        let mut sent = 0;
        for now in contact.start.0..LATEST - 1 {
            let rate = u128::from(contact.rate.at(MissionTime(now)).0);
            sent = there[now as usize + 1].min(sent + rate);
            let arrival = MissionTime(now + 1) + light;
            if let Some(arrived) = arrived.get_mut(arrival.0 as usize) {
                *arrived = sent;
            }
        }
        there = arrived;
    }
    there.iter().position(|there| *there == all).expect("it gets there") as u64
}
