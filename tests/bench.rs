//! `starloom bench allreduce` as people use it: rows that agree with each other, and what it says to bad input.

#![allow(clippy::expect_used, reason = "a test ends where it cannot go on")]

mod bench_real;
mod harness;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
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
            // Nothing happens here that is not planned.
            assert_eq!(number(row, "predicted_secs"), Some(median), "{row}");
            if row["strategy"] == "gossip" {
                assert!(row["ratio"].is_null() && number(row, "max_relative_error") > Some(0.1), "{row}");
                continue;
            }
            assert!(bound <= median, "{row}");
            assert!(number(auto, "median_secs").is_some_and(|auto| auto <= median * 1.001), "{auto} and {row}");
            assert!(number(row, "max_relative_error").is_some_and(|error| error < 0.01), "{row}");
        }
        assert!(number(auto, "ratio").is_some_and(|ratio| ratio < 1.15), "{auto}");
    }
}

#[test]
fn two_jobs_at_once_share_the_links_and_stay_above_the_bound_of_both() {
    let of = |jobs: &str| {
        rows("star12-ring", &["--strategies", "ring,contact-tree", "--payload", "8GB", "--starts", "2", "--jobs", jobs])
    };
    for (alone, both) in of("1").iter().zip(of("2")) {
        let [alone_secs, both_secs] = [alone, &both].map(|row| number(row, "median_secs").expect("completes"));
        // Light time is paid once.
        assert!((1.7..2.05).contains(&(both_secs / alone_secs)), "{alone} {both}");
        assert!(number(&both, "ratio").is_some_and(|ratio| ratio >= 1.0), "{both}");
        assert_eq!(number(&both, "jobs"), Some(2.0));
        assert_eq!(number(&both, "wire_bytes"), number(alone, "wire_bytes").map(|bytes| 2.0 * bytes));
        assert_eq!(number(&both, "acquisitions"), number(alone, "acquisitions"), "both use the same windows");
        assert_eq!(number(&both, "predicted_secs"), number(alone, "predicted_secs"), "nobody plans for others");
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
fn a_window_that_a_round_uses_is_an_acquisition() {
    let rows = rows("star12-ring", &["--strategies", "ring,chain", "--payload", "4MB", "--starts", "1"]);
    let counts: Vec<_> = rows.iter().map(|row| (row["strategy"].as_str(), row["acquisitions"].as_u64())).collect();
    assert_eq!(counts, [(Some("ring"), Some(12)), (Some("chain"), Some(11))], "links that stand, both ways at once");
    let csv =
        bench("star12-gap", &["--strategies", "ring,chain", "--payload", "4MB", "--starts", "1", "--format", "csv"]);
    let csv = String::from_utf8(csv.stdout).expect("text");
    let mut lines = csv.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let column = lines.next().and_then(|header| header.iter().position(|name| *name == "acquisitions"));
    let column = column.expect("a column of acquisitions");
    assert_eq!(
        lines.map(|row| row[column].to_owned()).collect::<Vec<_>>(),
        ["", "10"],
        "what never completes has none"
    );
}

#[test]
fn a_report_is_one_page_with_its_figures_and_the_command_that_makes_it_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let page = directory.path().join("report.html");
    let args = ["--sizes", "4MB,40MB", "--starts", "4", "--strategies", "auto,ring,chain", "--format", "html", "--out"];
    let output = bench("star12-gap", &[&args[..], &[page.to_str().expect("text")]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("report.html"), "{output:?}");
    let html = fs::read_to_string(&page).expect("the page");
    for figure in ["by-payload", "by-size", "by-start", "loads", "timeline"] {
        let svg = fs::read_to_string(directory.path().join(format!("report-{figure}.svg"))).expect(figure);
        assert_eq!(outermost_element(&svg), "svg", "{figure}");
        assert!(html.contains(svg.trim()), "{figure} is not on the page");
        assert!(svg.contains("star12-gap"), "{figure} does not say of what it is");
    }
    let by_start = fs::read_to_string(directory.path().join("report-by-start.svg")).expect("the figure");
    assert!(by_start.contains("ring: never"), "{by_start}");
    assert_eq!(html.matches("<svg").count(), 5);
    let without_names = html.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
    for reference in ["http:", "https:", "<script", "src=", "href=", "url(", "@import"] {
        assert!(!without_names.contains(reference), "the page asks for {reference}");
    }
    assert!(html.contains("Not simulated are") && html.contains("Prediction and outcome"), "{html}");
    let left: Vec<_> = fs::read_dir(directory.path()).expect("a directory").collect();
    assert_eq!(left.len(), 6, "{left:?}");

    let command = html.split("<pre>").nth(1).and_then(|rest| rest.split("</pre>").next()).expect("a command");
    let words: Vec<&str> = command.split_whitespace().skip(1).collect();
    let again = run(starloom().args(&words).current_dir(directory.path()));
    assert!(again.status.success(), "{command}: {}", String::from_utf8_lossy(&again.stderr));
    let second = fs::read_to_string(directory.path().join("star12-gap-allreduce.html")).expect("the default name");
    assert_eq!(html, second, "{command}");
}

#[test]
fn a_report_on_what_never_completes_says_so() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().to_str().expect("text");
    let args =
        ["--strategies", "ring,hierarchical", "--payload", "4MB", "--starts", "2", "--format", "html", "--out", path];
    let output = bench("star12-gap", &args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let html = fs::read_to_string(directory.path().join("star12-gap-allreduce.html")).expect("the page");
    assert!(html.contains("No round completes from any start"), "{html}");
    assert_eq!(html.matches("<svg").count(), 3);
    let trace = directory.path().join("trace.json");
    let args = [&args[..6], &["--trace", trace.to_str().expect("text")]].concat();
    let refused = said(&bench("star12-gap", &args), 1);
    assert!(refused.contains("trace.json: no round completes from any start"), "{refused}");
    assert!(!trace.exists());
}

#[test]
fn a_report_on_one_node_has_no_links_to_show() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().to_str().expect("text");
    let output = bench("ddp", &["--set", "mesh.nodes=1", "--payload", "4MB", "--format", "html", "--out", path]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let html = fs::read_to_string(directory.path().join("ddp-allreduce.html")).expect("the page");
    assert_eq!((html.matches("<svg").count(), html.contains("NaN")), (3, false));
}

#[test]
fn a_trace_holds_what_each_lane_sends_until_the_round_is_complete() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("trace.json");
    let path = path.to_str().expect("text");
    for strategy in ["auto", "ring"] {
        let args = ["--payload", "40MB", "--starts", "1", "--strategies", strategy, "--set", "links.uptime=1"];
        let row = rows("star12-ring", &[&args[..], &["--trace", path]].concat()).remove(0);
        let trace: Value = serde_json::from_slice(&fs::read(path).expect("a trace")).expect("JSON");
        let events = trace["traceEvents"].as_array().expect("a list");
        let named = |kind: &'static str| {
            let of_kind = events.iter().filter(move |event| event["ph"] == "M" && event["name"] == kind);
            of_kind.map(|event| (event["tid"].as_u64(), event["args"]["name"].as_str().expect("a name")))
        };
        let tracks: BTreeMap<_, _> = named("thread_name").collect();
        assert_eq!(named("process_name").count(), 13, "the round and twelve satellites");
        let mut lanes: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
        let (mut bytes, mut last, mut whole) = (0, 0.0_f64, None);
        for event in events.iter().filter(|event| event["ph"] == "X") {
            let micros = |key: &str| event[key].as_f64().expect("microseconds");
            let (start, end) = (micros("ts"), micros("ts") + micros("dur"));
            let track = tracks[&event["tid"].as_u64()];
            if track == "round" {
                whole = Some(end);
                continue;
            }
            lanes.entry(track).or_default().push((start, end));
            bytes += event["args"]["bytes"].as_u64().expect("bytes");
            last = last.max(event["args"]["arrival_secs"].as_f64().expect("seconds"));
        }
        assert_eq!(lanes.len(), if strategy == "ring" { 12 } else { 24 }, "{:?}", lanes.keys());
        for (lane, mut spans) in lanes {
            spans.sort_by(|a, b| a.0.total_cmp(&b.0));
            // Half a nanosecond for what is lost in microseconds.
            assert!(spans.windows(2).all(|pair| pair[0].1 <= pair[1].0 + 5e-4), "{lane}: {spans:?}");
        }
        assert_eq!(Some(bytes), row["wire_bytes"].as_u64());
        let predicted = number(&row, "predicted_secs").expect("a plan");
        assert!((last - predicted).abs() < 1e-9, "{last} and {predicted}");
        assert!(whole.is_some_and(|end| (end / 1e6 - predicted).abs() < 1e-9), "{whole:?} and {predicted}");
    }
}

