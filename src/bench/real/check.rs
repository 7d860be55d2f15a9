//! A result against the exact mean, which every rank can compute.
//!
//! A long vector is looked at in parts, one by each rank: where all ranks hold the same bits, together they look at all of it.

use std::ops::Range;

use starloom_comms::codec::Wire;
use starloom_comms::collective::{Completed, rounding};
use starloom_comms::id::Digest;

use super::numbers::contribution;
use super::words::Check;

/// Longest vector that each rank looks at as a whole.
const SHORT: usize = 64 * 1024;
/// Elements whose exact means are held at once, and whose bits are hashed at once.
const RUN: usize = 16 * 1024;

/// Of which part of a long vector a rank says how exact it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Of its own: the others have the same.
    Own,
    Whole,
}

/// What a rank's result comes to.
pub(super) fn check(completed: &Completed, seed: u64, rank: u32, ranks: u32, wire: Wire, whose: Part) -> Check {
    let elements = completed.mean.len();
    let part = match whose {
        Part::Own if elements > SHORT => part(elements, rank as usize, ranks as usize),
        _ => 0..elements,
    };
    let runs = part.clone().step_by(RUN).map(|start| start..part.end.min(start + RUN));
    let runs: Vec<Exact> = runs.map(|range| Exact::new(seed, ranks, range)).collect();
    let largest = runs.iter().flat_map(|run| &run.magnitudes).copied().fold(0.0, f64::max);
    let mut check = Check {
        mean: digest(&completed.mean),
        outcome: completed.digest,
        worst_error: 0.0,
        largest_mean: 0.0,
        share_of_bound: 0.0,
    };
    for run in runs {
        for ((mean, exact), magnitude) in completed.mean[run.range].iter().zip(&run.means).zip(&run.magnitudes) {
            let error = (f64::from(*mean) - exact).abs();
            // What is no number is as far off as can be said.
            let error = if error.is_finite() { error } else { f64::MAX };
            let share = error / rounding::bound(wire, ranks, *magnitude, largest);
            check.worst_error = check.worst_error.max(error);
            check.largest_mean = check.largest_mean.max(exact.abs());
            check.share_of_bound = check.share_of_bound.max(share.min(f64::MAX));
        }
    }
    check
}

fn part(elements: usize, rank: usize, ranks: usize) -> Range<usize> {
    elements * rank / ranks..elements * (rank + 1) / ranks
}

/// What the mean should be, and the means of the magnitudes.
struct Exact {
    range: Range<usize>,
    means: Vec<f64>,
    magnitudes: Vec<f64>,
}

impl Exact {
    fn new(seed: u64, ranks: u32, range: Range<usize>) -> Self {
        let (mut means, mut magnitudes) = (vec![0.0; range.len()], vec![0.0; range.len()]);
        for rank in 0..ranks {
            let places = means.iter_mut().zip(&mut magnitudes);
            for ((mean, magnitude), value) in places.zip(contribution(seed, rank, range.clone())) {
                *mean += f64::from(value) / f64::from(ranks);
                *magnitude += f64::from(value.abs()) / f64::from(ranks);
            }
        }
        Self { range, means, magnitudes }
    }
}

/// Of the bits of a vector.
fn digest(values: &[f32]) -> Digest {
    let mut digests = Vec::new();
    let mut bytes = Vec::with_capacity(RUN * size_of::<f32>());
    for run in values.chunks(RUN) {
        bytes.clear();
        run.iter().for_each(|value| bytes.extend_from_slice(&value.to_le_bytes()));
        digests.extend_from_slice(&Digest::of(&bytes).0);
    }
    Digest::of(&digests)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completed(mean: Vec<f32>) -> Completed {
        Completed { mean, digest: Digest::default(), samples: 2, raw_bytes: 0, wire_bytes: 0 }
    }

    #[test]
    fn a_mean_that_is_off_shows_and_a_right_one_does_not() {
        let elements = SHORT + 1000;
        let [first, second] = [0, 1].map(|rank| contribution(9, rank, 0..elements).collect::<Vec<_>>());
        let mean: Vec<f32> = first.iter().zip(&second).map(|(first, second)| (first + second) / 2.0).collect();
        let share =
            |mean: &[f32], rank| check(&completed(mean.to_vec()), 9, rank, 2, Wire::F32, Part::Own).share_of_bound;
        assert!(share(&mean, 0) <= 1.0 && share(&mean, 1) <= 1.0);
        let mut off = mean.clone();
        off[elements - 1] += 1e-5;
        assert!(share(&off, 0) <= 1.0, "the first rank does not look there");
        assert!(share(&off, 1) > 1.0);
        assert_ne!(digest(&off), digest(&mean));
        off[elements - 1] = f32::NAN;
        assert!(share(&off, 1) > 1.0);
    }
}
