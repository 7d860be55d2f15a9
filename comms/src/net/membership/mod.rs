//! Membership in a job, for a trainer: join, agree on a mean each round, hand over checkpoints, leave.
//!
//! A [`Membership`] owns one thread, on which all of the node's sockets live: the control stream with its heartbeats,
//! the lanes to its peers, the delivery of checkpoints. The calls here block the trainer's own thread. Heartbeats go on
//! while the trainer computes, and stop when the process does. The decisions are [`member`](crate::member)'s; this
//! module executes them. A relay has no trainer and is one call, [`carry`].
//!
//! ```no_run
//! # use starloom_comms::net::membership::*;
//! # use starloom_comms::{control::{Report, Then}, id::Round};
//! # fn gradient() -> Vec<f32> { vec![] }
//! # fn apply(_: &[f32]) {}
//! # fn run(config: MembershipConfig) -> Result<(), Box<dyn std::error::Error>> {
//! let mut membership = Membership::join(config)?;
//! let mut round = Round(1);
//! loop {
//!     // `membership.view()` says among whom this round's samples are dealt.
//!     let agreed = membership.all_reduce(round, gradient(), 32)?;
//!     apply(&agreed.mean);
//!     if agreed.then == Then::Finish {
//!         break;
//!     }
//!     round = round.next();
//! }
//! membership.leave(Report::default())?;
//! # Ok(())
//! # }
//! ```

mod control_loop;
mod delivery;
mod driver;
mod error;
mod lanes;
mod relay;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;

use tokio::sync::mpsc::UnboundedSender;

use self::driver::{Answer, Crew, Driver, Request};
pub use self::error::{JoinError, MembershipError};
pub use self::relay::{RelayConfig, carry};
use super::clock::MissionClock;
use super::event_sink::EventSink;
use super::identity::Identity;
use crate::collective::Contribution;
use crate::control::{DataInfo, Report, Then, View};
use crate::custody::Manifest;
use crate::id::{Digest, Round};
pub use crate::member::{Agreed, Failure};
use crate::member::{History, Part};
use crate::scenario::Scenario;

/// What it takes to join a job.
#[derive(Debug, Clone)]
pub struct MembershipConfig {
    /// Who joins, and the credentials to prove it.
    pub identity: Identity,
    /// Where the aggregator listens.
    pub aggregator: SocketAddr,
    /// Where this node's data links listen; port 0 takes any free port. Peers dial the address that is bound, so it must
    /// be one that they can reach.
    pub listen: SocketAddr,
    /// Where the ground station listens, if checkpoints are to be delivered.
    pub station: Option<SocketAddr>,
    /// The job.
    pub scenario: Arc<Scenario>,
    /// What this node trains on.
    pub data: DataInfo,
    /// Elements of the vector that it exchanges.
    pub elements: usize,
    /// How many of them, at the end, a wire format that loses much must not touch.
    pub exempt: usize,
    /// The last round that its state includes: 0 at the start of a job.
    pub committed: Round,
    /// Digest over the rounds that its state includes, see [`History`].
    pub history: Digest,
    /// The mission's clock.
    pub clock: MissionClock,
    /// Where its events go.
    pub events: EventSink,
}

/// A checkpoint on this node's disk, verified.
#[derive(Debug, Clone)]
pub struct WrittenCheckpoint {
    /// The round whose committed state it is.
    pub round: Round,
    /// Digest of the common state.
    pub state: Digest,
    /// What goes to the ground.
    pub manifest: Manifest,
    /// The file that the manifest describes. It must stay for as long as it may have to be delivered.
    pub file: PathBuf,
}

/// A node's place in a running job. Dropping it ends its thread and closes its connections, and the others count it as lost.
#[derive(Debug)]
pub struct Membership {
    requests: Option<UnboundedSender<Request>>,
    answers: Receiver<Answer>,
    thread: Option<JoinHandle<()>>,
    view: View,
    /// The round to contribute to; none after the last.
    next: Option<Round>,
    elements: usize,
    failed: Option<MembershipError>,
}

