//! `starloom bench`: what is to be compared with numbers.

mod real;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use starloom_comms::codec::Wire;
use starloom_comms::limits::MAX_ELEMENTS;
use starloom_comms::scenario::{Scenario, StrategyChoice};
use starloom_comms::units::{ByteSize, MissionTime};

use super::progress::Progress;
use crate::bench::real::be_rank;
use crate::bench::simulated::{Comparison, Field, compare};
use crate::bench::write;
use crate::exit::{Exit, Failure, OrExit};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Compare all-reduce strategies on a scenario's contacts: time, distance from the best possible, bytes, rounding.
    Allreduce(AllReduceArgs),
    /// Be one process of a comparison between real ones.
    #[command(hide = true)]
    Rank,
}

#[derive(Debug, clap::Args)]
struct AllReduceArgs {
    /// The scenario. With --real it may be left out.
    #[arg(required_unless_present = "real")]
    scenario: Option<PathBuf>,
    /// Plan on the contact plan and run on what happens, without processes. It need not be said.
    #[arg(long)]
    simulated: bool,
    #[command(flatten)]
    real: real::RealArgs,
    /// Strategies, with commas between them; or all.
    #[arg(long, value_name = "A,B", default_value = "all")]
    strategies: String,
    /// How numbers travel: f32, fp16, bf16, int8 or topk.
    #[arg(long, default_value = "fp16")]
    wire: Wire,
    /// The vector in f32: 4MB, 16GB.
    #[arg(long, value_name = "SIZE", conflicts_with = "sizes")]
    payload: Option<ByteSize>,
    /// Several vectors in f32, with commas between them; 4KiB,1MiB,16MiB with --real.
    #[arg(
        long,
        value_name = "A,B",
        value_delimiter = ',',
        default_value = "4MB,400MB,4GB",
        default_value_if("real", "true", "4KiB,1MiB,16MiB")
    )]
    sizes: Vec<ByteSize>,
    /// From how many instants, spread over the first half of the contact plan.
    #[arg(long, value_name = "COUNT", default_value_t = 24, value_parser = clap::value_parser!(u16).range(1..=1000))]
    starts: u16,
    /// A table, an object a line, or lines with commas.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Set any scenario key before. May be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people.
    Table,
    /// A JSON object a line.
    Json,
    /// Comma-separated values.
    Csv,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let args = match &args.what {
        What::Allreduce(args) => args,
        What::Rank => return be_rank(),
    };
    let (strategies, payloads) = (strategies(args)?, payloads(args)?);
    if args.real.real {
        return real::run(args, strategies, &payloads);
    }
    let scenario = super::load(args.scenario.as_deref().unwrap_or(Path::new("")), &args.set)?;
    let comparison = comparison(args, &scenario, strategies, payloads);
    let progress = Progress::new();
    progress.stage("the contacts".to_owned());
    let (members, relays) = (scenario.nodes(), scenario.relays());
    let contacts = scenario.contacts().or_exit(Exit::BadInput)?;
    let field = Field { members: &members, relays: &relays, contacts: &contacts };
    progress.stage("strategies".to_owned());
    let told = |done: usize, all: usize| progress.share(done as f64 / all as f64);
    let rows = compare(&comparison, field, told).or_exit(Exit::Failed)?;
    progress.end();
    let mut out = Vec::new();
    let written = match args.format {
        Format::Table => writeln!(out, "{}, from {} starts", scenario.name, comparison.starts.len())
            .and_then(|()| write::table(&rows, &mut out)),
        Format::Json => write::json(&rows, &mut out),
        Format::Csv => write::csv(&rows, &mut out),
    };
    written.or_exit(Exit::Environment)?;
    match io::stdout().lock().write_all(&out) {
        // A reader that has enough (`| head`) closes the pipe; that is no error.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::message(Exit::Environment, format!("standard output: {error}")))
        }
        _ => Ok(Exit::Completed),
    }
}

fn comparison(
    args: &AllReduceArgs,
    scenario: &Scenario,
    strategies: Vec<StrategyChoice>,
    payloads: Vec<u64>,
) -> Comparison {
    // Links of a mesh last: one instant is like another.
    let (secs, starts) = scenario.orbits().map_or((0.0, 1), |orbits| (orbits.mission().secs, args.starts));
    let start = |start: u16| MissionTime::from_secs_f64(secs / 2.0 * f64::from(start) / f64::from(starts));
    Comparison { strategies, payloads, wire: args.wire, starts: (0..starts).map(start).collect(), seed: scenario.seed }
}

fn strategies(args: &AllReduceArgs) -> Result<Vec<StrategyChoice>, Failure> {
    let words = match args.strategies.as_str() {
        "all" => StrategyChoice::WORDS.to_vec(),
        some => some.split(',').map(str::trim).collect(),
    };
    let parse = |word: &str| {
        word.parse::<StrategyChoice>()
            .map_err(|error| Failure::message(Exit::BadInput, format!("--strategies: {error}")))
    };
    words.into_iter().map(parse).collect()
}

/// The vectors in bytes of `f32`.
fn payloads(args: &AllReduceArgs) -> Result<Vec<u64>, Failure> {
    let payloads: Vec<u64> =
        args.payload.map_or_else(|| args.sizes.clone(), |size| vec![size]).iter().map(|size| size.0).collect();
    if let Some(size) = payloads.iter().find(|size| !size.is_multiple_of(size_of::<f32>() as u64)) {
        let message = format!("a vector of {size} bytes: it is given in f32, so its bytes are a multiple of 4");
        return Err(Failure::message(Exit::BadInput, message));
    }
    if let Some(size) = payloads.iter().find(|size| size.div_ceil(4) > MAX_ELEMENTS as u64) {
        let message = format!(
            "a vector of {} is too long: the longest has {}",
            ByteSize(*size),
            ByteSize(4 * MAX_ELEMENTS as u64)
        );
        return Err(Failure::message(Exit::BadInput, message));
    }
    Ok(payloads)
}
