//! What a text says is what the scenario holds.

use std::time::Duration;

use super::super::*;
use super::{FULL, LEAST, parse, parse_with};
use crate::codec::Wire;
use crate::events::Phase;
use crate::id::{NodeId, Round};
use crate::units::{BitsPerSecond, ByteSize, MissionTime};

fn mesh(scenario: &Scenario) -> &Mesh {
    match &scenario.geometry {
        Geometry::Mesh(mesh) => mesh,
        Geometry::Orbits(_) => panic!("orbits"),
    }
}

#[test]
fn a_name_and_a_mesh_are_enough() {
    let scenario = parse(LEAST).expect("valid");
    assert_eq!(scenario.nodes(), [0, 1, 2, 3].map(NodeId::satellite));
    assert_eq!(scenario.job.task, "digits");
    assert_eq!(scenario.training.optimizer, Optimizer::Sgd { momentum: 0.9, nesterov: false });
    assert_eq!(scenario.training.clip_norm, None);
    assert_eq!(scenario.aggregator.suspect_after, Duration::from_secs(2));
    assert_eq!(scenario.collective.wire, Wire::Fp16);
}

#[test]
fn every_key_arrives_where_it_belongs() {
    let scenario = parse(FULL).expect("valid");
    assert_eq!(scenario.seed, i64::MAX as u64);
    assert_eq!(mesh(&scenario).rate, BitsPerSecond(100_000_001));
    assert_eq!(mesh(&scenario).delay, Duration::from_nanos(3_335_641));
    assert_eq!(scenario.outages[0].end, MissionTime(20_500_000_000));
    assert_eq!(scenario.outages[1].end, MissionTime(99_999_999_999_999_000));
    assert_eq!(scenario.job.payload, ByteSize(4100));
    assert_eq!(scenario.training.optimizer, Optimizer::AdamW { beta_1: 0.85, beta_2: 0.995, epsilon: 1e-9 });
    assert_eq!(scenario.training.steps(), 4000);
    assert_eq!(scenario.private.paths.len(), 6);
    assert_eq!(scenario.checkpoint.chunk, ByteSize(96 * 1024));
    assert_eq!(scenario.faults[0].at, FaultTime::Phase { round: Round(14), phase: Phase::Checkpoint });
    assert_eq!(scenario.faults[1].to_string(), "kill aggregator at 1200.500 s");
}

#[test]
fn a_resolved_scenario_reads_back_the_same() {
    for text in [LEAST, FULL] {
        let scenario = parse(text).expect("valid");
        let resolved = scenario.to_toml();
        let again = parse(&resolved).unwrap_or_else(|error| panic!("{error}\n{resolved}"));
        assert_eq!(again, scenario, "{resolved}");
        assert_eq!(again.to_toml(), resolved);
        assert_eq!(again.digest(), scenario.digest());
    }
    assert_ne!(parse(LEAST).expect("valid").digest(), parse(FULL).expect("valid").digest());
}

#[test]
fn an_override_takes_the_place_of_the_text() {
    let changed = [("training.rounds", "5"), ("training.mode", "fedavg"), ("mesh.rate_mbps", "2.5"), ("name", "2026")];
    let scenario = parse_with(LEAST, &changed).expect("valid");
    assert_eq!(scenario.training.rounds, 5);
    assert_eq!(scenario.training.mode, Mode::FedAvg);
    assert_eq!(mesh(&scenario).rate, BitsPerSecond(2_500_000));
    assert_eq!(scenario.name, "2026");
}

#[test]
fn an_override_reaches_into_lists_and_replaces_them() {
    let moved = parse_with(FULL, &[("faults[0].at.round", "21")]).expect("valid");
    assert_eq!(moved.faults[0].at, FaultTime::Phase { round: Round(21), phase: Phase::Checkpoint });
    let calm = parse_with(FULL, &[("faults", "[]"), ("links.outage", "[]")]).expect("valid");
    assert!(calm.faults.is_empty() && calm.outages.is_empty());
    let struck = r#"[{ kill = "sat-1", at = { mission_secs = 3 } }]"#;
    let struck = parse_with(LEAST, &[("faults", struck)]).expect("valid");
    assert_eq!(struck.faults[0].kill, NodeId::satellite(1));
}

#[test]
fn in_ddp_the_default_of_inner_steps_is_one() {
    let scenario = parse_with(LEAST, &[("training.mode", "ddp")]).expect("valid");
    assert_eq!(scenario.training.inner_steps, 1);
}

#[test]
fn the_plan_of_a_ring_joins_neighbours_and_the_station() {
    let scenario = parse(FULL).expect("valid");
    let plan = scenario.contacts().expect("a mesh").planned;
    let sat = NodeId::satellite;
    let reach = |id, at| plan.neighbours(&sat(id), MissionTime::from_secs_f64(at)).cloned().collect::<Vec<_>>();
    assert_eq!(reach(0, 9.0), [sat(1), sat(5), NodeId::station()]);
    assert_eq!(reach(0, 10.0), [sat(1), NodeId::station()]);
    assert_eq!(reach(5, 20.4), [sat(4), NodeId::station()]);
    assert_eq!(reach(5, 20.5), [sat(0), sat(4), NodeId::station()]);
    assert_eq!(reach(1, 9.0), [sat(0), sat(2)]);
    assert_eq!(plan.lanes().count(), 2 * (6 + 6));
}

#[test]
fn small_meshes_have_each_link_once() {
    for (nodes, topology, lanes) in [
        (1, "ring", 0),
        (2, "ring", 2),
        (3, "ring", 6),
        (5, "ring", 10),
        (1, "full", 0),
        (2, "full", 2),
        (5, "full", 20),
    ] {
        let nodes_text = nodes.to_string();
        let scenario = parse_with(LEAST, &[("mesh.nodes", &nodes_text), ("mesh.topology", topology)]).expect("valid");
        assert_eq!(
            scenario.contacts().expect("a mesh").planned.lanes().count(),
            lanes + 2 * nodes,
            "{nodes} {topology}"
        );
        let mesh = mesh(&scenario);
        for a in 0..mesh.nodes {
            let joined = (0..mesh.nodes).filter(|b| mesh.joins(a, *b)).count();
            assert_eq!(joined * nodes, lanes, "{nodes} {topology}");
        }
    }
}
