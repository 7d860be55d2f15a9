//! Rounds at a member: attempts are opened, run, proposed and committed.

use std::sync::Arc;
use std::time::Duration;

use super::attempt::{Attempt, Outcome};
use super::early_frames::{Room, place};
use super::event::Milestone;
use super::{Agreed, Command, Failure, Member, Numbers, Part, Stage};
use crate::collective::{Contribution, Frame, Residual, RoundPlan, Tag};
use crate::control::{NodeMessage, PlanStamp, Then, View};
use crate::events::{Phase, What};
use crate::id::{Attempt as AttemptNumber, Digest, NodeId, Round};

/// The aggregator's word that an attempt begins.
pub(super) struct Opening {
    pub(super) view: View,
    pub(super) round: Round,
    pub(super) attempt: AttemptNumber,
    pub(super) elements: u64,
    pub(super) planned: PlanStamp,
}

/// The aggregator's word that a round is agreed.
pub(super) struct Commit {
    pub(super) round: Round,
    pub(super) digest: Digest,
    pub(super) contributors: Arc<[(NodeId, u64)]>,
    pub(super) view: View,
    pub(super) then: Then,
    pub(super) next: Option<PlanStamp>,
}

impl Member {
    /// An attempt is opened. What an earlier one has computed is void.
    pub(super) fn open(&mut self, now: Duration, opening: Opening) {
        let Opening { view, round, attempt, elements, planned } = opening;
        if matches!(self.stage, Stage::Finished | Stage::Released) {
            let message = format!("round {round} is opened after the last one was committed");
            return self.commands.push(Command::Emit(What::Warning { message }));
        }
        match self.settings.part {
            Part::Relay => self.elements = usize::try_from(elements).unwrap_or(usize::MAX),
            Part::Train { .. } => {
                let applied = self.history.committed();
                if round != applied.next() {
                    return self.end(Failure::OutOfStep { opened: round, applied });
                }
            }
        }
        // A restarted aggregator may repeat what it had opened, and messages that it overtook are void.
        let offered = (round, attempt, view.id);
        if self.attempt.as_ref().is_some_and(|open| offered <= place(open.tag())) {
            return;
        }
        let first = self.stage == Stage::Joining;
        if self.start_attempt(now, &view, round, attempt, planned) && first {
            self.stage = Stage::Rounds;
            if self.settings.part != Part::Relay {
                self.commands.push(Command::Opened(view));
            }
        }
    }

    /// The trainer has finished its part of the round.
    pub(super) fn contribute(&mut self, now: Duration, contribution: Contribution) {
        let expected = if self.settings.numbers == Numbers::Here { self.elements } else { 0 };
        debug_assert_eq!(contribution.values().len(), expected, "the caller checks the length");
        let keeps = self.settings.planner.wire().wants_residual();
        self.contribution = Some(match self.settings.part {
            Part::Train { exempt, .. } if keeps => contribution.with_residual(self.residual.clone()).exempting(exempt),
            _ => contribution,
        });
        self.begin(now);
    }

    /// A round is agreed. This is the only place where anything is applied.
    pub(super) fn commit(&mut self, now: Duration, commit: Commit) {
        if self.settings.part == Part::Relay {
            return self.follow(now, &commit);
        }
        let Commit { round, digest, contributors, view, then, next } = commit;
        if self.history.ends_with(round, digest) {
            // Said again after a lost connection.
            return;
        }
        let applied = self.history.committed();
        let proposed = self.attempt.as_ref().and_then(Attempt::proposal).filter(|proposal| proposal.round == round);
        match proposed.map(|proposal| proposal.digest) {
            None => return self.end(Failure::NotPending { round, digest, applied }),
            Some(computed) if computed != digest => {
                return self.end(Failure::Diverged { round, committed: digest, computed });
            }
            Some(_) => {}
        }
        let Some(outcome) = self.attempt.take().and_then(Attempt::into_outcome) else { return };
        let Outcome { completed, residual } = outcome;
        self.keep(residual);
        self.spare = self.contribution.take().and_then(Contribution::into_buffer);
        self.history.append(digest);
        let history = self.history.digest();
        let mean = completed.mean;
        let agreed = Agreed { round, mean, contributors, view: view.clone(), then, digest, history };
        self.commands.push(Command::Agreed(Box::new(agreed)));
        match (then, next) {
            (Then::Continue, Some(planned)) => {
                self.start_attempt(now, &view, round.next(), AttemptNumber(0), planned);
            }
            // The aggregator says next why it cannot go on.
            (Then::Continue, None) => {}
            (Then::Finish, _) => {
                self.stage = Stage::Finished;
                self.disconnect();
            }
        }
    }

    /// What was lost in a round that is agreed, the next one makes up for.
    fn keep(&mut self, residual: Option<Residual>) {
        if let Some(residual) = residual {
            self.residual = Arc::new(residual);
        }
    }

    /// A round is agreed among those that this relay carries for.
    fn follow(&mut self, now: Duration, commit: &Commit) {
        // Said again after a lost connection, or to one that was never told of a round.
        let open = self.attempt.as_ref().map(|attempt| attempt.tag().round);
        if open.is_none_or(|open| open > commit.round) {
            return;
        }
        if open == Some(commit.round) {
            let residual = self.attempt.take().and_then(Attempt::into_residual);
            self.keep(residual);
        }
        match (commit.then, commit.next) {
            (Then::Continue, Some(planned)) => {
                self.start_attempt(now, &commit.view, commit.round.next(), AttemptNumber(0), planned);
            }
            (Then::Continue, None) => {}
            (Then::Finish, _) => {
                self.attempt = None;
                self.stage = Stage::Finished;
                self.disconnect();
            }
        }
    }

