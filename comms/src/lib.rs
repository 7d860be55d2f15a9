//! What travels between satellites, when it can, and by which protocol.
//!
//! The crate decides purely and acts thinly. Everything outside [`net`] is free of sockets and clocks, and of threads but
//! for [`orbit`], which computes on all cores: a scenario becomes a contact plan, the plan and a roster become a schedule, a machine executes
//! the schedule frame by frame. [`net`] (feature `net`) is the only place that names tonic, prost and tokio.
//!
//! Nothing here names burn: a contribution is a slice of `f32` with a sample weight.

pub mod codec;
pub mod collective;
pub mod contacts;
pub mod control;
pub mod custody;
pub mod events;
pub mod id;
pub mod ledger;
pub mod limits;
pub mod member;
#[cfg(feature = "net")]
pub mod net;
pub mod orbit;
pub mod scenario;
pub mod units;
