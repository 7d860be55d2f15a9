//! A node's life in a job: join, take part in rounds, survive the loss of others, bring checkpoints down, leave.
//!
//! [`Member`] decides and does nothing else. It takes an [`Event`] (a control message, a frame, a lane that broke, the
//! trainer's contribution, time) and returns [`Command`]s; frames to send are polled per peer while its lane has room.
//! [`net::membership`](crate::net::membership) executes it over sockets.
//!
//! A relay's life is the same without a trainer: it has no contribution, proposes nothing, and follows the openings and
//! commits of the others.
//!
//! # Laws
//! - A mean is handed to the trainer ([`Command::Agreed`]) after the aggregator's commit of exactly these bytes, and
//!   never otherwise. A complete collective is a proposal, no more, and no less: its result is kept until the
//!   aggregator has decided.
//! - The contribution is kept until the commit. Whatever breaks before it, the next attempt begins from it again.
//! - What was said on a lost control connection is said again on the next one, so an aggregator may be restarted at
//!   any time. The collective itself does not stop meanwhile.
//! - One attempt fails once, whatever happens to it. Which attempt is next is the aggregator's decision.
//! - A frame of an earlier attempt is dropped, one of a later attempt is held until it is reached.

mod attempt;
mod command;
mod custody;
mod early_frames;
mod event;
mod history;
mod lanes;
mod rounds;
mod settings;

use std::sync::Arc;
use std::time::Duration;

use self::attempt::Attempt;
pub use self::command::{Agreed, Command, Failure};
pub use self::custody::Landing;
use self::custody::{Custody, Step};
use self::early_frames::EarlyFrames;
pub use self::event::{Event, Milestone};
pub use self::history::History;
use self::lanes::Lanes;
pub use self::settings::{Numbers, Part, Settings};
use crate::collective::{Contribution, Frame, Residual};
use crate::control::{AggregatorMessage, Join, NodeMessage, Report};
use crate::id::NodeId;

/// A node of a job. See the [module](self) for its laws.
#[derive(Debug)]
pub struct Member {
    settings: Settings,
    control: Control,
    history: History,
    stage: Stage,
    /// The open attempt at the round after the last commit.
    attempt: Option<Attempt>,
    contribution: Option<Contribution>,
    /// What is left of earlier rounds, by the last commit.
    residual: Arc<Residual>,
    /// A buffer of the vector's length that nobody needs, for the next result.
    spare: Option<Vec<f32>>,
    early: EarlyFrames,
    /// Elements of the vector; a relay learns of them with the first opening.
    elements: usize,
    lanes: Lanes,
    custody: Custody,
    report: Option<Report>,
    commands: Vec<Command>,
}

/// The connection to the aggregator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Control {
    Up,
    Lost { since: Duration },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing was opened yet.
    Joining,
    Rounds,
    /// The last round is committed.
    Finished,
    /// Nothing is left to do.
    Released,
    /// It has left or failed.
    Over,
}

impl Member {
    /// A member that has not joined. `now` is the reading of any clock that never goes back; all events use it.
    #[must_use]
    pub fn new(settings: Settings, history: History, now: Duration) -> Self {
        let elements = match settings.part {
            Part::Train { elements, .. } => elements,
            Part::Relay => 0,
        };
        Self {
            elements,
            settings,
            control: Control::Lost { since: now },
            history,
            stage: Stage::Joining,
            attempt: None,
            contribution: None,
            residual: Arc::default(),
            spare: None,
            early: EarlyFrames::default(),
            lanes: Lanes::default(),
            custody: Custody::default(),
            report: None,
            commands: Vec::new(),
        }
    }

    /// Takes an event. After [`Command::Left`] or [`Command::Fail`] nothing follows from any.
    pub fn handle(&mut self, now: Duration, event: Event) -> Vec<Command> {
        if self.stage == Stage::Over {
            return Vec::new();
        }
        match event {
            Event::Connected => self.introduce(),
            Event::Disconnected => self.disconnected(now),
            Event::Message(message) => self.handle_message(now, message),
            Event::Contribution(contribution) => self.contribute(now, contribution),
            Event::Frame { from, frame } => self.handle_frame(&from, frame),
            Event::Progress { tag, step } => self.progress_elsewhere(tag, step),
            Event::Corrupt { from, error } => self.fail_attempt(Some(from), error.to_string()),
            Event::LaneUp { to } => self.lanes.up(&to),
            Event::LaneDown { to, reason } => self.lane_down(now, to, &reason),
            Event::LaneRefused { to, reason } => self.lane_refused(to, &reason),
            Event::SourceDown { from, reason } => self.source_down(from, &reason),
            Event::CheckpointWritten { round, state } => {
                let steps = self.custody.written(round, state);
                self.custody_steps(steps);
            }
            Event::Landed { round, landing } => {
                let steps = self.custody.landed(round, landing);
                self.custody_steps(steps);
            }
            Event::DeliveryFailed { round, reason } => {
                let steps = self.custody.failed(round, reason);
                self.custody_steps(steps);
            }
            Event::Leave(report) => {
                self.report = Some(report);
                self.leave_if_released();
            }
            Event::Time => self.check_deadlines(now),
        }
        self.poll_commands()
    }

