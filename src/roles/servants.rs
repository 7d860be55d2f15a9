//! `starloom aggregator` and `starloom station`: the two processes that serve the nodes.

use std::path::PathBuf;

use starloom_aggregator::serve::{AggregatorConfig, AggregatorError, serve};
use starloom_aggregator::station::{StationConfig, StationError, serve_station};
use starloom_comms::events::Outcome;
use starloom_comms::id::NodeId;
use starloom_comms::net::lifeline::StopRequest;
use starloom_comms::net::listen::Listener;
use starloom_trainer::checkpoint;

use super::signals::Signals;
use super::{RoleArgs, Stage, tie};
use crate::exit::{Exit, Failure, OrExit};

/// The arguments of `starloom aggregator`.
#[derive(Debug, clap::Args)]
pub(crate) struct AggregatorArgs {
    #[command(flatten)]
    role: RoleArgs,
    /// All nodes start anew from this checkpoint (a directory round-…): what was committed after it is void.
    #[arg(long)]
    resume_from: Option<PathBuf>,
}

/// The arguments of `starloom station`.
#[derive(Debug, clap::Args)]
pub(crate) struct StationArgs {
    #[command(flatten)]
    role: RoleArgs,
}

/// Leads a job to its end.
pub(crate) fn aggregator(args: &AggregatorArgs) -> Result<Exit, Failure> {
    let stop = tie()?;
    let Stage { scenario, identity, clock, events } = args.role.stage(NodeId::aggregator())?;
    let resume = match &args.resume_from {
        Some(path) => Some(checkpoint::read(path).or_exit(Exit::BadInput)?.round),
        None => None,
    };
    let listener = Listener::bind(args.role.listen).or_exit(Exit::Environment)?;
    let run_dir = args.role.run_dir.join("aggregator");
    std::fs::create_dir_all(&run_dir).or_exit(Exit::Environment)?;
    let config = AggregatorConfig { identity, listener, scenario, run_dir, clock, events: events.clone(), resume };
    let outcome = runtime()?.block_on(serve(config, asked(stop)));
    // The launch reads the last events from a pipe: they must be in it before this process ends.
    let _unread = events.flush();
    match outcome {
        Ok(Outcome::Completed) => Ok(Exit::Completed),
        Ok(Outcome::Interrupted) => Ok(Exit::Interrupted),
        Ok(Outcome::NotLanded { .. }) => Ok(Exit::NotLanded),
        Ok(Outcome::Failed { reason }) => Err(Failure::message(Exit::Failed, reason)),
        Err(error @ AggregatorError::Resume(_)) => Err(Failure::new(Exit::BadInput, error)),
        Err(error) => Err(Failure::new(Exit::Environment, error)),
    }
}

/// Takes checkpoints in until it is asked to stop.
pub(crate) fn station(args: &StationArgs) -> Result<Exit, Failure> {
    let stop = tie()?;
    let Stage { identity, events, .. } = args.role.stage(NodeId::station())?;
    let listener = Listener::bind(args.role.listen).or_exit(Exit::Environment)?;
    let store_dir = args.role.run_dir.join("ground");
    let config = StationConfig { identity, listener, store_dir, events: events.clone() };
    let result = runtime()?.block_on(serve_station(config, asked(stop)));
    let _unread = events.flush();
    match result {
        Ok(()) => Ok(Exit::Completed),
        Err(error @ (StationError::Inbox(_) | StationError::Serve(_))) => Err(Failure::new(Exit::Environment, error)),
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().or_exit(Exit::Environment)
}

/// Resolves when this process is asked to stop, by its launch or, if it stands alone, by a signal.
async fn asked(mut request: StopRequest) {
    let mut signals = Signals::new().ok();
    let signal = async {
        match &mut signals {
            Some(signals) => signals.interrupted().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        Ok(_) = request.wait_for(|asked| *asked) => {}
        () = signal => {}
    }
}
