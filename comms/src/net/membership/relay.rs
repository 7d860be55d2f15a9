//! A relay's part in a job: it carries what others send, and has no trainer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::channel;

use super::driver::{Answer, Crew, Driver};
use super::error::{JoinError, MembershipError};
use crate::control::Report;
use crate::id::{Digest, Round};
use crate::member::{History, Part};
use crate::net::clock::MissionClock;
use crate::net::event_sink::EventSink;
use crate::net::identity::Identity;
use crate::scenario::Scenario;

/// What it takes to be a relay of a job.
#[derive(Debug, Clone)]
pub struct RelayConfig {
    /// Who it is, and the credentials to prove it.
    pub identity: Identity,
    /// Where the aggregator listens.
    pub aggregator: SocketAddr,
    /// Where this relay's links listen; port 0 takes any free port.
    pub listen: SocketAddr,
    /// The job.
    pub scenario: Arc<Scenario>,
    /// The mission's clock.
    pub clock: MissionClock,
    /// Where its events go.
    pub events: EventSink,
}

/// Carries what others send until the job is over, and says how much that was.
///
/// # Errors
/// [`JoinError`] if the address is taken, the aggregator refuses this relay or cannot be reached, or its part ends before
/// the job does.
pub fn carry(config: RelayConfig) -> Result<Report, JoinError> {
    let RelayConfig { identity, aggregator, listen, scenario, clock, events } = config;
    let crew = Crew { identity, aggregator, listen, station: None, scenario, clock, events };
    let (nobody_asks, inbox) = tokio::sync::mpsc::unbounded_channel();
    let (outbox, answers) = channel();
    let history = History::at(Round(0), Digest::default());
    let (runtime, driver) = Driver::new(crew, Part::Relay, history, inbox, outbox)?;
    runtime.block_on(driver.run());
    drop(nobody_asks);
    let last = answers.try_iter().find_map(|answer| match answer {
        Answer::Left(report) => Some(Ok(report)),
        Answer::Failed(error) => Some(Err(error)),
        Answer::Opened(_) | Answer::Agreed(_) => None,
    });
    Ok(last.unwrap_or(Err(MembershipError::Stopped))?)
}
