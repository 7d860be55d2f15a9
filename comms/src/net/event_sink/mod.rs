//! Where a process's events go: a bounded queue, and a thread that writes one JSON line each.
//!
//! Progress may be dropped and is then counted; facts wait for room. [`EventSink::phase`] is also where scripted faults
//! strike, so that what a scenario calls "in the reduce of round 5" is exactly where the event stream says so.
//!
//! ```
//! # use starloom_comms::{events::What, id::NodeId, net::{clock::MissionClock, event_sink::EventSink}};
//! let clock = MissionClock::new(jiff::Timestamp::now(), 1.0);
//! let events = EventSink::new(std::io::sink(), NodeId::satellite(0), clock, &[])?;
//! events.emit(What::Warning { message: "the sun sets".into() });
//! events.flush()?;
//! # Ok::<(), starloom_comms::net::event_sink::EventSinkError>(())
//! ```

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use thiserror::Error;

use super::clock::MissionClock;
use crate::events::{Event, Mission, Phase, What};
use crate::id::{Attempt, NodeId, Round};
use crate::limits::EVENT_QUEUE;
use crate::scenario::{Fault, FaultTime};
use crate::units::MissionTime;

/// The events of one process. Cloning is cheap; all clones write to the same stream.
#[derive(Debug, Clone)]
pub struct EventSink {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    queue: SyncSender<Line>,
    dropped: Arc<AtomicU64>,
    node: NodeId,
    clock: MissionClock,
    faults: Vec<(Round, Phase, String)>,
    strike: fn(),
}

/// Why events are not written.
#[derive(Debug, Error)]
pub enum EventSinkError {
    /// The thread that writes cannot be started.
    #[error("the thread that writes events cannot be started: {0}")]
    Thread(#[source] io::Error),
    /// The stream does not take what is written.
    #[error("events can no longer be written: {0}")]
    Write(String),
}

enum Line {
    Event(Event),
    Flush(SyncSender<Result<(), EventSinkError>>),
}

impl EventSink {
    /// A sink of `node` that writes to `writer`. Of `faults`, those that name `node` strike this process; a fault at a
    /// mission time that is past already does not strike again, so a process that is started anew after one lives on. A
    /// fault at a phase strikes whenever the phase begins: who starts a process anew after one leaves it out.
    ///
    /// # Errors
    /// [`EventSinkError::Thread`] if the operating system gives no thread.
    pub fn new(
        writer: impl Write + Send + 'static,
        node: NodeId,
        clock: MissionClock,
        faults: &[Fault],
    ) -> Result<Self, EventSinkError> {
        Self::with_strike(writer, node, clock, faults, kill_this_process)
    }

    fn with_strike(
        writer: impl Write + Send + 'static,
        node: NodeId,
        clock: MissionClock,
        faults: &[Fault],
        strike: fn(),
    ) -> Result<Self, EventSinkError> {
        let (queue, lines) = sync_channel(EVENT_QUEUE);
        let dropped = Arc::new(AtomicU64::new(0));
        let output = Output { writer, dropped: dropped.clone(), node: node.clone(), clock, failed: None };
        thread::Builder::new()
            .name("events".into())
            .spawn(move || output.run(&lines))
            .map_err(EventSinkError::Thread)?;
        let mine = faults.iter().filter(|fault| fault.kill == node);
        let (mut at_phase, mut at_time) = (Vec::new(), Vec::new());
        for fault in mine {
            match fault.at {
                FaultTime::Phase { round, phase } => at_phase.push((round, phase, fault.to_string())),
                FaultTime::MissionTime(at) => at_time.push((at, fault.to_string())),
            }
        }
        let sink = Self { shared: Arc::new(Shared { queue, dropped, node, clock, faults: at_phase, strike }) };
        let next = at_time.into_iter().filter(|(at, _)| *at > clock.now()).min();
        next.map_or(Ok(()), |(at, fault)| sink.strike_at(at, fault))?;
        Ok(sink)
    }

    /// Writes an event that happens at this moment. Waits for room if it is a fact and the reader is slow.
    pub fn emit(&self, what: What) {
        let shared = &*self.shared;
        let wall = Some(Timestamp::now());
        let event = Event { t: shared.clock.now().as_secs_f64(), wall, node: shared.node.clone(), what };
        if event.what.is_progress() {
            if let Err(TrySendError::Full(_)) = shared.queue.try_send(Line::Event(event)) {
                shared.dropped.fetch_add(1, Ordering::Relaxed);
            }
        } else if shared.queue.send(Line::Event(event)).is_err() {
            tracing::error!("the thread that writes events is gone");
        }
    }

