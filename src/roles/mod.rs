//! What each process of a job does: `node`, `relay`, `aggregator`, `station`.
//!
//! The same commands serve a launch and a cluster: a launch ties them to itself (see [`lifeline`]) and reads their
//! events from standard output; started by hand or by a scheduler they stand alone.

mod node;
mod relay;
mod servants;
pub(crate) mod signals;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use starloom_comms::id::NodeId;
use starloom_comms::net::clock::MissionClock;
use starloom_comms::net::event_sink::EventSink;
use starloom_comms::net::identity::Identity;
use starloom_comms::net::lifeline::{self, StopRequest};
use starloom_comms::net::tls::Credentials;
use starloom_comms::scenario::{Fault, Scenario};

use crate::exit::{Exit, Failure, OrExit};

pub(crate) use node::{NodeArgs, node};
pub(crate) use relay::{RelayArgs, relay};
pub(crate) use servants::{AggregatorArgs, StationArgs, aggregator, station};

/// Ties this process to the launch that started it, if one did.
pub(crate) fn tie() -> Result<StopRequest, Failure> {
    lifeline::tie().map_err(|error| match error.kind() {
        io::ErrorKind::NotConnected => Failure::new(Exit::Orphaned, error),
        _ => Failure::new(Exit::Environment, error),
    })
}

/// What every role takes.
#[derive(Debug, clap::Args)]
pub(crate) struct RoleArgs {
    /// The scenario. All processes of a job must have the same one.
    #[arg(long)]
    scenario: PathBuf,
    /// Where this process keeps its part of the run.
    #[arg(long)]
    run_dir: PathBuf,
    /// The job's name. All processes of a job must have the same one.
    #[arg(long)]
    job: String,
    /// Address to listen on; port 0 takes any free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Directory of ca.pem and this process's certificate and key; <run-dir>/certs if not given.
    #[arg(long)]
    certs: Option<PathBuf>,
    /// No TLS: for measurements. All processes of a job must agree.
    #[arg(long)]
    plain_text: bool,
    /// Mission time zero on the wall clock, RFC 3339; the start of this process if not given.
    #[arg(long)]
    mission_start: Option<Timestamp>,
    /// Where events go: a file, or - for standard output.
    #[arg(long)]
    events: Option<PathBuf>,
}

/// What every role starts from.
pub(crate) struct Stage {
    pub(crate) scenario: Arc<Scenario>,
    pub(crate) identity: Identity,
    pub(crate) clock: MissionClock,
    pub(crate) events: EventSink,
}

impl RoleArgs {
    fn stage(&self, id: NodeId) -> Result<Stage, Failure> {
        let scenario = Scenario::load(&self.scenario).or_exit(Exit::BadInput)?;
        let credentials = if self.plain_text {
            None
        } else {
            let dir = self.certs.clone().unwrap_or_else(|| self.run_dir.join("certs"));
            Some(Credentials::load(&dir, &id).or_exit(Exit::BadInput)?)
        };
        let clock = MissionClock::new(self.mission_start.unwrap_or_else(Timestamp::now), scenario.emulation.time_scale);
        // Faults at a phase strike nodes and relays from within; those of the aggregator are brought about by the launch.
        let faults: &[Fault] = if id == NodeId::aggregator() { &[] } else { &scenario.faults };
        let events = EventSink::new(self.writer()?, id.clone(), clock, faults).or_exit(Exit::Environment)?;
        let identity = Identity { job: self.job.clone(), scenario: scenario.digest(), node: id, credentials };
        Ok(Stage { scenario: Arc::new(scenario), identity, clock, events })
    }

    fn writer(&self) -> Result<Box<dyn Write + Send>, Failure> {
        match &self.events {
            None => Ok(Box::new(io::sink())),
            Some(path) if path == Path::new("-") => Ok(Box::new(io::stdout())),
            Some(path) => {
                let file = std::fs::OpenOptions::new().create(true).append(true).open(path).map_err(|error| {
                    Failure::message(Exit::Environment, format!("cannot write events to {}: {error}", path.display()))
                })?;
                Ok(Box::new(file))
            }
        }
    }
}
