//! All-reduce strategies side by side: what each takes on a contact plan, and how near that is to the best possible.
//!
//! [`simulated::compare`] plans every strategy on what a planner may know, at several starts, and lets the schedule run on what
//! happens; [`real::measure`] runs them between processes over loopback; [`mod@write`] turns the [`Row`]s into a table, lines of
//! JSON or CSV. `algbw` and `busbw` are those of nccl-tests; GB are 10⁹ bytes.

mod acquisitions;
pub mod real;
pub mod report;
pub mod round;
pub mod simulated;
pub mod sizes;
pub mod write;

use serde::Serialize;

/// One strategy with one payload, over all starts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The strategy, or `auto`.
    pub strategy: &'static str,
    /// The format of the numbers.
    pub wire: &'static str,
    /// Who contributes.
    pub nodes: usize,
    /// The vector in `f32`.
    pub payload_bytes: u64,
    /// Half of the starts complete within it; none if they do not.
    pub median_secs: Option<f64>,
    /// The fastest start.
    pub min_secs: Option<f64>,
    /// 95 % of the starts complete within it; none if they do not.
    pub p95_secs: Option<f64>,
    /// `payload_bytes`, of all at once, over the median.
    pub algbw_gb_s: Option<f64>,
    /// That times `2(n−1)/n`.
    pub busbw_gb_s: Option<f64>,
    /// What crosses all links in one all-reduce, or so many at once, headers included: the median.
    pub wire_bytes: Option<u64>,
    /// How often two terminals have to find each other for it: windows of contact that it uses, each counted once
    /// for both directions of its link, also one that is open when the round begins; the median over the starts that
    /// complete.
    pub acquisitions: Option<u64>,
    /// The largest difference of the mean from the exact one, over the largest magnitude of that.
    pub max_relative_error: Option<f64>,
    /// What no exact all-reduce, or so many at once, is faster than: the median over the starts that have such a bound.
    pub lower_bound_secs: Option<f64>,
    /// The median of the ratios of completion to lower bound.
    pub ratio: Option<f64>,
    /// Share of the starts from which it never completes within the plan. None for real processes, which have no acquisitions, bound, ratio and
    /// prediction either.
    pub never_share: Option<f64>,
    /// The median of what the planner predicted, which knows of one alone.
    pub predicted_secs: Option<f64>,
    /// What all processes together compute for one all-reduce: the median; none if there are none.
    pub cpu_secs: Option<f64>,
    /// How many all-reduces go on at once over the same links. Times are those of the last of them, bytes of all together.
    pub jobs: u16,
}

/// The value below which `share` of all are, of which some are missing and count as endless: nothing if it is one of those.
fn quantile(values: &[Option<f64>], share: f64) -> Option<f64> {
    let mut sorted: Vec<f64> = values.iter().map(|value| value.unwrap_or(f64::INFINITY)).collect();
    sorted.sort_by(f64::total_cmp);
    let place = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(place.saturating_sub(1)).copied().filter(|value| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::quantile;

    #[test]
    fn what_never_completes_is_slower_than_all_that_does() {
        let some = |values: &[f64]| values.iter().map(|value| Some(*value)).collect::<Vec<_>>();
        assert_eq!(quantile(&some(&[3.0, 1.0, 2.0]), 0.5), Some(2.0));
        assert_eq!(quantile(&some(&[3.0, 1.0, 2.0]), 0.95), Some(3.0));
        assert_eq!(quantile(&[Some(1.0), None, Some(2.0)], 0.5), Some(2.0));
        assert_eq!(quantile(&[Some(1.0), None, None], 0.5), None);
        assert_eq!(quantile(&[], 0.5), None);
    }
}
