//! `starloom bench allreduce` as people use it: rows that agree with each other, and what it says to bad input.

#![allow(clippy::expect_used, reason = "a test ends where it cannot go on")]

mod bench_real;
mod harness;

use std::process::Output;

use harness::{run, starloom};
use serde_json::Value;

fn bench(scenario: &str, args: &[&str]) -> Output {
    let path = format!("{}/configs/{scenario}.toml", env!("CARGO_MANIFEST_DIR"));
    run(starloom().args(["bench", "allreduce", &path]).args(args))
}

/// The rows, each with its strategy and payload.
fn rows(scenario: &str, args: &[&str]) -> Vec<Value> {
    let output = bench(scenario, &[args, &["--format", "json"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect()
}

fn number(row: &Value, column: &str) -> Option<f64> {
    row[column].as_f64()
}

fn said(output: &Output, code: i32) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(!text.contains("panicked"), "{text}");
    text
}

#[test]
fn auto_is_the_best_of_all_and_no_row_beats_the_bound() {
    let rows = rows("star12-ring", &["--sizes", "4MB,400MB", "--starts", "2", "--set", "links.uptime=1"]);
    for payload in [4_000_000, 400_000_000] {
        let of_payload: Vec<&Value> = rows.iter().filter(|row| row["payload_bytes"] == payload).collect();
        let auto = of_payload.iter().find(|row| row["strategy"] == "auto").expect("a row for auto");
        for row in &of_payload {
            let (Some(median), Some(bound)) = (number(row, "median_secs"), number(row, "lower_bound_secs")) else {
                assert_eq!((&row["median_secs"], number(row, "never_share")), (&Value::Null, Some(1.0)), "{row}");
                continue;
            };
            assert!(bound <= median, "{row}");
            assert!(number(auto, "median_secs").is_some_and(|auto| auto <= median * 1.001), "{auto} and {row}");
            // Nothing happens here that is not planned.
            assert_eq!(number(row, "predicted_secs"), Some(median), "{row}");
            assert!(number(row, "max_relative_error").is_some_and(|error| error < 0.01), "{row}");
        }
        assert!(number(auto, "ratio").is_some_and(|ratio| ratio < 1.15), "{auto}");
    }
}

#[test]
fn a_scenario_without_a_ring_shows_that_it_never_completes() {
    let rows = rows("star12-gap", &["--strategies", "ring,auto", "--payload", "4MB", "--starts", "2"]);
    let never: Vec<_> = rows.iter().map(|row| (row["strategy"].as_str(), number(row, "never_share"))).collect();
    assert_eq!(never, [(Some("ring"), Some(1.0)), (Some("auto"), Some(0.0))]);
    let alone = said(&bench("star12-gap", &["--strategies", "ring", "--starts", "2"]), 1);
    assert!(alone.contains("sat-4 has no contact to sat-6"), "{alone}");
}

#[test]
fn a_table_and_csv_say_the_same() {
    let args = ["--strategies", "chain", "--payload", "4MB", "--starts", "1"];
    let table = bench("star12-gap", &args);
    let table = String::from_utf8(table.stdout).expect("text");
    assert!(table.contains("among 11 nodes") && table.contains("chain"), "{table}");
    let csv = bench("star12-gap", &[&args[..], &["--format", "csv"]].concat());
    let csv = String::from_utf8(csv.stdout).expect("text");
    let [header, row] = [0, 1].map(|line| csv.lines().nth(line).expect("a header and a row"));
    assert!(header.starts_with("strategy,wire,nodes,payload_bytes,median_secs,"), "{header}");
    assert!(row.starts_with("chain,fp16,11,4000000,0.1"), "{row}");
}

#[test]
fn bad_input_is_refused_with_what_would_be_right() {
    let refused = |args: &[&str]| said(&bench("star12-gap", args), 2);
    assert!(refused(&["--strategies", "ring,star"]).contains("`star` is none of `auto`, `ring`"));
    assert!(refused(&["--payload", "17"]).contains("a multiple of 4"));
    assert!(refused(&["--payload", "17TB"]).contains("the longest has 16.00 GiB"));
    assert!(refused(&["--wire", "fp8"]).contains("not a wire format"));
    assert!(refused(&["--payload", "4MB", "--sizes", "4MB"]).contains("cannot be used with"));
    assert!(refused(&["--starts", "0"]).contains("1..=1000"));
}