    /// Writes that a phase of a round begins. If the scenario has a fault for this process there, the process writes that too,
    /// and dies by SIGKILL: this call does not return.
    pub fn phase(&self, round: Round, attempt: Attempt, phase: Phase) {
        self.emit(What::Phase { round, attempt, phase });
        let fault = self.shared.faults.iter().find(|(at_round, at_phase, _)| (*at_round, *at_phase) == (round, phase));
        if let Some((_, _, fault)) = fault {
            self.strike(fault.clone());
        }
    }

    /// Waits until everything emitted before is written.
    ///
    /// # Errors
    /// [`EventSinkError::Write`] if it is not.
    pub fn flush(&self) -> Result<(), EventSinkError> {
        let gone = || EventSinkError::Write("the thread that writes them is gone".into());
        let (done, answer) = sync_channel(1);
        self.shared.queue.send(Line::Flush(done)).map_err(|_| gone())?;
        answer.recv().map_err(|_| gone())?
    }

    fn strike(&self, fault: String) {
        self.emit(What::Fault { fault });
        if let Err(error) = self.flush() {
            tracing::warn!(%error, "a fault strikes without its event");
        }
        (self.shared.strike)();
    }

    fn strike_at(&self, at: MissionTime, fault: String) -> Result<(), EventSinkError> {
        let (sink, instant) = (self.clone(), self.shared.clock.instant(at));
        let wait = move || {
            thread::sleep(instant.saturating_duration_since(Instant::now()));
            sink.strike(fault);
        };
        thread::Builder::new().name("fault".into()).spawn(wait).map_err(EventSinkError::Thread)?;
        Ok(())
    }
}

impl Mission for EventSink {
    fn now(&self) -> MissionTime {
        self.shared.clock.now()
    }

    fn wait(&self, span: Duration) {
        thread::sleep(self.shared.clock.wall(span));
    }

    fn emit(&self, what: What) {
        Self::emit(self, what);
    }

    fn phase(&self, round: Round, attempt: Attempt, phase: Phase) {
        Self::phase(self, round, attempt, phase);
    }
}

/// What a node that is hit experiences: nothing, from one instruction to the next.
fn kill_this_process() {
    let killed = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    tracing::error!(?killed, "a scripted fault did not kill this process");
    std::process::abort();
}

/// The writing end, on its own thread.
struct Output<W> {
    writer: W,
    dropped: Arc<AtomicU64>,
    node: NodeId,
    clock: MissionClock,
    failed: Option<String>,
}

impl<W: Write> Output<W> {
    fn run(mut self, lines: &Receiver<Line>) {
        while let Ok(first) = lines.recv() {
            // A burst is written with one flush at its end.
            let mut next = Some(first);
            while let Some(line) = next {
                match line {
                    Line::Event(event) => self.write(&event),
                    Line::Flush(done) => {
                        self.finish_burst();
                        let outcome = self.failed.clone().map_or(Ok(()), |reason| Err(EventSinkError::Write(reason)));
                        // Who asked may have given up.
                        done.try_send(outcome).ok();
                    }
                }
                next = lines.try_recv().ok();
            }
            self.finish_burst();
        }
    }

    fn finish_burst(&mut self) {
        match self.dropped.swap(0, Ordering::Relaxed) {
            0 => {}
            count => {
                let (t, wall) = (self.clock.now().as_secs_f64(), Some(Timestamp::now()));
                self.write(&Event { t, wall, node: self.node.clone(), what: What::Dropped { count } });
            }
        }
        let flushed = self.writer.flush();
        self.note(flushed);
    }

    fn write(&mut self, event: &Event) {
        let line = serde_json::to_vec(event).map_err(io::Error::from);
        let written = line.and_then(|mut line| {
            line.push(b'\n');
            self.writer.write_all(&line)
        });
        self.note(written);
    }

    /// A stream that has failed once is told of once; the process goes on, for its work does not depend on its viewers.
    fn note(&mut self, outcome: io::Result<()>) {
        if let Err(error) = outcome
            && self.failed.is_none()
        {
            tracing::error!(%error, "events can no longer be written");
            self.failed = Some(error.to_string());
        }
    }
}

#[cfg(test)]
mod tests;
