//! A run as a trace: what each node was at, and when each direction of a link sent, from the events of the run.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};

use serde_json::{Value, json};
use starloom_comms::events::{Event, What};
use starloom_comms::id::NodeId;
use starloom_comms::units::MissionTime;

use crate::trace::{Span, Trace, Track};

/// Writes the trace of the run whose `events` these are, one a line; `about` says which run it is. A node has a track with the
/// phases of its rounds, and one for each lane with what it sent of each attempt.
///
/// # Errors
/// Those of `events` and `out`.
pub fn write_trace(events: impl BufRead, about: &[(&str, Value)], out: impl Write) -> io::Result<()> {
    let mut trace = Trace::begin(out, about)?;
    let mut phases: BTreeMap<NodeId, (MissionTime, String)> = BTreeMap::new();
    for line in events.lines() {
        // A line that a crash left unfinished tells nothing.
        let Ok(event) = serde_json::from_str::<Event>(&line?) else { continue };
        let now = MissionTime::from_secs_f64(event.t);
        match &event.what {
            What::Phase { round, attempt, phase } => {
                let name = format!("round {round}.{attempt} {phase}");
                if let Some(before) = phases.insert(event.node.clone(), (now, name)) {
                    end_phase(&mut trace, &event.node, before, now)?;
                }
            }
            What::Left { .. } | What::Carried { .. } => {
                if let Some(last) = phases.remove(&event.node) {
                    end_phase(&mut trace, &event.node, last, now)?;
                }
            }
            What::NodeLost { lost, .. } => {
                if let Some(last) = phases.remove(lost) {
                    end_phase(&mut trace, lost, last, now)?;
                }
            }
            What::LaneSent { .. } => lane(&mut trace, &event)?,
            _ => {}
        }
    }
    trace.end().map(|_| ())
}

fn end_phase<W: Write>(
    trace: &mut Trace<W>,
    node: &NodeId,
    (start, name): (MissionTime, String),
    end: MissionTime,
) -> io::Result<()> {
    let track = Track { group: node.as_str(), name: "phases" };
    trace.span(&Span { track, name: &name, start, duration: end.since(start), arguments: Vec::new() })
}

fn lane<W: Write>(trace: &mut Trace<W>, event: &Event) -> io::Result<()> {
    let What::LaneSent { peer, round, attempt, start_secs, end_secs, busy_secs, frames, bytes } = &event.what else {
        return Ok(());
    };
    let (start, end) = (MissionTime::from_secs_f64(*start_secs), MissionTime::from_secs_f64(*end_secs));
    trace.span(&Span {
        track: Track { group: event.node.as_str(), name: &format!("{} → {peer}", event.node) },
        name: &format!("round {round}.{attempt}"),
        start,
        duration: end.since(start),
        arguments: vec![("bytes", json!(bytes)), ("frames", json!(frames)), ("busy_secs", json!(busy_secs))],
    })
}

#[cfg(test)]
mod tests {
    use starloom_comms::control::Report;
    use starloom_comms::events::Phase;
    use starloom_comms::id::{Attempt, Round};

    use super::*;

    #[test]
    fn phases_follow_each_other_and_lanes_have_tracks_of_their_own() {
        let phase = |phase| What::Phase { round: Round(2), attempt: Attempt(1), phase };
        let sent = What::LaneSent {
            peer: NodeId::satellite(1),
            round: Round(2),
            attempt: Attempt(1),
            start_secs: 1.25,
            end_secs: 1.75,
            busy_secs: 0.25,
            frames: 3,
            bytes: 99,
        };
        let events = [
            (1.0, phase(Phase::Compute)),
            (1.5, phase(Phase::Reduce)),
            (2.0, sent),
            (3.0, What::Left { report: Report::default() }),
        ];
        let mut lines = Vec::new();
        for (t, what) in events {
            serde_json::to_writer(&mut lines, &Event { t, wall: None, node: NodeId::satellite(0), what })
                .expect("JSON");
            lines.push(b'\n');
        }
        lines.extend(b"{\"t\":3.0,\"no");
        let mut out = Vec::new();
        write_trace(&lines[..], &[], &mut out).expect("memory takes all");
        let trace: Value = serde_json::from_slice(&out).expect("JSON");
        let events = trace["traceEvents"].as_array().expect("a list");
        let spans = events.iter().filter(|event| event["ph"] == "X");
        let spans: Vec<_> = spans
            .map(|span| (span["name"].as_str(), span["tid"].as_u64(), span["ts"].as_f64(), span["dur"].as_f64()))
            .map(|(name, tid, ts, dur)| (name.expect("a name"), tid.expect("a track"), ts, dur))
            .collect();
        assert_eq!(
            spans,
            [
                ("round 2.1 compute", 1, Some(1e6), Some(5e5)),
                ("round 2.1", 2, Some(1.25e6), Some(5e5)),
                ("round 2.1 reduce", 1, Some(1.5e6), Some(1.5e6)),
            ]
        );
    }
}
