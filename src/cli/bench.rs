//! `starloom bench`: what is to be compared with numbers.

mod real;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use starloom_comms::codec::Wire;
use starloom_comms::collective::cost::CostModel;
use starloom_comms::collective::guard;
use starloom_comms::limits::MAX_ELEMENTS;
use starloom_comms::scenario::{Collective, Scenario, StrategyChoice};
use starloom_comms::units::{ByteSize, MissionTime};

use super::bench_files;
use super::output::OutFile;
use super::progress::Progress;
use crate::bench::Row;
use crate::bench::real::be_rank;
use crate::bench::report::Subject;
use crate::bench::round::Round;
use crate::bench::simulated::{Comparison, Field, compare};
use crate::bench::sizes::by_size;
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
    /// How many all-reduces of the same vector go on at once over the same links, as if so many jobs shared the satellites. Each
    /// is planned as if it were alone; times are those of the last of them.
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64), conflicts_with = "real")]
    jobs: u16,
    /// A table, an object a line, lines with commas, or a report with pictures.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Write to this file, or into this directory, instead of to standard output; a report otherwise goes to
    /// <scenario>-allreduce.html, and its pictures always lie beside it as SVG.
    #[arg(long, value_name = "PATH")]
    out: Option<PathBuf>,
    /// Write one round into this file for Perfetto (ui.perfetto.dev), with a track for each direction of a link: that of auto, or of
    /// the first strategy if auto is not compared, with the middle one of the sizes, from the first start from which it
    /// completes.
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
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
    /// A page with pictures.
    Html,
}

impl Format {
    /// How the name of a file in it ends.
    const fn extension(self) -> &'static str {
        match self {
            Self::Table => "txt",
            Self::Json => "jsonl",
            Self::Csv => "csv",
            Self::Html => "html",
        }
    }
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
    // What cannot be written is said before the work, not after it.
    let out = args.out.clone().or_else(|| (args.format == Format::Html).then(|| PathBuf::from(".")));
    let out = out.map(|out| bench_files::file(&out, &scenario, args.format.extension())).transpose()?;
    let trace = args.trace.as_deref().map(OutFile::create).transpose()?;
    let progress = Progress::new();
    progress.stage("the contacts".to_owned());
    let (members, relays) = (scenario.nodes(), scenario.relays());
    let contacts = scenario.contacts().or_exit(Exit::BadInput)?;
    let Collective { server, gossip_rounds, .. } = &scenario.collective;
    let (server, gossip_rounds) = (server.as_ref(), *gossip_rounds);
    let guard = guard::in_scenario(&scenario);
    let field = Field {
        members: &members,
        relays: &relays,
        server,
        gossip_rounds,
        jobs: args.jobs,
        contacts: &contacts,
        guard,
    };
    progress.stage("strategies".to_owned());
    let told = |done: usize, all: usize| progress.share(done as f64 / all as f64);
    let compared = compare(&comparison, field, told).or_exit(Exit::Failed)?;
    let (page, out) = if args.format == Format::Html { (out, None) } else { (None, out) };
    let round = (trace.is_some() || page.is_some()).then(|| Round::shown(&comparison, field)).flatten();
    let text = if let Some(page) = page {
        progress.stage("smaller constellations".to_owned());
        let sizes = by_size(&comparison, field, &compared, |share| progress.share(share));
        let subject = Subject {
            scenario: &scenario.name,
            command: &bench_files::command(
                args.scenario.as_deref().unwrap_or(Path::new("")),
                &comparison,
                &bench_files::Repeats { starts: args.starts, jobs: args.jobs, set: &args.set },
            ),
            comparison: &comparison,
            field,
            compared: &compared,
            sizes: sizes.as_ref(),
            round: round.as_ref().map(|(payload, round)| (*payload, round)),
        };
        bench_files::report(page, &subject)?.into_bytes()
    } else {
        let jobs = if args.jobs == 1 { String::new() } else { format!(", {} at once", args.jobs) };
        let about = format!("{}, from {} starts{jobs}", scenario.name, comparison.starts.len());
        rows_text(args.format, &about, &compared.rows).or_exit(Exit::Environment)?
    };
    progress.end();
    out.map_or_else(|| bench_files::to_stdout(&text), |file| file.fill(|out| out.write_all(&text)))?;
    trace.map_or(Ok(()), |file| bench_files::trace(file, &scenario, &comparison, round.as_ref()))?;
    Ok(Exit::Completed)
}

/// The rows in a format that has nothing but rows.
fn rows_text(format: Format, about: &str, rows: &[Row]) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    match format {
        Format::Table => writeln!(text, "{about}").and_then(|()| write::table(rows, &mut text))?,
        Format::Json => write::json(rows, &mut text)?,
        Format::Csv => write::csv(rows, &mut text)?,
        Format::Html => {}
    }
    Ok(text)
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
    let model = CostModel { wire: args.wire, ..CostModel::in_scenario(scenario) };
    Comparison { strategies, payloads, model, starts: (0..starts).map(start).collect(), seed: scenario.seed }
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
