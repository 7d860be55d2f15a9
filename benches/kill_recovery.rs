//! From SIGKILL to the next commit, over 30 kills: `cargo bench --bench kill_recovery`.
//!
//! Launches a job of seven nodes six times and kills five nodes of each, one after the other, at moments drawn from a
//! fixed seed. Prints when the aggregator noticed and when the survivors committed the next round, from the events'
//! wall times; both clocks are this machine's.

#![allow(clippy::expect_used, reason = "a bench that cannot set itself up ends")]

#[path = "../tests/harness/mod.rs"]
mod harness;

use std::io::{self, Write};
use std::time::Duration;

use harness::{BYTES_ONLY, Job};
use jiff::Timestamp;
use rustix::process::Signal;
use serde_json::Value;

const LAUNCHES: u64 = 6;
const KILLS: u64 = 5;

fn main() -> io::Result<()> {
    let (mut detection, mut recovery) = (Vec::new(), Vec::new());
    for launch in 0..LAUNCHES {
        let mut job = Job::launch(BYTES_ONLY, &["--nodes", "7", "--set", "training.rounds=1000000"]);
        job.wait_for("round 3 committed");
        let mut killed = Vec::new();
        for kill in 0..KILLS {
            // Inside a round, each time elsewhere: a round takes some ten milliseconds.
            std::thread::sleep(Duration::from_micros((launch * KILLS + kill) * 7919 % 20_000));
            let victim = format!("sat-{}", (launch + kill * 3) % 7);
            job.signal_process(&format!("starloom node --node {victim}"), Signal::KILL);
            killed.push((victim.clone(), Timestamp::now()));
            job.wait_for(&format!("{victim} lost"));
            job.wait_for("committed");
        }
        job.ask_to_stop();
        let ended = job.end();
        let events = ended.events();
        for (victim, at) in killed {
            let lost = position(&events, |event| event["event"] == "node_lost" && event["lost"] == victim.as_str());
            let commit = lost + position(&events[lost..], |event| event["event"] == "round_committed");
            detection.push(millis(at, &events[lost]));
            recovery.push(millis(at, &events[commit]));
        }
    }
    let mut out = io::stdout().lock();
    writeln!(out, "| {} kills | min | median | max |\n|---|---|---|---|", detection.len())?;
    for (name, mut values) in [("SIGKILL to loss noticed", detection), ("SIGKILL to next commit", recovery)] {
        values.sort_by(f64::total_cmp);
        let [min, median, max] = [0, values.len() / 2, values.len() - 1].map(|index| values[index]);
        writeln!(out, "| {name}, ms | {min:.1} | {median:.1} | {max:.1} |")?;
    }
    Ok(())
}

fn position(events: &[Value], wanted: impl Fn(&Value) -> bool) -> usize {
    events.iter().position(wanted).expect("the event is in the stream")
}

fn millis(from: Timestamp, event: &Value) -> f64 {
    let wall: Timestamp = event["wall"].as_str().and_then(|text| text.parse().ok()).expect("a wall time");
    wall.duration_since(from).as_secs_f64() * 1e3
}
