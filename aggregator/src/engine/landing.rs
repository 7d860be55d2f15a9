//! Checkpoints to the ground, release, and the end of the job.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use starloom_comms::control::{AggregatorMessage, Report};
use starloom_comms::events::{LossKind, Outcome, What};
use starloom_comms::id::{Digest, NodeId, Round};

use super::custody::Divergence;
use super::durable::Progress;
use super::event::Command;
use super::record::Record;
use super::{Engine, Stage, Totals, Wish};

/// Members have been released and report.
#[derive(Debug, Clone)]
pub(super) struct Leaving {
    until: Duration,
    waiting: BTreeSet<NodeId>,
    /// Why the last checkpoint is not on the ground, if it is not.
    obstacle: String,
    states: BTreeMap<Digest, Vec<NodeId>>,
}

impl Leaving {
    pub(super) const fn until(&self) -> Duration {
        self.until
    }

    pub(super) fn forget(&mut self, node: &NodeId) {
        self.waiting.remove(node);
    }
}

impl Engine {
    pub(super) fn checkpoint_written(&mut self, now: Duration, node: &NodeId, round: Round, state: Digest) {
        if !self.is_checkpoint(round) || self.durable.landed.contains(&round) {
            return;
        }
        let divergence = self.custody.written(node, round, state, &self.durable.view, now);
        match divergence {
            None => {}
            Some(Divergence::Minority { state, others }) => {
                for (node, other) in others {
                    let reason =
                        format!("after round {round} {node} has state {other:?}, the other members have {state:?}");
                    self.expel(now, &node, reason);
                }
            }
            Some(Divergence::Split) => {
                self.give_up(format!("after round {round} the members have different states, and none has a majority"));
            }
        }
    }

    pub(super) fn landed(&mut self, now: Duration, record: Record, round: Round) {
        if !self.is_checkpoint(round) || self.durable.landed.contains(&round) {
            return;
        }
        self.record(record);
        self.custody.landed(round);
        self.check_landing(now);
    }

    /// Asks members to deliver what nobody delivers.
    pub(super) fn give_custody(&mut self, now: Duration) {
        if matches!(self.stage, Stage::Running(_) | Stage::Landing { .. }) {
            for (node, round) in self.custody.assign(&self.durable.view, now) {
                self.send(&node, AggregatorMessage::TakeCustody { round });
            }
        }
    }

    /// The last round is committed: its checkpoint is awaited on the ground.
    pub(super) fn await_landing(&mut self, now: Duration) {
        self.stage = Stage::Landing { until: now + self.rules.landing_deadline };
        self.check_landing(now);
    }

    pub(super) fn check_landing(&mut self, now: Duration) {
        let Stage::Landing { until } = self.stage else { return };
        let landed = self.durable.landed.contains(&self.durable.committed());
        if landed || now >= until || self.durable.view.members.is_empty() {
            self.record(Record::Released);
            self.release(now);
        }
    }

    /// Lets the connected members go, and waits for their reports.
    pub(super) fn release(&mut self, now: Duration) {
        let everybody = self.durable.view.ranks().map(|member| member.id.clone());
        let waiting = everybody.filter(|id| self.seats.session(id).is_some()).collect();
        let until = now + self.rules.join_deadline;
        let obstacle = self.custody.obstacle(self.durable.committed());
        self.stage = Stage::Leaving(Leaving { until, waiting, obstacle, states: BTreeMap::new() });
        self.send_all(&AggregatorMessage::Release);
        self.check_leaving();
    }

    pub(super) fn left(&mut self, now: Duration, node: &NodeId, report: Report) {
        match &mut self.stage {
            Stage::Leaving(leaving) => {
                if self.durable.is_member(node) {
                    leaving.states.entry(report.state).or_default().push(node.clone());
                }
                leaving.forget(node);
                self.dismiss(node, None);
                self.check_leaving();
            }
            Stage::Gathering(gathering) => {
                gathering.forget(node);
                self.dismiss(node, None);
            }
            _ => self.lose(now, node, LossKind::Refused),
        }
    }

    pub(super) fn check_leaving(&mut self) {
        if matches!(&self.stage, Stage::Leaving(leaving) if leaving.waiting.is_empty()) {
            self.finish();
        }
    }

    /// All have left, or had the time to.
    pub(super) fn finish(&mut self) {
        let Stage::Leaving(leaving) = &self.stage else { return };
        let Leaving { states, obstacle, .. } = leaving.clone();
        if states.len() > 1 {
            let states: Vec<_> = states.iter().map(|(state, nodes)| format!("{nodes:?} {state:?}")).collect();
            self.warn(format!("the members left with different states: {}", states.join(", ")));
        }
        let round = self.durable.committed();
        let landed = self.durable.landed.contains(&round);
        let obstacle = format!("the checkpoint of round {round} did not land: {obstacle}");
        let outcome = match (round.0 >= self.rules.rounds, landed) {
            (true, true) => Outcome::Completed,
            (true, false) => Outcome::NotLanded { reason: obstacle },
            (false, true) => Outcome::Interrupted,
            (false, false) => {
                self.warn(obstacle);
                Outcome::Interrupted
            }
        };
        self.record(Record::Finished { outcome });
        self.end();
    }

    /// Says that the job is over.
    pub(super) fn end(&mut self) {
        if let Progress::Over(outcome) = self.durable.progress.clone() {
            self.conclude(outcome, "the job is over");
        }
    }

    /// What followed the last record was not carried out.
    pub(super) fn journal_failed(&mut self, reason: &str) {
        let reason = format!("the journal cannot be written: {reason}");
        self.stage = Stage::Ending;
        if matches!(self.durable.progress, Progress::Over(_)) {
            // All that is missing is the record of a job that is over.
            self.warn(reason);
            self.end();
        } else {
            self.give_up(reason);
        }
    }

    /// The job cannot go on.
    pub(super) fn give_up(&mut self, reason: String) {
        let farewell = format!("the job failed: {reason}");
        self.conclude(Outcome::Failed { reason }, &farewell);
    }

    pub(super) fn stop(&mut self) {
        self.wish = Wish::Stop;
        if matches!(self.stage, Stage::Gathering(_)) && self.durable.progress == Progress::Nothing {
            self.conclude(Outcome::Interrupted, "the job was stopped before it began");
        }
    }

    fn conclude(&mut self, outcome: Outcome, farewell: &str) {
        if matches!(self.stage, Stage::Over) {
            return;
        }
        self.stage = Stage::Over;
        for node in [&self.rules.nodes[..], &self.rules.relays].concat() {
            self.dismiss(&node, Some(farewell.to_owned()));
        }
        let Totals { rounds_committed, rounds_rolled_back, samples_used, samples_lost, samples_partial } =
            self.totals();
        let lost = self.durable.lost.clone();
        self.emit(What::Finished {
            outcome: outcome.clone(),
            rounds_committed,
            rounds_rolled_back,
            samples_used,
            samples_lost,
            samples_partial,
            lost,
        });
        self.out.push(Command::End(outcome));
    }

    /// Whether the members write a checkpoint of `round`.
    fn is_checkpoint(&self, round: Round) -> bool {
        let every = self.rules.checkpoint_every;
        let committed = self.durable.committed();
        let regular = every > 0 && round.0.is_multiple_of(every);
        let last = round == committed && self.durable.is_finishing(self.rules.rounds);
        round.0 > 0 && round <= committed && (regular || last)
    }
}
