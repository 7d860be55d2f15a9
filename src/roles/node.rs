//! `starloom node`: one training node.

use std::net::SocketAddr;
use std::path::PathBuf;

use starloom_comms::id::NodeId;
use starloom_comms::net::membership::{JoinError, MembershipError};
use starloom_trainer::{NodeConfig, NodeError};

use super::{RoleArgs, Stage, tie};
use crate::cli::{Programs, program_for};
use crate::exit::{Exit, Failure};

/// The arguments of `starloom node`.
#[derive(Debug, clap::Args)]
pub(crate) struct NodeArgs {
    /// Which node of the scenario this process is.
    #[arg(long)]
    node: NodeId,
    /// Where the aggregator listens.
    #[arg(long)]
    aggregator: SocketAddr,
    /// Where the station listens; without one no checkpoint leaves this node.
    #[arg(long)]
    station: Option<SocketAddr>,
    /// Go on from this checkpoint (a directory round-…).
    #[arg(long)]
    resume_from: Option<PathBuf>,
    #[command(flatten)]
    role: RoleArgs,
}

/// Is a node until the job is over.
pub(crate) fn node(args: NodeArgs, programs: &Programs) -> Result<Exit, Failure> {
    let _never_asked = tie()?;
    let config = args.config()?;
    let program = program_for(&config.scenario, programs)?;
    let events = config.events.clone();
    let result = program.run_node(config);
    // The launch reads the last events from a pipe: they must be in it before this process ends.
    let _unread = events.flush();
    let report = result.map_err(|error| Failure::new(exit_of(&error), error))?;
    tracing::info!(committed = %report.committed, state = %report.state.short(), "done");
    Ok(Exit::Completed)
}

impl NodeArgs {
    fn config(self) -> Result<NodeConfig, Failure> {
        let Stage { scenario, identity, clock, events } = self.role.stage(self.node.clone())?;
        if scenario.slot(&self.node).is_none() {
            let nodes = scenario.node_count();
            let first = scenario.nodes().first().map(ToString::to_string).unwrap_or_default();
            let message = format!("--node {}: the scenario has {nodes} nodes, from {first} on", self.node);
            return Err(Failure::message(Exit::BadInput, message));
        }
        Ok(NodeConfig {
            directory: self.role.run_dir.join("nodes").join(self.node.as_str()),
            scenario,
            identity,
            aggregator: self.aggregator,
            station: self.station,
            listen: self.role.listen,
            resume_from: self.resume_from,
            clock,
            events,
        })
    }
}

fn exit_of(error: &NodeError) -> Exit {
    match error {
        NodeError::Join(error) => exit_of_join(error),
        NodeError::Membership(error) => exit_of_end(error),
        _ => Exit::BadInput,
    }
}

pub(super) fn exit_of_join(error: &JoinError) -> Exit {
    match error {
        JoinError::Membership(error) => exit_of_end(error),
        _ => Exit::Environment,
    }
}

fn exit_of_end(error: &MembershipError) -> Exit {
    match error {
        MembershipError::Refused { .. } => Exit::Refused,
        MembershipError::AggregatorLost(_) => Exit::AggregatorLost,
        _ => Exit::Failed,
    }
}
