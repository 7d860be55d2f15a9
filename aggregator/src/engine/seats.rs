//! Who is connected, and when it was last heard.

use std::collections::BTreeMap;
use std::time::Duration;

use starloom_comms::id::NodeId;

use super::event::Session;

#[derive(Debug, Clone, Copy)]
struct Seat {
    session: Session,
    heard: Duration,
}

/// The nodes that have introduced themselves on a connection that is still open.
#[derive(Debug, Clone, Default)]
pub(super) struct Seats {
    seats: BTreeMap<NodeId, Seat>,
}

impl Seats {
    /// Seats `node` on a connection; the one it had before is returned, to be closed.
    pub(super) fn take(&mut self, node: &NodeId, session: Session, now: Duration) -> Option<Session> {
        self.seats.insert(node.clone(), Seat { session, heard: now }).map(|seat| seat.session)
    }

    pub(super) fn leave(&mut self, node: &NodeId) -> Option<Session> {
        self.seats.remove(node).map(|seat| seat.session)
    }

    pub(super) fn session(&self, node: &NodeId) -> Option<Session> {
        self.seats.get(node).map(|seat| seat.session)
    }

    /// Notes a sign of life. False if `node` has another connection, or none.
    pub(super) fn hear(&mut self, node: &NodeId, session: Session, now: Duration) -> bool {
        match self.seats.get_mut(node).filter(|seat| seat.session == session) {
            Some(seat) => {
                seat.heard = now;
                true
            }
            None => false,
        }
    }

    /// Takes everybody as heard: the silence was the aggregator's own.
    pub(super) fn hear_all(&mut self, now: Duration) {
        for seat in self.seats.values_mut() {
            seat.heard = now;
        }
    }

    pub(super) fn silent_since(&self, before: Duration) -> Option<NodeId> {
        self.seats.iter().find(|(_, seat)| seat.heard <= before).map(|(node, _)| node.clone())
    }

    pub(super) fn earliest_heard(&self) -> Option<Duration> {
        self.seats.values().map(|seat| seat.heard).min()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.seats.is_empty()
    }
}