#[test]
fn what_cannot_be_written_is_said_before_the_work() {
    let directory = tempfile::tempdir().expect("a directory");
    let taken = directory.path().to_str().expect("text");
    // Work that would take hours.
    let long = |more: &[&str]| said(&bench("train400", &[&["--starts", "1000"], more].concat()), 4);
    let nowhere = long(&["--format", "html", "--out", "/nowhere/report.html"]);
    assert!(nowhere.contains("cannot write /nowhere/report.html: No such file or directory"), "{nowhere}");
    let trace = long(&["--trace", taken]);
    assert!(trace.contains(&format!("cannot write {taken}: it is a directory")), "{trace}");
    assert_eq!(fs::read_dir(directory.path()).expect("a directory").count(), 0, "nothing is left behind");
}

#[test]
fn rows_go_into_a_file_where_one_is_asked_for() {
    let directory = tempfile::tempdir().expect("a directory");
    let args = ["--strategies", "chain", "--payload", "4MB", "--starts", "1", "--format", "csv"];
    let shown = bench("star12-gap", &args);
    let into = |path: &Path| {
        let output = bench("star12-gap", &[&args[..], &["--out", path.to_str().expect("text")]].concat());
        assert!(output.status.success() && output.stdout.is_empty(), "{output:?}");
    };
    into(directory.path());
    into(&directory.path().join("rows.csv"));
    for name in ["star12-gap-allreduce.csv", "rows.csv"] {
        assert_eq!(fs::read(directory.path().join(name)).expect(name), shown.stdout, "{name}");
    }
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

/// The name of the one element that a text of XML consists of, if its tags are balanced and its attributes quoted.
fn outermost_element(xml: &str) -> String {
    let (mut open, mut outermost, mut rest) = (Vec::new(), None, xml);
    while let Some((text, tail)) = rest.split_once('<') {
        assert!(!text.contains('>') && (!open.is_empty() || text.trim().is_empty()), "text out of place: {text}");
        assert!(text.split('&').skip(1).all(|entity| entity.contains(';')), "a bare & in {text}");
        let (tag, tail) = tail.split_once('>').expect("a tag ends");
        rest = tail;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "</{name}> closes what is not open");
            continue;
        }
        let is_empty = tag.ends_with('/');
        let tag = tag.trim_end_matches('/');
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(attributes.matches('"').count() % 2 == 0, "{tag}");
        assert!(attributes.split('"').step_by(2).all(|part| part.trim().is_empty() || part.ends_with('=')), "{tag}");
        assert!(outermost.is_none() || !open.is_empty(), "a second element {name}");
        outermost.get_or_insert(name);
        if !is_empty {
            open.push(name);
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "{open:?} stay open, {rest}");
    outermost.expect("an element").to_owned()
}
