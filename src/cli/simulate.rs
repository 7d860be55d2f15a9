//! `starloom simulate`: a whole job in virtual time.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use starloom_comms::scenario::{Scenario, StrategyChoice};
use starloom_trainer::Program;

use super::Programs;
use super::output::OutFile;
use crate::exit::{Exit, Failure, OrExit};
use crate::run_dir::RunDir;
use crate::sim::compare::{Flight, draw, table};
use crate::sim::{SimulateOptions, simulate};
use crate::watch::{Verbosity, write_report};

/// Points of a line in the picture, about.
const POINTS: u64 = 40;

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
    /// Simulate the job once with each of these strategies, and draw accuracy against mission time: run-dir/accuracy.svg.
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    strategies: Vec<StrategyChoice>,
    /// Write what each node was at and what each direction of a link sent, in mission time, into this file: for Perfetto
    /// (ui.perfetto.dev).
    #[arg(long, value_name = "FILE", conflicts_with = "strategies")]
    trace: Option<PathBuf>,
    /// Print the summary as JSON on standard output, and nothing else; with --strategies one for each, a line each.
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
    let root = super::absolute(&root);
    if !args.strategies.is_empty() {
        return compare(args, &scenario, program, (&root, created));
    }
    let trace = args.trace.as_deref().map(OutFile::create).transpose()?;
    let (run_dir, _) = RunDir::create(&root, &scenario, created).or_exit(Exit::Environment)?;
    let lanes = trace.is_some();
    let options = SimulateOptions { scenario, run_dir: run_dir.clone(), threads: args.threads(), lanes, verbosity };
    let (summary, exit) = simulate(options, program)?;
    if let Some(file) = trace {
        super::trace_run(file, &run_dir, &summary)?;
    }
    if args.json {
        super::print(&(serde_json::to_string(&summary).or_exit(Exit::Environment)? + "\n"));
    } else {
        let mut report = String::new();
        write_report(&mut report, &summary, &root).or_exit(Exit::Environment)?;
        super::print(&report);
    }
    Ok(exit)
}

/// Simulates the job once with each strategy, and shows which learns fastest.
fn compare(
    args: &Args,
    scenario: &Scenario,
    program: &dyn Program,
    (root, created): (&Path, Timestamp),
) -> Result<Exit, Failure> {
    if let Some(strategy) = args.strategies.iter().find(|strategy| !strategy.is_exact()) {
        let message = format!(
            "--strategies {strategy}: it leaves each node with a mean of its own, and a job commits one that all have; `bench \
             allreduce` compares it"
        );
        return Err(Failure::message(Exit::BadInput, message));
    }
    let twice =
        args.strategies.iter().enumerate().find(|(place, strategy)| args.strategies[..*place].contains(strategy));
    if let Some((_, strategy)) = twice {
        let message =
            format!("--strategies: {strategy} is there twice, and its second run would be the same as its first");
        return Err(Failure::message(Exit::BadInput, message));
    }
    let mut flights = Vec::new();
    for &strategy in &args.strategies {
        let mut scenario = scenario.clone();
        scenario.collective.strategy = strategy;
        if scenario.training.evaluate_every == 0 {
            scenario.training.evaluate_every = (scenario.training.rounds / POINTS).max(1);
        }
        let (run_dir, _) =
            RunDir::create(&root.join(strategy.as_str()), &scenario, created).or_exit(Exit::Environment)?;
        let (threads, lanes, verbosity) = (args.threads(), false, Verbosity::Silent);
        let options = SimulateOptions { scenario, run_dir, threads, lanes, verbosity };
        let (summary, _) = simulate(options, program)?;
        if args.json {
            super::print(&(serde_json::to_string(&summary).or_exit(Exit::Environment)? + "\n"));
        }
        flights.push(Flight { strategy: strategy.to_string(), summary });
    }
    let path = root.join("accuracy.svg");
    let title = format!("{}: accuracy by all-reduce strategy (simulated)", scenario.name);
    let drawn = draw(&path, &title, &flights);
    if !args.json {
        let mut text = String::new();
        table(&mut text, &flights).or_exit(Exit::Environment)?;
        match &drawn {
            Ok(()) => text.push_str(&format!("\n  picture    {}\n", path.display())),
            Err(error) => text.push_str(&format!("\n  no picture: {error}\n")),
        }
        super::print(&text);
    }
    let worst = flights.iter().map(|flight| flight.summary.exit(false)).max_by_key(|exit| *exit as u8);
    Ok(worst.unwrap_or(Exit::Completed))
}

impl Args {
    fn threads(&self) -> usize {
        self.threads.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from)
    }
}
