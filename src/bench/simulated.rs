//! Strategies on a contact plan, without processes: planned on what is known, run on what happens.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;
use starloom_comms::codec::Wire;
use starloom_comms::collective::bound::Bounds;
use starloom_comms::collective::cost::{CostModel, predict};
use starloom_comms::collective::{PlanError, Planned, Schedule, Task, in_memory, plan};
use starloom_comms::contacts::{ContactPlan, Contacts};
use starloom_comms::id::NodeId;
use starloom_comms::scenario::StrategyChoice;
use starloom_comms::units::MissionTime;

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
    /// How numbers travel.
    pub wire: Wire,
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
    /// What is planned, and what happens.
    pub contacts: &'a Contacts,
}

/// What came of one strategy with one payload at one start, in seconds from the start.
#[derive(Debug, Clone, Copy, Default)]
struct Outcome {
    predicted: Option<f64>,
    took: Option<f64>,
    bound: Option<f64>,
    wire_bytes: Option<u64>,
}

/// Compares strategies: a row for each payload and strategy. `told` hears how many of all plans have been made.
///
/// # Errors
/// Why a strategy that is asked for alone has no schedule at any start.
pub fn compare(
    comparison: &Comparison,
    field: Field<'_>,
    told: impl Fn(usize, usize) + Sync,
) -> Result<Vec<Row>, PlanError> {
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
                    let bound = bounds.at(comparison.wire.encoded_len(elements) as u64, start);
                    let bound = bound.map(|bound| bound.time.as_secs_f64());
                    let run = |choice: &StrategyChoice| {
                        let outcome = run(*choice, field, elements, comparison.wire, start);
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
    let mut rows = Vec::with_capacity(payloads.len() * strategies.len());
    for (payload, cells) in payloads.iter().zip(outcomes.chunks(starts.len().max(1))) {
        for (index, choice) in strategies.iter().enumerate() {
            let outcomes: Vec<_> = cells.iter().map(|cell| cell[index].clone()).collect();
            if let ([_], Some(Err(error)), true) =
                (&strategies[..], outcomes.first(), outcomes.iter().all(Result::is_err))
            {
                return Err(error.clone());
            }
            let outcomes: Vec<Outcome> = outcomes.into_iter().map(Result::unwrap_or_default).collect();
            rows.push(row(comparison, field, *choice, *payload, &outcomes));
        }
    }
    Ok(rows)
}

/// Plans and runs one all-reduce.
fn run(
    choice: StrategyChoice,
    field: Field<'_>,
    elements: usize,
    wire: Wire,
    start: MissionTime,
) -> Result<Outcome, PlanError> {
    let planned = planned(choice, field, elements, wire, start)?;
    let since = |at: MissionTime| at.since(start).as_secs_f64();
    let happened = on(&planned.schedule, field, field.contacts.actual.listed(), wire, start);
    Ok(Outcome {
        predicted: Some(since(planned.completes)),
        took: happened.map(since),
        bound: None,
        wire_bytes: Some(planned.prediction.wire_bytes()),
    })
}

fn planned(
    choice: StrategyChoice,
    field: Field<'_>,
    elements: usize,
    wire: Wire,
    at: MissionTime,
) -> Result<Planned, PlanError> {
    let Field { members, relays, contacts } = field;
    plan(choice, &Task { members, relays, elements, model: CostModel::of(wire), plan: &contacts.planned, at })
}

/// When a schedule completes on contacts; nothing if it never does.
fn on(
    schedule: &Schedule,
    field: Field<'_>,
    plan: &ContactPlan,
    wire: Wire,
    start: MissionTime,
) -> Option<MissionTime> {
    let nodes: Vec<NodeId> = field.members.iter().chain(field.relays).cloned().collect();
    predict(schedule, &nodes, plan, start, &CostModel::of(wire)).completes.ok()
}

fn row(comparison: &Comparison, field: Field<'_>, choice: StrategyChoice, payload: u64, outcomes: &[Outcome]) -> Row {
    let took: Vec<Option<f64>> = outcomes.iter().map(|outcome| outcome.took).collect();
    let median = quantile(&took, 0.5);
    let nodes = field.members.len();
    let algbw = median.map(|secs| payload as f64 / secs / 1e9);
    let ratios = outcomes.iter().map(|outcome| Some(outcome.took? / outcome.bound?)).filter(Option::is_some);
    let bounds: Vec<Option<f64>> = outcomes.iter().map(|outcome| outcome.bound).filter(Option::is_some).collect();
    let predicted: Vec<Option<f64>> = outcomes.iter().map(|outcome| outcome.predicted).collect();
    let mut bytes: Vec<u64> = outcomes.iter().filter_map(|outcome| outcome.wire_bytes).collect();
    bytes.sort_unstable();
    let never = took.iter().filter(|took| took.is_none()).count();
    Row {
        strategy: choice.as_str(),
        wire: comparison.wire.as_str(),
        nodes,
        payload_bytes: payload,
        median_secs: median,
        min_secs: quantile(&took, 0.0),
        p95_secs: quantile(&took, 0.95),
        algbw_gb_s: algbw,
        busbw_gb_s: algbw.map(|algbw| algbw * 2.0 * (nodes as f64 - 1.0) / nodes as f64),
        wire_bytes: bytes.get(bytes.len() / 2).copied(),
        max_relative_error: error_of_mean(comparison, field, choice, payload),
        lower_bound_secs: quantile(&bounds, 0.5),
        ratio: quantile(&ratios.collect::<Vec<_>>(), 0.5),
        never_share: Some(never as f64 / took.len().max(1) as f64),
        predicted_secs: quantile(&predicted, 0.5),
        cpu_secs: None,
    }
}

/// What codec and order of a strategy do to numbers: on a vector of its own, that is short enough to be computed.
fn error_of_mean(comparison: &Comparison, field: Field<'_>, choice: StrategyChoice, payload: u64) -> Option<f64> {
    let elements = elements(payload).min(ERROR_ELEMENTS);
    let plan_at = |start: &MissionTime| planned(choice, field, elements, comparison.wire, *start).ok();
    let schedule = comparison.starts.iter().find_map(plan_at)?.schedule;
    let mut random = ChaCha12Rng::seed_from_u64(comparison.seed);
    let mut vector = || (0..elements).map(|_| random.random_range(-1.0_f32..1.0)).collect::<Vec<_>>();
    let contributions: Vec<(Vec<f32>, u64)> = field.members.iter().map(|_| (vector(), 1)).collect();
    let mut exact = vec![0.0_f64; elements];
    for (values, _) in &contributions {
        exact.iter_mut().zip(values).for_each(|(sum, value)| *sum += f64::from(*value) / contributions.len() as f64);
    }
    let completed = in_memory::all_reduce(&schedule, comparison.wire, contributions).ok()?;
    let mean = &completed.first()?.mean;
    let worst = mean.iter().zip(&exact).map(|(mean, exact)| (f64::from(*mean) - exact).abs()).fold(0.0, f64::max);
    let largest = exact.iter().map(|value| value.abs()).fold(0.0, f64::max);
    (largest > 0.0).then_some(worst / largest)
}

fn elements(payload: u64) -> usize {
    usize::try_from(payload / size_of::<f32>() as u64).unwrap_or(usize::MAX)
}
