//! A whole job on this machine: an aggregator, a ground station and a process per node, from start to summary.
//!
//! [`launch`] prepares the run directory and certificates, starts the processes and follows their events until the job
//! is over. Aggregator and station are started again when they are struck (killed or crashed); a node that is struck
//! is lost, and the others go on.

mod cast;
mod child;
mod display;
mod faults;
mod report;
mod summary;
mod supervisor;
mod tally;
mod trace;

use std::path::PathBuf;

use starloom_comms::scenario::Scenario;

pub use cast::Wires;
pub use display::Verbosity;
pub use report::write_report;
pub use summary::{CarryingPass, LandedCheckpoint, RunFacts, Summary};
pub use tally::Tally;
pub use trace::write_trace;

use crate::exit::{Exit, Failure, OrExit};
use crate::run_dir::{Job, RunDir};

/// What to launch.
#[derive(Debug)]
pub struct LaunchOptions {
    /// The validated scenario.
    pub scenario: Scenario,
    /// Where it runs.
    pub run_dir: RunDir,
    /// The job's lasting name.
    pub job: Job,
    /// Whether it starts or goes on.
    pub start: Start,
    /// How links are protected.
    pub wires: Wires,
    /// The program that nodes run; this one if absent.
    pub program: Option<PathBuf>,
    /// How much is shown.
    pub verbosity: Verbosity,
}

/// Whether a job starts or goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// From its initial weights.
    Fresh,
    /// From its newest committed state.
    Resumed,
}

/// Runs a job to its end and gives the summary, which also lies in the run directory.
///
/// Must be called on the main thread, which has to live as long as the job: the children are tied to it.
///
/// # Errors
/// A [`Failure`] where the job could not start. A job that started and failed gives a summary whose outcome says so.
pub fn launch(options: LaunchOptions) -> Result<(Summary, Exit), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().or_exit(Exit::Environment)?;
    runtime.block_on(supervisor::run(options))
}
