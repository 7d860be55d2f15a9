//! The proof that a schedule is sound, by executing it on sets of contributions instead of numbers.
//!
//! Ranks and lanes form a deterministic network of processes (each step waits for what it names and for nothing else,
//! and lanes neither lose nor reorder), so all fair executions end in the same state: one of them proves all. What
//! holds for whole segments holds for the frames inside them, each of which goes the same way.

mod error;
mod execution;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use self::execution::Execution;
use super::frame::Kind;
use super::schedule::{Action, Schedule, Step};
use super::shares::Shares;
use crate::id::Rank;

pub use error::VerifyError;

/// Proves that `schedule` gives every contributing rank the mean of every segment, with every contribution in it exactly
/// once, of shares that one owner each has made or that follow from those, and that no step waits for ever. Relays hold nothing
/// in the end.
///
/// # Errors
/// The first flaw that is found, as [`VerifyError`].
pub fn verify(schedule: &Schedule) -> Result<(), VerifyError> {
    verify_from(schedule, |rank, _| if schedule.is_relay(rank) { vec![] } else { vec![rank] })
}

/// As [`verify`], from a state in which each rank holds, of each segment, the sum of the contributions that `held`
/// says, and not just its own: the state that survivors of a broken attempt are in. All contributions of a segment
/// that anybody holds must be in its mean.
///
/// # Errors
/// The first flaw that is found, as [`VerifyError`].
pub fn verify_from(schedule: &Schedule, held: impl Fn(Rank, u32) -> Vec<Rank>) -> Result<(), VerifyError> {
    check_references(schedule)?;
    check_lanes(schedule)?;
    let mut execution = Execution::new(schedule, held)?;
    while execution.advance()? {}
    execution.check_end()
}

fn check_references(schedule: &Schedule) -> Result<(), VerifyError> {
    let mut expected = 0;
    for (segment, run) in schedule.segments.iter().enumerate() {
        if run.start != expected {
            return Err(VerifyError::Segments { segment, start: run.start, expected });
        }
        expected += run.elements;
    }
    if schedule.segments.is_empty() {
        return Err(VerifyError::Segments { segment: 0, start: 0, expected });
    }
    for (segment, shares) in (0..).zip(&schedule.shares) {
        if let Some(share) = shares.unsound() {
            return Err(VerifyError::Share { segment, share });
        }
    }
    for (rank, program) in programs(schedule) {
        let mut received = vec![0; schedule.segments.len()];
        for (index, &step) in program.iter().enumerate() {
            let peer = match step.action {
                Action::Send { to: peer, .. }
                | Action::ReceiveReduce { from: peer }
                | Action::ReceiveStore { from: peer } => Some(peer),
                Action::Finalize | Action::Merge => None,
            };
            let peer_exists = peer.is_none_or(|peer| peer != rank && peer.index() < schedule.ranks());
            let fits =
                peer_exists && schedule.shares.get(step.segment as usize).is_some_and(|shares| fits(&step, shares));
            let Some(received) = received.get_mut(step.segment as usize).filter(|_| fits) else {
                return Err(VerifyError::Reference { rank, index, step });
            };
            if step.after != *received {
                return Err(VerifyError::After { rank, index, step, expected: *received });
            }
            *received += u32::from(matches!(step.action, Action::ReceiveReduce { .. }));
        }
    }
    Ok(())
}

/// Whether a step names a share that it can.
fn fits(step: &Step, shares: &Shares) -> bool {
    let is_merged = !shares.parts(step.share).is_empty();
    match step.action {
        Action::Send { kind: Kind::Partial, .. } | Action::ReceiveReduce { .. } => step.share == 0,
        Action::Send { kind: Kind::Final, .. } | Action::ReceiveStore { .. } => (step.share as usize) < shares.len(),
        Action::Finalize => (step.share as usize) < shares.len() && !is_merged,
        Action::Merge => is_merged,
    }
}

fn check_lanes(schedule: &Schedule) -> Result<(), VerifyError> {
    type Messages = Vec<(u32, u32, Kind)>;
    let mut lanes: BTreeMap<(Rank, Rank), (Messages, Messages)> = BTreeMap::new();
    for (rank, program) in programs(schedule) {
        for step in program {
            match step.action {
                Action::Send { to, kind } => {
                    lanes.entry((rank, to)).or_default().0.push((step.segment, step.share, kind))
                }
                Action::ReceiveReduce { from } => {
                    lanes.entry((from, rank)).or_default().1.push((step.segment, step.share, Kind::Partial));
                }
                Action::ReceiveStore { from } => {
                    lanes.entry((from, rank)).or_default().1.push((step.segment, step.share, Kind::Final));
                }
                Action::Finalize | Action::Merge => {}
            }
        }
    }
    for ((from, to), (sends, receives)) in lanes {
        for index in 0..sends.len().max(receives.len()) {
            let (sent, received) = (sends.get(index).copied(), receives.get(index).copied());
            if sent != received {
                return Err(VerifyError::Lane { from, to, index, sent, received });
            }
        }
    }
    Ok(())
}

fn programs(schedule: &Schedule) -> impl Iterator<Item = (Rank, &[Step])> {
    (0..).map(Rank).zip(schedule.programs.iter().map(Vec::as_slice))
}
