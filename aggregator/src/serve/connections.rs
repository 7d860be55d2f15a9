//! Control connections as the engine's sessions.

use std::collections::BTreeMap;

use starloom_comms::control::{AggregatorMessage, NodeMessage};
use starloom_comms::id::NodeId;
use starloom_comms::net::control::{ConnectionId, ControlEvent, ControlEvents, ControlPeer};

use crate::engine::{Event, Session};

/// All connections that are open.
pub(super) struct Connections {
    events: ControlEvents,
    open: BTreeMap<ConnectionId, Connection>,
    /// The way to each session that the engine has not closed.
    peers: BTreeMap<Session, (NodeId, ControlPeer)>,
    next: u64,
}

struct Connection {
    session: Session,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The node has not introduced itself.
    Silent,
    Introduced,
}

impl Connections {
    pub(super) const fn new(events: ControlEvents) -> Self {
        Self { events, open: BTreeMap::new(), peers: BTreeMap::new(), next: 0 }
    }

    /// The next thing that the engine has to know. Safe to cancel.
    pub(super) async fn next(&mut self) -> Event {
        loop {
            let event = match self.events.next().await {
                ControlEvent::Connected { node, connection, peer } => {
                    let session = Session(self.next);
                    self.next += 1;
                    self.open.insert(connection, Connection { session, stage: Stage::Silent });
                    self.peers.insert(session, (node, peer));
                    None
                }
                ControlEvent::Message { node, connection, message } => self.message(node, connection, message),
                ControlEvent::Closed { node, connection, reason } => {
                    tracing::debug!(%node, %reason, "a control connection is closed");
                    self.open.remove(&connection).and_then(|Connection { session, stage }| {
                        self.peers.remove(&session);
                        (stage == Stage::Introduced).then_some(Event::Closed { node, session })
                    })
                }
            };
            if let Some(event) = event {
                return event;
            }
        }
    }

    fn message(&mut self, node: NodeId, connection: ConnectionId, message: NodeMessage) -> Option<Event> {
        let Connection { session, stage } = self.open.get_mut(&connection)?;
        let session = *session;
        match (*stage, message) {
            (Stage::Silent, NodeMessage::Join(join)) => {
                *stage = Stage::Introduced;
                Some(Event::Joined { node, session, join })
            }
            (Stage::Silent, NodeMessage::JoinAsRelay { address }) => {
                *stage = Stage::Introduced;
                Some(Event::RelayJoined { node, session, address })
            }
            (Stage::Silent, message) => {
                tracing::warn!(%node, ?message, "a node speaks before it has introduced itself");
                self.close(session);
                None
            }
            (Stage::Introduced, message) => Some(Event::Message { node, session, message }),
        }
    }

    /// Says something on a session. Gives its end if it does not take it.
    pub(super) fn send(&mut self, session: Session, message: AggregatorMessage) -> Option<Event> {
        let (node, peer) = self.peers.get(&session)?;
        let error = peer.send(message).err()?;
        let node = node.clone();
        tracing::warn!(%node, %error, "a node is not reached");
        self.close(session);
        Some(Event::Closed { node, session })
    }

    /// Closes a session after what was sent on it.
    pub(super) fn close(&mut self, session: Session) {
        self.peers.remove(&session);
    }

    pub(super) fn close_all(&mut self) {
        self.peers.clear();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }
}
