//! A whole all-reduce in one process: machines whose frames pass in memory, to see what comes of numbers.
//!
//! ```
//! use starloom_comms::codec::Wire;
//! use starloom_comms::collective::{in_memory, strategies::ring};
//! use starloom_comms::id::Rank;
//!
//! let schedule = ring::schedule(&[Rank(0), Rank(1)], 2);
//! let completed = in_memory::all_reduce(&schedule, Wire::F32, vec![(vec![1.0, 2.0], 1), (vec![5.0, 6.0], 3)])?;
//! assert_eq!(completed[0].mean, [4.0, 5.0]);
//! assert_eq!(completed[0].digest, completed[1].digest);
//! # Ok::<(), starloom_comms::collective::FrameError>(())
//! ```

use std::sync::Arc;

use super::{Completed, Contribution, FrameError, Machine, Schedule, Tag, Turns};
use crate::codec::Wire;
use crate::id::{Attempt, Rank, Round, ViewId};

/// The outcome of a sound `schedule` on each contributing rank, where each contributes a vector and its number of samples.
///
/// # Errors
/// [`FrameError`] if sums are not finite.
///
/// # Panics
/// If there are not as many contributions as contributing ranks, or one has not the schedule's number of elements.
pub fn all_reduce(
    schedule: &Schedule,
    wire: Wire,
    contributions: Vec<(Vec<f32>, u64)>,
) -> Result<Vec<Completed>, FrameError> {
    assert_eq!(contributions.len(), schedule.contributors(), "contributions and contributing ranks");
    let schedule = Arc::new(schedule.clone());
    let ranks: Vec<Rank> = (0..).map(Rank).take(schedule.contributors()).collect();
    let begin = |(rank, (values, samples)): (&Rank, (Vec<f32>, u64))| {
        Turns::new(&schedule, *rank, &Contribution::new(Arc::new(values), samples))
    };
    let mut turns: Vec<Turns> = ranks.iter().zip(contributions).map(begin).collect();
    loop {
        let completed = turn(&schedule, wire, &turns)?;
        let outcomes: Vec<Completed> =
            turns.iter_mut().zip(completed).filter_map(|(turns, completed)| turns.end(completed)).collect();
        if outcomes.len() == turns.len() {
            return Ok(outcomes);
        }
    }
}

/// What comes of one turn on each contributing rank.
fn turn(schedule: &Arc<Schedule>, wire: Wire, turns: &[Turns]) -> Result<Vec<Completed>, FrameError> {
    let tag = Tag { view: ViewId(0), round: Round(0), attempt: Attempt(0) };
    let ranks: Vec<Rank> = (0..).map(Rank).take(schedule.ranks()).collect();
    let mut machines: Vec<Machine> = Vec::with_capacity(ranks.len());
    for (rank, turns) in ranks.iter().zip(turns) {
        machines.push(Machine::new(schedule.clone(), *rank, tag, wire, turns.contribution(), None));
    }
    let relays = &ranks[schedule.contributors()..];
    machines.extend(relays.iter().map(|rank| Machine::relay(schedule.clone(), *rank, tag, wire, None)));
    let lanes: Vec<(Rank, Rank)> =
        ranks.iter().flat_map(|from| schedule.destinations(*from).into_iter().map(|to| (*from, to))).collect();
    let mut moved = true;
    while std::mem::take(&mut moved) {
        for &(from, to) in &lanes {
            while let Some(frame) = machines[from.index()].poll_transmit(to) {
                machines[to.index()].handle_frame(from, frame)?;
                moved = true;
            }
        }
    }
    Ok(machines.into_iter().take(schedule.contributors()).map(Machine::finish).collect())
}
