//! `starloom bench allreduce --real`: every strategy between processes, and what happens when one of these dies.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use starloom::bench::Row;
use starloom::bench::real::{Measurement, Protection, full_mesh, measure};
use starloom::bench::simulated::{Comparison, Field, compare};
use starloom::comms::codec::Wire;
use starloom::comms::collective::cost::CostModel;
use starloom::comms::scenario::StrategyChoice;
use starloom::comms::units::MissionTime;

use super::harness::{repository, run, starloom, wait_until_gone};
use super::said;

/// Every strategy by itself.
fn strategies() -> Vec<StrategyChoice> {
    let all = StrategyChoice::WORDS.iter().map(|word| word.parse().expect("a strategy"));
    all.filter(|choice| *choice != StrategyChoice::Auto).collect()
}

/// Runs all strategies; that ranks end with the same bits, near the exact mean, is part of the measurement.
fn all_strategies(nodes: u32, wire: Wire, vectors: &[usize], iterations: usize) -> Vec<Row> {
    let measurement = Measurement {
        scenario: full_mesh(nodes).expect("a scenario"),
        strategies: strategies(),
        vectors: vectors.to_vec(),
        wire,
        warm_ups: 0,
        iterations,
        protection: Protection::PlainText,
        program: PathBuf::from(env!("CARGO_BIN_EXE_starloom")),
    };
    let rows = measure(&measurement, |_| {}).unwrap_or_else(|error| panic!("{nodes} nodes in {wire}: {error}"));
    assert_eq!(rows.len(), vectors.len() * measurement.strategies.len());
    assert!(rows.iter().all(|row| row.median_secs.is_some()), "every strategy has a schedule: {rows:?}");
    let predicted = predicted_wire_bytes(&measurement);
    for row in &rows {
        assert_eq!(row.wire_bytes, predicted[&(row.strategy, row.payload_bytes)], "{row:?}");
    }
    rows
}

/// What the simulated side says that crosses links.
fn predicted_wire_bytes(measurement: &Measurement) -> BTreeMap<(&'static str, u64), Option<u64>> {
    let scenario = &measurement.scenario;
    let (members, contacts) = (scenario.nodes(), scenario.contacts().expect("contacts"));
    let comparison = Comparison {
        strategies: measurement.strategies.clone(),
        payloads: measurement.vectors.iter().map(|elements| 4 * *elements as u64).collect(),
        model: CostModel::of(measurement.wire),
        starts: vec![MissionTime::ZERO],
        seed: 0,
    };
    let field = Field {
        members: &members,
        relays: &[],
        server: None,
        gossip_rounds: 8,
        jobs: 1,
        contacts: &contacts,
        guard: Duration::ZERO,
    };
    let rows = compare(&comparison, field, |_, _| {}).expect("schedules");
    rows.rows.into_iter().map(|row| ((row.strategy, row.payload_bytes), row.wire_bytes)).collect()
}

#[test]
fn every_strategy_between_processes_ends_with_the_same_bits_near_the_exact_mean() {
    for nodes in [1, 2, 3, 4, 5, 8] {
        let around = [0, 1, nodes - 1, nodes, nodes + 1].map(|elements| elements as usize);
        let mut vectors = around.to_vec();
        vectors.sort_unstable();
        vectors.dedup();
        // Again and again, since what one all-reduce leaves behind may break the next.
        let rows = all_strategies(nodes, Wire::Fp16, &vectors, 3);
        assert!(rows.iter().all(|row| row.nodes == nodes as usize));
    }
}

#[test]
fn every_format_travels_between_processes() {
    for wire in [Wire::F32, Wire::Bf16, Wire::Int8, Wire::TopK] {
        all_strategies(3, wire, &[0, 1, 2, 3, 4, 5000], 1);
    }
}

#[test]
fn ten_million_elements_come_out_the_same_everywhere() {
    let rows = all_strategies(3, Wire::Fp16, &[10_000_000], 1);
    assert!(
        rows.iter().all(|row| row.max_relative_error.is_some_and(|error| (1e-6..1e-2).contains(&error))),
        "{rows:?}"
    );
}

#[test]
fn gossip_comes_as_near_as_its_rounds_allow() {
    let ring = repository("configs/star12-ring.toml").display().to_string();
    let error = |rounds: u32| {
        let rounds = format!("collective.gossip_rounds={rounds}");
        let rows = rows(&[&ring, "--sizes", "64KiB", "--strategies", "gossip", "--set", &rounds]);
        rows[0]["max_relative_error"].as_f64().unwrap_or_else(|| panic!("{rows:?}"))
    };
    let (few, many) = (error(2), error(60));
    assert!(few > 0.3 && many < 0.03, "after 2 rounds {few}, after 60 {many}");
}

