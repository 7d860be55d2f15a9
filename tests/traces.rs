//! What a job leaves for whoever wants to look at it in time.

#![allow(clippy::expect_used, reason = "a test ends where it cannot go on")]

mod harness;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use harness::{BYTES_ONLY, Job};
use serde_json::Value;

#[test]
fn a_trace_of_a_job_holds_all_that_its_links_sent() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("trace.json");
    let ended = Job::launch(BYTES_ONLY, &["--trace", path.to_str().expect("text")]).end();
    ended.assert_completed();
    let trace: Value = serde_json::from_slice(&fs::read(&path).expect("a trace")).expect("JSON");
    let events = trace["traceEvents"].as_array().expect("a list");
    let tracks: BTreeMap<_, _> = events
        .iter()
        .filter(|event| event["name"] == "thread_name")
        .map(|event| (event["tid"].as_u64(), event["args"]["name"].as_str().expect("a name")))
        .collect();
    let mut lanes: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
    let (mut bytes, mut rounds, mut phases) = (0, BTreeSet::new(), BTreeSet::new());
    for span in events.iter().filter(|event| event["ph"] == "X") {
        let [start, length] = ["ts", "dur"].map(|key| span[key].as_f64().expect("microseconds"));
        let (track, name) = (tracks[&span["tid"].as_u64()], span["name"].as_str().expect("a name"));
        if track == "phases" {
            phases.insert(name.split(' ').next_back().expect("a phase"));
            continue;
        }
        assert!(track.starts_with("sat-") && track.contains(" → sat-"), "{track}");
        lanes.entry(track).or_default().push((start, start + length));
        bytes += span["args"]["bytes"].as_u64().expect("bytes");
        rounds.insert(name);
        let busy = span["args"]["busy_secs"].as_f64().expect("seconds");
        assert!(busy > 0.0 && busy * 1e6 <= length + 1e-3, "{span}");
    }
    let expected: BTreeSet<String> = (1..=8).map(|round| format!("round {round}.0")).collect();
    assert_eq!(rounds, expected.iter().map(String::as_str).collect(), "{}", ended.transcript);
    assert_eq!(phases, BTreeSet::from(["open", "compute", "reduce", "gather", "commit", "checkpoint"]));
    assert_eq!(Some(bytes), ended.summary["wire_bytes"].as_u64(), "what was sent is what the summary counts");
    for (lane, spans) in lanes {
        assert!(spans.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{lane}: {spans:?}");
    }
}
