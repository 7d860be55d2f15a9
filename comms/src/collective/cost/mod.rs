//! The cost model: when a schedule completes on a contact plan.
//!
//! [`predict`] follows the frames of every segment through the schedule as links and ranks would treat them: a lane sends one
//! frame after the other, in the order of its sends, in its windows and at their rates; a frame that does not fit into a window
//! waits for the next; light takes its time; frames are forwarded as they come; partial sums wait for each other. Flows that
//! share a lane queue on it; those of several schedules at once take turns ([`predict_concurrent`]). What a rank computes takes as
//! long as [`CostModel::coding`] says.
//!
//! The model knows what a [`ContactPlan`] knows, and counts in integer nanoseconds: every node that predicts the same schedule
//! on the same plan gets the same instant.
//!
//! ```
//! use starloom_comms::codec::Wire;
//! use starloom_comms::collective::cost::{CostModel, predict};
//! use starloom_comms::collective::strategies::ring;
//! use starloom_comms::contacts::{Contact, ContactPlan};
//! use starloom_comms::id::{NodeId, Rank};
//! use starloom_comms::units::{BitsPerSecond, MissionTime};
//!
//! let nodes = [NodeId::satellite(0), NodeId::satellite(1)];
//! let contact = Contact {
//!     start: MissionTime::ZERO,
//!     end: MissionTime::NEVER,
//!     rate: BitsPerSecond(8_000_000_000).into(),
//!     light_time: std::time::Duration::from_millis(10).into(),
//! };
//! let [a, b] = nodes.clone();
//! let plan = ContactPlan::new([(a.clone(), b.clone(), contact.clone()), (b, a, contact)])?;
//! let schedule = ring::schedule(&[Rank(0), Rank(1)], 2_000_000);
//! let prediction = predict(&schedule, &nodes, &plan, MissionTime::ZERO, &CostModel::of(Wire::F32));
//! // Each half of the vector crosses twice, at a gigabyte a second.
//! let secs = prediction.completes.map(MissionTime::as_secs_f64)?;
//! assert!((0.024..0.0295).contains(&secs), "{secs}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod burst;
mod concurrent;
mod course;
mod execution;
pub(super) mod flow;
pub(super) mod lane;
#[cfg(test)]
mod tests;
mod timing;
mod tracer;

use std::time::Duration;

use thiserror::Error;

pub use self::burst::Burst;
pub use self::concurrent::{Concurrent, Outcome, predict_concurrent};
pub use self::course::Course;
use super::schedule::Schedule;
use crate::codec::Wire;
use crate::contacts::ContactPlan;
use crate::id::{NodeId, Rank};
use crate::scenario::{Collective, Scenario};
use crate::units::MissionTime;

/// What a prediction assumes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CostModel {
    /// The format of the numbers.
    pub wire: Wire,
    /// Bytes of bare `f32` that a rank encodes, decodes or adds up in a second, for each transfer by itself; nothing if that is to
    /// cost no time.
    pub coding: Option<u64>,
}

impl CostModel {
    /// Numbers in `wire`, coded in no time.
    #[must_use]
    pub const fn of(wire: Wire) -> Self {
        Self { wire, coding: None }
    }

    /// What a scenario says of its collectives.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates, and it is not negative"
    )]
    pub fn in_scenario(scenario: &Scenario) -> Self {
        let Collective { wire, coding_gb_s, .. } = scenario.collective;
        // A byte that stands for several is coded as often.
        let speed = coding_gb_s * 1e9 / scenario.emulation.byte_scale;
        Self { wire, coding: (coding_gb_s > 0.0).then(|| (speed as u64).max(1)) }
    }

    /// How long a rank codes for a frame of so many elements.
    #[must_use]
    pub fn coding(&self, elements: usize) -> Duration {
        let bytes = (elements * size_of::<f32>()) as u64;
        Duration::from_nanos(self.coding.map_or(0, |speed| bytes.saturating_mul(1_000_000_000) / speed.max(1)))
    }
}

/// What a schedule comes to on a contact plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prediction {
    /// When every contributing rank has the whole mean, or who waits for ever.
    pub completes: Result<MissionTime, Never>,
    /// How far each rank got when, relays among them.
    pub ranks: Vec<RankTimes>,
    /// What each lane of the schedule has carried, ordered by sender and receiver.
    pub lanes: Vec<LaneLoad>,
}

/// How far a rank gets in a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RankTimes {
    /// When the first final numbers are there; when it is ready, if none ever are.
    pub gathers: MissionTime,
    /// When it has the whole mean.
    pub done: MissionTime,
}

/// What a lane carries in a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaneLoad {
    /// The sender.
    pub from: Rank,
    /// The receiver.
    pub to: Rank,
    /// Frames and their headers.
    pub bytes: u64,
    /// How many frames.
    pub frames: u64,
    /// When the first bit leaves; [`MissionTime::NEVER`] if nothing does.
    pub start: MissionTime,
    /// When the last bit has left.
    pub end: MissionTime,
    /// How long it sends of that time.
    pub busy_nanos: u64,
}

/// A schedule that a plan has not the contacts for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{from} has too little contact to {to} for what the schedule sends")]
pub struct Never {
    /// The sender.
    pub from: NodeId,
    /// The receiver.
    pub to: NodeId,
}

impl Prediction {
    /// Bytes over all lanes.
    #[must_use]
    pub fn wire_bytes(&self) -> u64 {
        self.lanes.iter().map(|lane| lane.bytes).sum()
    }
}

/// Predicts a sound `schedule` whose ranks are `nodes`, all ready at `start`.
///
/// # Panics
/// If there are not as many nodes as ranks.
#[must_use]
pub fn predict(
    schedule: &Schedule,
    nodes: &[NodeId],
    plan: &ContactPlan,
    start: MissionTime,
    model: &CostModel,
) -> Prediction {
    predict_from(schedule, nodes, plan, &vec![start; nodes.len()], model)
}

/// As [`predict`], where each rank is ready at its own instant.
///
/// # Panics
/// If there are not as many nodes and instants as ranks.
#[must_use]
pub fn predict_from(
    schedule: &Schedule,
    nodes: &[NodeId],
    plan: &ContactPlan,
    ready: &[MissionTime],
    model: &CostModel,
) -> Prediction {
    Course::of(schedule).predict(nodes, plan, ready, model)
}

/// As [`predict`], and what each lane sends when: ordered by sender, receiver and time. Where the schedule never completes,
/// what is sent nevertheless.
///
/// # Panics
/// If there are not as many nodes as ranks.
#[must_use]
pub fn predict_bursts(
    schedule: &Schedule,
    nodes: &[NodeId],
    plan: &ContactPlan,
    start: MissionTime,
    model: &CostModel,
) -> (Prediction, Vec<Burst>) {
    assert_eq!(nodes.len(), schedule.ranks(), "nodes and ranks");
    let (ready, mut bursts) = (vec![start; nodes.len()], Vec::new());
    let prediction = Course::of(schedule).follow(nodes, plan, &ready, model, Some(&mut bursts));
    bursts.sort_by_key(|burst| (burst.from, burst.to, burst.start));
    (prediction, bursts)
}
