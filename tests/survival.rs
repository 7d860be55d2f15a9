//! A job survives what happens to its processes: a node struck at any point, a silent node, a struck aggregator or
//! station, an interrupted or killed launch; and a checkpoint survives the time between two passes.

#![allow(clippy::expect_used, reason = "a test ends where it cannot go on")]

mod harness;

use std::collections::BTreeSet;
use std::fs;

use harness::{BYTES_ONLY, Ended, Job, fault, wait_until_gone};
use rustix::process::Signal;
use serde_json::Value;
use starloom_comms::custody::{Manifest, pack};

/// Strikes `sat-2` at a phase of round 3 (with a checkpoint) and lets the others finish.
fn strike_at(round: u64, phase: &str) {
    let ended = Job::launch(&format!("{BYTES_ONLY}{}", fault("sat-2", round, phase)), &[]).end();
    ended.assert_completed().assert_lost(&["sat-2"]).assert_replicas(3);
    assert_eq!(ended.number("rounds_committed"), 8.0);
    let landed = ended.summary["checkpoints_landed"].as_array().expect("checkpoints_landed").clone();
    assert_eq!(landed.last().expect("one landed")["round"], 8);
}

#[test]
fn a_node_struck_before_the_first_round_is_lost_and_the_others_finish() {
    strike_at(1, "open");
}

#[test]
fn a_node_struck_while_it_computes_is_lost_and_the_others_finish() {
    strike_at(3, "compute");
}

#[test]
fn a_node_struck_in_a_reduce_is_lost_and_the_others_finish() {
    strike_at(3, "reduce");
}

#[test]
fn a_node_struck_in_a_gather_is_lost_and_the_others_finish() {
    strike_at(3, "gather");
}

#[test]
fn a_node_struck_in_a_commit_is_lost_and_the_others_finish() {
    strike_at(3, "commit");
}

#[test]
fn a_node_struck_during_a_checkpoint_is_lost_and_the_others_finish() {
    strike_at(3, "checkpoint");
}

#[test]
fn a_node_killed_by_hand_is_named_in_the_summary() {
    let mut job = Job::launch(BYTES_ONLY, &["--set", "training.rounds=30"]);
    job.wait_for("round 4 committed");
    job.signal_process("starloom node --node sat-1", Signal::KILL);
    job.wait_for("sat-1 lost");
    job.end().assert_completed().assert_lost(&["sat-1"]).assert_replicas(3);
}

#[test]
fn the_last_node_standing_finishes_the_job() {
    let faults = [fault("sat-0", 2, "reduce"), fault("sat-1", 4, "gather"), fault("sat-3", 6, "compute")].concat();
    let ended = Job::launch(&format!("{BYTES_ONLY}{faults}"), &[]).end();
    ended.assert_completed().assert_lost(&["sat-0", "sat-1", "sat-3"]).assert_replicas(1);
}

#[test]
fn a_silent_node_is_lost_by_its_missed_heartbeats_and_ends_when_it_wakes() {
    let mut job = Job::launch(BYTES_ONLY, &["--set", "aggregator.suspect_after_secs=1", "--set", "training.rounds=40"]);
    job.wait_for("round 4 committed");
    let node = job.signal_process("starloom node --node sat-3", Signal::STOP);
    job.wait_for("sat-3 lost in round");
    rustix::process::kill_process(node, Signal::CONT).expect("it is only paused");
    job.wait_for("sat-3 ended (exit status: 10)");
    let ended = job.end();
    ended.assert_completed().assert_lost(&["sat-3"]).assert_replicas(3);
    assert_eq!(ended.events_of("node_lost")[0]["how"], "silence");
}

#[test]
fn a_struck_aggregator_comes_back_and_the_job_goes_on() {
    let mut job = Job::launch(BYTES_ONLY, &["--set", "training.rounds=20"]);
    job.wait_for("round 5 committed");
    job.signal_process("starloom aggregator", Signal::KILL);
    job.wait_for("aggregator is down");
    let ended = job.end();
    ended.assert_completed().assert_lost(&[]).assert_replicas(4);
    assert_eq!(ended.number("rounds_committed"), 20.0);
}

