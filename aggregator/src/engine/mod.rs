//! Roster, rounds and custody, decided without a clock, a socket or a disk.
//!
//! The engine is told what happens ([`Event`]) and says what is to be done ([`Command`]); `now` is the time on any
//! clock that does not go back, the same one throughout. Commands are carried out in their order: what follows a
//! [`Command::Journal`] may be done only when its record is durable, which is why a restarted engine
//! ([`Engine::recover`]) knows everything that any node has been told.
//!
//! ```text
//!   Gathering ──► Running ──► Landing ──► Leaving ──► over
//!   nodes join    rounds      the last    reports
//!                             checkpoint
//! ```
//!
//! | file | concern |
//! |---|---|
//! | `gathering` | who begins, and with what |
//! | `recovery` | what members hold after a restart, against what the journal says |
//! | `running`, `attempt` | proposals, commit or roll back |
//! | `plans` | which schedule an attempt runs by |
//! | `membership`, `relays` | losses, refusals, late joins |
//! | `landing`, `custody` | checkpoints to the ground, release, the end |
//! | `durable`, `record`, `accounts` | what the journal keeps: a fold over records |

mod accounts;
mod attempt;
mod custody;
mod durable;
mod event;
mod gathering;
mod landing;
mod membership;
mod passes;
mod plans;
mod record;
mod recovery;
mod relays;
mod rules;
mod running;
mod seats;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use accounts::Totals;
pub use event::{Command, Event, Session};
pub use passes::Passes;
pub use record::{Commit, Record};
pub use recovery::ResumeError;
pub use rules::{Pace, Rules};
use starloom_comms::control::{AggregatorMessage, NodeMessage, View};
use starloom_comms::events::What;
use starloom_comms::id::{NodeId, Round};

use self::attempt::OpenRound;
use self::custody::Custody;
use self::durable::Durable;
use self::gathering::Gathering;
use self::landing::Leaving;
use self::seats::Seats;

/// The aggregator's decisions. See the [module](self).
#[derive(Debug, Clone)]
pub struct Engine {
    rules: Rules,
    durable: Durable,
    seats: Seats,
    custody: Custody,
    stage: Stage,
    wish: Wish,
    /// When the engine was last told something.
    clock: Duration,
    /// The totals before the event that is being handled; all of its records may yet fail.
    totals_on_disk: Totals,
    out: Vec<Command>,
}

#[derive(Debug, Clone)]
enum Stage {
    Gathering(Gathering),
    Running(OpenRound),
    Landing {
        until: Duration,
    },
    Leaving(Leaving),
    /// Over, and [`Command::End`] is still to be said.
    Ending,
    Over,
}

/// What the person at the terminal wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    GoOn,
    Stop,
}

impl Engine {
    /// The engine of a job that begins: it waits for the nodes of the scenario.
    #[must_use]
    pub fn new(rules: Rules, now: Duration) -> Self {
        let durable = Durable::new(rules.samples_per_node);
        let gathering = Gathering::fresh(now + rules.join_deadline);
        Self::with(rules, durable, Stage::Gathering(gathering), now)
    }

    /// Handles one event and says what is to be done, in order. `now` must not be before an earlier call's.
    pub fn handle(&mut self, now: Duration, event: Event) -> Vec<Command> {
        if now.saturating_sub(self.clock) > self.rules.suspect_after / 2 {
            // `next_deadline` asks for a call well before that: this process itself was stopped or starved.
            self.seats.hear_all(now);
        }
        self.clock = now;
        if let Event::JournalFailed { reason } = event {
            self.durable.accounts.totals = self.totals_on_disk;
            self.journal_failed(&reason);
            return std::mem::take(&mut self.out);
        }
        self.totals_on_disk = self.totals();
        match event {
            Event::Joined { node, session, join } => self.joined(now, &node, session, join),
            Event::RelayJoined { node, session, address } => self.relay_joined(now, &node, session, address),
            Event::Message { node, session, message } => {
                if self.seats.hear(&node, session, now) {
                    self.said(now, &node, message);
                }
            }
            Event::Closed { node, session } => {
                if self.seats.session(&node) == Some(session) {
                    self.closed(now, &node);
                }
            }
            Event::Stop => self.stop(),
            Event::Tick | Event::JournalFailed { .. } => self.tick(now),
        }
        self.give_custody(now);
        std::mem::take(&mut self.out)
    }

