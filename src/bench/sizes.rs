//! Strategies on parts of a constellation: how completion grows with the number of those that contribute.

use starloom_comms::units::MissionTime;

use super::quantile;
use super::round::middle;
use super::simulated::{Compared, Comparison, Field, Outcome, compare};

/// Most sizes that are looked at, that of the whole constellation included.
const MOST_SIZES: usize = 7;
/// From how many of a comparison's starts.
const MOST_STARTS: usize = 3;

/// What an all-reduce takes among the first so many members of a constellation, by themselves, over the contacts that they have
/// in the whole.
#[derive(Debug, Clone, PartialEq)]
pub struct BySize {
    /// The vector, in bytes of `f32`.
    pub payload: u64,
    /// From how many starts; times are medians over them.
    pub starts: usize,
    /// How many members, in ascending order.
    pub sizes: Vec<usize>,
    /// For each size and strategy of the comparison the median in seconds; nothing where half of the starts never complete.
    pub medians: Vec<Vec<Option<f64>>>,
    /// For each size the median of the lower bounds in seconds, over the starts that have one.
    pub bounds: Vec<Option<f64>>,
}

/// Runs the comparison's strategies among the first members, for several sizes, with the payload in the middle. What is known
/// already of the whole constellation is taken from `compared`. `told` hears the share that is done.
#[must_use]
pub fn by_size(
    comparison: &Comparison,
    field: Field<'_>,
    compared: &Compared,
    told: impl Fn(f64) + Sync,
) -> Option<BySize> {
    let payload = middle(&comparison.payloads)?;
    let sizes = sizes(field.members.len());
    let chosen: Vec<usize> =
        (0..comparison.starts.len()).step_by(comparison.starts.len().div_ceil(MOST_STARTS).max(1)).collect();
    let starts: Vec<MissionTime> = chosen.iter().map(|&index| comparison.starts[index]).collect();
    let few = Comparison { payloads: vec![payload], starts, ..comparison.clone() };
    let mut found = BySize { payload, starts: chosen.len(), sizes: sizes.clone(), medians: vec![], bounds: vec![] };
    for (index, &size) in sizes.iter().enumerate() {
        let outcomes: Vec<Vec<Outcome>> = if size == field.members.len() {
            let rows = compared.rows.iter().zip(&compared.outcomes).filter(|(row, _)| row.payload_bytes == payload);
            rows.map(|(_, outcomes)| chosen.iter().map(|&start| outcomes[start]).collect()).collect()
        } else {
            let part = Field { members: &field.members[..size], ..field };
            let told = |done: usize, all: usize| told((index as f64 + done as f64 / all as f64) / sizes.len() as f64);
            // The one strategy that is compared may have no schedule for so few.
            let none = || vec![vec![Outcome::default(); chosen.len()]; few.strategies.len()];
            compare(&few, part, told).map_or_else(|_| none(), |compared| compared.outcomes)
        };
        let median =
            |outcomes: &Vec<Outcome>| quantile(&outcomes.iter().map(|outcome| outcome.took).collect::<Vec<_>>(), 0.5);
        found.medians.push(outcomes.iter().map(median).collect());
        let bounds = outcomes.first().into_iter().flatten().map(|outcome| outcome.bound).filter(Option::is_some);
        found.bounds.push(quantile(&bounds.collect::<Vec<_>>(), 0.5));
    }
    Some(found)
}

/// Sizes from 2 to all, at even distances on a logarithmic axis.
fn sizes(all: usize) -> Vec<usize> {
    if all < 2 {
        return vec![all];
    }
    let growth = (all as f64 / 2.0).powf(1.0 / (MOST_SIZES - 1) as f64);
    let mut sizes: Vec<usize> = (0..MOST_SIZES as i32).map(|step| (2.0 * growth.powi(step)).round() as usize).collect();
    sizes.dedup();
    sizes
}

#[cfg(test)]
mod tests {
    use super::sizes;

    #[test]
    fn sizes_go_from_two_to_all() {
        assert_eq!(sizes(1), [1]);
        assert_eq!(sizes(2), [2]);
        assert_eq!(sizes(4), [2, 3, 4]);
        assert_eq!(sizes(12), [2, 3, 4, 5, 7, 9, 12]);
        for all in 2..3000 {
            let sizes = sizes(all);
            assert!(sizes.is_sorted_by(|a, b| a < b) && sizes.last() == Some(&all) && sizes[0] == 2, "{sizes:?}");
        }
    }
}
