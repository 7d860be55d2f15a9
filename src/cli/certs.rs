//! `starloom certs init`: the authority of a job and one certificate per process.

use std::path::PathBuf;

use starloom_comms::id::NodeId;

use crate::certs;
use crate::exit::{Exit, Failure};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Make certificates for all processes of a scenario. Those that exist are kept.
    Init {
        /// The scenario whose nodes get one.
        scenario: PathBuf,
        /// The job's name, which the certificates carry.
        #[arg(long)]
        job: String,
        /// Where they go.
        #[arg(long, default_value = "certs")]
        out: PathBuf,
    },
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let Command::Init { scenario, job, out } = &args.command;
    let scenario = super::load(scenario, &[])?;
    let mut names = vec![NodeId::aggregator(), NodeId::station()];
    names.extend(scenario.nodes());
    names.extend(scenario.relays());
    certs::init(out, job, &names)?;
    super::print(&format!(
        "{}: an authority and {} certificates of job {job}. Give each process ca.pem and its own <name>.pem and \
         <name>.key, and keep ca.key away from all of them.\n",
        out.display(),
        names.len()
    ));
    Ok(Exit::Completed)
}
