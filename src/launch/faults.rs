//! The scripted faults that launch itself brings about: by mission time, and those of the aggregator.
//!
//! A fault at a phase of a node's round is the node's own affair: it kills itself at exactly that point, which no
//! outside observer could hit. [`Script`] decides; the supervisor acts.

use std::time::Duration;

use starloom_comms::events::{Event, What};
use starloom_comms::id::NodeId;
use starloom_comms::scenario::{Fault, FaultTime};
use starloom_comms::units::MissionTime;

/// The faults that have not struck yet.
#[derive(Debug)]
pub(crate) struct Script {
    pending: Vec<Fault>,
}

impl Script {
    /// The faults of a run that begins at `from`: what an earlier part of it has seen does not strike again.
    pub(crate) fn new(faults: &[Fault], from: MissionTime) -> Self {
        let ours = |fault: &&Fault| match fault.at {
            FaultTime::MissionTime(at) => at >= from,
            FaultTime::Phase { .. } => fault.kill.as_str() == NodeId::AGGREGATOR,
        };
        Self { pending: faults.iter().filter(ours).cloned().collect() }
    }

    /// When the next timed fault strikes.
    pub(crate) fn next_time(&self) -> Option<MissionTime> {
        self.pending.iter().filter_map(time_of).min()
    }

    /// Whom the clock strikes by `now`.
    pub(crate) fn struck_by(&mut self, now: MissionTime) -> Vec<NodeId> {
        self.strike(|fault| time_of(fault).is_some_and(|at| at <= now))
    }

    /// Whom an event strikes: the aggregator, when the first node enters the phase that the script names.
    pub(crate) fn struck_at(&mut self, event: &Event) -> Vec<NodeId> {
        let What::Phase { round, phase, .. } = event.what else { return Vec::new() };
        self.strike(|fault| matches!(fault.at, FaultTime::Phase { round: r, phase: p } if r == round && p == phase))
    }

    fn strike(&mut self, strikes: impl Fn(&Fault) -> bool) -> Vec<NodeId> {
        let (struck, pending) = self.pending.drain(..).partition(|fault| strikes(fault));
        self.pending = pending;
        let struck: Vec<Fault> = struck;
        struck.into_iter().map(|fault| fault.kill).collect()
    }
}

fn time_of(fault: &Fault) -> Option<MissionTime> {
    match fault.at {
        FaultTime::MissionTime(at) => Some(at),
        FaultTime::Phase { .. } => None,
    }
}

/// How long to wait for a timed fault, in wall time.
pub(crate) fn wall_until(at: MissionTime, now: MissionTime, time_scale: f64) -> Duration {
    at.since(now).div_f64(time_scale)
}

#[cfg(test)]
mod tests {
    use starloom_comms::events::Phase;
    use starloom_comms::id::{Attempt, Round};

    use super::*;

    #[test]
    fn each_fault_of_the_script_strikes_once() {
        let at = |secs| FaultTime::MissionTime(MissionTime::from_secs_f64(secs));
        let phase = FaultTime::Phase { round: Round(2), phase: Phase::Reduce };
        let faults = [
            Fault { kill: NodeId::satellite(1), at: at(1.0) },
            Fault { kill: NodeId::satellite(2), at: at(5.0) },
            Fault { kill: NodeId::satellite(3), at: phase },
            Fault { kill: NodeId::aggregator(), at: phase },
        ];
        let mut script = Script::new(&faults, MissionTime::from_secs_f64(2.0));
        assert_eq!(script.next_time(), Some(MissionTime::from_secs_f64(5.0)), "what has passed does not strike");
        assert_eq!(script.struck_by(MissionTime::from_secs_f64(4.0)), []);
        assert_eq!(script.struck_by(MissionTime::from_secs_f64(6.0)), [NodeId::satellite(2)]);
        let event = Event {
            t: 0.0,
            wall: None,
            node: NodeId::satellite(0),
            what: What::Phase { round: Round(2), attempt: Attempt(0), phase: Phase::Reduce },
        };
        assert_eq!(script.struck_at(&event), [NodeId::aggregator()], "a node's phase fault is its own affair");
        assert_eq!(script.struck_at(&event), []);
    }
}
