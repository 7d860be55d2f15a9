//! `starloom checkpoints`: what has landed of a run.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use starloom_aggregator::ground::{self, Landed};
use starloom_comms::id::Round;
use starloom_comms::units::ByteSize;

use crate::exit::{Exit, Failure, OrExit};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the checkpoints that have landed, oldest first.
    List {
        /// The run directory.
        run_dir: PathBuf,
    },
    /// Read every landed checkpoint and compare it with what landed.
    Verify {
        /// The run directory.
        run_dir: PathBuf,
    },
    /// Verify one checkpoint and copy its model.safetensors.
    Export {
        /// The run directory.
        run_dir: PathBuf,
        /// Its round; the newest if not given.
        #[arg(long)]
        round: Option<u64>,
        /// Where the file goes.
        #[arg(long, default_value = "model.safetensors")]
        out: PathBuf,
    },
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    match &args.command {
        Command::List { run_dir } => list(run_dir),
        Command::Verify { run_dir } => verify(run_dir),
        Command::Export { run_dir, round, out } => export(run_dir, round.map(Round), out),
    }
}

fn list(run_dir: &Path) -> Result<Exit, Failure> {
    let mut text = String::new();
    for landed in landed(run_dir)?.1 {
        writeln!(text, "{}", line(&landed)).or_exit(Exit::Environment)?;
    }
    super::print(if text.is_empty() { "nothing has landed\n" } else { &text });
    Ok(Exit::Completed)
}

/// Verifies all, also after one that is damaged.
fn verify(run_dir: &Path) -> Result<Exit, Failure> {
    let (ground, all) = landed(run_dir)?;
    let mut exit = Exit::Completed;
    for landed in all {
        match ground::verify(&ground, &landed) {
            Ok(()) => super::print(&format!("{}  verified\n", line(&landed))),
            Err(error) => {
                exit = Exit::Failed;
                super::print(&format!("{}  DAMAGED: {error}\n", line(&landed)));
            }
        }
    }
    Ok(exit)
}

fn export(run_dir: &Path, round: Option<Round>, out: &Path) -> Result<Exit, Failure> {
    let (ground, all) = landed(run_dir)?;
    let wanted = match round {
        Some(round) => all.iter().find(|landed| landed.round == round),
        None => all.last(),
    };
    let Some(landed) = wanted else {
        let rounds: Vec<String> = all.iter().map(|landed| landed.round.to_string()).collect();
        let which = round.map_or_else(|| "no checkpoint".to_owned(), |round| format!("no checkpoint of round {round}"));
        let there = if rounds.is_empty() { "nothing".to_owned() } else { format!("rounds {}", rounds.join(", ")) };
        return Err(Failure::message(
            Exit::BadInput,
            format!("{which} has landed in {}: there is {there}", run_dir.display()),
        ));
    };
    ground::export(&ground, landed, out).or_exit(Exit::Failed)?;
    super::print(&format!("{}  to {}\n", line(landed), out.display()));
    Ok(Exit::Completed)
}

fn landed(run_dir: &Path) -> Result<(PathBuf, Vec<Landed>), Failure> {
    let ground = run_dir.join("ground");
    if !ground.is_dir() {
        return Err(Failure::message(
            Exit::BadInput,
            format!("{} is not a run directory: it has no ground/", run_dir.display()),
        ));
    }
    let all = ground::catalogue(&ground).or_exit(Exit::Failed)?;
    Ok((ground, all))
}

fn line(landed: &Landed) -> String {
    let Landed { round, state, bytes, path, .. } = landed;
    format!("round {round:>6}  state {}  {:>10}  {path}", state.short(), ByteSize(*bytes).to_string())
}
