//! `starloom route`: how bytes get from one node to another, and when they are there.

use std::fmt::{self, Write};
use std::path::PathBuf;

use starloom_comms::contacts::ContactPlan;
use starloom_comms::contacts::routing::{ContactGraph, Query, Relaying, Route, Search};
use starloom_comms::id::NodeId;
use starloom_comms::units::{ByteSize, MissionTime};

use crate::contacts::plan_file;
use crate::exit::{Exit, Failure, OrExit};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The scenario; or a contact plan, in a file whose name ends in .jsonl or .ionrc.
    scenario: PathBuf,
    /// Who sends: a node or a station.
    from: NodeId,
    /// Who receives.
    to: NodeId,
    /// How much, in one piece: 1500, 4KiB, 2GB.
    #[arg(long, default_value = "1MiB")]
    bytes: ByteSize,
    /// From when on the sender has it, in mission seconds.
    #[arg(long, value_name = "SECS", default_value_t = 0.0, allow_negative_numbers = true)]
    at: f64,
    /// How many routes, those with the earliest arrivals.
    #[arg(long, value_name = "COUNT", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=1000))]
    routes: u16,
    /// Relays send on each bit as it comes, instead of all once they have it.
    #[arg(long)]
    cut_through: bool,
    /// A node that is lost. May be repeated.
    #[arg(long, value_name = "NODE")]
    without: Vec<NodeId>,
    /// Set any scenario key before. May be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let plan = match plan_file::read(&args.scenario)? {
        Some(plan) => plan,
        None => super::load(&args.scenario, &args.set)?.contacts().or_exit(Exit::BadInput)?.planned,
    };
    if !args.at.is_finite() || args.at < 0.0 {
        let message = format!("--at {}: an instant is a number of seconds from 0 on", args.at);
        return Err(Failure::message(Exit::BadInput, message));
    }
    let graph = ContactGraph::new(&plan);
    let [from, to] = [known(&graph, &args.from)?, known(&graph, &args.to)?];
    let lost = args.without.iter().map(|node| known(&graph, node)).collect::<Result<Vec<_>, _>>()?;
    let relaying = if args.cut_through { Relaying::CutThrough } else { Relaying::StoreAndForward };
    let ready = MissionTime::from_secs_f64(args.at);
    let query = Query { from, ready, bytes: args.bytes.0, relaying, lost: &lost };
    let routes = Search::new(&graph).routes(&query, to, args.routes.into());
    let mut text = String::new();
    describe(&mut text, args, &graph, &plan, &routes).or_exit(Exit::Environment)?;
    super::print(&text);
    Ok(if routes.is_empty() { Exit::Failed } else { Exit::Completed })
}

fn known(graph: &ContactGraph, node: &NodeId) -> Result<u32, Failure> {
    graph.index(node).ok_or_else(|| {
        let ends = [graph.nodes().first(), graph.nodes().last()].map(|node| node.map_or("", NodeId::as_str));
        let problem = format!("{node} has no contact in the plan; those that have go from {} to {}", ends[0], ends[1]);
        Failure::message(Exit::BadInput, problem)
    })
}

fn describe(out: &mut String, args: &Args, graph: &ContactGraph, plan: &ContactPlan, routes: &[Route]) -> fmt::Result {
    let relays = if args.cut_through { "cut-through" } else { "store-and-forward" };
    writeln!(out, "{} from {} to {}, ready at {} s, {relays}", args.bytes, args.from, args.to, args.at)?;
    if routes.is_empty() {
        return writeln!(out, "  no way: it fits into no sequence of contacts of the plan");
    }
    let name = |node: u32| &graph.nodes()[node as usize];
    for (number, route) in (1..).zip(routes) {
        let took = route.arrival.as_secs_f64() - args.at;
        let hops = match route.hops.len() {
            1 => "in one hop".to_owned(),
            hops => format!("in {hops} hops"),
        };
        writeln!(out, "  {number}. arrives at {}, after {took:.6} s, {hops}", route.arrival)?;
        for hop in &route.hops {
            let (from, to) = (name(hop.from), name(hop.to));
            let rate = plan.at(from, to, hop.transit.start).map(|contact| contact.rate.at(hop.transit.start));
            let (start, arrival) = (hop.transit.start.as_secs_f64(), hop.transit.arrival.as_secs_f64());
            writeln!(out, "       {from} → {to}  {start:.6} to {arrival:.6} s at {}", rate.unwrap_or_default())?;
        }
    }
    Ok(())
}
