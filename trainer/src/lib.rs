//! A training satellite: tasks, shards, local steps, the committed common state, checkpoints.
//!
//! - [`Task`] is what a user implements; [`program`] makes a program of it that the command line runs.
//! - [`Session`] is for who has a training loop already: one call between backward and the optimizer's step.
//! - [`tasks`] has the built-in ones.
//!
//! Inside, a node is a replica of what is trained, a shard of samples, and rounds in which both meet the other nodes:
//!
//! ```text
//! shard: issue ─► replica: contribute ─► exchange: all_reduce ─► replica: apply ─► shard: commit ─► scribe: checkpoint
//! ```
//!
//! This is the only crate that names burn, and within it few files do, as Burn changes each quarter: `task`, `device`,
//! `model`, `flat`, `weights`, `inner`, `replica/learner`, `session`, `tasks/digits`. Everything else sees vectors of `f32` and
//! named tensors.

pub mod checkpoint;
mod device;
mod exchange;
mod flat;
mod inner;
mod model;
pub mod node;
mod optimizer;
pub mod partition;
mod program;
mod replica;
mod rounds;
pub mod schedule;
mod scribe;
mod seed;
pub mod session;
mod shard;
mod solo;
mod task;
pub mod tasks;
pub mod tensors;
pub mod weights;

pub use device::device;
pub use exchange::{Exchange, Meet, Terms};
pub use node::{NodeConfig, NodeError, Part};
pub use program::{Program, program};
pub use replica::RestoreError;
pub use session::{Session, SessionError};
pub use shard::OtherData;
pub use solo::SoloReport;
pub use task::{DataSource, Evaluation, Split, Task, TaskError};

#[cfg(test)]
mod testing;