#[test]
fn an_aggregator_struck_in_each_phase_of_a_round_costs_nothing() {
    let faults: String = [(2, "compute"), (3, "reduce"), (4, "gather"), (5, "commit"), (6, "checkpoint")]
        .map(|(round, phase)| fault("aggregator", round, phase))
        .concat();
    let ended = Job::launch(&format!("{BYTES_ONLY}{faults}"), &[]).end();
    ended.assert_completed().assert_lost(&[]).assert_replicas(4);
    assert_eq!(ended.number("rounds_committed"), 8.0);
}

#[test]
fn a_struck_station_comes_back_and_the_checkpoints_land() {
    let mut job = Job::launch(BYTES_ONLY, &["--set", "training.rounds=20"]);
    job.wait_for("round 2 committed");
    job.signal_process("starloom station", Signal::KILL);
    let ended = job.end();
    ended.assert_completed().assert_lost(&[]).assert_replicas(4);
    assert_eq!(ended.summary["checkpoints_landed"].as_array().expect("a list").last().expect("one")["round"], 20);
}

#[test]
fn an_interrupt_lands_a_checkpoint_and_a_resume_finishes_the_job() {
    let mut job = Job::launch(BYTES_ONLY, &["--set", "training.rounds=500", "--set", "checkpoint.every_rounds=0"]);
    job.wait_for("round 3 committed");
    let children = job.processes("starloom");
    assert_eq!(children.len(), 6);
    job.signal(Signal::INT);
    let ended = job.end();
    assert_eq!(ended.status.code(), Some(130), "{}", ended.transcript);
    children.into_iter().for_each(wait_until_gone);
    let rounds = ended.number("rounds_committed");
    assert!((3.0..500.0).contains(&rounds), "{rounds}");
    let landed = &ended.summary["checkpoints_landed"];
    assert_eq!(landed[0]["round"].as_f64(), Some(rounds), "{landed}");

    let last = rounds + 4.0;
    let resumed = Job::resume(ended, &["--set", &format!("training.rounds={last}")]).end();
    resumed.assert_completed().assert_lost(&[]).assert_replicas(4);
    assert_eq!(resumed.number("rounds_committed"), last);
}

#[test]
fn no_process_survives_a_killed_launch() {
    let mut job = Job::launch(BYTES_ONLY, &["--set", "training.rounds=500"]);
    job.wait_for("round 2 committed");
    let children = job.processes("starloom");
    assert_eq!(children.len(), 6);
    job.signal(Signal::KILL);
    children.into_iter().for_each(wait_until_gone);
}

/// Two nodes that pass over the station for two minutes of every twenty. Their checkpoint is too large for one pass.
fn passing() -> String {
    let outages =
        (0..60).flat_map(|pass| ["sat-0", "sat-1"].map(|node| outage(node, 1200 * pass + 120, 1200 * pass + 1200)));
    format!("{PASSING}{}", outages.collect::<String>())
}

const PASSING: &str = r#"
name = "passing"
seed = 7
[mesh]
nodes = 2
rate_mbps = 1000
delay_ms = 1
[ground]
rate_mbps = 0.0016
[job]
task = "none"
payload = "64 KiB"
[training]
rounds = 2
[checkpoint]
every_rounds = 0
chunk = "4 KiB"
landing_deadline_secs = 100000
[emulation]
time_scale = 600
"#;

fn outage(node: &str, start_secs: u32, end_secs: u32) -> String {
    format!("[[links.outage]]\na = \"{node}\"\nb = \"station\"\nstart_secs = {start_secs}\nend_secs = {end_secs}\n")
}

/// Waits until a pass is over and all that came down in it is on the station's disk; gives the node that delivered.
fn wait_for_the_first_pass(job: &mut Job) -> &'static str {
    let line = job.wait_for("in the pass");
    let (_, after) = line.split_once(" has brought ").expect("says how much");
    let (chunks, _) = after.split_once(' ').expect("a number and a unit");
    job.wait_until_said(&format!("ground has {chunks} of "));
    if line.contains("sat-0 has brought") { "sat-0" } else { "sat-1" }
}

