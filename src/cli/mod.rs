//! The command line: one file a command.
//!
//! [`main`] is the whole program for a set of training programs; `src/main.rs` calls it with the built-in ones and
//! [`crate::main`] with a user's own.

mod bench;
mod bench_files;
mod certs;
mod checkpoints;
mod contacts;
mod launch;
mod output;
mod progress;
mod route;
mod simulate;
mod solo;
mod validate;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufReader, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use serde_json::json;
use starloom_comms::scenario::Scenario;
use starloom_trainer::Program;
use tracing_subscriber::EnvFilter;

use self::output::OutFile;
use crate::exit::{Exit, Failure, OrExit};
use crate::roles;
use crate::run_dir::RunDir;
use crate::watch::{Summary, write_trace};

/// The training programs that a command can run, by their names.
pub type Programs = Vec<Box<dyn Program>>;

#[derive(Debug, Parser)]
#[command(name = "starloom", version, about = "Federated training for nodes in orbit", max_term_width = 110)]
#[command(after_help = "Exit codes: 0 completed, 1 failed, 2 bad input, 3 last checkpoint not landed in time,\n\
4 port, directory or disk refused, 10 node refused, 11 aggregator lost, 12 orphaned, 130 interrupted.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Say more; twice: everything.
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    verbose: u8,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a whole job on this machine: a real process per node, emulated laser links.
    Launch(launch::Args),
    /// Run a whole job in virtual time, in one process: 12 to 2,800 satellites.
    Simulate(simulate::Args),
    /// Check a scenario and print what would run.
    Validate(validate::Args),
    /// Show who can reach whom, when: a summary, windows, the contact plan, a chart.
    Contacts(contacts::Args),
    /// Find how bytes get from one node to another over the contact plan, and when they are there.
    Route(route::Args),
    /// Compare all-reduce strategies.
    Bench(bench::Args),
    /// Train alone, in one process, on the same task, data and sample budget: what a job is compared with.
    Solo(solo::Args),
    /// Make the certificates of a job.
    Certs(certs::Args),
    /// List, verify or export checkpoints that have landed.
    Checkpoints(checkpoints::Args),
    /// Be one training node.
    Node(roles::NodeArgs),
    /// Be a satellite that carries what others send.
    Relay(roles::RelayArgs),
    /// Be the aggregator.
    Aggregator(roles::AggregatorArgs),
    /// Be the ground station.
    Station(roles::StationArgs),
}

/// Runs the command line in `args` (the first is the program's name) with these training programs.
pub fn main(programs: &Programs, args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            let exit = if error.use_stderr() { Exit::BadInput } else { Exit::Completed };
            // Nobody is left to tell if standard error is closed.
            let _closed = error.print();
            return exit.into();
        }
    };
    start_logging(cli.verbose, matches!(cli.command, Command::Simulate(_)));
    match run(cli, programs) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            let _closed = writeln!(io::stderr(), "error: {failure}");
            failure.exit.into()
        }
    }
}

fn run(cli: Cli, programs: &Programs) -> Result<Exit, Failure> {
    match cli.command {
        Command::Launch(args) => launch::run(args, cli.verbose, programs),
        Command::Simulate(args) => simulate::run(&args, cli.verbose, programs),
        Command::Validate(args) => validate::run(&args, programs),
        Command::Contacts(args) => contacts::run(&args),
        Command::Route(args) => route::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Solo(args) => solo::run(&args, programs),
        Command::Certs(args) => certs::run(&args),
        Command::Checkpoints(args) => checkpoints::run(&args),
        Command::Node(args) => roles::node(args, programs),
        Command::Relay(args) => roles::relay(&args),
        Command::Aggregator(args) => roles::aggregator(&args),
        Command::Station(args) => roles::station(&args),
    }
}

/// A simulation is all nodes in one process: what each has to say for itself would drown what happens to all.
fn start_logging(verbose: u8, is_simulation: bool) {
    let level = match verbose {
        0 if is_simulation => "warn",
        0 => "warn,starloom=info",
        1 => "info,starloom=debug",
        _ => "debug,h2=info,hyper=info",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    // A user's program may have its own logging already; then that one stays.
    let _kept = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        .try_init();
}

/// Loads a scenario with its overrides.
fn load(path: &Path, set: &[String]) -> Result<Scenario, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::message(Exit::BadInput, format!("cannot read scenario {}: {error}", path.display()))
    })?;
    let mut overrides = Vec::with_capacity(set.len());
    for pair in set {
        let (key, value) = pair.split_once('=').ok_or_else(|| {
            Failure::message(Exit::BadInput, format!("--set {pair}: write key=value, like training.rounds=5"))
        })?;
        overrides.push((key.trim().to_owned(), value.trim().to_owned()));
    }
    Scenario::parse_with(&text, path, &overrides).or_exit(Exit::BadInput)
}

/// The program that the scenario's `job.task` names.
pub(crate) fn program_for<'a>(scenario: &Scenario, programs: &'a Programs) -> Result<&'a dyn Program, Failure> {
    let task = &scenario.job.task;
    programs.iter().find(|program| program.name() == task).map(AsRef::as_ref).ok_or_else(|| {
        let names: Vec<String> = programs.iter().map(|program| format!("`{}`", program.name())).collect();
        let names = names.join(", ");
        Failure::message(
            Exit::BadInput,
            format!("job.task = \"{task}\": this program has no such task; it has {names}"),
        )
    })
}

/// Writes the trace of a run that has ended.
fn trace_run(file: OutFile, run_dir: &RunDir, summary: &Summary) -> Result<(), Failure> {
    let about = [
        ("scenario", json!(summary.name)),
        ("seed", json!(summary.seed)),
        ("time_scale", json!(summary.time_scale)),
        ("byte_scale", json!(summary.byte_scale)),
    ];
    let events = File::open(run_dir.events_path()).or_exit(Exit::Environment)?;
    file.fill(|out| write_trace(BufReader::new(events), &about, out))
}

fn print(text: &str) {
    // A reader that has enough (`| head`) closes the pipe; that is no error.
    let _closed = io::stdout().lock().write_all(text.as_bytes());
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
