//! How long planning takes, and what predictions cost: `cargo bench --bench planner`, on one core.
//!
//! A plan by `auto` for one instant of a ready scenario, as a node makes it when a roster or the contacts change: schedules of all
//! strategies, each predicted, the best verified. Then the cost of one prediction over the number of frames that it follows: a ring
//! of 12 and the hierarchy of 400, with longer and longer vectors.

#![allow(clippy::expect_used, reason = "a bench that cannot set itself up ends")]

use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use starloom::comms::codec::Wire;
use starloom::comms::collective::cost::{CostModel, predict};
use starloom::comms::collective::{Planned, Task, guard, plan};
use starloom::comms::contacts::ContactPlan;
use starloom::comms::id::NodeId;
use starloom::comms::scenario::{Scenario, StrategyChoice};
use starloom::comms::units::MissionTime;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Instants that a constellation is planned for, spread over a day.
const STARTS: u64 = 6;
/// Encoded bytes of a vector in fp16.
const VECTORS: [(&str, usize); 3] = [("2 MB", 2_000_000), ("200 MB", 200_000_000), ("2 GB", 2_000_000_000)];
/// How long a prediction is repeated.
const REPEATED: Duration = Duration::from_millis(500);

/// A ready scenario, and who can reach whom in it.
struct World {
    members: Vec<NodeId>,
    relays: Vec<NodeId>,
    contacts: ContactPlan,
    guard: Duration,
}

impl World {
    fn of(name: &str) -> Self {
        let path = format!("{}/configs/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        let scenario = Scenario::load(Path::new(&path)).expect("a ready scenario");
        let contacts = scenario.contacts().expect("orbits").planned;
        let guard = guard::in_scenario(&scenario);
        Self { members: scenario.nodes(), relays: scenario.relays(), contacts, guard }
    }

    fn task(&self, elements: usize, at: MissionTime) -> Task<'_> {
        let Self { members, relays, contacts, guard } = self;
        Task {
            members,
            relays,
            server: None,
            gossip_rounds: 1,
            elements,
            model: CostModel::of(Wire::Fp16),
            plan: contacts,
            at,
            guard: *guard,
        }
    }

    fn plan(&self, strategy: StrategyChoice, elements: usize, at: MissionTime) -> Planned {
        plan(strategy, &self.task(elements, at)).expect("a schedule")
    }
}

fn main() -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(out, "| scenario | vector | plan by `auto`, median ms | slowest ms |\n|---|---|---|---|")?;
    for name in ["star12-ring", "delta12", "star66", "train400"] {
        let world = World::of(name);
        for (vector, bytes) in VECTORS {
            let starts = (0..STARTS).map(|start| MissionTime::from_secs_f64(start as f64 * 86_400.0 / STARTS as f64));
            let mut millis: Vec<f64> =
                starts.map(|at| timed(|| world.plan(StrategyChoice::Auto, bytes / 2, at))).collect();
            millis.sort_by(f64::total_cmp);
            let (middle, slowest) = (millis[millis.len() / 2], millis.last().copied().unwrap_or_default());
            writeln!(out, "| `{name}` | {vector} | {middle:.1} | {slowest:.1} |")?;
        }
    }
    writeln!(
        out,
        "\n| scenario | strategy | vector, MB | frames | prediction, ms | µs a frame |\n|---|---|---|---|---|---|"
    )?;
    for (name, strategy) in [("star12-ring", StrategyChoice::Ring), ("train400", StrategyChoice::Hierarchical)] {
        let world = World::of(name);
        for megabytes in [2, 20, 200, 2_000, 20_000] {
            let planned = world.plan(strategy, megabytes * 500_000, MissionTime::ZERO);
            let frames: u64 = planned.prediction.lanes.iter().map(|lane| lane.frames).sum();
            let model = CostModel::of(Wire::Fp16);
            let again = || predict(&planned.schedule, &world.members, &world.contacts, MissionTime::ZERO, &model);
            let (begun, mut times) = (Instant::now(), Vec::new());
            while times.is_empty() || begun.elapsed() < REPEATED {
                times.push(timed(again));
            }
            times.sort_by(f64::total_cmp);
            let (millis, strategy) = (times[times.len() / 2], strategy.as_str());
            let each = millis * 1e3 / frames as f64;
            writeln!(out, "| `{name}` | `{strategy}` | {megabytes} | {frames} | {millis:.3} | {each:.3} |")?;
        }
    }
    Ok(())
}

/// How long something takes, in milliseconds.
fn timed<T>(what: impl FnOnce() -> T) -> f64 {
    let begun = Instant::now();
    std::hint::black_box(what());
    begun.elapsed().as_secs_f64() * 1e3
}
