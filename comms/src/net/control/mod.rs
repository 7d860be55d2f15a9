//! The control stream: what a node and the aggregator say to each other, for as long as both live.
//!
//! Control messages are small and few, and are not delayed by the emulated laser. A killed process is noticed at both
//! ends by its broken connection, within milliseconds; a silent one by the heartbeats it misses, which is the
//! aggregator's to count.

use prost::Message;
use thiserror::Error;
use tokio::sync::mpsc::error::TrySendError;

pub(super) use self::client::introduce_call;
pub use self::client::{ControlClient, ControlLost, ControlReceiver, ControlSender};
pub use self::server::{ConnectionId, ControlEvent, ControlEvents, ControlPeer, serve_control};
use super::proto::v1;
use crate::control::{AggregatorMessage, NodeMessage};
use crate::limits::CONTROL_QUEUE;

mod client;
mod server;

/// Bytes of a node's message on the wire, before gRPC and TLS.
#[must_use]
pub fn length_up(message: &NodeMessage) -> u64 {
    v1::NodeMessage::from(message.clone()).encoded_len() as u64
}

/// Bytes of a message of the aggregator on the wire, before gRPC and TLS.
#[must_use]
pub fn length_down(message: &AggregatorMessage) -> u64 {
    v1::AggregatorMessage::from(message.clone()).encoded_len() as u64
}

/// The other end is gone, or does not read what it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ControlClosed {
    /// The connection is closed.
    #[error("the control connection is closed")]
    Gone,
    /// The peer lives, but [`CONTROL_QUEUE`] messages wait for it to read them.
    #[error("the peer leaves its messages unread: {CONTROL_QUEUE} wait for it")]
    Stalled,
}

impl<T> From<TrySendError<T>> for ControlClosed {
    fn from(error: TrySendError<T>) -> Self {
        match error {
            TrySendError::Full(_) => Self::Stalled,
            TrySendError::Closed(_) => Self::Gone,
        }
    }
}

#[cfg(test)]
mod tests;
