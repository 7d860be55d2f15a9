//! All-reduce between real processes over loopback: every strategy with every vector, timed by the slowest rank.
//!
//! ```text
//! measure()  plans, starts a process per rank, introduces them to each other         this process
//!    │  Brief, Introduction ─►                                                       words
//!    │  ◄─ Account of each strategy with each vector                                 a child per rank
//!    └─► rows(): checked, the slowest rank of each iteration
//! ```
//!
//! A rank does what a node of a job does: it plans for itself and must come to the parent's schedule, has links to peers, and
//! carries frames between them and its machine. Links are plain loopback, whatever the scenario says of rates and delays;
//! contacts decide the schedules alone. Strategies take turns within each iteration, so that a disturbance hits all alike, and
//! before each a barrier lets all begin at once. What a rank of an exact strategy holds after the last iteration is
//! compared with all other ranks', bit by bit, and with the exact mean: a wrong result ends the comparison.

mod check;
mod crew;
mod endpoint;
mod error;
mod numbers;
mod rank;
mod rows;
pub mod table;
mod words;

use std::path::{Path, PathBuf};

use starloom_comms::codec::Wire;
use starloom_comms::collective::cost::CostModel;
use starloom_comms::collective::{PlanError, Schedule, Task, guard, plan};
use starloom_comms::contacts::ContactPlan;
use starloom_comms::id::NodeId;
use starloom_comms::net::tls::Authority;
use starloom_comms::scenario::{Collective, Scenario, StrategyChoice};
use starloom_comms::units::MissionTime;

pub use self::error::RealError;
pub use self::rank::be_rank;

use self::crew::Crew;
use self::words::{Brief, Planned, Size};
use super::Row;

/// Most processes of a comparison.
pub const MAX_RANKS: usize = 64;

/// What is measured.
#[derive(Debug, Clone)]
pub struct Measurement {
    /// Who takes part, and the contacts that strategies plan on.
    pub scenario: Scenario,
    /// Which strategies; rows come in this order.
    pub strategies: Vec<StrategyChoice>,
    /// Vectors, in elements.
    pub vectors: Vec<usize>,
    /// How numbers travel.
    pub wire: Wire,
    /// How often each strategy reduces each vector before it counts.
    pub warm_ups: usize,
    /// How often each strategy reduces each vector.
    pub iterations: usize,
    /// Whether links are protected.
    pub protection: Protection,
    /// The program that ranks run, as its `bench rank`.
    pub program: PathBuf,
}

/// Whether links are protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// Not at all, as the peers of a comparison do it.
    PlainText,
    /// Mutual TLS, as in a job.
    MutualTls,
}

/// A scenario of `nodes` that all see each other over lanes alike, for a comparison that is about no other.
///
/// # Errors
/// [`RealError::Scenario`] if there are none, or too many for any scenario.
pub fn full_mesh(nodes: u32) -> Result<Scenario, RealError> {
    let text = format!(
        "name = \"loopback\"\n[mesh]\nnodes = {nodes}\ntopology = \"full\"\nrate_mbps = 20000\ndelay_ms = 0.02\n"
    );
    Ok(Scenario::parse(&text, Path::new("loopback"))?)
}

/// Runs every strategy with every vector between real processes: a row for each vector and strategy. `told` hears which share
/// of the work is done.
///
/// The processes are tied to the calling thread, and have ended when this returns.
///
/// # Errors
/// [`RealError`]: a strategy that is asked for alone has no schedule, a process does not start, or ends before it has all;
/// ranks end with different means, or with one that is further off than numbers of its format may be.
pub fn measure(measurement: &Measurement, told: impl Fn(f64)) -> Result<Vec<Row>, RealError> {
    let Measurement { scenario, wire, iterations, .. } = measurement;
    let nodes: Vec<NodeId> = scenario.nodes().into_iter().chain(scenario.relays()).collect();
    if nodes.len() > MAX_RANKS {
        return Err(RealError::TooMany { ranks: nodes.len() });
    }
    let sizes = plan_all(measurement)?;
    let certificates = match measurement.protection {
        Protection::PlainText => None,
        Protection::MutualTls => {
            let dir = tempfile::tempdir().map_err(RealError::Directory)?;
            Authority::new(&scenario.name)?.write(dir.path(), &nodes)?;
            Some(dir)
        }
    };
    let brief = |rank| Brief {
        rank,
        scenario: scenario.to_toml(),
        wire: *wire,
        warm_ups: measurement.warm_ups,
        iterations: *iterations,
        certificates: certificates.as_ref().map(|dir| dir.path().to_owned()),
        sizes: sizes.clone(),
    };
    let mut crew = Crew::start(&measurement.program, &nodes, brief)?;
    let accounts = crew.accounts(sizes.len(), told)?;
    crew.dismiss();
    rows::rows(measurement, &sizes, &accounts)
}

/// The schedules that all ranks have to come to. A strategy that has none is left out, unless it is the only one.
fn plan_all(measurement: &Measurement) -> Result<Vec<Size>, RealError> {
    let contacts = measurement.scenario.contacts()?.planned;
    let mut sizes = Vec::with_capacity(measurement.vectors.len());
    for &elements in &measurement.vectors {
        let mut planned = Vec::new();
        for &strategy in &measurement.strategies {
            match schedule(&measurement.scenario, &contacts, strategy, measurement.wire, elements) {
                Ok(schedule) => {
                    planned.push(Planned { strategy: strategy.as_str().to_owned(), schedule: schedule.digest() });
                }
                Err(error) if measurement.strategies.len() == 1 => return Err(error.into()),
                Err(_) => {}
            }
        }
        sizes.push(Size { elements, planned });
    }
    Ok(sizes)
}

/// The schedule that each rank makes for itself.
fn schedule(
    scenario: &Scenario,
    contacts: &ContactPlan,
    strategy: StrategyChoice,
    wire: Wire,
    elements: usize,
) -> Result<Schedule, PlanError> {
    let (members, relays) = (scenario.nodes(), scenario.relays());
    let model = CostModel::of(wire);
    let Collective { server, gossip_rounds, .. } = &scenario.collective;
    let (server, gossip_rounds) = (server.as_ref(), *gossip_rounds);
    let (at, guard) = (MissionTime::ZERO, guard::in_scenario(scenario));
    let task =
        Task { members: &members, relays: &relays, server, gossip_rounds, elements, model, plan: contacts, at, guard };
    Ok(plan(strategy, &task)?.schedule)
}
