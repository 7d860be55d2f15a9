//! `starloom validate`: checks a scenario and prints what would run.

use std::fmt::{self, Write};
use std::path::PathBuf;

use starloom_comms::contacts::Contacts;
use starloom_comms::id::NodeId;
use starloom_comms::scenario::{Collective, Geometry, Mesh, Mode, OrbitSource, Orbits, Role, Scenario};

use super::Programs;
use crate::exit::{Exit, Failure, OrExit};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The scenario to check.
    scenario: PathBuf,
    /// Set any scenario key before the check. May be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Print the resolved scenario, with every key, instead.
    #[arg(long)]
    resolved: bool,
}

pub(crate) fn run(args: &Args, programs: &Programs) -> Result<Exit, Failure> {
    let scenario = super::load(&args.scenario, &args.set)?;
    super::program_for(&scenario, programs)?.check(&scenario).or_exit(Exit::BadInput)?;
    if args.resolved {
        super::print(&scenario.to_toml());
        return Ok(Exit::Completed);
    }
    let mut text = String::new();
    let contacts = scenario.contacts().or_exit(Exit::BadInput)?;
    describe(&mut text, &scenario, &contacts).or_exit(Exit::Environment)?;
    super::print(&text);
    Ok(Exit::Completed)
}

fn describe(out: &mut String, scenario: &Scenario, contacts: &Contacts) -> fmt::Result {
    let Scenario { training, round, checkpoint, emulation, job, .. } = scenario;
    writeln!(out, "{}: valid, digest {}", scenario.name, scenario.digest().short())?;
    writeln!(out, "  seed         {}", scenario.seed)?;
    match &scenario.geometry {
        Geometry::Mesh(mesh) => describe_mesh(out, mesh)?,
        Geometry::Orbits(orbits) => describe_orbits(out, orbits)?,
    }
    writeln!(
        out,
        "  links        {} directed lanes, {} scripted outages",
        lanes(contacts, &scenario.stations()),
        scenario.outages.len()
    )?;
    let samples = u64::from(training.batch_size) * u64::from(training.inner_steps) * u64::from(training.accumulation);
    let mode = match training.mode {
        Mode::Ddp => "ddp: gradients are averaged each step",
        Mode::LocalSgd => "local-sgd: parameters are averaged each round",
        Mode::FedAvg => "fedavg: private shards, parameters are averaged by samples each round",
    };
    writeln!(out, "  task         {}", job.task)?;
    writeln!(out, "  training     {mode}")?;
    writeln!(out, "  rounds       {} of {samples} samples a node, deadline {:?}", training.rounds, round.deadline)?;
    let Collective { strategy, server, wire, .. } = &scenario.collective;
    let server = server.as_ref().map_or_else(String::new, |server| format!(" ({server} serves)"));
    writeln!(out, "  collective   {strategy}{server}, {wire} on the wire")?;
    match checkpoint.every_rounds {
        0 => writeln!(out, "  checkpoints  after the last round")?,
        every => writeln!(out, "  checkpoints  every {every} rounds and after the last")?,
    }
    writeln!(out, "  emulation    time_scale {}, byte_scale {}", emulation.time_scale, emulation.byte_scale)?;
    for fault in &scenario.faults {
        writeln!(out, "  fault        {fault}")?;
    }
    Ok(())
}

fn describe_mesh(out: &mut String, mesh: &Mesh) -> fmt::Result {
    let Mesh { nodes, topology, rate, delay, ground } = mesh;
    writeln!(out, "  nodes        {nodes} ({topology} mesh, {rate} and {delay:?} one way on each link)")?;
    writeln!(out, "  ground       {} and {:?} one way from each node", ground.rate, ground.delay)
}

fn describe_orbits(out: &mut String, orbits: &Orbits) -> fmt::Result {
    let source = match &orbits.source {
        OrbitSource::Walker(pattern, _) => pattern.to_string(),
        OrbitSource::Tle(_) => "two-line elements".to_owned(),
        OrbitSource::Omm(_) => "orbit mean-elements messages".to_owned(),
    };
    let count = |role| orbits.satellites.iter().filter(|each| each.role == role).count();
    let [train, relay, spare] = [Role::Train, Role::Relay, Role::Spare].map(count);
    let hours = orbits.span.as_secs_f64() / 3_600.0;
    writeln!(out, "  orbits       {source}, {hours} h from {}", orbits.start)?;
    writeln!(out, "  nodes        {train} that train, {relay} relays, {spare} spares")?;
    let lasers = &orbits.lasers;
    let (rate, acquisition) = (lasers.rates.near, lasers.acquisition.median);
    writeln!(out, "  lasers       {} terminals of {rate}, acquired in {acquisition:?}", lasers.terminals)?;
    let names: Vec<&str> = orbits.stations.iter().map(|station| station.name.as_str()).collect();
    let (stations, mask) = (names.join(", "), orbits.min_elevation_deg);
    writeln!(out, "  ground       {stations}, {} from {mask} degrees on", orbits.downlink.rates.near)
}

/// Directed lanes between satellites that ever have contact.
fn lanes(contacts: &Contacts, stations: &[NodeId]) -> usize {
    let flies = |id: &NodeId| !stations.contains(id);
    contacts.planned.lanes().filter(|(from, to, _)| flies(from) && flies(to)).count()
}
