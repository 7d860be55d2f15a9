//! Private shards of a shared data set: uneven and one-sided, as data is that satellites collect for themselves.

use rand::seq::SliceRandom;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;
use rand_distr::{Distribution, Gamma};
use thiserror::Error;

/// Why samples cannot be shared out.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{samples} training samples cannot be shared out to {nodes} nodes: each needs one at least")]
pub struct TooFewSamples {
    /// Samples there are.
    pub samples: usize,
    /// Nodes there are.
    pub nodes: usize,
}

/// Shares samples `0..labels.len()` out to `nodes` shards: each sample to one shard, each shard at least one sample.
///
/// Each class is split by its own draw from a symmetric Dirichlet distribution with concentration `alpha` (Hsu, Qi and
/// Brown, "Measuring the effects of non-identical data distribution for federated visual classification", 2019): at 0.1 a
/// node sees few classes, at 100 all of them evenly. The same arguments give the same shards.
///
/// # Errors
/// [`TooFewSamples`] if there are fewer samples than nodes.
pub fn dirichlet(labels: &[usize], nodes: usize, alpha: f64, seed: u64) -> Result<Vec<Vec<u64>>, TooFewSamples> {
    if labels.len() < nodes {
        return Err(TooFewSamples { samples: labels.len(), nodes });
    }
    let mut random = ChaCha12Rng::seed_from_u64(seed);
    let mut shards = vec![Vec::new(); nodes];
    let classes = labels.iter().max().map_or(0, |largest| largest + 1);
    for class in 0..classes {
        let mut samples: Vec<u64> = (0..).zip(labels).filter(|(_, label)| **label == class).map(|(at, _)| at).collect();
        samples.shuffle(&mut random);
        let ends = cuts(&proportions(nodes, alpha, &mut random), samples.len());
        let mut start = 0;
        for (shard, end) in shards.iter_mut().zip(ends) {
            shard.extend_from_slice(&samples[start..end]);
            start = end;
        }
    }
    feed_the_empty(&mut shards);
    for shard in &mut shards {
        shard.sort_unstable();
    }
    Ok(shards)
}

/// One draw from the symmetric Dirichlet distribution: gamma variates over their sum.
fn proportions(nodes: usize, alpha: f64, random: &mut impl Rng) -> Vec<f64> {
    let draws: Vec<f64> = match Gamma::new(alpha, 1.0) {
        Ok(gamma) => (0..nodes).map(|_| gamma.sample(random)).collect(),
        Err(_) => vec![0.0; nodes],
    };
    let sum: f64 = draws.iter().sum();
    if sum.is_normal() {
        return draws.iter().map(|draw| draw / sum).collect();
    }
    // A concentration so small that every variate vanished: its limit gives all to one.
    let chosen = random.random_range(0..nodes);
    (0..nodes).map(|node| f64::from(u8::from(node == chosen))).collect()
}

/// Where each proportion's part of `count` samples ends; the last one at `count`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "shares of a count that fits memory"
)]
fn cuts(proportions: &[f64], count: usize) -> Vec<usize> {
    let mut sum = 0.0;
    let mut ends: Vec<usize> = proportions
        .iter()
        .map(|share| {
            sum += share;
            ((sum * count as f64).round() as usize).min(count)
        })
        .collect();
    if let Some(last) = ends.last_mut() {
        *last = count;
    }
    ends
}

/// Gives every empty shard a sample of the largest one.
fn feed_the_empty(shards: &mut [Vec<u64>]) {
    while let Some(empty) = shards.iter().position(Vec::is_empty) {
        let Some(largest) = (0..shards.len()).max_by_key(|index| shards[*index].len()) else { return };
        let Some(sample) = shards[largest].pop() else { return };
        shards[empty].push(sample);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The share of the most frequent class in a shard.
    fn one_sidedness(shard: &[u64], labels: &[usize]) -> f64 {
        let count = |class| shard.iter().filter(|sample| labels[**sample as usize] == class).count();
        (0..10).map(count).max().unwrap_or(0) as f64 / shard.len() as f64
    }

    fn mean_one_sidedness(alpha: f64) -> f64 {
        let labels: Vec<usize> = (0..1000).map(|sample| sample % 10).collect();
        let shards = dirichlet(&labels, 8, alpha, 5).expect("enough samples");
        shards.iter().map(|shard| one_sidedness(shard, &labels)).sum::<f64>() / 8.0
    }

    #[test]
    fn a_small_concentration_is_one_sided_and_a_large_one_even() {
        let (small, large) = (mean_one_sidedness(0.05), mean_one_sidedness(1000.0));
        assert!(small > 0.5, "0.05 gives {small}");
        assert!(large < 0.2, "1000 gives {large}");
    }

    #[test]
    fn fewer_samples_than_nodes_are_refused_with_both() {
        let error = dirichlet(&[0, 1], 3, 1.0, 0).expect_err("two for three");
        assert_eq!(error.to_string(), "2 training samples cannot be shared out to 3 nodes: each needs one at least");
    }

    proptest! {
        #[test]
        fn every_sample_is_in_one_shard_and_every_shard_has_one(
            labels in prop::collection::vec(0_usize..10, 1..200),
            nodes in 1_usize..12,
            alpha in prop_oneof![Just(1e-300), Just(1e-3), 0.01_f64..10.0, Just(1e9)],
            seed: u64,
        ) {
            prop_assume!(labels.len() >= nodes);
            let shards = dirichlet(&labels, nodes, alpha, seed).expect("enough samples");
            prop_assert_eq!(shards.len(), nodes);
            prop_assert!(shards.iter().all(|shard| !shard.is_empty()));
            let mut all = shards.concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..labels.len() as u64).collect::<Vec<_>>());
            prop_assert_eq!(shards, dirichlet(&labels, nodes, alpha, seed).expect("enough samples"));
        }
    }
}
