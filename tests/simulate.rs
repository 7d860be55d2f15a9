//! `starloom simulate` as people use it: the same events every time, faults that jobs survive, and times that agree with what
//! is predicted.

#![allow(clippy::expect_used, reason = "a test ends where it cannot go on")]

mod harness;

use std::fs;
use std::process::Output;

use harness::{BYTES_ONLY, fault, run, starloom};
use serde_json::Value;
use tempfile::TempDir;

/// A simulated run.
struct Run {
    output: Output,
    home: TempDir,
}

impl Run {
    /// Simulates a scenario given as text.
    fn of(scenario: &str, args: &[&str]) -> Self {
        let home = TempDir::new().expect("a temporary directory");
        let path = home.path().join("scenario.toml");
        fs::write(&path, scenario).expect("the scenario is written");
        Self::start(&path.to_string_lossy(), home, args)
    }

    /// Simulates one of the ready scenarios.
    fn of_ready(name: &str, args: &[&str]) -> Self {
        let path = format!("{}/configs/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        Self::start(&path, TempDir::new().expect("a temporary directory"), args)
    }

    fn start(path: &str, home: TempDir, args: &[&str]) -> Self {
        let mut command = starloom();
        command.args(["simulate", path, "--json", "--run-dir"]).arg(home.path().join("run")).args(args);
        Self { output: run(&mut command), home }
    }

    fn completed(self) -> Self {
        let text = String::from_utf8_lossy(&self.output.stderr).into_owned();
        assert!(self.output.status.success(), "{:?}: {text}\n{}", self.output.status, self.events());
        self
    }

    fn summary(&self) -> Value {
        serde_json::from_slice(&self.output.stdout).expect("a summary")
    }

    fn events(&self) -> String {
        fs::read_to_string(self.home.path().join("run/events.jsonl")).expect("events")
    }

    /// When each round was committed, in mission seconds.
    fn commits(&self) -> Vec<f64> {
        let events = self.events();
        let events = events.lines().map(|line| serde_json::from_str::<Value>(line).expect("an event a line"));
        events.filter(|event| event["event"] == "round_committed").filter_map(|event| event["t"].as_f64()).collect()
    }
}

#[test]
fn a_simulation_is_the_same_to_the_byte_whenever_it_runs_and_on_any_number_of_threads() {
    let trains = "name = \"trains\"\nmesh.nodes = 3\n[training]\nrounds = 4\ninner_steps = 2\nevaluate_every = 2\n\
        [compute]\nflops_per_sample = 1e9\n[checkpoint]\nevery_rounds = 2\n";
    for scenario in [trains.to_owned(), format!("{BYTES_ONLY}{}", fault("sat-2", 4, "reduce"))] {
        let runs = [["--threads", "2"], ["--threads", "2"], ["--threads", "1"]];
        let [first, again, alone] = runs.map(|args| Run::of(&scenario, &args).completed().events());
        assert_eq!(first, again);
        assert_eq!(first, alone);
        assert!(!first.contains("\"wall\""), "wall time is not the same twice");
        let times: Vec<f64> =
            first.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()?["t"].as_f64()).collect();
        assert!(times.is_sorted(), "events stand in the order of time");
        let other = Run::of(&scenario, &["--seed", "8"]).completed().events();
        assert_ne!(first, other, "another seed is another run");
    }
}

#[test]
fn a_simulated_training_lands_what_it_has_learnt() {
    let scenario = "name = \"learns\"\nmesh.nodes = 4\n[training]\nrounds = 24\nevaluate_every = 8\n\
        [compute]\nflops_per_sample = 1e12\n";
    let run = Run::of(scenario, &[]).completed();
    let summary = run.summary();
    assert!(summary["eval_accuracy"].as_f64().is_some_and(|accuracy| accuracy > 0.9), "{summary}");
    let digests: Vec<&Value> = summary["state_digests"].as_object().expect("digests").values().collect();
    assert!(digests.len() == 4 && digests.iter().all(|digest| *digest == digests[0]), "{digests:?}");
    let landed = summary["checkpoints_landed"].as_array().expect("a list");
    let path =
        run.home.path().join("run").join(landed.last().and_then(|last| last["path"].as_str()).expect("one landed"));
    assert_eq!(fs::metadata(path).expect("it is there").len(), landed.last().expect("one")["bytes"]);
    let events = run.events();
    let accuracies = events.lines().filter(|line| line.contains("\"evaluated\"")).count();
    assert_eq!(accuracies, 3);
    // 256 samples of 10¹² operations at 744 · 10¹² · 0.3 a second, where an epoch has so many left.
    let longest = run.commits().windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max);
    assert!((1.147..1.25).contains(&longest), "a round takes {longest} s");
}