    /// The next frame for `to`, if there is one yet. To be asked again after each event, while the lane has room; what
    /// follows from frames that were taken is in [`Member::poll_commands`].
    pub fn poll_transmit(&mut self, to: &NodeId) -> Option<Frame> {
        let attempt = self.attempt.as_mut()?;
        let frame = attempt.poll_transmit(to)?;
        self.follow_progress();
        Some(frame)
    }

    /// What followed from frames that were polled.
    pub fn poll_commands(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.commands)
    }

    /// When [`Event::Time`] is due, on the clock of the events.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        if self.stage == Stage::Over {
            return None;
        }
        let aggregator = match self.control {
            Control::Up => None,
            Control::Lost { since } => Some(since.saturating_add(self.settings.patience)),
        };
        let lane = self.attempt.as_ref().and_then(|attempt| self.lanes.next_deadline(attempt));
        aggregator.into_iter().chain(lane).min()
    }

    /// What it does in the job.
    #[must_use]
    pub const fn part(&self) -> Part {
        self.settings.part
    }

    /// What it has applied.
    #[must_use]
    pub const fn history(&self) -> &History {
        &self.history
    }

    /// Says who it is and all that a restarted aggregator may not know.
    fn introduce(&mut self) {
        self.control = Control::Up;
        let address = self.settings.address;
        self.send(match self.settings.part {
            Part::Relay => NodeMessage::JoinAsRelay { address },
            Part::Train { data, elements, .. } => NodeMessage::Join(Join {
                address,
                committed: self.history.committed(),
                history: self.history.digest(),
                attempt: self.attempt.as_ref().map(|attempt| attempt.tag().attempt),
                pending: self.attempt.as_ref().and_then(Attempt::proposal).cloned(),
                data,
                elements: elements as u64,
            }),
        });
        if let Some(failure) = self.attempt.as_ref().and_then(Attempt::failure) {
            self.send(failure);
        }
        let words: Vec<NodeMessage> = self.custody.repeat().map(NodeMessage::from).collect();
        for word in words {
            self.send(word);
        }
        self.leave_if_released();
    }

    fn disconnected(&mut self, now: Duration) {
        if self.control == Control::Up {
            self.control = Control::Lost { since: now };
        }
    }

    fn handle_message(&mut self, now: Duration, message: AggregatorMessage) {
        match message {
            AggregatorMessage::Open { view, round, attempt, elements, planned } => {
                self.open(now, rounds::Opening { view, round, attempt, elements, planned });
            }
            AggregatorMessage::Commit { round, digest, contributors, view, then, next, .. } => {
                self.commit(now, rounds::Commit { round, digest, contributors, view, then, next });
            }
            AggregatorMessage::TakeCustody { round } => {
                let steps = self.custody.take(round);
                self.custody_steps(steps);
            }
            AggregatorMessage::Release => {
                self.stage = Stage::Released;
                if self.settings.part == Part::Relay {
                    self.disconnect();
                    self.commands.push(Command::Unneeded);
                }
                self.leave_if_released();
            }
            AggregatorMessage::Refused { reason } => self.end(Failure::Refused { reason }),
        }
    }

    fn check_deadlines(&mut self, now: Duration) {
        let patience = self.settings.patience;
        if matches!(self.control, Control::Lost { since } if now >= since.saturating_add(patience)) {
            return self.end(Failure::AggregatorLost { patience });
        }
        self.check_lanes(now);
    }

    fn custody_steps(&mut self, steps: Vec<Step>) {
        for step in steps {
            match step {
                Step::Say(word) => self.send(word.into()),
                Step::Deliver(round) => self.commands.push(Command::Deliver(round)),
                Step::Forget(round) => self.commands.push(Command::Forget(round)),
            }
        }
    }

    /// Leaves, once both sides are ready for it and the report can be heard.
    fn leave_if_released(&mut self) {
        if self.stage == Stage::Released
            && self.control == Control::Up
            && let Some(report) = self.report.take()
        {
            self.send(NodeMessage::Leave(report.clone()));
            self.commands.push(Command::Left(report));
            self.stage = Stage::Over;
        }
    }

    /// Tells the aggregator. Without a connection it is not kept: the next introduction says what still matters.
    fn send(&mut self, message: NodeMessage) {
        if self.control == Control::Up {
            self.commands.push(Command::Send(message));
        }
    }

    fn end(&mut self, failure: Failure) {
        self.stage = Stage::Over;
        self.attempt = None;
        self.commands.push(Command::Fail(failure));
    }
}

#[cfg(test)]
mod tests;
