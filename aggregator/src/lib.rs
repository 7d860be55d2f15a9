//! Roster and rounds, and the ground: who is in, what is agreed, what has landed.
//!
//! | module | what it is |
//! |---|---|
//! | [`engine`] | all decisions, without a clock, a socket or a disk |
//! | [`journal`] | the engine's memory on disk |
//! | [`mod@serve`] | the aggregator process: connections, engine, journal |
//! | [`station`] | the station process: chunks in, checkpoints out |
//! | [`ground`] | the catalogue of what has landed |
//!
//! Nothing here names burn, and nothing here sees a tensor: a round is a digest, a checkpoint is chunks.

pub mod engine;
pub mod ground;
pub mod journal;
pub mod serve;
pub mod station;

pub use serve::{AggregatorConfig, AggregatorError, serve};
pub use station::{StationConfig, StationError, serve_station};
