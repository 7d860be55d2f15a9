//! `starloom contacts`: who can reach whom, when, at what rate.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use starloom_comms::contacts::formats::{csv, ion, jsonl, tvg};
use starloom_comms::contacts::{ContactPlan, Contacts};
use starloom_comms::id::NodeId;
use starloom_comms::orbit::Statistics;
use starloom_comms::scenario::{Orbits, Scenario};
use starloom_comms::units::MissionTime;

use super::output::OutFile;
use super::progress::Progress;
use crate::contacts::{Kind, View, gantt, plan_file, rows, table};
use crate::exit::{Exit, Failure, OrExit};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The scenario; or a contact plan to convert, in a file whose name ends in .jsonl or .ionrc.
    scenario: PathBuf,
    /// Hours of the mission, instead of the scenario's constellation.hours.
    #[arg(long)]
    hours: Option<f64>,
    /// A summary, windows as CSV, or the contact plan.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Only what is of this kind.
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// Write files into this directory instead of to standard output.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// What is left after terminals, acquisition and outages, instead of what is to be seen and what is planned.
    #[arg(long)]
    effective: bool,
    /// Draw the windows into this file as a Gantt chart.
    #[arg(long, value_name = "FILE.svg")]
    plot: Option<PathBuf>,
    /// Set any scenario key before. May be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// What a person wants to know.
    Table,
    /// Windows, a row each; with --out the contact plan too.
    Csv,
    /// The contact plan as lines of JSON.
    Jsonl,
    /// The contact plan for ION.
    Ion,
    /// The contact plan for dtn-tvg-util.
    Tvg,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    if let Some(plan) = plan_file::read(&args.scenario)? {
        let plan = args.hours.map_or_else(|| plan.clone(), |hours| plan.until(after(hours)));
        return write_plan(args, &plan).map(|()| Exit::Completed);
    }
    let by_orbits = super::load(&args.scenario, &args.set)?.orbits().is_some();
    let mut set = args.set.clone();
    set.extend(args.hours.filter(|_| by_orbits).map(|hours| format!("constellation.hours={hours}")));
    let scenario = super::load(&args.scenario, &set)?;
    match scenario.orbits() {
        Some(orbits) => show(args, &scenario, orbits)?,
        None => {
            let Contacts { planned, .. } = scenario.contacts().or_exit(Exit::BadInput)?;
            // Links of a mesh last, and what reads plans wants an end.
            write_plan(args, &planned.until(after(args.hours.unwrap_or(24.0))))?;
        }
    }
    Ok(Exit::Completed)
}

fn after(hours: f64) -> MissionTime {
    MissionTime::from_secs_f64(hours * 3_600.0)
}

/// Shows the contacts of a constellation.
fn show(args: &Args, scenario: &Scenario, orbits: &Orbits) -> Result<(), Failure> {
    let progress = Progress::new();
    progress.stage(format!("who sees whom among {} satellites", orbits.satellites.len()));
    let sightings = orbits.sightings_watched(|share| progress.share(share)).or_exit(Exit::BadInput)?;
    let contacts = || {
        progress.stage("who gets terminals".to_owned());
        scenario.contacts_seen(orbits, &sightings)
    };
    let view = match args.effective {
        true => View::of_plan(orbits, &sightings, contacts().actual.listed()),
        false => View::geometric(orbits, &sightings),
    };
    if let Some(path) = &args.plot {
        progress.stage("the chart".to_owned());
        let title = format!("{}, {} h from {}", scenario.name, view.secs() / 3_600.0, orbits.start);
        let chart = gantt::svg(&view, args.kind.unwrap_or(Kind::Isl), &title).or_exit(Exit::BadInput)?;
        OutFile::create(path)?.fill(|out| out.write_all(chart.as_bytes()))?;
    }
    match args.format {
        Format::Table => {
            progress.stage("the summary".to_owned());
            let mut text = format!("{}{}\n", scenario.name, if args.effective { ", effective" } else { "" });
            table::write(&mut text, &view, &Statistics::of(&view.visibility())).or_exit(Exit::Environment)?;
            progress.end();
            write_named(args, "contacts.txt", |out| out.write_all(text.as_bytes()))
        }
        Format::Csv => {
            progress.stage("ranges".to_owned());
            write_windows(args, &view)?;
            if args.out.is_some() && args.kind.is_none() {
                let Contacts { planned, actual } = contacts();
                let plan = if args.effective { actual.listed() } else { &planned };
                write_named(args, "contacts.csv", |out| csv::write(plan, out))?;
            }
            Ok(())
        }
        Format::Jsonl | Format::Ion | Format::Tvg => {
            let Contacts { planned, actual } = contacts();
            let plan = if args.effective { actual.listed() } else { &planned };
            let stations = scenario.stations();
            write_plan(args, &of_kind(plan, args.kind, &stations)?)
        }
    }
}

