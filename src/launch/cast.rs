//! Who plays in a launch: the command line of every role.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use jiff::Timestamp;
use starloom_comms::id::NodeId;
use starloom_comms::scenario::Scenario;
use starloom_trainer::session::SessionConfig;

use super::child;
use crate::certs;
use crate::exit::Failure;
use crate::run_dir::{Job, RunDir};

/// How links are protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wires {
    /// mTLS with certificates of this job.
    MutualTls,
    /// In plain text: for measurements.
    PlainText,
}

/// Writes command lines.
#[derive(Debug)]
pub(crate) struct Cast {
    pub(crate) scenario: Scenario,
    pub(crate) run_dir: RunDir,
    pub(crate) job: Job,
    pub(crate) wires: Wires,
    /// Mission time zero on the wall clock.
    pub(crate) mission_start: Timestamp,
    pub(crate) this_program: PathBuf,
    pub(crate) node_program: Option<PathBuf>,
    pub(crate) resume_from: Option<PathBuf>,
}

impl Cast {
    /// Certificates for every process of the job that has none.
    pub(crate) fn certify(&self) -> Result<(), Failure> {
        if self.wires == Wires::PlainText {
            return Ok(());
        }
        let mut names = vec![NodeId::aggregator(), NodeId::station()];
        names.extend(self.scenario.nodes());
        names.extend(self.scenario.relays());
        certs::init(&self.run_dir.certs(), &self.job.job, &names)
    }

    /// Where a role listens by the scenario: `slot` 0 is the aggregator, 1 the station, nodes and relays follow.
    fn address(&self, slot: u16) -> SocketAddr {
        let network = &self.scenario.network;
        let port = if network.base_port == 0 { 0 } else { network.base_port + slot };
        SocketAddr::new(network.bind, port)
    }

    /// The aggregator: for the first time (without an address), or again where nodes know it.
    pub(crate) fn aggregator(&self, again: Option<SocketAddr>) -> child::Start {
        let mut args = self.common("aggregator", &[]);
        args.extend(["--listen".into(), again.unwrap_or_else(|| self.address(0)).to_string().into()]);
        // In its second life the journal knows where the job stands.
        if again.is_none()
            && let Some(from) = &self.resume_from
        {
            args.extend(["--resume-from".into(), from.clone().into()]);
        }
        self.start(NodeId::aggregator(), self.this_program.clone(), args)
    }

    /// The station: for the first time (without an address), or again where nodes know it.
    pub(crate) fn station(&self, again: Option<SocketAddr>) -> child::Start {
        let mut args = self.common("station", &[]);
        args.extend(["--listen".into(), again.unwrap_or_else(|| self.address(1)).to_string().into()]);
        self.start(NodeId::station(), self.this_program.clone(), args)
    }

    /// A node: this program in that role, or a user's own with its place in the environment.
    pub(crate) fn node(&self, slot: u16, node: &NodeId, aggregator: SocketAddr, station: SocketAddr) -> child::Start {
        let listen = self.address(slot + 2);
        if let Some(program) = &self.node_program {
            let session = SessionConfig {
                scenario: self.run_dir.scenario_path(),
                run_dir: self.run_dir.root().to_owned(),
                job: self.job.job.clone(),
                node: node.clone(),
                aggregator,
                station: Some(station),
                listen,
                certs: (self.wires == Wires::MutualTls).then(|| self.run_dir.certs()),
                mission_start: self.mission_start,
                resume_from: self.resume_from.clone(),
            };
            let mut start = self.start(node.clone(), program.clone(), Vec::new());
            start.shows_as = format!("starloom node --node {node}");
            start.env.push((SessionConfig::VARIABLE, session.to_json()));
            return start;
        }
        let mut args = self.common("node", &["--node".into(), node.as_str().into()]);
        args.extend(["--aggregator".into(), aggregator.to_string().into()]);
        args.extend(["--station".into(), station.to_string().into()]);
        args.extend(["--listen".into(), listen.to_string().into()]);
        if let Some(from) = &self.resume_from {
            args.extend(["--resume-from".into(), from.clone().into()]);
        }
        self.start(node.clone(), self.this_program.clone(), args)
    }

    /// A relay: its slot is behind those of the nodes.
    pub(crate) fn relay(&self, slot: u16, relay: &NodeId, aggregator: SocketAddr) -> child::Start {
        let mut args = self.common("relay", &["--node".into(), relay.as_str().into()]);
        args.extend(["--aggregator".into(), aggregator.to_string().into()]);
        args.extend(["--listen".into(), self.address(slot + 2).to_string().into()]);
        self.start(relay.clone(), self.this_program.clone(), args)
    }

    fn common(&self, role: &str, first: &[OsString]) -> Vec<OsString> {
        let mut args: Vec<OsString> = vec![role.into()];
        args.extend_from_slice(first);
        args.extend(["--scenario".into(), self.run_dir.scenario_path().into()]);
        args.extend(["--run-dir".into(), self.run_dir.root().into()]);
        args.extend(["--job".into(), self.job.job.clone().into()]);
        args.extend(["--mission-start".into(), self.mission_start.to_string().into()]);
        args.extend(["--events".into(), "-".into()]);
        if self.wires == Wires::PlainText {
            args.push("--plain-text".into());
        }
        args
    }

    fn start(&self, id: NodeId, program: PathBuf, args: Vec<OsString>) -> child::Start {
        let log = self.run_dir.log(&id);
        // Several nodes share this machine: one compute thread each is faster than all threads for each.
        let threads = std::env::var("RAYON_NUM_THREADS").unwrap_or_else(|_| "1".to_owned());
        child::Start {
            id,
            program,
            shows_as: "starloom".to_owned(),
            args,
            env: vec![("RAYON_NUM_THREADS", threads)],
            log,
        }
    }
}
