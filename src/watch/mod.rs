//! What people see of a run, from its events alone: lines and bars while it runs, a summary and a report at its end.
//!
//! `launch` and `simulate` feed it the same events. Everything here may fall behind a run, and nothing may hold it up.

mod display;
mod forecast;
mod report;
mod summary;
mod tally;
mod trace;

pub(crate) use display::Display;
pub use display::Verbosity;
pub use forecast::CollectiveTimes;
pub(crate) use report::secs;
pub use report::write_report;
pub use summary::{CarryingPass, LandedCheckpoint, Milestone, RunFacts, Summary};
pub use tally::Tally;
pub use trace::write_trace;