/// Windows as CSV: all kinds into files, or one to standard output.
fn write_windows(args: &Args, view: &View<'_>) -> Result<(), Failure> {
    let kinds = match (args.kind, &args.out) {
        (Some(kind), _) => vec![kind],
        (None, Some(_)) => vec![Kind::Isl, Kind::Pass, Kind::Eclipse],
        (None, None) => vec![Kind::Isl],
    };
    for kind in kinds {
        let name = match kind {
            Kind::Isl => "isl.csv",
            Kind::Pass => "passes.csv",
            Kind::Eclipse => "eclipses.csv",
        };
        write_named(args, name, |out| rows::write(view, kind, out))?;
    }
    Ok(())
}

/// Those contacts of a plan that are with a station, or those that are not.
fn of_kind(plan: &ContactPlan, kind: Option<Kind>, stations: &[NodeId]) -> Result<ContactPlan, Failure> {
    let with_station = match kind {
        None => return Ok(plan.clone()),
        Some(Kind::Eclipse) => {
            let message = "--kind eclipse: a contact plan has no eclipses; use --format csv";
            return Err(Failure::message(Exit::BadInput, message.to_owned()));
        }
        Some(kind) => kind == Kind::Pass,
    };
    let lanes = plan.lanes().filter(|(from, to, _)| [from, to].iter().any(|id| stations.contains(id)) == with_station);
    let contacts = lanes.flat_map(|(from, to, lane)| lane.iter().map(|each| (from.clone(), to.clone(), each.clone())));
    ContactPlan::new(contacts).or_exit(Exit::Failed)
}

fn write_plan(args: &Args, plan: &ContactPlan) -> Result<(), Failure> {
    match args.format {
        Format::Jsonl => write_named(args, "contacts.jsonl", |out| jsonl::write(plan, out)),
        Format::Ion => write_named(args, "contacts.ionrc", |out| {
            ion::write(plan, &ion::NodeNumbers::default().with_all_of(plan), out)
        }),
        Format::Tvg => write_named(args, "contacts.json", |out| tvg::write(plan, out)),
        Format::Csv => write_named(args, "contacts.csv", |out| csv::write(plan, out)),
        Format::Table => {
            let message = "a summary needs orbits, and this has none; use --format jsonl, ion, tvg or csv";
            Err(Failure::message(Exit::BadInput, message.to_owned()))
        }
    }
}

/// Writes a file into the directory that was asked for, or to standard output.
fn write_named(args: &Args, name: &str, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    if let Some(directory) = &args.out {
        let problem = |error: io::Error| format!("cannot create {}: {error}", directory.display());
        fs::create_dir_all(directory).map_err(|error| Failure::message(Exit::Environment, problem(error)))?;
        return OutFile::create(&directory.join(name))?.fill(write);
    }
    let mut out = BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        // A reader that has enough (`| head`) closes the pipe; that is no error.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::message(Exit::Environment, format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}
