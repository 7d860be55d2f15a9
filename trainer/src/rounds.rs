//! The rounds of one node, from the first to the last: issue, compute, agree, apply, checkpoint.

use starloom_comms::control::{Report, Then};
use starloom_comms::events::{Mission, Phase, What};
use starloom_comms::id::{Attempt, Digest, NodeId, Round};
use starloom_comms::net::membership::{MembershipError, WrittenCheckpoint};
use starloom_comms::scenario::{Mode, Scenario};

use crate::checkpoint::Snapshot;
use crate::exchange::Exchange;
use crate::replica::{Progress, Replica};
use crate::scribe::Scribe;
use crate::shard::Shard;
use crate::task::Evaluation;

/// What a node goes through its rounds with.
pub(crate) struct Rounds<'a, E, R> {
    pub(crate) exchange: E,
    pub(crate) replica: R,
    pub(crate) shard: Shard,
    pub(crate) rules: Rules,
    pub(crate) scribe: Scribe,
    pub(crate) mission: &'a dyn Mission,
    /// The last round applied.
    pub(crate) round: Round,
    /// Digest over all agreed means up to it.
    pub(crate) history: Digest,
}

/// What the scenario says about rounds.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    task: String,
    mode: Mode,
    rounds: u64,
    checkpoint_every: u64,
    evaluate_every: u64,
}

impl Rules {
    pub(crate) fn of(scenario: &Scenario) -> Self {
        Self {
            task: scenario.job.task.clone(),
            mode: scenario.training.mode,
            rounds: scenario.training.rounds,
            checkpoint_every: scenario.checkpoint.every_rounds,
            evaluate_every: scenario.training.evaluate_every,
        }
    }

    /// Whether the state after `round` is tried on the held-out split.
    const fn evaluates_after(&self, round: Round) -> bool {
        self.evaluate_every != 0 && round.0.is_multiple_of(self.evaluate_every)
    }

    /// Whether the state after `round` is written.
    const fn checkpoint_after(&self, round: Round, then: Then) -> bool {
        let due = self.checkpoint_every != 0 && round.0.is_multiple_of(self.checkpoint_every);
        due || matches!(then, Then::Finish)
    }
}

/// What the last round left behind.
#[derive(Debug, Clone, Copy, Default)]
struct Last {
    loss: Option<f64>,
    /// The round of the newest checkpoint.
    written: Round,
}

impl<E: Exchange, R: Replica> Rounds<'_, E, R> {
    /// Runs to the last round, then reports and leaves. `stored` is the checkpoint that the state came from.
    pub(crate) fn run(mut self, stored: Option<WrittenCheckpoint>) -> Result<Report, MembershipError> {
        let mut last = Last { loss: None, written: self.round };
        if let Some(stored) = stored {
            // It may not be on the ground yet.
            self.exchange.checkpoint_written(stored)?;
        }
        let finished = self.run_rounds(&mut last);
        if let Err(error) = finished {
            // The job is over for this node; what was committed is not lost with it.
            if last.written < self.round {
                self.write_checkpoint();
            }
            return Err(error);
        }
        let evaluation = self.replica.evaluate();
        let report = Report {
            committed: self.round,
            state: self.snapshot().digest(),
            train_loss: last.loss,
            eval_accuracy: evaluation.and_then(|evaluation| evaluation.accuracy),
            eval_loss: evaluation.map(|evaluation| evaluation.loss).filter(|loss| loss.is_finite()),
            ..Report::default()
        };
        self.exchange.leave(report)
    }

    fn run_rounds(&mut self, last: &mut Last) -> Result<(), MembershipError> {
        while self.round.0 < self.rules.rounds {
            let then = self.next_round(last)?;
            if self.rules.checkpoint_after(self.round, then) {
                if let Some(written) = self.write_checkpoint() {
                    self.exchange.checkpoint_written(written)?;
                }
                last.written = self.round;
            }
            if then == Then::Finish {
                break;
            }
        }
        Ok(())
    }

    fn next_round(&mut self, last: &mut Last) -> Result<Then, MembershipError> {
        let round = self.round.next();
        // Dealt to the roster that the last commit named, also if members are lost before this round is agreed.
        let issue = self.shard.issue(&self.exchange.roster());
        let samples = self.shard.dealt(&issue);
        self.mission.phase(round, Attempt(0), Phase::Compute);
        self.exchange.begin(round, samples.len() as u64);
        let mission = self.mission;
        let mut progress = |Progress { step, of, loss }| {
            if loss.is_finite() {
                mission.emit(What::Step { round, step, of, shard: samples.len() as u64, loss });
            }
        };
        let contribution = self.replica.contribute(round, &samples, &mut progress);
        last.loss = contribution.loss.filter(|loss| loss.is_finite()).or(last.loss);

        let agreed = self.exchange.all_reduce(round, contribution.vector, contribution.samples)?;
        let weight: u64 = agreed.contributors.iter().map(|(_, samples)| samples).sum();
        self.replica.apply(round, (weight > 0).then_some(agreed.mean.as_slice()));
        let roster: Vec<NodeId> = agreed.view.members.iter().map(|member| member.id.clone()).collect();
        self.shard.commit(&issue, &agreed.contributors, &roster);
        self.round = round;
        self.history = agreed.history;
        if self.rules.evaluates_after(round) && roster.first() == Some(self.shard.node()) {
            self.tell_how_good();
        }
        Ok(agreed.then)
    }

    /// Replicas are equal: one of them is enough.
    fn tell_how_good(&mut self) {
        if let Some(Evaluation { accuracy, loss }) = self.replica.evaluate() {
            let loss = Some(loss).filter(|loss| loss.is_finite());
            self.mission.emit(What::Evaluated { round: self.round, accuracy, loss });
        }
    }

    fn write_checkpoint(&mut self) -> Option<WrittenCheckpoint> {
        let snapshot = self.snapshot();
        self.scribe.write(&snapshot)
    }

    fn snapshot(&mut self) -> Snapshot {
        Snapshot {
            task: self.rules.task.clone(),
            mode: self.rules.mode,
            round: self.round,
            history: self.history,
            mission_secs: self.mission.now().as_secs_f64(),
            dealer: self.shard.shared_dealer().cloned(),
            common: self.replica.common_state(),
        }
    }
}

#[cfg(test)]
#[path = "rounds_tests.rs"]
mod tests;