/// The rows of `bench allreduce --real`.
fn rows(args: &[&str]) -> Vec<Value> {
    let output = real(args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect()
}

fn real(args: &[&str]) -> Output {
    run(starloom().args(["bench", "allreduce", "--real", "--iters", "2", "--format", "json"]).args(args))
}

#[test]
fn rows_have_the_columns_of_the_field_with_tls_as_well() {
    let rows = rows(&["--nodes", "2", "--sizes", "4KiB,64KiB", "--strategies", "ring,auto", "--wire", "int8", "--tls"]);
    let of = |row: &Value| (row["strategy"].as_str().map(str::to_owned), row["payload_bytes"].as_u64());
    let expected = [("ring", 4096), ("auto", 4096), ("ring", 65536), ("auto", 65536)];
    let expected = expected.map(|(strategy, bytes)| (Some(strategy.to_owned()), Some(bytes)));
    assert_eq!(rows.iter().map(of).collect::<Vec<_>>(), expected);
    for row in &rows {
        let number = |column: &str| row[column].as_f64().unwrap_or_else(|| panic!("{column} in {row}"));
        let [median, min, p95] = ["median_secs", "min_secs", "p95_secs"].map(number);
        assert!(0.0 < min && min <= median && median <= p95, "{row}");
        assert!((number("algbw_gb_s") - number("payload_bytes") / median / 1e9).abs() < 1e-9, "{row}");
        assert!((number("busbw_gb_s") - number("algbw_gb_s")).abs() < 1e-9, "2(n-1)/n is 1 for two: {row}");
        assert!(number("wire_bytes") > 0.0 && number("cpu_secs") > 0.0, "{row}");
        assert!((1e-5..0.05).contains(&number("max_relative_error")), "{row}");
        assert!(["lower_bound_secs", "ratio", "never_share", "predicted_secs"].iter().all(|only| row[only].is_null()));
    }
}

#[test]
fn relays_of_a_scenario_take_part_and_what_has_no_schedule_is_shown_as_such() {
    let relayed = repository("configs/star12-relay.toml").display().to_string();
    let rows = rows(&[&relayed, "--sizes", "4KiB", "--strategies", "chain"]);
    assert!(rows.iter().all(|row| row["nodes"] == 4 && row["median_secs"].is_number()), "{rows:?}");
    let gap = repository("configs/star12-gap.toml").display().to_string();
    let rows = self::rows(&[&gap, "--sizes", "4KiB", "--strategies", "chain,ring"]);
    let shown: Vec<_> = rows.iter().map(|row| (row["strategy"].as_str(), row["median_secs"].is_number())).collect();
    assert_eq!(shown, [(Some("chain"), true), (Some("ring"), false)]);
    assert!(
        said(&real(&[&gap, "--sizes", "4KiB", "--strategies", "ring"]), 1).contains("sat-4 has no contact to sat-6")
    );
}

#[test]
fn bad_input_is_refused_before_anything_starts() {
    let refused = |args: &[&str]| said(&real(args), 2);
    assert!(refused(&["--nodes", "0"]).contains("mesh.nodes"));
    assert!(refused(&["--nodes", "65"]).contains("65 processes"));
    assert!(refused(&["--nodes", "9999"]).contains("4096"));
    assert!(refused(&["--nodes", "2", "--sizes", "17"]).contains("a multiple of 4"));
    assert!(refused(&["--nodes", "2", "--strategies", "star"]).contains("`star` is none of"));
    assert!(refused(&["--nodes", "2", "--starts", "3"]).contains("cannot be used with"));
    assert!(refused(&["--nodes", "2", "--simulated"]).contains("cannot be used with"));
    assert!(refused(&["--nodes", "2", "--set", "seed=3"]).contains("no scenario"));
    assert!(refused(&[]).contains("--nodes 4"));
    let star = repository("configs/star12-ring.toml").display().to_string();
    assert!(refused(&[&star, "--nodes", "3"]).contains("mesh"));
    let simulated = run(starloom().args(["bench", "allreduce", &star, "--nodes", "3"]));
    assert!(said(&simulated, 2).contains("--real"));
    // A rank is no command for people.
    assert!(said(&run(starloom().args(["bench", "rank"])), 12).is_empty());
}

/// A comparison that goes on for long, once all of its ranks have started.
struct Running {
    bench: Child,
    stderr: BufReader<ChildStderr>,
    ranks: Vec<Pid>,
}

impl Running {
    fn start(nodes: usize) -> Self {
        let mut command = starloom();
        command.args(["bench", "allreduce", "--real", "--iters", "100000", "--sizes", "64KiB", "-v"]);
        command
            .args(["--nodes", &nodes.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut bench = command.spawn().expect("starloom starts");
        let mut stderr = BufReader::new(bench.stderr.take().expect("a pipe"));
        let mut ranks = Vec::new();
        while ranks.len() < nodes {
            let mut line = String::new();
            assert!(stderr.read_line(&mut line).expect("a line") > 0, "it has ended");
            let pid = line.split("pid=").nth(1).and_then(|rest| rest.split_whitespace().next());
            ranks.extend(pid.map(|pid| Pid::from_raw(pid.parse().expect("a number")).expect("not zero")));
        }
        Self { bench, stderr, ranks }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Its ranks end with it; an error means that it has ended already.
        let _ended = self.bench.kill();
        let _ended = self.bench.wait();
    }
}

#[test]
fn a_rank_that_dies_is_named_and_the_others_end() {
    let mut running = Running::start(4);
    kill_process(running.ranks[2], Signal::KILL).expect("the rank is there");
    let mut text = String::new();
    running.stderr.read_to_string(&mut text).expect("what it says");
    let status = running.bench.wait().expect("it ends");
    assert_eq!(status.code(), Some(1), "{text}");
    assert!(text.contains("the process of sat-2, rank 2, has ended: signal: 9"), "{text}");
    running.ranks.iter().for_each(|rank| wait_until_gone(*rank));
}

#[test]
fn ranks_end_with_the_process_that_started_them() {
    let mut running = Running::start(3);
    running.bench.kill().expect("it is there");
    running.bench.wait().expect("it ends");
    running.ranks.iter().for_each(|rank| wait_until_gone(*rank));
}
