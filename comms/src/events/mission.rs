//! The mission around a node, for code that runs in real time and in virtual time alike.

use std::fmt::Debug;
use std::time::Duration;

use super::{Phase, What};
use crate::id::{Attempt, Round};
use crate::units::MissionTime;

/// What a node finds around itself: what time it is, and who hears what happens.
///
/// In a process of its own this is the [`EventSink`](crate::net::event_sink::EventSink); a simulation has another.
pub trait Mission: Debug + Send + Sync {
    /// The mission's time.
    fn now(&self) -> MissionTime;

    /// Lets mission time pass.
    fn wait(&self, span: Duration);

    /// Says what happens at this moment.
    fn emit(&self, what: What);

    /// Says that a phase of a round begins. If a scripted fault strikes there, this call does not return.
    fn phase(&self, round: Round, attempt: Attempt, phase: Phase);
}
