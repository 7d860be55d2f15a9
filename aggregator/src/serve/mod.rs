//! The aggregator process: control connections on one side, the journal on the other, the engine between them.
//!
//! It decides nothing. Events are handed to the [`Engine`] one by one, and what it wants is done in its order: a
//! record is on the disk before the message that follows it leaves.

mod connections;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use starloom_comms::events::{Outcome, What};
use starloom_comms::id::Round;
use starloom_comms::net::clock::MissionClock;
use starloom_comms::net::control::serve_control;
use starloom_comms::net::event_sink::EventSink;
use starloom_comms::net::identity::Identity;
use starloom_comms::net::listen::{Listener, ServeError};
use starloom_comms::orbit::PropagationError;
use starloom_comms::scenario::Scenario;
use thiserror::Error;
use tokio::time::{sleep_until, timeout_at};

use self::connections::Connections;
use crate::engine::{Command, Engine, Event, Pace, Record, ResumeError, Rules};
use crate::journal::{Cut, Journal, JournalError, Owner};

/// The journal's name in a run directory.
pub const JOURNAL: &str = "journal.jsonl";

/// How long members have to close their connections when the job is over.
const FAREWELL: Duration = Duration::from_secs(2);

/// What an aggregator needs.
#[derive(Debug)]
pub struct AggregatorConfig {
    /// Who it is.
    pub identity: Identity,
    /// Where nodes reach it.
    pub listener: Listener,
    /// The job.
    pub scenario: Arc<Scenario>,
    /// The run directory; the journal lies in it. An aggregator that finds a journal there goes on from it.
    pub run_dir: PathBuf,
    /// The mission's clock.
    pub clock: MissionClock,
    /// Where it says what happens.
    pub events: EventSink,
    /// Set if all nodes are started anew from the state of this round: what was committed after it is void.
    pub resume: Option<Round>,
}

/// Why an aggregator cannot work.
#[derive(Debug, Error)]
pub enum AggregatorError {
    /// Its journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// It cannot be reached.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The scenario's satellites do not stay up.
    #[error(transparent)]
    Orbit(#[from] PropagationError),
    /// The job cannot be resumed from there.
    #[error(transparent)]
    Resume(#[from] ResumeError),
}

/// Leads the job to its end. When `stop` resolves, the job ends after its next commit. Must be called inside the
/// runtime.
///
/// # Errors
/// [`AggregatorError`] if it cannot begin. A job that fails later is an [`Outcome`].
pub async fn serve(config: AggregatorConfig, stop: impl Future<Output = ()>) -> Result<Outcome, AggregatorError> {
    let AggregatorConfig { identity, listener, scenario, run_dir, clock, events, resume } = config;
    let planned = scenario.contacts()?.planned;
    let rules = Rules::of(&scenario, &planned, Pace { begin: clock.now(), time_scale: clock.time_scale() });
    let owner = Owner { job: identity.job.clone(), scenario: identity.scenario };
    let path = run_dir.join(JOURNAL);
    let (journal, contents) = match resume {
        Some(_) => Journal::open_for_resume(&path, &owner)?,
        None => Journal::open(&path, &owner)?,
    };
    let engine = match resume {
        Some(round) => Engine::resume(rules, Duration::ZERO, &contents.records, round)?,
        None => Engine::recover(rules, Duration::ZERO, &contents.records),
    };
    let control = serve_control(&identity, listener)?;
    events.emit(What::Listening { address: control.address() });
    if let Some(cut) = contents.cut {
        events.emit(What::Warning { message: cut_warning(&path, &cut) });
    }
    let connections = Connections::new(control);
    let desk = Desk { engine, journal, connections, events, start: Instant::now(), todo: VecDeque::new() };
    Ok(desk.run(stop).await)
}

fn cut_warning(path: &Path, Cut { line, bytes, reason }: &Cut) -> String {
    format!(
        "the journal {} was damaged from line {line} on ({reason}); its last {bytes} bytes are cut off",
        path.display()
    )
}

struct Desk {
    engine: Engine,
    journal: Journal,
    connections: Connections,
    events: EventSink,
    start: Instant,
    /// What follows from carrying commands out.
    todo: VecDeque<Event>,
}

impl Desk {
    async fn run(mut self, stop: impl Future<Output = ()>) -> Outcome {
        let mut stop = Box::pin(stop.fuse());
        loop {
            let Some(deadline) = self.engine.next_deadline() else {
                // Unreachable while the engine keeps its word: it ends by a command.
                return Outcome::Failed { reason: "the engine stands still".into() };
            };
            let event = match self.todo.pop_front() {
                Some(event) => event,
                None => tokio::select! {
                    biased;
                    event = self.connections.next() => event,
                    () = &mut stop => Event::Stop,
                    () = sleep_until((self.start + deadline).into()) => self.overdue().await,
                },
            };
            let commands = self.engine.handle(self.start.elapsed(), event);
            if let Some(outcome) = self.carry_out(commands) {
                self.say_farewell().await;
                return outcome;
            }
        }
    }

    /// Time is up, unless somebody has spoken in the meantime who was not heard: the sockets have not been looked at
    /// while this task had the thread.
    async fn overdue(&mut self) -> Event {
        for _ in 0..8 {
            tokio::task::yield_now().await;
            if let Some(event) = self.connections.next().now_or_never() {
                return event;
            }
        }
        Event::Tick
    }

    /// Does what the engine wants, in its order. Gives the outcome when the job is over.
    fn carry_out(&mut self, commands: Vec<Command>) -> Option<Outcome> {
        for command in commands {
            match command {
                Command::Journal(record) => {
                    if let Err(error) = self.write(record) {
                        let commands = self
                            .engine
                            .handle(self.start.elapsed(), Event::JournalFailed { reason: error.to_string() });
                        return self.carry_out(commands);
                    }
                }
                Command::Send { session, message } => self.todo.extend(self.connections.send(session, message)),
                Command::Close { session } => self.connections.close(session),
                Command::Emit(what) => self.events.emit(what),
                Command::End(outcome) => return Some(outcome),
            }
        }
        None
    }

    /// Blocks until the record is on the disk: nothing else may happen before.
    fn write(&mut self, record: Record) -> Result<(), JournalError> {
        self.journal.append(record).inspect_err(|error| tracing::error!(%error, "the job cannot go on"))
    }

    /// Lets what was said last arrive.
    async fn say_farewell(&mut self) {
        self.connections.close_all();
        let until = (Instant::now() + FAREWELL).into();
        while !self.connections.is_empty() {
            if timeout_at(until, self.connections.next()).await.is_err() {
                tracing::warn!("some nodes have not closed their connections");
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests;
