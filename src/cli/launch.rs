//! `starloom launch`: a whole job on this machine.

use std::path::PathBuf;

use jiff::Timestamp;
use starloom_comms::scenario::Scenario;

use super::Programs;
use super::output::OutFile;
use crate::exit::{Exit, Failure, OrExit};
use crate::launch::{LaunchOptions, Start, Wires, launch};
use crate::run_dir::RunDir;
use crate::watch::{Verbosity, write_report};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The scenario to run.
    #[arg(required_unless_present = "resume")]
    scenario: Option<PathBuf>,
    /// Number of nodes of a mesh, instead of the scenario's mesh.nodes.
    #[arg(long)]
    nodes: Option<u32>,
    /// Set any scenario key, like --set training.rounds=5. May be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Where the run writes; runs/<name>-<utc> if not given.
    #[arg(long)]
    run_dir: Option<PathBuf>,
    /// The seed, instead of the scenario's.
    #[arg(long)]
    seed: Option<u64>,
    /// Go on with an earlier run from its newest committed state.
    #[arg(long, value_name = "RUN_DIR", conflicts_with_all = ["scenario", "run_dir", "nodes", "seed"])]
    resume: Option<PathBuf>,
    /// Print the summary as JSON on standard output, and nothing else.
    #[arg(long)]
    json: bool,
    /// Write what each node was at and what each direction of a link sent, in mission time, into this file when the job has
    /// ended: for Perfetto (ui.perfetto.dev). With --resume the whole run, from its first start on.
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Run this program for every node instead of a built-in task (it uses starloom::Session).
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// No TLS between the processes: for measurements.
    #[arg(long)]
    plain_text: bool,
}

pub(crate) fn run(args: Args, verbose: u8, programs: &Programs) -> Result<Exit, Failure> {
    let verbosity = match (args.json, verbose) {
        (true, _) => Verbosity::Silent,
        (false, 0) => Verbosity::Normal,
        (false, _) => Verbosity::Verbose,
    };
    let trace = args.trace.as_deref().map(OutFile::create).transpose()?;
    let options = match &args.resume {
        Some(run_dir) => resume(&args, run_dir, verbosity, programs)?,
        None => fresh(&args, verbosity, programs)?,
    };
    let run_dir = options.run_dir.clone();
    let (summary, exit) = launch(options)?;
    if let Some(file) = trace {
        super::trace_run(file, &run_dir, &summary)?;
    }
    if args.json {
        super::print(&(serde_json::to_string(&summary).or_exit(Exit::Environment)? + "\n"));
    } else {
        let mut report = String::new();
        write_report(&mut report, &summary, run_dir.root()).or_exit(Exit::Environment)?;
        super::print(&report);
    }
    Ok(exit)
}

fn fresh(args: &Args, verbosity: Verbosity, programs: &Programs) -> Result<LaunchOptions, Failure> {
    let path = args.scenario.as_deref().unwrap_or_else(|| std::path::Path::new(""));
    let mut set = args.set.clone();
    set.extend(args.nodes.map(|nodes| format!("mesh.nodes={nodes}")));
    set.extend(args.seed.map(|seed| format!("seed={seed}")));
    let scenario = super::load(path, &set)?;
    check(args, &scenario, programs)?;
    let created = Timestamp::now();
    let root = args.run_dir.clone().unwrap_or_else(|| RunDir::default_path(&scenario.name, created));
    let (run_dir, job) = RunDir::create(&super::absolute(&root), &scenario, created).or_exit(Exit::Environment)?;
    Ok(LaunchOptions {
        scenario,
        run_dir,
        job,
        start: Start::Fresh,
        wires: wires(args),
        program: args.program.as_deref().map(super::absolute),
        verbosity,
    })
}

fn resume(
    args: &Args,
    root: &std::path::Path,
    verbosity: Verbosity,
    programs: &Programs,
) -> Result<LaunchOptions, Failure> {
    let (run_dir, job) = RunDir::open(&super::absolute(root)).or_exit(Exit::BadInput)?;
    let scenario = super::load(&run_dir.scenario_path(), &args.set)?;
    check(args, &scenario, programs)?;
    run_dir.write(&run_dir.scenario_path(), scenario.to_toml().as_bytes()).or_exit(Exit::Environment)?;
    Ok(LaunchOptions {
        scenario,
        run_dir,
        job,
        start: Start::Resumed,
        wires: wires(args),
        program: args.program.as_deref().map(super::absolute),
        verbosity,
    })
}

/// Refuses what no node could start with, before anything is started or written.
fn check(args: &Args, scenario: &Scenario, programs: &Programs) -> Result<(), Failure> {
    match args.program {
        Some(_) => Ok(()),
        None => super::program_for(scenario, programs)?.check(scenario).or_exit(Exit::BadInput),
    }
}

fn wires(args: &Args) -> Wires {
    if args.plain_text { Wires::PlainText } else { Wires::MutualTls }
}
