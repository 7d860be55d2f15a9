//! The one event stream of a simulation: written in the order of mission time, with no wall time in it, and nothing dropped.
//!
//! A node that computes says what it did after it did it, so events wait until nobody can say anything earlier any more.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use starloom_comms::events::{Event, What};
use starloom_comms::id::NodeId;
use starloom_comms::units::MissionTime;

use crate::watch::{Display, Tally};

/// Takes events in, and hands them to all who watch.
pub(super) struct Chronicle {
    file: BufWriter<File>,
    pub(super) tally: Tally,
    pub(super) display: Display,
    waiting: BinaryHeap<Reverse<(MissionTime, u64, Line)>>,
    told: u64,
}

/// An event, without an order of its own.
struct Line(Event);

impl Chronicle {
    pub(super) fn new(path: &Path, display: Display) -> io::Result<Self> {
        let file = BufWriter::new(File::create(path)?);
        Ok(Self { file, tally: Tally::default(), display, waiting: BinaryHeap::new(), told: 0 })
    }

    pub(super) fn tell(&mut self, at: MissionTime, node: &NodeId, what: What) {
        let event = Event { t: at.as_secs_f64(), wall: None, node: node.clone(), what };
        self.waiting.push(Reverse((at, self.told, Line(event))));
        self.told += 1;
    }

    /// Writes what happened before `until`.
    pub(super) fn release(&mut self, until: MissionTime) -> io::Result<()> {
        while self.waiting.peek().is_some_and(|Reverse((at, ..))| *at < until) {
            self.write()?;
        }
        Ok(())
    }

    /// Writes all that is left.
    pub(super) fn close(&mut self) -> io::Result<()> {
        while !self.waiting.is_empty() {
            self.write()?;
        }
        self.display.close();
        self.file.flush()
    }

    fn write(&mut self) -> io::Result<()> {
        let Some(Reverse((_, _, Line(event)))) = self.waiting.pop() else { return Ok(()) };
        serde_json::to_writer(&mut self.file, &event)?;
        self.file.write_all(b"\n")?;
        self.tally.observe(&event);
        self.display.observe(&event);
        Ok(())
    }
}

impl PartialEq for Line {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Line {}

impl PartialOrd for Line {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Line {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}
