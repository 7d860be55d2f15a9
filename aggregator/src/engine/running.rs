//! Rounds: an attempt runs until all living members hold the same bytes, or is rolled back everywhere.

use std::time::Duration;

use starloom_comms::control::{AggregatorMessage, PlanStamp, Proposal, Then};
use starloom_comms::events::{LossKind, What};
use starloom_comms::id::{Attempt, Digest, NodeId, Round, ViewId};

use super::attempt::{AttemptState, OpenRound, Verdict};
use super::record::{Commit, Record};
use super::{Engine, Stage, Wish};

impl Engine {
    /// Begins the round after the last commit. Members begin by themselves at a commit.
    pub(super) fn begin_round(&mut self, now: Duration, attempt: Attempt, planned: Option<PlanStamp>) {
        let round = self.durable.committed().next();
        let until = now + self.rules.round_deadline;
        self.stage = Stage::Running(OpenRound::new(round, attempt, self.durable.view.clone(), planned, until));
    }

    /// Tells all members to run the attempt that is open.
    pub(super) fn announce_attempt(&mut self) {
        if let Some(open) = self.opening() {
            self.send_all(&open);
        }
    }

    /// The message that opens the current attempt.
    pub(super) fn opening(&self) -> Option<AggregatorMessage> {
        let Stage::Running(open) = &self.stage else { return None };
        let OpenRound { round, attempt, planned, ref view, .. } = *open;
        let (view, elements) = (view.clone(), self.durable.elements);
        Some(AggregatorMessage::Open { view, round, attempt, elements, planned: planned? })
    }

    pub(super) fn proposed(&mut self, now: Duration, node: &NodeId, proposal: Proposal) {
        match &mut self.stage {
            Stage::Gathering(gathering) => gathering.proposed(node, proposal),
            Stage::Running(open) => {
                let issued = self.durable.accounts.issued(node);
                let excess = (proposal.samples > issued).then_some(proposal.samples);
                open.propose(node, proposal);
                if let Some(samples) = excess {
                    self.warn(format!("{node} contributed {samples} samples and was issued {issued}"));
                }
                self.decide(now);
            }
            _ => {}
        }
    }

    pub(super) fn attempt_failed(
        &mut self,
        now: Duration,
        node: &NodeId,
        which: (ViewId, Round, Attempt),
        peer: Option<&NodeId>,
        reason: &str,
    ) {
        let Stage::Running(open) = &mut self.stage else { return };
        if which != (open.view.id, open.round, open.attempt) {
            return;
        }
        if let Some(peer) = peer {
            open.name(peer);
        }
        if !open.is_running() {
            return;
        }
        let reason = format!("{node}: {reason}");
        match peer {
            // What it stumbled over is gone already.
            Some(peer) if !self.durable.view.includes(peer) => self.retry_at_once(now, reason),
            _ => self.fail_attempt(now, reason),
        }
    }

    /// The open attempt, or the pause after it, has come to its end.
    pub(super) fn round_deadline(&mut self, now: Duration) {
        let Stage::Running(open) = &mut self.stage else { return };
        if !open.is_running() {
            return self.reopen(now);
        }
        let missing: Vec<NodeId> = open.missing().cloned().collect();
        if !open.proposals.is_empty() {
            for node in &missing {
                open.name(node);
            }
        }
        let names: Vec<_> = missing.iter().map(NodeId::as_str).collect();
        self.fail_attempt(now, format!("its time is up and {} had not proposed", names.join(", ")));
    }

    /// A member of the open round is gone.
    pub(super) fn member_lost(&mut self, now: Duration, node: &NodeId) {
        if self.are_too_few() {
            return self.give_up(self.too_few());
        }
        let patience = self.rules.suspect_after;
        let Stage::Running(open) = &mut self.stage else { return };
        if let AttemptState::Running { until } = &mut open.state
            && open.proposals.contains_key(node)
        {
            // It had finished: the others may finish without it, unless they miss what it was to forward.
            *until = (*until).min(now + patience);
            return self.decide(now);
        }
        open.failures = 0;
        open.blame.clear();
        self.retry_at_once(now, format!("{node} was lost"));
    }

