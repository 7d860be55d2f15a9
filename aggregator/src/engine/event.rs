//! What the engine is told, and what it wants done.

use std::net::SocketAddr;

use starloom_comms::control::{AggregatorMessage, Join, NodeMessage};
use starloom_comms::events::{Outcome, What};
use starloom_comms::id::NodeId;

use super::record::Record;

/// A live control connection. A node that connects again gets another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Session(pub u64);

/// What can happen to the aggregator.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A node has introduced itself on a connection.
    Joined {
        /// Who.
        node: NodeId,
        /// On which connection.
        session: Session,
        /// Its introduction.
        join: Join,
    },
    /// A relay has introduced itself on a connection.
    RelayJoined {
        /// Who.
        node: NodeId,
        /// On which connection.
        session: Session,
        /// Where its links listen.
        address: SocketAddr,
    },
    /// A node that has introduced itself says something.
    Message {
        /// Who.
        node: NodeId,
        /// On which connection.
        session: Session,
        /// What. A second [`NodeMessage::Join`] on a connection says nothing.
        message: NodeMessage,
    },
    /// A connection is gone.
    Closed {
        /// Whose.
        node: NodeId,
        /// Which.
        session: Session,
    },
    /// Time has passed; nothing else is waiting to be handled.
    Tick,
    /// Somebody asks the job to end after the next commit.
    Stop,
    /// The last [`Command::Journal`] could not be carried out, and neither was what followed it.
    JournalFailed {
        /// Why.
        reason: String,
    },
}

/// What is to be done, in this order.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Make this durable before anything that follows. If it fails, drop what follows and tell the engine.
    Journal(Record),
    /// Say this on a connection. If the connection is gone, its [`Event::Closed`] follows.
    Send {
        /// The connection.
        session: Session,
        /// What to say.
        message: AggregatorMessage,
    },
    /// Close a connection after what was sent on it.
    Close {
        /// The connection.
        session: Session,
    },
    /// Put this into the event stream.
    Emit(What),
    /// The job is over; the engine asks for nothing more.
    End(Outcome),
}
