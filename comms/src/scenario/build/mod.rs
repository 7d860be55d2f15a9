//! From a document to a scenario, section by section.

mod lasers;
mod orbits;
mod stations;

use std::path::Path;

use super::collective::Collective;
use super::error::Flaw;
use super::key::{Element, Space};
use super::keys;
use super::reader::Reader;
use super::training::{Mode, Optimizer, Private, Training};
use super::tree::Value;
use super::types::{
    AggregatorRules, Checkpoint, Compute, Emulation, Fault, FaultTime, Geometry, Ground, Job, Mesh, Network, Outage,
    RoundRules, Scenario, Simulation,
};
use crate::events::Phase;
use crate::id::Round;
use crate::units::ByteSize;

/// The scenario that a document describes, with the files beside it in `base`. `None` if anything of it was reported.
///
/// Every section is read before any is looked at, so that all problems are found at once.
pub(super) fn scenario(r: &mut Reader<'_, '_>, base: &Path) -> Option<Scenario> {
    let (name, seed) = (r.name(&keys::NAME), r.integer(&keys::SEED));
    let (geometry, outages, job) = (geometry(r, base, seed.unwrap_or_default()), outages(r), job(r));
    let (training, private, round, collective) = (training(r), private(r), round(r), collective(r));
    let (checkpoint, aggregator, emulation, network) = (checkpoint(r), aggregator(r), emulation(r), network(r));
    let (compute, simulation, faults) = (compute(r), simulation(r), faults(r));
    Some(Scenario {
        name: name?,
        seed: seed?,
        geometry: geometry?,
        outages: outages?,
        job: job?,
        training: training?,
        private: private?,
        round: round?,
        collective: collective?,
        checkpoint: checkpoint?,
        aggregator: aggregator?,
        compute: compute?,
        simulation: simulation?,
        emulation: emulation?,
        network: network?,
        faults: faults?,
    })
}

/// Either a mesh or a constellation, and no key that belongs to the other.
fn geometry(r: &mut Reader<'_, '_>, base: &Path, seed: u64) -> Option<Geometry> {
    let by_orbits = r.has_section("constellation");
    let (space, section) = if by_orbits { (Space::Orbits, "[constellation]") } else { (Space::Mesh, "[mesh]") };
    let misplaced = keys::ALL.iter().filter(|key| key.belongs_to().is_some_and(|other| other != space));
    // A list of tables is one thing, however many keys its tables have.
    let mut paths: Vec<&str> = misplaced.map(|key| key.path.split("[]").next().unwrap_or(key.path)).collect();
    paths.dedup();
    for path in paths.into_iter().filter(|path| r.has_section(path)).collect::<Vec<_>>() {
        r.misplaced(path, section);
    }
    if by_orbits {
        orbits::orbits(r, base, seed).map(|orbits| Geometry::Orbits(Box::new(orbits)))
    } else {
        mesh(r).map(Geometry::Mesh)
    }
}

fn mesh(r: &mut Reader<'_, '_>) -> Option<Mesh> {
    let (nodes, topology) = (r.integer(&keys::NODES), r.word(&keys::TOPOLOGY));
    let (rate, delay) = (r.megabits(&keys::RATE), r.milliseconds(&keys::DELAY));
    let ground = ground(r);
    Some(Mesh { nodes: nodes?, topology: topology?, rate: rate?, delay: delay?, ground: ground? })
}

fn outages(r: &mut Reader<'_, '_>) -> Option<Vec<Outage>> {
    let outages: Vec<_> = (0..length(r, "links.outage")).map(|i| outage(&mut r.of(Element::Item(i)))).collect();
    outages.into_iter().collect()
}

fn outage(r: &mut Reader<'_, '_>) -> Option<Outage> {
    let (a, b) = (r.peer(&keys::OUTAGE_A), r.peer(&keys::OUTAGE_B));
    let (start, end) = (r.instant(&keys::OUTAGE_START), r.instant(&keys::OUTAGE_END));
    Some(Outage { a: a?, b: b?, start: start?, end: end? })
}

fn ground(r: &mut Reader<'_, '_>) -> Option<Ground> {
    let (rate, delay) = (r.megabits(&keys::GROUND_RATE), r.milliseconds(&keys::GROUND_DELAY));
    Some(Ground { rate: rate?, delay: delay? })
}

