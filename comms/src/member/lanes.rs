//! What becomes of an attempt when lanes break, and which lanes are dialled again.
//!
//! A lane carries frames in order or not at all: what was on it when it broke is lost, and with it the attempt that
//! the frames belong to. A lane that broke before it carried anything of the attempt is dialled again and nobody needs to know.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use super::attempt::Attempt;
use super::{Command, Member};
use crate::events::What;
use crate::id::NodeId;
use crate::limits::LANE_PATIENCE;

/// The lanes from this node, as far as it knows.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    lanes: BTreeMap<NodeId, Lane>,
}

#[derive(Debug)]
struct Lane {
    address: SocketAddr,
    state: State,
}

#[derive(Debug)]
enum State {
    Up,
    Down { since: Duration },
    Refused { reason: String },
}

impl Lanes {
    /// Wants lanes to exactly `peers`. True if that differs from what was wanted before.
    fn set(&mut self, now: Duration, peers: &BTreeMap<NodeId, SocketAddr>) -> bool {
        let same = self.lanes.iter().map(|(peer, lane)| (peer, &lane.address)).eq(peers);
        let mut known = std::mem::take(&mut self.lanes);
        for (peer, &address) in peers {
            let kept = known.remove(peer).filter(|lane| lane.address == address);
            let lane = kept.unwrap_or(Lane { address, state: State::Down { since: now } });
            self.lanes.insert(peer.clone(), lane);
        }
        !same
    }

    pub(super) fn up(&mut self, to: &NodeId) {
        if let Some(lane) = self.lanes.get_mut(to) {
            lane.state = State::Up;
        }
    }

    /// When a lane that `attempt` needs has been down for too long.
    pub(super) fn next_deadline(&self, attempt: &Attempt) -> Option<Duration> {
        let deadlines = self.lanes.iter().filter_map(|(peer, lane)| match lane.state {
            State::Down { since } if attempt.must_send_to(peer) => Some(since.saturating_add(LANE_PATIENCE)),
            _ => None,
        });
        deadlines.min()
    }

    /// A lane that `attempt` needs and cannot have, and why.
    fn unusable(&self, now: Duration, attempt: &Attempt) -> Option<(NodeId, String)> {
        self.lanes.iter().find_map(|(peer, lane)| {
            let reason = match &lane.state {
                State::Up => return None,
                State::Down { since } if now < since.saturating_add(LANE_PATIENCE) => return None,
                State::Down { .. } => format!("no connection to {peer} within {LANE_PATIENCE:?}"),
                State::Refused { reason } => format!("{peer} refuses our lane: {reason}"),
            };
            attempt.must_send_to(peer).then(|| (peer.clone(), reason))
        })
    }
}

impl Member {
    /// Holds the lanes that the open attempt needs, and no others.
    pub(super) fn connect(&mut self, now: Duration) {
        let Some(attempt) = &self.attempt else { return };
        let peers = attempt.destinations();
        if self.lanes.set(now, peers) {
            self.commands.push(Command::Connect(peers.clone()));
        }
    }

    /// Needs no lane any more.
    pub(super) fn disconnect(&mut self) {
        if !self.lanes.lanes.is_empty() {
            self.lanes = Lanes::default();
            self.commands.push(Command::Connect(BTreeMap::new()));
        }
    }

    /// Gives the running attempt up if it needs a lane that cannot be had. All lanes that were slow to connect get their
    /// time again in the next attempt.
    pub(super) fn check_lanes(&mut self, now: Duration) {
        let Some(attempt) = &self.attempt else { return };
        if let Some((peer, reason)) = self.lanes.unusable(now, attempt) {
            for lane in self.lanes.lanes.values_mut() {
                if let State::Down { since } = &mut lane.state {
                    *since = now;
                }
            }
            self.fail_attempt(Some(peer), reason);
        }
    }

    pub(super) fn lane_down(&mut self, now: Duration, to: NodeId, reason: &str) {
        let Some(lane) = self.lanes.lanes.get_mut(&to) else { return };
        lane.state = State::Down { since: now };
        self.commands.push(Command::Redial(to.clone()));
        if self.attempt.as_ref().is_some_and(|attempt| attempt.has_sent_to(&to)) {
            let reason = format!("the lane to {to} broke: {reason}");
            self.fail_attempt(Some(to), reason);
        }
    }

    pub(super) fn lane_refused(&mut self, to: NodeId, reason: &str) {
        let Some(lane) = self.lanes.lanes.get_mut(&to) else { return };
        lane.state = State::Refused { reason: reason.to_owned() };
        let message = format!("{to} refuses our lane: {reason}");
        self.commands.push(Command::Emit(What::Warning { message: message.clone() }));
        if self.attempt.as_ref().is_some_and(|attempt| attempt.must_send_to(&to)) {
            self.fail_attempt(Some(to), message);
        }
    }

    pub(super) fn source_down(&mut self, from: NodeId, reason: &str) {
        if self.attempt.as_ref().is_some_and(|attempt| attempt.awaits(&from)) {
            let reason = format!("the lane from {from} broke: {reason}");
            self.fail_attempt(Some(from), reason);
        }
    }
}
