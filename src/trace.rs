//! What happened when, in the format that [Perfetto](https://ui.perfetto.dev) and `chrome://tracing` open.
//!
//! A [`Trace`] takes [`Span`]s in any order and writes each at once, so that a long run need not be held. A span lies on a
//! [`Track`]; tracks belong to groups, which the viewers call processes and show one below the other. Times are mission time, in
//! the file as microseconds, exact to the nanosecond for missions of up to fifty days.
//!
//! The format is the [Trace Event Format](https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU): one JSON
//! object whose `traceEvents` are complete events (`X`) and names of groups and tracks (`M`).

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use starloom_comms::units::{MissionTime, nanos};

/// Where a span is shown. Groups and tracks stand in the order in which they come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Track<'a> {
    /// What the track belongs to: a node.
    pub group: &'a str,
    /// The track in it: a lane.
    pub name: &'a str,
}

/// Something that goes on for a while. Spans of a track do not overlap, unless one lies within the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Span<'a> {
    /// Where it is shown.
    pub track: Track<'a>,
    /// What it is called.
    pub name: &'a str,
    /// When it begins.
    pub start: MissionTime,
    /// How long it goes on.
    pub duration: Duration,
    /// What else is to be known of it: names, with their units as last word, and values.
    pub arguments: Vec<(&'a str, Value)>,
}

/// A trace that is being written.
#[derive(Debug)]
pub struct Trace<W: Write> {
    out: W,
    /// Groups with their numbers and how many tracks they have.
    groups: BTreeMap<String, (u32, u32)>,
    /// Tracks by group and name.
    tracks: BTreeMap<(u32, String), u32>,
    /// What stands between two events.
    separator: &'static str,
}

/// A line of `traceEvents`.
#[derive(Serialize)]
struct Line<'a> {
    ph: &'static str,
    pid: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    tid: Option<u32>,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ts: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<f64>,
    args: serde_json::Map<String, Value>,
}

impl<W: Write> Trace<W> {
    /// Begins a trace; `about` says what it is of.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn begin(mut out: W, about: &[(&str, Value)]) -> io::Result<Self> {
        let about = map(about);
        write!(out, "{{\"displayTimeUnit\":\"ms\",\"otherData\":{},\"traceEvents\":[", json!(about))?;
        Ok(Self { out, groups: BTreeMap::new(), tracks: BTreeMap::new(), separator: "\n" })
    }

    /// Writes a span, and the names of its group and track before it if they are new.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn span(&mut self, span: &Span<'_>) -> io::Result<()> {
        let (pid, tid) = self.place(span.track)?;
        self.line(&Line {
            ph: "X",
            pid,
            tid: Some(tid),
            name: span.name,
            ts: Some(micros(span.start.0)),
            dur: Some(micros(nanos(span.duration))),
            args: map(&span.arguments),
        })
    }

    /// Ends the trace, without which the file is no JSON, and gives the writer back.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn end(mut self) -> io::Result<W> {
        self.out.write_all(b"\n]}\n")?;
        self.out.flush()?;
        Ok(self.out)
    }

    /// The numbers of a track.
    fn place(&mut self, track: Track<'_>) -> io::Result<(u32, u32)> {
        let pid = match self.groups.get(track.group) {
            Some((pid, _)) => *pid,
            None => {
                let pid = u32::try_from(self.groups.len() + 1).unwrap_or(u32::MAX);
                self.groups.insert(track.group.to_owned(), (pid, 0));
                self.about(pid, None, "process_name", json!({ "name": track.group }))?;
                self.about(pid, None, "process_sort_index", json!({ "sort_index": pid }))?;
                pid
            }
        };
        let key = (pid, track.name.to_owned());
        if let Some(tid) = self.tracks.get(&key) {
            return Ok((pid, *tid));
        }
        // Viewers take tracks of several groups with one number for one another's.
        let tid = u32::try_from(self.tracks.len() + 1).unwrap_or(u32::MAX);
        self.tracks.insert(key, tid);
        self.about(pid, Some(tid), "thread_name", json!({ "name": track.name }))?;
        self.about(pid, Some(tid), "thread_sort_index", json!({ "sort_index": tid }))?;
        Ok((pid, tid))
    }

    fn about(&mut self, pid: u32, tid: Option<u32>, name: &'static str, args: Value) -> io::Result<()> {
        let args = args.as_object().cloned().unwrap_or_default();
        self.line(&Line { ph: "M", pid, tid, name, ts: None, dur: None, args })
    }

    fn line(&mut self, line: &Line<'_>) -> io::Result<()> {
        self.out.write_all(std::mem::replace(&mut self.separator, ",\n").as_bytes())?;
        serde_json::to_writer(&mut self.out, line).map_err(io::Error::from)
    }
}

fn map(arguments: &[(&str, Value)]) -> serde_json::Map<String, Value> {
    arguments.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

#[expect(clippy::cast_precision_loss, reason = "exact to a nanosecond up to fifty days")]
fn micros(nanos: u64) -> f64 {
    nanos as f64 / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span<'a>(group: &'a str, name: &'a str, start: u64) -> Span<'a> {
        Span {
            track: Track { group, name },
            name: "a \"quoted\" name",
            start: MissionTime(start),
            duration: Duration::from_nanos(1_500),
            arguments: vec![("sent_bytes", json!(7))],
        }
    }

    #[test]
    fn a_trace_is_one_json_object_that_names_each_track_once() {
        let mut trace = Trace::begin(Vec::new(), &[("scenario", json!("x"))]).expect("memory takes all");
        let fifty_days = 4_320_000_000_000_001;
        for span in [span("sat-0", "to sat-1", 1), span("sat-1", "to sat-0", 2), span("sat-0", "to sat-1", fifty_days)]
        {
            trace.span(&span).expect("memory takes all");
        }
        let written = trace.end().expect("memory takes all");
        let all: Value = serde_json::from_slice(&written).expect("one JSON object");
        assert_eq!(all["otherData"]["scenario"], "x");
        let events = all["traceEvents"].as_array().expect("a list");
        let of = |phase: &str, name: &str| {
            let is = |event: &&Value| event["ph"] == phase && event["name"] == name;
            events.iter().filter(is).map(|event| event["args"]["name"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(of("M", "process_name"), ["sat-0", "sat-1"]);
        assert_eq!(of("M", "thread_name"), ["to sat-1", "to sat-0"]);
        let spans: Vec<&Value> = events.iter().filter(|event| event["ph"] == "X").collect();
        let places: Vec<_> = spans.iter().map(|span| (span["pid"].as_u64(), span["tid"].as_u64())).collect();
        assert_eq!(places, [(Some(1), Some(1)), (Some(2), Some(2)), (Some(1), Some(1))]);
        assert_eq!((spans[0]["ts"].as_f64(), spans[0]["dur"].as_f64()), (Some(0.001), Some(1.5)));
        let late = spans[2]["ts"].as_f64().expect("a number");
        assert_eq!((late * 1e3).round() as u64, fifty_days, "to the nanosecond");
        assert_eq!(spans[0]["args"]["sent_bytes"], 7);
    }

    #[test]
    fn a_trace_of_nothing_is_json_too() {
        let written = Trace::begin(Vec::new(), &[]).and_then(Trace::end).expect("memory takes all");
        let all: Value = serde_json::from_slice(&written).expect("one JSON object");
        assert_eq!(all["traceEvents"], json!([]));
    }
}