    /// A frame from a peer: for this attempt, for a later one, or for none.
    pub(super) fn handle_frame(&mut self, from: &NodeId, frame: Frame) {
        let open = self.attempt.as_mut();
        if let Some(attempt) = open.filter(|attempt| attempt.tag() == frame.tag() && !attempt.is_waiting()) {
            return match attempt.handle_frame(from, frame) {
                Ok(()) => self.follow_progress(),
                Err(error) => self.fail_attempt(Some(from.clone()), error.to_string()),
            };
        }
        let past = match &self.attempt {
            Some(attempt) => place(frame.tag()) < place(attempt.tag()),
            None => frame.tag().round <= self.history.committed() && self.settings.part != Part::Relay,
        };
        if past || matches!(self.stage, Stage::Finished | Stage::Released) {
            return;
        }
        if self.early.hold(from, frame) == Room::Full {
            self.commands.push(Command::Pause(from.clone()));
        }
    }

    /// Reports what the machine reached, and proposes its result.
    pub(super) fn follow_progress(&mut self) {
        while let Some(attempt) = &mut self.attempt
            && let Some(progress) = attempt.progress()
        {
            let tag = attempt.tag();
            let phase = match progress {
                Milestone::Gather => Phase::Gather,
                Milestone::Complete => {
                    if let Some(proposal) = attempt.proposal().cloned() {
                        self.send(NodeMessage::Proposal(proposal));
                    }
                    Phase::Commit
                }
            };
            self.commands.push(Command::Phase(tag.round, tag.attempt, phase));
        }
    }

    /// Where collectives run elsewhere: how far the open one is.
    pub(super) fn progress_elsewhere(&mut self, tag: Tag, step: Milestone) {
        if let Some(attempt) = self.attempt.as_mut().filter(|attempt| attempt.tag() == tag) {
            attempt.note(step);
            self.follow_progress();
        }
    }

    /// Gives the running attempt up and says so, once.
    pub(super) fn fail_attempt(&mut self, peer: Option<NodeId>, reason: String) {
        let Some(attempt) = &mut self.attempt else { return };
        if attempt.fail(peer, reason)
            && let Some(failure) = attempt.failure()
        {
            self.send(failure);
        }
    }

    /// Makes an attempt the open one. False if this node can have no part in it, which ends its membership.
    fn start_attempt(
        &mut self,
        now: Duration,
        view: &View,
        round: Round,
        number: AttemptNumber,
        planned: PlanStamp,
    ) -> bool {
        let rank = |plan: Arc<RoundPlan>| plan.rank(&self.settings.node).map(|rank| (rank, plan));
        let (rank, plan) = match self.plan_of(view, planned).map(rank) {
            Ok(Some(ours)) => ours,
            Err(failure) if view.includes(&self.settings.node) => {
                self.stay_out(Tag { view: view.id, round, attempt: number }, failure);
                return false;
            }
            _ => {
                self.end(Failure::NotInView { view: view.id });
                return false;
            }
        };
        let attempt = Attempt::open(view, round, number, rank, plan);
        self.early.drop_before(attempt.tag());
        if let Some(void) = self.attempt.replace(attempt) {
            self.spare = void.into_spare().or(self.spare.take());
        }
        self.connect(now);
        self.commands.push(Command::Phase(round, number, Phase::Open));
        self.begin(now);
        self.resume_lanes();
        true
    }

    /// The plan of an attempt: every member makes the same.
    fn plan_of(&self, view: &View, planned: PlanStamp) -> Result<Arc<RoundPlan>, Failure> {
        let plan = self.settings.planner.at(view, self.elements, planned.at);
        let plan = plan.map_err(|error| Failure::NoSchedule { view: view.id, reason: error.to_string() })?;
        if plan.stamp != planned {
            let (computed, told) = (plan.stamp.schedule, planned.schedule);
            return Err(Failure::OtherSchedule { view: view.id, computed, told });
        }
        Ok(plan)
    }

    /// Ends with an attempt that this node cannot take part in, and says so: the others go on without it.
    fn stay_out(&mut self, Tag { view, round, attempt }: Tag, failure: Failure) {
        let peer = Some(self.settings.node.clone());
        self.send(NodeMessage::AttemptFailed { view, round, attempt, peer, reason: failure.to_string() });
        self.end(failure);
    }

    /// Runs the open attempt, if the contribution is there.
    fn begin(&mut self, now: Duration) {
        let Some(attempt) = self.attempt.as_mut().filter(|attempt| attempt.is_waiting()) else { return };
        let tag = attempt.tag();
        let refused = match (self.settings.part, &self.contribution) {
            (Part::Train { .. }, None) => return,
            (_, contribution) if self.settings.numbers == Numbers::Nowhere => {
                attempt.begin_elsewhere(contribution.as_ref().map_or(0, Contribution::samples));
                None
            }
            (Part::Relay, _) => {
                let wire = self.settings.planner.wire();
                attempt.begin_to_carry(wire, wire.wants_residual().then_some(&self.residual));
                None
            }
            (Part::Train { .. }, Some(contribution)) => {
                attempt.begin(contribution, self.settings.planner.wire(), self.spare.take())
            }
        };
        if let Some(reason) = refused {
            self.commands.push(Command::Emit(What::ContributionRefused { round: tag.round, reason }));
        }
        self.commands.push(Command::Phase(tag.round, tag.attempt, Phase::Reduce));
        for (from, frame) in self.early.take(tag) {
            self.handle_frame(&from, frame);
        }
        self.follow_progress();
        self.check_lanes(now);
        self.resume_lanes();
    }

    fn resume_lanes(&mut self) {
        self.commands.extend(self.early.resumed().into_iter().map(Command::Resume));
    }
}