fn job(r: &mut Reader<'_, '_>) -> Option<Job> {
    let (task, init) = (r.label(&keys::TASK), r.path(&keys::INIT));
    let (payload, compute) = (payload(r), r.milliseconds(&keys::COMPUTE));
    Some(Job { task: task?, init, payload: payload?, compute: compute? })
}

fn payload(r: &mut Reader<'_, '_>) -> Option<ByteSize> {
    let payload = r.size(&keys::PAYLOAD)?;
    if payload.0.is_multiple_of(4) {
        return Some(payload);
    }
    let reason = "a vector of f32 has a multiple of 4 bytes".to_owned();
    r.report(
        keys::PAYLOAD.path,
        Flaw::Malformed { key: keys::PAYLOAD.path.to_owned(), value: payload.0.to_string(), reason },
    );
    None
}

fn training(r: &mut Reader<'_, '_>) -> Option<Training> {
    let mode = r.word(&keys::MODE);
    let (rounds, inner_steps) = (r.integer(&keys::ROUNDS), inner_steps(r, mode));
    let (batch_size, accumulation) = (r.integer(&keys::BATCH_SIZE), r.integer(&keys::ACCUMULATION));
    let (optimizer, weight_decay) = (optimizer(r), r.number(&keys::WEIGHT_DECAY));
    let (learning_rate, schedule) = (r.number(&keys::LEARNING_RATE), r.word(&keys::SCHEDULE));
    let (warmup_steps, clip_norm) = (r.integer(&keys::WARMUP_STEPS), r.number(&keys::CLIP_NORM));
    let (test_fraction, evaluate_every) = (r.number(&keys::TEST_FRACTION), r.integer(&keys::EVALUATE_EVERY));
    Some(Training {
        mode: mode?,
        rounds: rounds?,
        inner_steps: inner_steps?,
        batch_size: batch_size?,
        accumulation: accumulation?,
        optimizer: optimizer?,
        weight_decay: weight_decay?,
        learning_rate: learning_rate?,
        schedule: schedule?,
        warmup_steps: warmup_steps?,
        clip_norm,
        test_fraction: test_fraction?,
        evaluate_every: evaluate_every?,
    })
}

/// In mode `ddp` there is one inner step, so its default is 1 there.
fn inner_steps(r: &mut Reader<'_, '_>, mode: Option<Mode>) -> Option<u32> {
    let steps = r.integer(&keys::INNER_STEPS);
    if mode == Some(Mode::Ddp) && !r.is_written(&keys::INNER_STEPS) { Some(1) } else { steps }
}

/// The keys of both optimizers are read, so that a wrong one is found whichever is chosen.
fn optimizer(r: &mut Reader<'_, '_>) -> Option<Optimizer> {
    let (momentum, nesterov) = (r.number(&keys::MOMENTUM), r.flag(&keys::NESTEROV));
    let (beta_1, beta_2, epsilon) = (r.number(&keys::BETA_1), r.number(&keys::BETA_2), r.number(&keys::EPSILON));
    match r.chosen(&keys::OPTIMIZER)? {
        "sgd" => Some(Optimizer::Sgd { momentum: momentum?, nesterov: nesterov? }),
        "adamw" => Some(Optimizer::AdamW { beta_1: beta_1?, beta_2: beta_2?, epsilon: epsilon? }),
        other => unreachable!("the key accepts no optimizer `{other}`"),
    }
}

fn private(r: &mut Reader<'_, '_>) -> Option<Private> {
    let dirichlet_alpha = r.number(&keys::DIRICHLET_ALPHA);
    let paths = r.paths_by_node("private.paths");
    Some(Private { dirichlet_alpha: dirichlet_alpha?, paths: paths? })
}

fn round(r: &mut Reader<'_, '_>) -> Option<RoundRules> {
    let (deadline, attempts) = (r.seconds(&keys::DEADLINE), r.integer(&keys::ATTEMPTS));
    Some(RoundRules { deadline: deadline?, attempts: attempts? })
}

fn collective(r: &mut Reader<'_, '_>) -> Option<Collective> {
    let (strategy, wire, zstd) = (r.word(&keys::STRATEGY), r.word(&keys::WIRE), r.word(&keys::ZSTD));
    let (server, gossip_rounds) = (r.peer(&keys::SERVER), r.integer(&keys::GOSSIP_ROUNDS));
    let coding_gb_s = r.number(&keys::CODING);
    Some(Collective {
        strategy: strategy?,
        server,
        gossip_rounds: gossip_rounds?,
        wire: wire?,
        zstd: zstd?,
        coding_gb_s: coding_gb_s?,
    })
}

