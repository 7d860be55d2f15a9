//! Strategies on a contact plan, without processes: planned on what is known, run on what happens.
//!
//! [`compare`] makes the rows of a table, and keeps what they are made of for whoever wants to draw it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;
use starloom_comms::collective::bound::Bounds;
use starloom_comms::collective::cost::CostModel;
use starloom_comms::collective::{PlanError, in_memory};
use starloom_comms::contacts::Contacts;
use starloom_comms::id::NodeId;
use starloom_comms::scenario::StrategyChoice;
use starloom_comms::units::MissionTime;

use super::round::{Round, planned};
use super::{Row, quantile};

/// Elements of the vector on which rounding is measured.
const ERROR_ELEMENTS: usize = 16 * 1024;

/// What is compared.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// Which strategies; rows come in this order.
    pub strategies: Vec<StrategyChoice>,
    /// Vectors, in bytes of `f32`.
    pub payloads: Vec<u64>,
    /// How numbers travel, and what they cost beside that.
    pub model: CostModel,
    /// Instants from which on.
    pub starts: Vec<MissionTime>,
    /// For the numbers on which rounding is measured.
    pub seed: u64,
}

/// Who takes part, and over which contacts.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a> {
    /// Who contributes.
    pub members: &'a [NodeId],
    /// Who may carry what others send.
    pub relays: &'a [NodeId],
    /// Who adds up where one does; nothing for whoever can first.
    pub server: Option<&'a NodeId>,
    /// How often neighbours exchange in gossip.
    pub gossip_rounds: u32,
    /// How many all-reduces of the same go on at once over the same links; at least one.
    pub jobs: u16,
    /// What is planned, and what happens.
    pub contacts: &'a Contacts,
    /// How long before contacts end plans are done with them, as [`guard`](starloom_comms::collective::guard) says.
    pub guard: Duration,
}

/// What came of one strategy with one payload at one start, in seconds from the start.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Outcome {
    /// What the planner predicted; nothing if there is no plan.
    pub predicted: Option<f64>,
    /// What it took; nothing if it never completes.
    pub took: Option<f64>,
    /// What no exact all-reduce is faster than, if there is such a bound.
    pub bound: Option<f64>,
    /// What was planned to cross all links.
    pub wire_bytes: Option<u64>,
    /// How many windows of contact it used, as [`Row::acquisitions`](super::Row::acquisitions) says; nothing if it never completes.
    pub acquisitions: Option<u64>,
}

/// A comparison's rows, and what they are made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// A row for each payload and strategy, payload by payload.
    pub rows: Vec<Row>,
    /// For each row its outcomes, start by start.
    pub outcomes: Vec<Vec<Outcome>>,
}

/// Compares strategies: a row for each payload and strategy. `told` hears how many of all plans have been made.
///
/// # Errors
/// Why a strategy that is asked for alone has no schedule at any start.
pub fn compare(
    comparison: &Comparison,
    field: Field<'_>,
    told: impl Fn(usize, usize) + Sync,
) -> Result<Compared, PlanError> {
    let Comparison { strategies, payloads, starts, .. } = comparison;
    let bounds = Bounds::with_relays(&field.contacts.planned, field.members, field.relays);
    let cells = payloads.len() * starts.len();
    let (done, next) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let outcomes: Mutex<Vec<Vec<Result<Outcome, PlanError>>>> = Mutex::new(vec![Vec::new(); cells]);
    let workers = thread::available_parallelism().map_or(1, usize::from).min(cells.max(1));
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let cell = next.fetch_add(1, Ordering::Relaxed);
                    let Some(payload) = payloads.get(cell / starts.len().max(1)) else { return };
                    let start = starts[cell % starts.len()];
                    let elements = elements(*payload);
                    // Several at once are one of a vector that is as long as all of theirs.
                    let bytes = (comparison.model.wire.encoded_len(elements) as u64).saturating_mul(field.jobs.into());
                    let bound = bounds.at(bytes, start);
                    let bound = bound.map(|bound| bound.time.as_secs_f64());
                    let run = |choice: &StrategyChoice| {
                        let outcome = run(*choice, field, elements, comparison.model, start);
                        told(done.fetch_add(1, Ordering::Relaxed) + 1, cells * strategies.len());
                        outcome.map(|outcome| Outcome { bound, ..outcome })
                    };
                    let row = strategies.iter().map(run).collect();
                    outcomes.lock().unwrap_or_else(PoisonError::into_inner)[cell] = row;
                }
            });
        }
    });
    let outcomes = outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut compared = Compared { rows: Vec::new(), outcomes: Vec::new() };
    for (payload, cells) in payloads.iter().zip(outcomes.chunks(starts.len().max(1))) {
        for (index, choice) in strategies.iter().enumerate() {
            let outcomes: Vec<_> = cells.iter().map(|cell| cell[index].clone()).collect();
            if let ([_], Some(Err(error)), true) =
                (&strategies[..], outcomes.first(), outcomes.iter().all(Result::is_err))
            {
                return Err(error.clone());
            }
            let bound = |cell: &[Result<Outcome, PlanError>]| cell.iter().flatten().find_map(|outcome| outcome.bound);
            let outcomes = outcomes.into_iter().zip(cells).map(|(outcome, cell)| {
                outcome.unwrap_or_else(|_| Outcome { bound: bound(cell), ..Outcome::default() })
            });
            let outcomes: Vec<Outcome> = outcomes.collect();
            compared.rows.push(row(comparison, field, *choice, *payload, &outcomes));
            compared.outcomes.push(outcomes);
        }
    }
    Ok(compared)
}