/// The passes of the one landed checkpoint. They carried each of its chunks, and each once.
fn assert_each_chunk_once(ended: &Ended) -> Vec<Value> {
    let landed = ended.summary["checkpoints_landed"].as_array().expect("checkpoints_landed");
    assert_eq!(landed.len(), 1, "{landed:?}");
    let passes = landed[0]["passes"].as_array().expect("passes").clone();
    let sum = |key: &str| passes.iter().map(|pass| pass[key].as_u64().expect("a number")).sum::<u64>();
    let model = ended.run_dir.join(landed[0]["path"].as_str().expect("a path"));
    let manifest = fs::read(model.with_file_name("manifest.json")).expect("its manifest");
    let manifest = Manifest::parse(&manifest).expect("a manifest");
    let file = fs::read(model).expect("the model");
    let once = manifest.missing(&BTreeSet::new());
    let places = once.iter().filter_map(|chunk| manifest.ranges().find(|(other, _)| *other == chunk));
    let packed = places.map(|(_, range)| pack(&file[range.start as usize..range.end as usize]).len() as u64);
    assert_eq!((sum("chunks"), sum("bytes")), (once.len() as u64, packed.sum()), "{passes:?}");
    passes
}

#[test]
fn a_checkpoint_too_large_for_a_pass_comes_down_over_several_and_no_chunk_twice() {
    let ended = Job::launch(&passing(), &[]).end();
    ended.assert_completed().assert_lost(&[]).assert_replicas(2);
    let passes = assert_each_chunk_once(&ended);
    assert!(passes.len() >= 2, "{passes:?}");
    for pass in &passes {
        let [start, end] = ["start_secs", "end_secs"].map(|key| pass[key].as_f64().expect("seconds"));
        assert_eq!((start % 1200.0, end - start), (0.0, 120.0), "{pass}");
        assert_eq!((&pass["node"], &pass["station"]), (&passes[0]["node"], &Value::from("station")));
    }
    let line = format!(
        "  passes     round 2 over {} passes: {} station",
        passes.len(),
        passes[0]["node"].as_str().unwrap_or("?")
    );
    assert!(ended.transcript.contains(&line), "{line} in {}", ended.transcript);
}

#[test]
fn a_custodian_struck_between_two_passes_is_replaced_by_one_that_brings_the_rest() {
    let mut job = Job::launch(&passing(), &[]);
    let custodian = wait_for_the_first_pass(&mut job);
    job.signal_process(&format!("starloom node --node {custodian}"), Signal::KILL);
    let ended = job.end();
    ended.assert_completed().assert_lost(&[custodian]).assert_replicas(1);
    let passes = assert_each_chunk_once(&ended);
    let (first, rest) = passes.split_first().expect("several passes");
    assert_eq!(first["node"], custodian);
    assert!(!rest.is_empty() && rest.iter().all(|pass| pass["node"] != custodian), "{passes:?}");
}

#[test]
fn a_station_struck_between_two_passes_is_brought_the_rest() {
    let mut job = Job::launch(&passing(), &[]);
    wait_for_the_first_pass(&mut job);
    job.signal_process("starloom station", Signal::KILL);
    job.wait_for("station is down");
    let ended = job.end();
    ended.assert_completed().assert_lost(&[]).assert_replicas(2);
    assert!(assert_each_chunk_once(&ended).len() >= 2);
}

/// Two satellites of a plane that do not see each other, and three between them that relay: over the middle one, or over the
/// two beside it.
const RELAYED: &str = r#"
name = "relayed"
seed = 7
[constellation]
walker = "D:550:97.6:24/1/0"
relays = ["sat-[1-3]"]
spares = ["sat-[5-23]"]
hours = 6
[links]
acquisition_failures = 0
[job]
task = "none"
payload = "256 KiB"
[training]
rounds = 6
[round]
deadline_secs = 3600
[checkpoint]
landing_deadline_secs = 14400
[emulation]
time_scale = 300
"#;

#[test]
fn nodes_that_do_not_see_each_other_agree_over_relays_and_over_others_when_one_is_struck() {
    let ended = Job::launch(&format!("{RELAYED}{}", fault("sat-2", 3, "reduce")), &[]).end();
    ended.assert_completed().assert_lost(&["sat-2"]).assert_replicas(2);
    assert_eq!(ended.number("rounds_committed"), 6.0);
    let carried = ended.summary["carried_bytes"].as_object().expect("carried_bytes").clone();
    assert_eq!(carried.keys().collect::<Vec<_>>(), ["sat-1", "sat-3"], "sat-2 did not live to tell");
    assert!(carried.values().all(|bytes| bytes.as_u64() > Some(0)), "{carried:?}");
}
