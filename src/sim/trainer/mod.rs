//! What trains on a simulated satellite: the real trainer on a thread of its own, or one that knows only sizes.
//!
//! The world asks for the next [`Word`] of a trainer at the virtual instant at which it needs it, and waits for it. So trainers of
//! several satellites compute at the same time, and what they say has its place in the order of the mission all the same.

mod real;
mod sized;

use starloom_comms::control::{Report, View};
use starloom_comms::events::{Phase, What};
use starloom_comms::id::{Attempt, Round};
use starloom_comms::member::Agreed;
use starloom_comms::net::membership::WrittenCheckpoint;
use starloom_comms::units::MissionTime;
use starloom_trainer::Terms;

pub(super) use real::{Permits, Real};
pub(super) use sized::Sized;

/// What a trainer does next.
#[derive(Debug)]
pub(super) enum Word {
    /// It has come to the others with these terms.
    Meets(Terms),
    /// It says that something happened.
    Says(What),
    /// It enters a phase, and waits to hear that it lives on.
    Enters(Round, Attempt, Phase),
    /// It begins to train on so many samples.
    Begins(u64),
    /// It has a contribution, and waits for the mean.
    Contributes {
        /// Its vector; empty where there are only sizes.
        vector: Vec<f32>,
        /// What it stands for.
        samples: u64,
    },
    /// A checkpoint is on its disk.
    Wrote(Box<WrittenCheckpoint>),
    /// It is done, and waits to be released.
    Leaves(Report),
    /// It cannot go on.
    Fails(String),
}

/// What a trainer is told.
#[derive(Debug)]
pub(super) enum Reply {
    /// It lives on.
    GoOn,
    /// The job has begun.
    Opened(View),
    /// A round is agreed.
    Agreed(Box<Agreed>),
    /// It has left.
    Left(Report),
}

/// A trainer, as the world sees it.
pub(super) trait Trainer {
    /// What it does next. Waits for it.
    fn next(&mut self) -> Word;

    /// Tells it something, at an instant.
    fn tell(&mut self, now: MissionTime, reply: Reply);
}