impl Membership {
    /// Joins the job, and blocks until its first round is opened to this node.
    ///
    /// # Errors
    /// [`JoinError`] if the address is taken, the aggregator refuses the node, or it cannot be reached.
    pub fn join(config: MembershipConfig) -> Result<Self, JoinError> {
        let MembershipConfig { data, elements, exempt, committed, history, .. } = config;
        let MembershipConfig { identity, aggregator, listen, station, scenario, clock, events, .. } = config;
        let crew = Crew { identity, aggregator, listen, station, scenario, clock, events };
        let (requests, inbox) = tokio::sync::mpsc::unbounded_channel();
        let (outbox, answers) = channel();
        let part = Part::Train { data, elements, exempt };
        let (runtime, driver) = Driver::new(crew, part, History::at(committed, history), inbox, outbox)?;
        let comms = move || {
            runtime.block_on(driver.run());
            // A file that is being read must not hold up a process that leaves.
            runtime.shutdown_background();
        };
        let thread = std::thread::Builder::new().name("comms".into()).spawn(comms).map_err(JoinError::Start)?;
        let mut membership = Self {
            requests: Some(requests),
            answers,
            thread: Some(thread),
            view: View { id: crate::id::ViewId(0), members: Arc::default(), relays: Arc::default() },
            next: Some(committed.next()),
            elements,
            failed: None,
        };
        membership.view = membership.wait(|answer| match answer {
            Answer::Opened(view) => Some(view),
            _ => None,
        })?;
        Ok(membership)
    }

    /// The roster that the next round's samples are dealt to. It does not change while a round is under way.
    #[must_use]
    pub const fn view(&self) -> &View {
        &self.view
    }

    /// Contributes `vector`, which stands for `samples` samples, to `round`, and blocks until all living members have agreed
    /// on the mean. Attempts that break are repeated meanwhile, perhaps among fewer members.
    ///
    /// A vector with NaN or infinity is left out; the mean is then that of the others.
    ///
    /// # Errors
    /// [`MembershipError::OutOfOrder`] and [`MembershipError::Length`] for a contribution that does not fit: the
    /// membership goes on. All others end it.
    pub fn all_reduce(&mut self, round: Round, vector: Vec<f32>, samples: u64) -> Result<Agreed, MembershipError> {
        if self.next != Some(round) {
            return Err(MembershipError::OutOfOrder { round, next: self.next });
        }
        if vector.len() != self.elements {
            return Err(MembershipError::Length { got: vector.len(), expected: self.elements });
        }
        self.request(Request::Contribute(Contribution::new(Arc::new(vector), samples)))?;
        let agreed = self.wait(|answer| match answer {
            Answer::Agreed(agreed) => Some(*agreed),
            _ => None,
        })?;
        self.view = agreed.view.clone();
        self.next = (agreed.then == Then::Continue).then(|| round.next());
        Ok(agreed)
    }

    /// Says that the committed state of a round is on disk. If the aggregator gives this node custody of it, it is delivered
    /// to the station meanwhile.
    ///
    /// # Errors
    /// [`MembershipError`] if the membership is over.
    pub fn checkpoint_written(&mut self, checkpoint: WrittenCheckpoint) -> Result<(), MembershipError> {
        self.request(Request::CheckpointWritten(Box::new(checkpoint)))
    }

    /// Blocks until nothing is left to do for this node (checkpoints are delivered meanwhile), then reports and leaves.
    /// Gives the report with what this node sent filled in.
    ///
    /// # Errors
    /// [`MembershipError`] if the membership ends in another way first.
    pub fn leave(&mut self, report: Report) -> Result<Report, MembershipError> {
        self.request(Request::Leave(report))?;
        let report = self.wait(|answer| match answer {
            Answer::Left(report) => Some(report),
            _ => None,
        })?;
        self.next = None;
        Ok(report)
    }

    fn request(&self, request: Request) -> Result<(), MembershipError> {
        if let Some(failed) = &self.failed {
            return Err(failed.clone());
        }
        let requests = self.requests.as_ref().ok_or(MembershipError::Stopped)?;
        // If the thread is gone, its last answer says why, and is read next.
        requests.send(request).ok();
        Ok(())
    }

    /// Waits for the answer that `pick` takes.
    fn wait<T>(&mut self, pick: impl Fn(Answer) -> Option<T>) -> Result<T, MembershipError> {
        loop {
            let error = match self.answers.recv() {
                Ok(Answer::Failed(error)) => error,
                Ok(answer) => match pick(answer) {
                    Some(picked) => return Ok(picked),
                    None => continue,
                },
                Err(_) => MembershipError::Stopped,
            };
            self.failed = Some(error.clone());
            return Err(error);
        }
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        // The thread ends when nobody is left to ask it for anything.
        self.requests = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the comms thread panicked");
        }
    }
}