    /// Rolls back if an attempt runs, and begins the next one without a pause.
    pub(super) fn retry_at_once(&mut self, now: Duration, reason: String) {
        self.roll_back(reason);
        self.reopen(now);
    }

    pub(super) fn decide(&mut self, now: Duration) {
        let Stage::Running(open) = &self.stage else { return };
        match open.verdict(&self.durable.view) {
            Verdict::Open => {}
            Verdict::Agreed { digest, minority } => {
                let round = open.round;
                for (node, other) in minority {
                    let reason = format!("for round {round} {node} holds {other:?}, the other members hold {digest:?}");
                    self.remove(&node, LossKind::Refused, Some(reason));
                }
                self.commit(now, digest);
            }
            Verdict::Split { digests } => {
                let held: Vec<_> = digests.iter().map(|(digest, count)| format!("{count} hold {digest:?}")).collect();
                self.fail_attempt(now, format!("the members do not agree: {}", held.join(", ")));
            }
        }
    }

    fn commit(&mut self, now: Duration, digest: Digest) {
        let Stage::Running(open) = &self.stage else { return };
        let (round, attempt, contributors) = (open.round, open.attempt, open.contributors());
        let last = round.0 >= self.rules.rounds || self.wish == Wish::Stop;
        let then = if last { Then::Finish } else { Then::Continue };
        let view = self.durable.view.clone();
        let next = (then == Then::Continue && !self.are_too_few()).then(|| self.plan(now, &view));
        let stamp = next.as_ref().and_then(|plan| plan.as_ref().ok()).map(|plan| plan.stamp);
        let commit = Commit { round, attempt, digest, contributors: contributors.clone(), view, then, next: stamp };
        self.record(Record::Committed(commit.clone()));
        self.send_all(&commit.into());
        self.emit(What::RoundCommitted { round, attempt, digest, contributors: contributors.to_vec() });
        match next {
            None if then == Then::Finish => self.await_landing(now),
            None => self.give_up(self.too_few()),
            Some(Ok(plan)) => {
                self.begin_round(now, Attempt(0), stamp);
                self.emit_plan(now, round.next(), Attempt(0), &plan);
            }
            Some(Err(error)) => self.give_up_unplanned(round.next(), &error),
        }
    }

    /// Rolls back, and tries again after a pause unless this was tried too often.
    fn fail_attempt(&mut self, now: Duration, reason: String) {
        self.roll_back(reason.clone());
        let Stage::Running(open) = &mut self.stage else { return };
        open.failures += 1;
        if open.failures < self.rules.attempts.max(1) {
            let until = now + self.rules.pause(open.failures);
            open.state = AttemptState::Pausing { until };
            return;
        }
        let (round, tries) = (open.round, open.failures);
        match open.most_named(&self.durable.view) {
            Some((node, times)) if self.durable.view.members.len() > 1 => {
                self.expel(
                    now,
                    &node,
                    format!("{node} was named {times} times as round {round} failed; last: {reason}"),
                );
            }
            _ => self.give_up(format!("round {round} failed {tries} times; last: {reason}")),
        }
    }

    fn roll_back(&mut self, reason: String) {
        let Stage::Running(open) = &mut self.stage else { return };
        if open.is_running() {
            open.state = AttemptState::Pausing { until: self.clock };
            let (round, attempt) = (open.round, open.attempt);
            self.record(Record::RolledBack { round, attempt, reason: reason.clone() });
            self.emit(What::RoundRolledBack { round, attempt, reason });
        }
    }

    fn reopen(&mut self, now: Duration) {
        let Stage::Running(open) = &self.stage else { return };
        let (round, attempt) = (open.round, open.attempt.next());
        match self.plan(now, &self.durable.view) {
            Ok(plan) => {
                let until = now + self.rules.round_deadline;
                let Stage::Running(open) = &mut self.stage else { return };
                open.retry(self.durable.view.clone(), plan.stamp, until);
                self.announce_attempt();
                self.emit_plan(now, round, attempt, &plan);
            }
            Err(error) => self.give_up_unplanned(round, &error),
        }
    }
}