fn checkpoint(r: &mut Reader<'_, '_>) -> Option<Checkpoint> {
    let (every_rounds, chunk) = (r.integer(&keys::EVERY_ROUNDS), r.size(&keys::CHUNK));
    let landing_deadline = r.seconds(&keys::LANDING_DEADLINE);
    Some(Checkpoint { every_rounds: every_rounds?, chunk: chunk?, landing_deadline: landing_deadline? })
}

fn aggregator(r: &mut Reader<'_, '_>) -> Option<AggregatorRules> {
    let host = r.peer(&keys::HOST);
    let (suspect_after, join_deadline) = (r.seconds(&keys::SUSPECT_AFTER), r.seconds(&keys::JOIN_DEADLINE));
    let (patience, min_nodes) = (r.seconds(&keys::PATIENCE), r.integer(&keys::MIN_NODES));
    Some(AggregatorRules {
        host,
        suspect_after: suspect_after?,
        join_deadline: join_deadline?,
        patience: patience?,
        min_nodes: min_nodes?,
    })
}

fn compute(r: &mut Reader<'_, '_>) -> Option<Compute> {
    let (flops_per_sample, tops) = (r.number(&keys::FLOPS_PER_SAMPLE), r.number(&keys::TOPS));
    let (utilisation, eclipse_speed) = (r.number(&keys::UTILISATION), r.number(&keys::ECLIPSE_SPEED));
    Some(Compute {
        flops_per_sample: flops_per_sample?,
        tops: tops?,
        utilisation: utilisation?,
        eclipse_speed: eclipse_speed?,
    })
}

fn simulation(r: &mut Reader<'_, '_>) -> Option<Simulation> {
    Some(Simulation { payload: r.word(&keys::SIMULATED_PAYLOAD)? })
}

fn emulation(r: &mut Reader<'_, '_>) -> Option<Emulation> {
    let (time_scale, byte_scale) = (r.number(&keys::TIME_SCALE), r.number(&keys::BYTE_SCALE));
    Some(Emulation { time_scale: time_scale?, byte_scale: byte_scale? })
}

fn network(r: &mut Reader<'_, '_>) -> Option<Network> {
    let (bind, base_port) = (r.address(&keys::BIND), r.integer(&keys::BASE_PORT));
    Some(Network { bind: bind?, base_port: base_port? })
}

fn faults(r: &mut Reader<'_, '_>) -> Option<Vec<Fault>> {
    let faults: Vec<_> = (0..length(r, "faults")).map(|i| fault(&mut r.of(Element::Item(i)))).collect();
    faults.into_iter().collect()
}

fn fault(r: &mut Reader<'_, '_>) -> Option<Fault> {
    let (kill, at) = (r.peer(&keys::FAULT_KILL), fault_time(r));
    Some(Fault { kill: kill?, at: at? })
}

/// Either a round with a phase, or an instant.
fn fault_time(r: &mut Reader<'_, '_>) -> Option<FaultTime> {
    let [by_round, by_phase, by_time] =
        [&keys::FAULT_ROUND, &keys::FAULT_PHASE, &keys::FAULT_TIME].map(|key| r.is_written(key));
    let round = r.integer(&keys::FAULT_ROUND);
    let phase =
        r.chosen(&keys::FAULT_PHASE).and_then(|word| Phase::ALL.into_iter().find(|phase| phase.as_str() == word));
    let at = r.instant(&keys::FAULT_TIME);
    match (by_round, by_phase, by_time) {
        (true, true, false) => Some(FaultTime::Phase { round: Round(round?), phase: phase? }),
        (false, false, true) => at.map(FaultTime::MissionTime),
        (true, _, true) => r.one_too_many(&keys::FAULT_TIME, &keys::FAULT_ROUND),
        (false, true, true) => r.one_too_many(&keys::FAULT_TIME, &keys::FAULT_PHASE),
        (true, false, false) => r.missing(&keys::FAULT_PHASE),
        (false, _, false) => r.missing(&keys::FAULT_ROUND),
    }
}

fn length(r: &Reader<'_, '_>, path: &str) -> usize {
    match r.section(path) {
        Some(Value::List(items)) => items.len(),
        _ => 0,
    }
}
