//! `starloom validate`: checks a scenario and prints what would run.

use std::fmt::{self, Write};
use std::path::PathBuf;

use starloom_comms::id::NodeId;
use starloom_comms::scenario::{Mode, Scenario};
use starloom_comms::units::MissionTime;

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
    describe(&mut text, &scenario).or_exit(Exit::Environment)?;
    super::print(&text);
    Ok(Exit::Completed)
}

fn describe(out: &mut String, scenario: &Scenario) -> fmt::Result {
    let Scenario { mesh, training, round, checkpoint, emulation, job, .. } = scenario;
    writeln!(out, "{}: valid, digest {}", scenario.name, scenario.digest().short())?;
    writeln!(out, "  seed         {}", scenario.seed)?;
    writeln!(
        out,
        "  nodes        {} ({} mesh, {} and {:?} one way on each link)",
        mesh.nodes, mesh.topology, mesh.rate, mesh.delay
    )?;
    writeln!(out, "  links        {} directed lanes, {} outages", lanes(scenario), scenario.links.outages.len())?;
    writeln!(out, "  ground       {} and {:?} one way from each node", scenario.ground.rate, scenario.ground.delay)?;
    let samples = u64::from(training.batch_size) * u64::from(training.inner_steps) * u64::from(training.accumulation);
    let mode = match training.mode {
        Mode::Ddp => "ddp: gradients are averaged each step",
        Mode::LocalSgd => "local-sgd: parameters are averaged each round",
        Mode::FedAvg => "fedavg: private shards, parameters are averaged by samples each round",
    };
    writeln!(out, "  task         {}", job.task)?;
    writeln!(out, "  training     {mode}")?;
    writeln!(out, "  rounds       {} of {samples} samples a node, deadline {:?}", training.rounds, round.deadline)?;
    writeln!(out, "  collective   {}, {} on the wire", scenario.collective.strategy, scenario.collective.wire)?;
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

fn lanes(scenario: &Scenario) -> usize {
    let plan = scenario.contact_plan();
    let station = NodeId::station();
    let nodes = scenario.nodes();
    let to_peers = |node: &NodeId| {
        nodes.iter().filter(|peer| *peer != node && plan.next(node, peer, MissionTime::ZERO).is_some()).count()
    };
    debug_assert!(!nodes.contains(&station), "the station is not a node");
    nodes.iter().map(to_peers).sum()
}