/// Plans and runs one all-reduce.
fn run(
    choice: StrategyChoice,
    field: Field<'_>,
    elements: usize,
    model: CostModel,
    start: MissionTime,
) -> Result<Outcome, PlanError> {
    let round = Round::run(choice, field, elements, model, start)?;
    Ok(Outcome {
        predicted: Some(round.predicted_secs()),
        took: round.took_secs(),
        bound: None,
        wire_bytes: Some(round.wire_bytes()),
        acquisitions: round.completes.is_ok().then_some(round.acquisitions),
    })
}

fn row(comparison: &Comparison, field: Field<'_>, choice: StrategyChoice, payload: u64, outcomes: &[Outcome]) -> Row {
    let took: Vec<Option<f64>> = outcomes.iter().map(|outcome| outcome.took).collect();
    let median = quantile(&took, 0.5);
    let nodes = field.members.len();
    let algbw = median.map(|secs| payload as f64 * f64::from(field.jobs) / secs / 1e9);
    // What is not exact can undercut the bound.
    let bounded = outcomes.iter().filter(|_| choice.is_exact());
    let ratios = bounded.map(|outcome| Some(outcome.took? / outcome.bound?)).filter(Option::is_some);
    let bounds: Vec<Option<f64>> = outcomes.iter().map(|outcome| outcome.bound).filter(Option::is_some).collect();
    let predicted: Vec<Option<f64>> = outcomes.iter().map(|outcome| outcome.predicted).collect();
    let never = took.iter().filter(|took| took.is_none()).count();
    Row {
        strategy: choice.as_str(),
        wire: comparison.model.wire.as_str(),
        nodes,
        jobs: field.jobs,
        payload_bytes: payload,
        median_secs: median,
        min_secs: quantile(&took, 0.0),
        p95_secs: quantile(&took, 0.95),
        algbw_gb_s: algbw,
        busbw_gb_s: algbw.map(|algbw| algbw * 2.0 * (nodes as f64 - 1.0) / nodes as f64),
        wire_bytes: middle(outcomes.iter().filter_map(|outcome| outcome.wire_bytes)),
        acquisitions: middle(outcomes.iter().filter_map(|outcome| outcome.acquisitions)),
        max_relative_error: error_of_mean(comparison, field, choice, payload),
        lower_bound_secs: quantile(&bounds, 0.5),
        ratio: quantile(&ratios.collect::<Vec<_>>(), 0.5),
        never_share: Some(never as f64 / took.len().max(1) as f64),
        predicted_secs: quantile(&predicted, 0.5),
        cpu_secs: None,
    }
}

fn middle(counts: impl Iterator<Item = u64>) -> Option<u64> {
    let mut counts: Vec<u64> = counts.collect();
    counts.sort_unstable();
    counts.get(counts.len() / 2).copied()
}

/// What codec and order of a strategy do to numbers: on a vector of its own, that is short enough to be computed.
fn error_of_mean(comparison: &Comparison, field: Field<'_>, choice: StrategyChoice, payload: u64) -> Option<f64> {
    let elements = elements(payload).min(ERROR_ELEMENTS);
    let plan_at = |start: &MissionTime| planned(choice, field, elements, comparison.model, *start).ok();
    let schedule = comparison.starts.iter().find_map(plan_at)?.schedule;
    let mut random = ChaCha12Rng::seed_from_u64(comparison.seed);
    let mut vector = || (0..elements).map(|_| random.random_range(-1.0_f32..1.0)).collect::<Vec<_>>();
    let contributions: Vec<(Vec<f32>, u64)> = field.members.iter().map(|_| (vector(), 1)).collect();
    let mut exact = vec![0.0_f64; elements];
    for (values, _) in &contributions {
        exact.iter_mut().zip(values).for_each(|(sum, value)| *sum += f64::from(*value) / contributions.len() as f64);
    }
    let completed = in_memory::all_reduce(&schedule, comparison.model.wire, contributions).ok()?;
    // After an exact strategy all have the same.
    let ranks = if schedule.is_exact() { 1 } else { completed.len() };
    let pairs = completed[..ranks].iter().flat_map(|completed| completed.mean.iter().zip(&exact));
    let worst = pairs.map(|(mean, exact)| (f64::from(*mean) - exact).abs()).fold(0.0, f64::max);
    let largest = exact.iter().map(|value| value.abs()).fold(0.0, f64::max);
    (largest > 0.0).then_some(worst / largest)
}

/// How many numbers a payload in `f32` has.
pub(super) fn elements(payload: u64) -> usize {
    usize::try_from(payload / size_of::<f32>() as u64).unwrap_or(usize::MAX)
}
