//! Bad input ends in a clear error: it names what, where and what would be right, with the documented exit code.

#![allow(clippy::expect_used, reason = "a test ends where it cannot go on")]

mod harness;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::Output;

use harness::{BYTES_ONLY, Job, run, starloom};
use tempfile::TempDir;

const BAD_INPUT: i32 = 2;
const ENVIRONMENT: i32 = 4;

/// Runs a command on a scenario in a directory of its own.
fn on_scenario(command: &str, scenario: &str, args: &[&str]) -> (Output, TempDir) {
    let home = TempDir::new().expect("a temporary directory");
    let path = home.path().join("scenario.toml");
    fs::write(&path, scenario).expect("the scenario is written");
    let mut starloom = starloom();
    starloom.arg(command).arg(&path).args(args);
    if command == "launch" && !args.contains(&"--run-dir") {
        starloom.arg("--run-dir").arg(home.path().join("run"));
    }
    (run(&mut starloom), home)
}

fn assert_refused(output: &Output, code: i32, words: &[&str]) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{text}");
    for word in words {
        assert!(text.contains(word), "the message says `{word}`:\n{text}");
    }
    assert!(!text.contains("panicked"), "{text}");
}

#[test]
fn a_bad_scenario_is_refused_with_key_line_and_what_would_be_right() {
    let rows: &[(&str, &[&str])] = &[
        // An unknown key, with the nearest one.
        ("name = \"x\"\n[mesh]\nnodes = 4\n[training]\ninner_step = 3\n", &["inner_step", "inner_steps", ":5:"]),
        // A wrong type.
        ("name = \"x\"\n[mesh]\nnodes = \"four\"\n", &["nodes", ":3:"]),
        // Zero nodes.
        ("name = \"x\"\n[mesh]\nnodes = 0\n", &["mesh.nodes", "0", ":3:"]),
        // No name.
        ("[mesh]\nnodes = 4\n", &["name"]),
        // A relation between two keys.
        (
            "name = \"x\"\n[mesh]\nnodes = 4\n[training]\nmode = \"ddp\"\ninner_steps = 8\n",
            &["inner_steps", "ddp", "8"],
        ),
        // A fault for a node that does not exist.
        (
            "name = \"x\"\n[mesh]\nnodes = 2\n[[faults]]\nkill = \"sat-7\"\nat = { round = 1, phase = \"reduce\" }\n",
            &["sat-7"],
        ),
        // Not TOML.
        ("name = \n", &[":1:"]),
    ];
    for (scenario, words) in rows {
        assert_refused(&on_scenario("validate", scenario, &[]).0, BAD_INPUT, words);
        assert_refused(&on_scenario("launch", scenario, &[]).0, BAD_INPUT, words);
    }
}

#[test]
fn a_task_that_the_program_does_not_have_is_refused_with_those_it_has() {
    let scenario = BYTES_ONLY.replace("\"none\"", "\"landsit\"");
    assert_refused(&on_scenario("launch", &scenario, &[]).0, BAD_INPUT, &["landsit", "digits", "none"]);
}

#[test]
fn more_nodes_than_samples_are_refused() {
    let scenario = "name = \"crowd\"\n[mesh]\nnodes = 1800\n[job]\ntask = \"digits\"\n";
    let (output, _home) = on_scenario("validate", scenario, &[]);
    assert_refused(&output, BAD_INPUT, &["1800", "samples"]);
}

#[test]
fn a_taken_port_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("its address").port();
    let (output, _home) = on_scenario("launch", BYTES_ONLY, &["--set", &format!("network.base_port={port}")]);
    assert_refused(&output, ENVIRONMENT, &["aggregator", &port.to_string()]);
}

#[test]
fn a_run_directory_that_cannot_be_written_is_named() {
    let (output, _home) = on_scenario("launch", BYTES_ONLY, &["--run-dir", "/dev/null/run"]);
    assert_refused(&output, ENVIRONMENT, &["/dev/null/run"]);
}

#[test]
fn a_run_directory_in_use_is_not_overwritten() {
    let home = TempDir::new().expect("a temporary directory");
    fs::write(home.path().join("precious"), "data").expect("written");
    let path = home.path().to_str().expect("UTF-8");
    let (output, _scenario) = on_scenario("launch", BYTES_ONLY, &["--run-dir", path]);
    assert_refused(&output, ENVIRONMENT, &["not empty", "--resume"]);
    assert_eq!(fs::read_to_string(home.path().join("precious")).expect("still there"), "data");
}

#[test]
fn initial_weights_of_other_shapes_are_refused_with_both_shapes() {
    let home = TempDir::new().expect("a temporary directory");
    let path = home.path().join("other.safetensors");
    let data = vec![0_u8; 24];
    let tensor = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![2, 3], &data).expect("a tensor");
    safetensors::serialize_to_file([("conv1.weight", tensor)], None, &path).expect("written");
    let scenario = format!(
        "name = \"x\"\n[mesh]\nnodes = 2\n[job]\ntask = \"digits\"\ninit = \"{}\"\n",
        path.to_str().expect("UTF-8")
    );
    let (output, _run) = on_scenario("launch", &scenario, &[]);
    assert_refused(&output, BAD_INPUT, &["conv1.weight", "[2, 3]"]);
}

#[test]
fn a_torn_journal_tail_is_cut_off_and_the_job_goes_on() {
    let ended = Job::launch(BYTES_ONLY, &["--set", "training.rounds=4"]).end();
    ended.assert_completed();
    append_to_journal(&ended.run_dir, b"{\"torn\": tru");
    let resumed = Job::resume(ended, &["--set", "training.rounds=6"]).end();
    resumed.assert_completed().assert_lost(&[]).assert_replicas(4);
    assert_eq!(resumed.number("rounds_committed"), 6.0);
}

fn append_to_journal(run_dir: &Path, bytes: &[u8]) {
    let journal = fs::read_dir(run_dir.join("aggregator"))
        .expect("the aggregator's directory")
        .flatten()
        .find(|entry| entry.file_name().to_string_lossy().contains("journal"))
        .expect("a journal");
    let mut file = OpenOptions::new().append(true).open(journal.path()).expect("it opens");
    file.write_all(bytes).expect("written");
}

#[test]
fn the_summary_is_all_that_json_prints() {
    let (output, _home) = on_scenario("launch", BYTES_ONLY, &["--json", "--set", "training.rounds=3"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    for key in [
        "name",
        "seed",
        "nodes_started",
        "nodes_lost",
        "rounds_committed",
        "rounds_rolled_back",
        "samples_used",
        "samples_lost",
        "samples_partial",
        "raw_bytes",
        "wire_bytes",
        "wall_secs",
        "mission_secs",
        "time_scale",
        "train_loss",
        "eval_accuracy",
        "state_digests",
        "checkpoints_landed",
    ] {
        assert!(summary.get(key).is_some(), "{key} in {summary}");
    }
    assert_eq!(summary["rounds_committed"], 3);
    for key in ["node", "station", "start_secs", "end_secs", "chunks", "bytes"] {
        assert!(summary["checkpoints_landed"][0]["passes"][0].get(key).is_some(), "{key} in {summary}");
    }
}
