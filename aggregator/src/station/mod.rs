//! The ground station: takes chunks in, and assembles checkpoints from them.
//!
//! [`serve_station`] is the process; [`Inbox`] is what it keeps, without a socket.

mod inbox;
mod serve;
mod spool;

pub use inbox::{Inbox, InboxError};
pub use serve::{StationConfig, StationError, serve_station};
