//! A contact plan as `ionadmin` of NASA's ION reads it (`a contact` and `a range` commands), and many a tool beside it.
//!
//! ```text
//! # node 1 sat-0
//! # node 2 sat-1
//! a range +60 +7260 1 2 1
//! a contact +60 +7260 1 2 10000
//! ```
//!
//! A contact is one lane from its first node to its second, at a rate in bytes per second, and may say that its confidence
//! is 1. A range tells how many whole light seconds two nodes are apart. If its first node has the smaller number, it holds in
//! both directions, unless the plan has ranges of the other direction; else it holds in its own direction alone. Every instant
//! of a contact needs a range. Times are seconds after mission start, or after the time of the last `@` command, or dates in
//! UTC as `2026/01/01-00:00:00`. `m horizon` is skipped as comments are; what else `ionadmin` knows is refused.
//!
//! Nodes are numbers in ION. Comments of the form `# node 1 sat-0` name them; if there is one, all nodes need one, and
//! without any the node 7 is called `7`.
//!
//! # What a plan loses
//!
//! A plan that is written never promises what is not there. Windows shrink to whole seconds. A second has the lowest of its
//! rates, rounded down to whole bytes, and the greatest of its light times in either direction, rounded up to whole light
//! seconds. Where rate or range change, another line begins. ION takes lines of one lane that touch for overlapping, so the
//! second one begins a second late. What comes to nothing is left out. Contacts that touch are read as they stand, and stay
//! separate. A plan that was read from written text gives the same text when it is written again.
//!
//! ION refuses times from 2038 on and keeps rates in 32 bits, which is 34 Gbit/s; other programs do not, so neither bound is
//! applied here. Cut a plan with contacts that last by [`ContactPlan::until`](crate::contacts::ContactPlan::until).
//!
//! Sources: ionrc(5) in <https://github.com/nasa-jpl/ION-DTN>, `ici/doc/pod5/ionrc.pod`; for what it leaves open,
//! `ici/utils/ionadmin.c` and `ici/library/rfx.c` of version 4.1.

mod error;
mod field;
mod numbers;
mod ranges;
mod read;
#[cfg(test)]
mod tests;
mod time;
mod write;

pub use error::{IonError, IonProblem};
pub use numbers::{NodeNumbers, TakenNumber};
pub use read::parse;
pub use write::write;
