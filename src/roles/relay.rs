//! `starloom relay`: a satellite that carries what others send.

use std::net::SocketAddr;

use starloom_comms::id::NodeId;
use starloom_comms::net::membership::{RelayConfig, carry};

use super::node::exit_of_join;
use super::{RoleArgs, Stage, tie};
use crate::exit::{Exit, Failure};

/// The arguments of `starloom relay`.
#[derive(Debug, clap::Args)]
pub(crate) struct RelayArgs {
    /// Which relay of the scenario this process is.
    #[arg(long)]
    node: NodeId,
    /// Where the aggregator listens.
    #[arg(long)]
    aggregator: SocketAddr,
    #[command(flatten)]
    role: RoleArgs,
}

/// Is a relay until the job is over.
pub(crate) fn relay(args: &RelayArgs) -> Result<Exit, Failure> {
    let _never_asked = tie()?;
    let Stage { scenario, identity, clock, events } = args.role.stage(args.node.clone())?;
    let relays = scenario.relays();
    if !relays.contains(&args.node) {
        let known = match &relays[..] {
            [] => "none".to_owned(),
            [first, ..] => format!("{}, from {first} on", relays.len()),
        };
        let message = format!("--node {}: the scenario has other relays ({known})", args.node);
        return Err(Failure::message(Exit::BadInput, message));
    }
    let (aggregator, listen) = (args.aggregator, args.role.listen);
    let config = RelayConfig { identity, aggregator, listen, scenario, clock, events: events.clone() };
    let result = carry(config);
    // The launch reads the last events from a pipe: they must be in it before this process ends.
    let _unread = events.flush();
    let report = result.map_err(|error| Failure::new(exit_of_join(&error), error))?;
    tracing::info!(sent_bytes = report.wire_bytes, "done");
    Ok(Exit::Completed)
}
