//! `starloom solo`: the same training in one process, by a plain Burn loop, to compare a job with.

use std::path::PathBuf;

use serde::Serialize;

use super::Programs;
use crate::exit::{Exit, Failure, OrExit};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The scenario whose task, data and settings are used.
    scenario: PathBuf,
    /// Set any scenario key. May be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// The seed, instead of the scenario's.
    #[arg(long)]
    seed: Option<u64>,
    /// Train on this many samples, instead of as many as the whole job would.
    #[arg(long)]
    samples: Option<u64>,
    /// Print the result as JSON on standard output, and nothing else.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Solo {
    name: String,
    seed: u64,
    samples_used: u64,
    steps: u64,
    train_loss: Option<f64>,
    eval_loss: Option<f64>,
    eval_accuracy: Option<f64>,
    wall_secs: f64,
}

pub(crate) fn run(args: &Args, programs: &Programs) -> Result<Exit, Failure> {
    let mut set = args.set.clone();
    set.extend(args.seed.map(|seed| format!("seed={seed}")));
    let scenario = super::load(&args.scenario, &set)?;
    let program = super::program_for(&scenario, programs)?;
    let report = program.solo(&scenario, args.samples).or_exit(Exit::BadInput)?;
    let solo = Solo {
        name: scenario.name.clone(),
        seed: scenario.seed,
        samples_used: report.samples,
        steps: report.steps,
        train_loss: report.train_loss,
        eval_loss: report.evaluation.map(|evaluation| evaluation.loss),
        eval_accuracy: report.evaluation.and_then(|evaluation| evaluation.accuracy),
        wall_secs: report.wall.as_secs_f64(),
    };
    if args.json {
        super::print(&(serde_json::to_string(&solo).or_exit(Exit::Environment)? + "\n"));
        return Ok(Exit::Completed);
    }
    let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"));
    super::print(&format!(
        "{} alone: {} samples in {} steps, {:.1} s\n  loss      {} in training, {} on the held-out split\n  accuracy  {}\n",
        solo.name,
        solo.samples_used,
        solo.steps,
        solo.wall_secs,
        number(solo.train_loss),
        number(solo.eval_loss),
        number(solo.eval_accuracy),
    ));
    Ok(Exit::Completed)
}
