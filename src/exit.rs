//! The exit codes of every `starloom` command, and errors that carry one.
//!
//! | code | meaning |
//! |---|---|
//! | 0 | completed; for `launch`: all rounds committed and the last checkpoint landed |
//! | 1 | the job or the check failed; the message says why |
//! | 2 | bad usage or bad input: arguments, scenario, data, initial weights |
//! | 3 | all rounds committed, but the last checkpoint did not land in time |
//! | 4 | the environment refused: port taken, directory not writable, disk full |
//! | 10 | a node was refused or dropped by the aggregator |
//! | 11 | a node lost the aggregator for longer than `aggregator.patience_secs` |
//! | 12 | the process that started this one is gone |
//! | 130 | interrupted (SIGINT, SIGTERM or SIGHUP), after a checkpoint where one was possible |

use std::fmt::{self, Display};
use std::process::ExitCode;

use starloom_comms::net::lifeline;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Everything that was asked for is done.
    Completed = 0,
    /// The job or the check failed.
    Failed = 1,
    /// Bad usage or bad input.
    BadInput = 2,
    /// All rounds committed, but the last checkpoint did not land in time.
    NotLanded = 3,
    /// The environment refused: a port, a directory, a disk.
    Environment = 4,
    /// The aggregator refused or dropped this node.
    Refused = 10,
    /// The aggregator was out of reach for too long.
    AggregatorLost = 11,
    /// The parent process is gone.
    Orphaned = lifeline::ORPHANED,
    /// Interrupted by a signal.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An error on its way to the user, with the exit code that it ends the process with.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What the user reads.
    pub error: anyhow::Error,
}

impl Failure {
    /// `error` with `exit`.
    pub fn new(exit: Exit, error: impl Into<anyhow::Error>) -> Self {
        Self { exit, error: error.into() }
    }

    /// A message with `exit`.
    pub fn message(exit: Exit, message: impl Display) -> Self {
        Self { exit, error: anyhow::anyhow!("{message}") }
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.error)
    }
}

/// Gives any error an exit code: `.or_exit(Exit::BadInput)?`.
pub trait OrExit<T> {
    /// The value, or a [`Failure`] with `exit`.
    ///
    /// # Errors
    /// The original error, with the code.
    fn or_exit(self, exit: Exit) -> Result<T, Failure>;
}

impl<T, E: Into<anyhow::Error>> OrExit<T> for Result<T, E> {
    fn or_exit(self, exit: Exit) -> Result<T, Failure> {
        self.map_err(|error| Failure::new(exit, error))
    }
}