/// What a format loses is made up for, whichever strategy and whoever is lost on the way; what is packed is what was not.
#[test]
fn jobs_learn_in_formats_that_lose_much_and_packed() {
    let scenario = format!(
        "name = \"lossy\"\nmesh.nodes = 4\nmesh.rate_mbps = 100\n[training]\nrounds = 24\nevaluate_every = 8\n\
        [compute]\nflops_per_sample = 1e12\n{}",
        fault("sat-2", 9, "gather")
    );
    let run = |wire: &str, zstd: &str| {
        let (wire, zstd) = (format!("collective.wire=\"{wire}\""), format!("collective.zstd=\"{zstd}\""));
        Run::of(&scenario, &["--set", &wire, "--set", &zstd]).completed().summary()
    };
    let bytes = |summary: &Value| summary["wire_bytes"].as_u64().expect("bytes");
    let plain = run("fp16", "off");
    for wire in ["int8", "topk"] {
        let [off, auto] = ["off", "auto"].map(|zstd| run(wire, zstd));
        assert!(off["eval_accuracy"].as_f64().is_some_and(|accuracy| accuracy > 0.9), "{wire}: {off}");
        assert!(bytes(&off) < bytes(&plain) * 3 / 5, "{wire}: {} of {}", bytes(&off), bytes(&plain));
        let digests: Vec<&Value> = off["state_digests"].as_object().expect("digests").values().collect();
        assert!(digests.len() == 3 && digests.iter().all(|digest| *digest == digests[0]), "{wire}: {digests:?}");
        assert_eq!(off["state_digests"], auto["state_digests"], "{wire}: packing changes no number");
        assert!(bytes(&auto) < bytes(&off), "{wire}: {} of {}", bytes(&auto), bytes(&off));
    }
}

#[test]
fn jobs_survive_the_loss_of_a_node_in_every_phase_and_of_their_aggregator() {
    for payload in ["real", "sized"] {
        for phase in ["open", "compute", "reduce", "gather", "commit"] {
            let scenario = format!("{BYTES_ONLY}{}", fault("sat-1", 3, phase));
            let set = format!("simulation.payload={payload}");
            let run = Run::of(&scenario, &["--set", &set]).completed();
            let summary = run.summary();
            assert_eq!(summary["nodes_lost"], serde_json::json!(["sat-1"]), "{payload} {phase}");
            assert_eq!(summary["rounds_committed"], 8, "{payload} {phase}");
            assert_eq!(summary["state_digests"].as_object().map(serde_json::Map::len), Some(3), "{payload} {phase}");
        }
        let scenario = format!("{BYTES_ONLY}{}", fault("aggregator", 5, "gather"));
        let run = Run::of(&scenario, &["--set", &format!("simulation.payload={payload}")]).completed();
        assert_eq!(run.summary()["nodes_lost"], serde_json::json!([]), "{payload}");
        assert_eq!(run.summary()["rounds_committed"], 8, "{payload}");
    }
}

#[test]
fn sizes_take_as_long_as_numbers_and_both_as_long_as_predicted() {
    let scenario = BYTES_ONLY.replace("256 KiB", "3 MB").replace("rate_mbps = 1000", "rate_mbps = 200");
    let mut took = Vec::new();
    for coding in ["0", "0.02"] {
        let [real, sized] = ["real", "sized"].map(|payload| {
            let payload_key = format!("simulation.payload={payload}");
            let coding_key = format!("collective.coding_gb_s={coding}");
            let run = Run::of(&scenario, &["--set", &payload_key, "--set", &coding_key]).completed();
            let ratio = run.summary()["collective"]["ratio"].as_f64().expect("rounds with a plan");
            assert!((0.95..1.05).contains(&ratio), "{payload}: what was taken over what was predicted is {ratio}");
            (run.commits(), run.summary()["wire_bytes"].as_f64().expect("bytes"))
        });
        for (real, sized) in real.0.iter().zip(&sized.0) {
            assert!(
                (real / sized - 1.0).abs() < 0.01,
                "coding {coding}: a round is committed at {real} s with numbers and at {sized} s without"
            );
        }
        assert!((real.1 / sized.1 - 1.0).abs() < 0.001, "{} bytes with numbers, {} without", real.1, sized.1);
        took.extend(sized.0.last().copied());
    }
    assert!(took[1] > 1.1 * took[0], "coding takes its time: {took:?}");
}

