//! What a launch tells a program that it starts as a node.

use std::env;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use starloom_comms::id::NodeId;
use starloom_comms::net::clock::MissionClock;
use starloom_comms::net::event_sink::EventSink;
use starloom_comms::net::identity::Identity;
use starloom_comms::net::tls::Credentials;
use starloom_comms::scenario::{Mode, Scenario};

use super::SessionError;
use crate::node::NodeConfig;

/// A node's place in a job, as JSON in the environment of its process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionConfig {
    /// The resolved scenario.
    pub scenario: PathBuf,
    /// The run's directory.
    pub run_dir: PathBuf,
    /// The job's name.
    pub job: String,
    /// Which node of the scenario the process is.
    pub node: NodeId,
    /// Where the aggregator listens.
    pub aggregator: SocketAddr,
    /// Where the station listens; without one no checkpoint leaves the node.
    pub station: Option<SocketAddr>,
    /// Where the node's links listen; port 0 takes any free one.
    pub listen: SocketAddr,
    /// Directory of `ca.pem` and the node's certificate and key; without one links are in plain text.
    pub certs: Option<PathBuf>,
    /// Mission time zero on the wall clock.
    pub mission_start: Timestamp,
    /// The checkpoint to go on from.
    pub resume_from: Option<PathBuf>,
}

impl SessionConfig {
    /// The environment variable that holds it.
    pub const VARIABLE: &'static str = "STARLOOM_SESSION";

    /// The value for the environment variable.
    ///
    /// # Panics
    /// If a path is not UTF-8.
    #[must_use]
    #[expect(clippy::expect_used, reason = "documented")]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("paths are UTF-8")
    }

    /// What the environment says; `None` if it says nothing.
    pub(super) fn from_env() -> Result<Option<Self>, SessionError> {
        let Some(text) = env::var_os(Self::VARIABLE) else { return Ok(None) };
        let config = serde_json::from_str(&text.to_string_lossy());
        config.map(Some).map_err(|source| SessionError::Variable { source })
    }

    /// The node that it describes. Its events go to standard output, which a launch reads; what else a program prints
    /// there is shown as its words.
    pub(super) fn node_config(self) -> Result<NodeConfig, SessionError> {
        let scenario = Scenario::load(&self.scenario)?;
        if scenario.training.mode != Mode::Ddp {
            return Err(SessionError::Mode { mode: scenario.training.mode });
        }
        let credentials = self.certs.as_deref().map(|certs| Credentials::load(certs, &self.node)).transpose()?;
        let clock = MissionClock::new(self.mission_start, scenario.emulation.time_scale);
        let events = EventSink::new(io::stdout(), self.node.clone(), clock, &scenario.faults)?;
        let directory = self.run_dir.join("nodes").join(self.node.as_str());
        let identity = Identity { job: self.job, scenario: scenario.digest(), node: self.node, credentials };
        Ok(NodeConfig {
            scenario: Arc::new(scenario),
            identity,
            aggregator: self.aggregator,
            station: self.station,
            listen: self.listen,
            directory,
            resume_from: self.resume_from,
            clock,
            events,
        })
    }
}
