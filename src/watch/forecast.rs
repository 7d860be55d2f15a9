//! What collectives were predicted to take, beside what they took.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use starloom_comms::events::{Event, Phase, What};
use starloom_comms::id::{Attempt, Round};

/// Rounds whose events may still be on their way when a later one begins.
const OPEN_ROUNDS: usize = 8;
/// The latest rounds that medians are taken over.
const KEPT: usize = 10_000;

/// Collectives of committed rounds: predicted and measured, in mission seconds. Measured is from the last node's contribution to
/// the last node's mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CollectiveTimes {
    /// Rounds by the strategy that made their schedule.
    pub strategies: BTreeMap<String, u64>,
    /// The median of what was predicted.
    pub predicted_secs: f64,
    /// The median of what they took.
    pub took_secs: f64,
    /// The median of what they took over what was predicted.
    pub ratio: f64,
}

/// Follows attempts through their phases.
#[derive(Debug, Clone, Default)]
pub(super) struct Forecasts {
    open: BTreeMap<(Round, Attempt), Course>,
    committed: BTreeMap<Round, Attempt>,
    strategies: BTreeMap<String, u64>,
    /// Predicted and taken.
    done: VecDeque<(f64, f64)>,
}

/// An attempt, as far as it is known.
#[derive(Debug, Clone, Default)]
struct Course {
    plan: Option<(String, f64)>,
    /// When the last node began to reduce.
    began: Option<f64>,
    /// When the last node had the mean.
    ended: Option<f64>,
}

impl Forecasts {
    pub(super) fn observe(&mut self, event: &Event) {
        let later = |known: Option<f64>| Some(known.unwrap_or(event.t).max(event.t));
        match &event.what {
            What::RoundPlanned { round, attempt, strategy, predicted_secs, .. } => {
                self.open.entry((*round, *attempt)).or_default().plan = Some((strategy.clone(), *predicted_secs));
            }
            What::Phase { round, attempt, phase: Phase::Reduce } => {
                let course = self.open.entry((*round, *attempt)).or_default();
                course.began = later(course.began);
            }
            What::Phase { round, attempt, phase: Phase::Commit } => {
                let course = self.open.entry((*round, *attempt)).or_default();
                course.ended = later(course.ended);
            }
            What::RoundCommitted { round, attempt, .. } => {
                self.committed.insert(*round, *attempt);
                while self.committed.len() > OPEN_ROUNDS {
                    self.settle();
                }
            }
            _ => {}
        }
    }

    /// Counts the oldest committed round, whose events are all there, and forgets it.
    fn settle(&mut self) {
        let Some((round, attempt)) = self.committed.pop_first() else { return };
        if let Some(Course { plan: Some((strategy, predicted)), began: Some(began), ended: Some(ended) }) =
            self.open.remove(&(round, attempt))
        {
            *self.strategies.entry(strategy).or_default() += 1;
            self.done.push_back((predicted, ended - began));
            if self.done.len() > KEPT {
                self.done.pop_front();
            }
        }
        self.open.retain(|(open, _), _| *open > round);
    }

    /// What is known so far; nothing before a round with a plan is committed.
    pub(super) fn times(&self) -> Option<CollectiveTimes> {
        let mut all = self.clone();
        while !all.committed.is_empty() {
            all.settle();
        }
        let median = |of: fn(&(f64, f64)) -> f64| {
            let mut values: Vec<f64> = all.done.iter().map(of).collect();
            values.sort_by(f64::total_cmp);
            values.get(values.len() / 2).copied()
        };
        Some(CollectiveTimes {
            predicted_secs: median(|(predicted, _)| *predicted)?,
            took_secs: median(|(_, took)| *took)?,
            // One node agrees with itself in no time, as predicted.
            ratio: median(|(predicted, took)| if took == predicted { 1.0 } else { took / predicted })?,
            strategies: all.strategies,
        })
    }
}

#[cfg(test)]
mod tests {
    use starloom_comms::id::{Digest, NodeId};

    use super::*;

    #[test]
    fn a_committed_attempt_is_measured_from_the_last_contribution_to_the_last_mean() {
        let mut forecasts = Forecasts::default();
        let mut see = |t: f64, what| {
            let event = Event { t, wall: None, node: NodeId::satellite(0), what };
            forecasts.observe(&event);
            forecasts.times()
        };
        let phase = |attempt, phase| What::Phase { round: Round(1), attempt: Attempt(attempt), phase };
        let planned = |attempt, predicted_secs| What::RoundPlanned {
            round: Round(1),
            attempt: Attempt(attempt),
            strategy: "ring".to_owned(),
            at_secs: 0.0,
            predicted_secs,
        };
        see(0.0, planned(0, 9.0));
        see(1.0, phase(0, Phase::Reduce));
        see(5.0, planned(1, 2.0));
        see(6.0, phase(1, Phase::Reduce));
        see(7.0, phase(1, Phase::Reduce));
        see(8.0, phase(1, Phase::Commit));
        let committed = What::RoundCommitted {
            round: Round(1),
            attempt: Attempt(1),
            digest: Digest::default(),
            contributors: vec![],
        };
        assert_eq!(see(9.5, committed).map(|times| times.took_secs), Some(1.0));
        let times = see(9.0, phase(1, Phase::Commit)).expect("one round");
        assert_eq!((times.predicted_secs, times.took_secs, times.ratio), (2.0, 2.0, 1.0), "its last event came late");
        assert_eq!(times.strategies, BTreeMap::from([("ring".to_owned(), 1)]));
    }
}