#[test]
fn relays_carry_and_passing_satellites_wait_for_each_other() {
    for (name, rounds) in [("star12-relay", "3"), ("delta12", "2")] {
        let run = Run::of_ready(
            name,
            &["--set", "simulation.payload=sized", "--set", &format!("training.rounds={rounds}"), "--set", "faults=[]"],
        );
        let summary = run.summary();
        assert_eq!(summary["rounds_committed"].to_string(), rounds, "{name}: {summary}");
        assert_eq!(
            summary["carried_bytes"].as_object().is_some_and(|relays| !relays.is_empty()),
            name == "star12-relay"
        );
    }
}

#[test]
fn a_ground_station_can_serve() {
    for payload in ["real", "sized"] {
        let payload_key = format!("simulation.payload={payload}");
        let keys =
            ["training.rounds=2", "collective.strategy=parameter-server", "collective.server=singapore", &payload_key];
        let run = Run::of_ready("star12-ring", &keys.map(|key| ["--set", key]).concat());
        let summary = run.completed().summary();
        assert_eq!(summary["rounds_committed"], 2, "{payload}");
        // What it sends are means, to whoever passes.
        assert!(summary["carried_bytes"]["singapore"].as_u64() > Some(0), "{payload}: {summary}");
    }
}

#[test]
fn strategies_are_compared_by_what_they_have_learnt_when() {
    let scenario = "name = \"compared\"\nmesh.nodes = 3\n[training]\nrounds = 6\ninner_steps = 4\nevaluate_every = 2\n";
    let run = Run::of(scenario, &["--strategies", "chain,contact-gather"]).completed();
    let lines = String::from_utf8(run.output.stdout.clone()).expect("text");
    let summaries: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("a summary")).collect();
    let learnt = |summary: &Value| {
        let milestones = summary["milestones"].as_array().expect("a list").clone();
        milestones.iter().filter_map(|each| Some((each["round"].as_u64()?, each["mission_secs"].as_f64()?))).collect()
    };
    let [chain, gather]: [Vec<(u64, f64)>; 2] = [learnt(&summaries[0]), learnt(&summaries[1])];
    assert_eq!(chain.iter().map(|(round, _)| *round).collect::<Vec<_>>(), [2, 4, 6]);
    assert!(
        chain.iter().zip(&gather).all(|(chain, gather)| gather.1 < chain.1),
        "a gather waits less: {chain:?} {gather:?}"
    );
    let picture = fs::read_to_string(run.home.path().join("run/accuracy.svg")).expect("a picture");
    assert!(
        picture.contains("chain") && picture.contains("contact-gather") && picture.contains("mission time"),
        "{picture}"
    );
}

#[test]
fn a_trace_shows_what_every_lane_sent() {
    for payload in ["real", "sized"] {
        let home = TempDir::new().expect("a temporary directory");
        let path = home.path().join("trace.json");
        let (set, trace) = (format!("simulation.payload={payload}"), path.to_string_lossy().into_owned());
        let run = Run::of(BYTES_ONLY, &["--set", &set, "--trace", &trace]).completed();
        let trace: Value = serde_json::from_str(&fs::read_to_string(&path).expect("a trace")).expect("JSON");
        let spans = trace["traceEvents"].as_array().expect("a list").iter().filter(|event| event["ph"] == "X");
        let sent: u64 = spans.filter_map(|span| span["args"]["bytes"].as_u64()).sum();
        assert_eq!(run.summary()["wire_bytes"].as_u64(), Some(sent), "{payload}");
    }
}

#[test]
fn bad_input_is_refused_before_anything_is_written() {
    let refused = |scenario: &str, args: &[&str]| {
        let run = Run::of(scenario, args);
        assert_eq!(run.output.status.code(), Some(2));
        assert!(!run.home.path().join("run").exists());
        String::from_utf8_lossy(&run.output.stderr).into_owned()
    };
    assert!(refused(BYTES_ONLY, &["--set", "simulation.payload=large"]).contains("`real`, `sized`"));
    assert!(refused(BYTES_ONLY, &["--set", "aggregator.host=sat-9"]).contains("is no node of"));
    assert!(refused(BYTES_ONLY, &["--threads", "0"]).contains("--threads"));
    assert!(refused(BYTES_ONLY, &["--set", "job.task=poetry"]).contains("no such task"));
}
