//! `starloom bench allreduce --real`, and the ranks that it starts.

use starloom_comms::scenario::{Scenario, StrategyChoice};

use super::{AllReduceArgs, Format};
use crate::bench::real::{Measurement, Protection, RealError, full_mesh, measure, table};
use crate::bench::write;
use crate::cli::bench_files;
use crate::cli::progress::Progress;
use crate::exit::{Exit, Failure, OrExit};

/// What only real processes take.
#[derive(Debug, clap::Args)]
pub(super) struct RealArgs {
    /// Run between real processes over loopback; the scenario's contacts decide the schedules, its rates and delays do not count.
    #[arg(long, conflicts_with_all = ["simulated", "starts", "trace"])]
    pub(super) real: bool,
    /// How many processes; the scenario's nodes if not given. Without a scenario, all of them see each other.
    #[arg(long, value_name = "COUNT", requires = "real")]
    nodes: Option<u32>,
    /// How often each strategy reduces each vector.
    #[arg(
        long = "iters",
        value_name = "COUNT",
        requires = "real",
        default_value_t = 20,
        value_parser = clap::value_parser!(u32).range(1..=100_000)
    )]
    iterations: u32,
    /// Mutual TLS between the processes, as in a job; plain text if not given.
    #[arg(long, requires = "real")]
    tls: bool,
}

/// Iterations before those that count.
const WARM_UPS: usize = 3;

/// Measures and prints.
pub(super) fn run(args: &AllReduceArgs, strategies: Vec<StrategyChoice>, payloads: &[u64]) -> Result<Exit, Failure> {
    if args.format == Format::Html {
        let message = "--format html: the page shows what is simulated; with --real take table, json or csv";
        return Err(Failure::message(Exit::BadInput, message));
    }
    let scenario = scenario(args)?;
    let out = args.out.as_deref().map(|out| bench_files::file(out, &scenario, args.format.extension())).transpose()?;
    let vectors = payloads.iter().map(|bytes| usize::try_from(bytes / 4).unwrap_or(usize::MAX)).collect();
    let measurement = Measurement {
        scenario,
        strategies,
        vectors,
        wire: args.wire,
        warm_ups: WARM_UPS,
        iterations: args.real.iterations as usize,
        protection: if args.real.tls { Protection::MutualTls } else { Protection::PlainText },
        program: std::env::current_exe().or_exit(Exit::Environment)?,
    };
    let progress = Progress::new();
    progress.stage("all-reduce".to_owned());
    let rows = measure(&measurement, |share| progress.share(share)).map_err(failure)?;
    progress.end();
    let mut text = Vec::new();
    let written = match args.format {
        Format::Table | Format::Html => table::table(&rows, &mut text),
        Format::Json => write::json(&rows, &mut text),
        Format::Csv => write::csv(&rows, &mut text),
    };
    written.or_exit(Exit::Environment)?;
    out.map_or_else(|| bench_files::to_stdout(&text), |file| file.fill(|out| out.write_all(&text)))?;
    Ok(Exit::Completed)
}

fn scenario(args: &AllReduceArgs) -> Result<Scenario, Failure> {
    match (&args.scenario, args.real.nodes) {
        (Some(path), nodes) => {
            let nodes = nodes.map(|nodes| format!("mesh.nodes={nodes}"));
            crate::cli::load(path, &args.set.iter().cloned().chain(nodes).collect::<Vec<_>>())
        }
        (None, Some(_)) if !args.set.is_empty() => {
            Err(Failure::message(Exit::BadInput, "--set: there is no scenario whose keys it could set"))
        }
        (None, Some(nodes)) => full_mesh(nodes).map_err(failure),
        (None, None) => {
            Err(Failure::message(Exit::BadInput, "--real: give --nodes, like --nodes 4, or a scenario, or both"))
        }
    }
}

fn failure(error: RealError) -> Failure {
    let exit = match error {
        RealError::Scenario(_) | RealError::Contacts(_) | RealError::TooMany { .. } => Exit::BadInput,
        RealError::Directory(_) | RealError::Start { .. } => Exit::Environment,
        _ => Exit::Failed,
    };
    Failure::new(exit, error)
}
