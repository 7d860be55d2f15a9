//! From what ranks tell to rows: compared with each other, checked, and the slowest of each iteration.

use starloom_comms::codec::Wire;
use starloom_comms::id::NodeId;

use super::error::RealError;
use super::words::{Account, Check, Size};
use super::{Measurement, Row};
use crate::bench::quantile;

/// The rows for what ranks have told, by rank, vector and strategy.
pub(super) fn rows(
    measurement: &Measurement,
    sizes: &[Size],
    accounts: &[Vec<Vec<Account>>],
) -> Result<Vec<Row>, RealError> {
    let nodes = measurement.scenario.nodes();
    let mut rows = Vec::with_capacity(sizes.len() * measurement.strategies.len());
    for (number, size) in sizes.iter().enumerate() {
        for strategy in &measurement.strategies {
            let place = size.planned.iter().position(|planned| planned.strategy == strategy.as_str());
            let mut row = empty(strategy.as_str(), measurement.wire, size.elements, nodes.len());
            if let Some(place) = place {
                let of_ranks: Vec<&Account> = accounts.iter().map(|of_rank| &of_rank[number][place]).collect();
                let error = match strategy.is_exact() {
                    true => agree(&row, measurement.wire, size.elements, &nodes, &of_ranks)?,
                    false => worst_error(&of_ranks),
                };
                fill(&mut row, &of_ranks);
                row.max_relative_error = error;
            }
            rows.push(row);
        }
    }
    Ok(rows)
}

/// Holds the results against each other and against the exact mean; gives the error as a share of the largest magnitude.
fn agree(
    row: &Row,
    wire: Wire,
    elements: usize,
    nodes: &[NodeId],
    accounts: &[&Account],
) -> Result<Option<f64>, RealError> {
    let strategy = || row.strategy.to_owned();
    let checks: Vec<&Check> = accounts.iter().filter_map(|account| account.check.as_ref()).collect();
    let Some((first, others)) = checks.split_first() else { return Ok(None) };
    let differs = |other: &&Check| (other.mean, other.outcome) != (first.mean, first.outcome);
    if let Some(other) = others.iter().position(differs) {
        let (node, first) = (nodes[other + 1].clone(), nodes[0].clone());
        return Err(RealError::Different { strategy: strategy(), elements, node, first });
    }
    let most = |of: fn(&Check) -> f64| checks.iter().map(|check| of(check)).fold(0.0, f64::max);
    let (error, share) = (most(|check| check.worst_error), most(|check| check.share_of_bound));
    if share > 1.0 {
        return Err(RealError::Inexact { strategy: strategy(), elements, error, share, wire });
    }
    Ok(worst_error(accounts))
}

/// How far results are off, as a share of the largest magnitude in the mean.
fn worst_error(accounts: &[&Account]) -> Option<f64> {
    let checks = accounts.iter().filter_map(|account| account.check.as_ref());
    let worst =
        |(error, largest): (f64, f64), check: &Check| (check.worst_error.max(error), check.largest_mean.max(largest));
    let (error, largest) = checks.fold((0.0, 0.0), worst);
    (largest > 0.0).then_some(error / largest)
}

fn fill(row: &mut Row, accounts: &[&Account]) {
    let over_ranks = |fold: fn(f64, f64) -> f64, of: fn(&Account) -> &[f64]| {
        let iterations = accounts.iter().map(|account| of(account).len()).min().unwrap_or_default();
        let of_iteration = |number: usize| Some(accounts.iter().map(|account| of(account)[number]).fold(0.0, fold));
        (0..iterations).map(of_iteration).collect::<Vec<_>>()
    };
    let slowest = over_ranks(f64::max, |account| &account.secs);
    let computed = over_ranks(|sum, secs| sum + secs, |account| &account.cpu_secs);
    row.median_secs = quantile(&slowest, 0.5);
    row.min_secs = quantile(&slowest, 0.0);
    row.p95_secs = quantile(&slowest, 0.95);
    row.algbw_gb_s = row.median_secs.filter(|secs| *secs > 0.0).map(|secs| row.payload_bytes as f64 / secs / 1e9);
    row.busbw_gb_s = row.algbw_gb_s.map(|algbw| algbw * 2.0 * (row.nodes as f64 - 1.0) / row.nodes as f64);
    row.wire_bytes = Some(accounts.iter().map(|account| account.wire_bytes).sum());
    row.cpu_secs = quantile(&computed, 0.5);
}

fn empty(strategy: &'static str, wire: Wire, elements: usize, nodes: usize) -> Row {
    Row {
        strategy,
        wire: wire.as_str(),
        nodes,
        jobs: 1,
        payload_bytes: (elements * size_of::<f32>()) as u64,
        median_secs: None,
        min_secs: None,
        p95_secs: None,
        algbw_gb_s: None,
        busbw_gb_s: None,
        wire_bytes: None,
        max_relative_error: None,
        lower_bound_secs: None,
        ratio: None,
        acquisitions: None,
        never_share: None,
        predicted_secs: None,
        cpu_secs: None,
    }
}

#[cfg(test)]
mod tests {
    use starloom_comms::id::Digest;

    use super::*;

    fn account(mean: &[u8], share_of_bound: f64, secs: &[f64]) -> Account {
        let (mean, outcome) = (Digest::of(mean), Digest::default());
        let check = Check { mean, outcome, worst_error: 0.25, largest_mean: 0.5, share_of_bound };
        Account { secs: secs.to_vec(), cpu_secs: vec![0.5; secs.len()], wire_bytes: 100, check: Some(check) }
    }

    fn agreed(accounts: &[Account]) -> Result<Option<f64>, RealError> {
        let nodes: Vec<NodeId> = (0..).map(NodeId::satellite).take(accounts.len()).collect();
        let row = empty("ring", Wire::Fp16, 1000, nodes.len());
        agree(&row, Wire::Fp16, 1000, &nodes, &accounts.iter().collect::<Vec<_>>())
    }

    #[test]
    fn ranks_that_hold_other_bits_are_named() {
        let accounts = [account(b"a", 0.5, &[1.0]), account(b"a", 0.9, &[1.0]), account(b"b", 0.5, &[1.0])];
        assert!(matches!(agreed(&accounts[..2]), Ok(Some(0.5))));
        let error = agreed(&accounts).map_err(|error| error.to_string());
        assert_eq!(
            error.err().as_deref(),
            Some("ring with 1000 elements: the mean of sat-2 is not that of sat-0, to the last bit")
        );
    }

    #[test]
    fn a_mean_beyond_its_bound_is_no_result() {
        let error =
            agreed(&[account(b"a", 0.5, &[1.0]), account(b"a", 1.5, &[1.0])]).map_err(|error| error.to_string());
        assert!(error.as_ref().is_err_and(|error| error.contains("1.50 times what fp16 allows")), "{error:?}");
    }

    #[test]
    fn the_slowest_rank_of_an_iteration_counts() {
        let accounts = [account(b"a", 0.5, &[0.1, 0.2, 0.3]), account(b"a", 0.5, &[0.2, 0.1, 0.1])];
        let mut row = empty("ring", Wire::Fp16, 1_000_000, 2);
        fill(&mut row, &accounts.iter().collect::<Vec<_>>());
        assert_eq!((row.min_secs, row.median_secs, row.p95_secs), (Some(0.2), Some(0.2), Some(0.3)));
        assert_eq!((row.wire_bytes, row.cpu_secs), (Some(200), Some(1.0)));
        assert_eq!((row.algbw_gb_s, row.busbw_gb_s), (Some(0.02), Some(0.02)));
    }
}