    /// When to call [`handle`](Self::handle) with [`Event::Tick`] if nothing else happens; `None` once the job is over.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        let stage = match &self.stage {
            Stage::Gathering(gathering) => gathering.until(),
            Stage::Running(round) => round.until(),
            Stage::Landing { until } => *until,
            Stage::Leaving(leaving) => leaving.until(),
            Stage::Ending => self.clock,
            Stage::Over => return None,
        };
        let silence = self.seats.earliest_heard().map(|heard| heard + self.rules.suspect_after);
        let pulse = (!self.seats.is_empty()).then(|| self.clock + self.rules.suspect_after / 4);
        let custody = self.is_past_gathering().then(|| self.custody.next_deadline()).flatten();
        [Some(stage), silence, pulse, custody].into_iter().flatten().min()
    }

    /// The numbers of the job so far.
    #[must_use]
    pub const fn totals(&self) -> Totals {
        self.durable.accounts.totals
    }

    /// The last round that is committed.
    #[must_use]
    pub const fn committed(&self) -> Round {
        self.durable.committed()
    }

    /// The roster.
    #[must_use]
    pub const fn view(&self) -> &View {
        &self.durable.view
    }

    fn with(rules: Rules, durable: Durable, stage: Stage, now: Duration) -> Self {
        Self {
            custody: Custody::new(rules.suspect_after, rules.passes.clone()),
            totals_on_disk: durable.accounts.totals,
            rules,
            durable,
            seats: Seats::default(),
            stage,
            wish: Wish::GoOn,
            clock: now,
            out: Vec::new(),
        }
    }

    fn said(&mut self, now: Duration, node: &NodeId, message: NodeMessage) {
        match message {
            NodeMessage::Join(_) | NodeMessage::JoinAsRelay { .. } | NodeMessage::Heartbeat => {}
            NodeMessage::Proposal(proposal) => self.proposed(now, node, proposal),
            NodeMessage::AttemptFailed { view, round, attempt, peer, reason } => {
                self.attempt_failed(now, node, (view, round, attempt), peer.as_ref(), &reason);
            }
            NodeMessage::CheckpointWritten { round, state } => self.checkpoint_written(now, node, round, state),
            NodeMessage::Landed { round, digest, bytes, path } => {
                self.landed(now, Record::Landed { round, digest, bytes, path }, round);
            }
            NodeMessage::CustodyFailed { round, reason } => self.custody.declined(node, round, reason, now),
            NodeMessage::Leave(report) => self.left(now, node, report),
        }
    }

    fn closed(&mut self, now: Duration, node: &NodeId) {
        match &mut self.stage {
            Stage::Gathering(gathering) => {
                gathering.forget(node);
                self.seats.leave(node);
            }
            _ => self.lose(now, node, starloom_comms::events::LossKind::Connection),
        }
    }

    fn tick(&mut self, now: Duration) {
        if self.is_past_gathering()
            && let Some(before) = now.checked_sub(self.rules.suspect_after)
        {
            while let Some(node) = self.seats.silent_since(before) {
                self.lose(now, &node, starloom_comms::events::LossKind::Silence);
            }
        }
        match &self.stage {
            Stage::Gathering(gathering) if now >= gathering.until() => self.gathered(now),
            Stage::Running(round) if now >= round.until() => self.round_deadline(now),
            Stage::Landing { .. } => self.check_landing(now),
            Stage::Leaving(leaving) if now >= leaving.until() => self.finish(),
            Stage::Ending => self.end(),
            _ => {}
        }
    }

    const fn is_past_gathering(&self) -> bool {
        matches!(self.stage, Stage::Running(_) | Stage::Landing { .. } | Stage::Leaving(_))
    }

    /// Writes a record and applies it.
    fn record(&mut self, record: Record) {
        self.durable.apply(&record);
        self.out.push(Command::Journal(record));
    }

    fn emit(&mut self, what: What) {
        self.out.push(Command::Emit(what));
    }

    fn warn(&mut self, message: String) {
        self.emit(What::Warning { message });
    }

    fn send(&mut self, node: &NodeId, message: AggregatorMessage) {
        if let Some(session) = self.seats.session(node) {
            self.out.push(Command::Send { session, message });
        }
    }

    /// Says it to every member and relay.
    fn send_all(&mut self, message: &AggregatorMessage) {
        for member in self.durable.view.ranks().cloned().collect::<Vec<_>>() {
            self.send(&member.id, message.clone());
        }
    }
}
