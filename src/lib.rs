//! Federated training for nodes in orbit.
//!
//! Training nodes run data-parallel shards on [Burn](https://burn.dev) and exchange compressed updates over laser links
//! that exist only while two satellites see each other; checkpoints reach the ground whenever a satellite passes a
//! station. This crate is the facade: implement [`Task`](prelude::Task) for a model and data, and [`main`] gives the
//! program the whole command line.
//!
//! ```no_run
//! # use starloom::prelude::*;
//! # fn my_task() -> impl Task { starloom::trainer::tasks::digits::Digits }
//! fn main() -> std::process::ExitCode {
//!     starloom::main(my_task())
//! }
//! ```
//!
//! Who has a training loop already puts one call into it: [`Session`](prelude::Session).

pub mod bench;
mod certs;
pub mod cli;
pub mod contacts;
pub mod exit;
pub mod launch;
mod roles;
pub mod run_dir;
pub mod sim;
pub mod trace;
pub mod watch;

pub use starloom_aggregator as aggregator;
pub use starloom_comms as comms;
pub use starloom_trainer as trainer;

use std::process::ExitCode;

/// What user code imports.
pub mod prelude {
    pub use starloom_trainer::{DataSource, Evaluation, Session, Split, Task, TaskError};
}

/// The command line of a user's own program: everything that `starloom` can do, with `task` as its task.
///
/// Call it first in `main`: the processes of a job are this same program in other roles.
pub fn main(task: impl starloom_trainer::Task) -> ExitCode {
    cli::main(&vec![starloom_trainer::program(task)], std::env::args_os())
}
