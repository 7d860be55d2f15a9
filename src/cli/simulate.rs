//! `starloom simulate`: a whole job in virtual time.

use std::path::PathBuf;

use jiff::Timestamp;

use super::Programs;
use crate::exit::{Exit, Failure, OrExit};
use crate::run_dir::RunDir;
use crate::sim::{SimulateOptions, simulate};
use crate::watch::{Verbosity, write_report};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The scenario to simulate.
    scenario: PathBuf,
    /// Set any scenario key, like --set simulation.payload=sized. May be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Where the run writes; runs/<name>-<utc> if not given.
    #[arg(long)]
    run_dir: Option<PathBuf>,
    /// The seed, instead of the scenario's.
    #[arg(long)]
    seed: Option<u64>,
    /// How many satellites' training is computed at the same time; as many as this machine has processors if not given. What
    /// comes out does not depend on it.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// Print the summary as JSON on standard output, and nothing else.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, verbose: u8, programs: &Programs) -> Result<Exit, Failure> {
    let verbosity = match (args.json, verbose) {
        (true, _) => Verbosity::Silent,
        (false, 0) => Verbosity::Normal,
        (false, _) => Verbosity::Verbose,
    };
    let mut set = args.set.clone();
    set.extend(args.seed.map(|seed| format!("seed={seed}")));
    let scenario = super::load(&args.scenario, &set)?;
    let program = super::program_for(&scenario, programs)?;
    program.check(&scenario).or_exit(Exit::BadInput)?;
    let created = Timestamp::now();
    let root = args.run_dir.clone().unwrap_or_else(|| RunDir::default_path(&scenario.name, created));
    let (run_dir, _) = RunDir::create(&super::absolute(&root), &scenario, created).or_exit(Exit::Environment)?;
    let processors = || std::thread::available_parallelism().map_or(1, usize::from);
    let threads = args.threads.map_or_else(processors, usize::from);
    let options = SimulateOptions { scenario, run_dir: run_dir.clone(), threads, verbosity };
    let (summary, exit) = simulate(options, program)?;
    if args.json {
        super::print(&(serde_json::to_string(&summary).or_exit(Exit::Environment)? + "\n"));
    } else {
        let mut report = String::new();
        write_report(&mut report, &summary, run_dir.root()).or_exit(Exit::Environment)?;
        super::print(&report);
    }
    Ok(exit)
}
