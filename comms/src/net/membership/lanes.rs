//! Frames between the member and its lanes.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::events::{LinkState, What};
use crate::id::NodeId;
use crate::member::{Event, Member};
use crate::net::event_sink::EventSink;
use crate::net::link::{DownCause, LaneDirection, LinkEvent, Links};

/// The peers that this node sends to, and the links to them.
#[derive(Debug)]
pub(super) struct Lanes {
    links: Links,
    peers: Vec<NodeId>,
    events: EventSink,
}

impl Lanes {
    pub(super) const fn new(links: Links, events: EventSink) -> Self {
        Self { links, peers: Vec::new(), events }
    }

    pub(super) const fn links(&self) -> &Links {
        &self.links
    }

    /// What happens next on a lane that the member has to know. Safe to cancel.
    pub(super) async fn next(&mut self) -> Event {
        loop {
            let event = self.links.next().await;
            if let Some(event) = self.translate(event) {
                return event;
            }
        }
    }

    /// Resolves when a lane may have gained room.
    pub(super) fn room(&self) -> impl Future<Output = ()> + use<> {
        self.links.room()
    }

    /// Hands over frames for as long as there are some and lanes have room: a frame is encoded when it can leave.
    pub(super) fn fill(&self, member: &mut Member) {
        for peer in &self.peers {
            let Some(lane) = self.links.lane(peer) else { continue };
            while lane.room() > 0
                && let Some(frame) = member.poll_transmit(peer)
            {
                if lane.try_send(frame).is_err() {
                    // It broke this moment, and says so: the frame is lost with those that were on it.
                    break;
                }
            }
        }
    }

    pub(super) fn connect(&mut self, peers: &BTreeMap<NodeId, SocketAddr>) {
        self.links.set_peers(peers);
        self.peers = peers.keys().cloned().collect();
    }

    pub(super) fn redial(&mut self, peer: &NodeId) {
        self.links.redial(peer);
    }

    /// Says what lanes have sent since it was said last.
    pub(super) fn tell_sent(&self) {
        for (peer, span) in self.links.take_spans() {
            self.events.emit(What::LaneSent {
                peer,
                round: span.tag.round,
                attempt: span.tag.attempt,
                start_secs: span.start.as_secs_f64(),
                end_secs: span.end.as_secs_f64(),
                busy_secs: span.busy.as_secs_f64(),
                frames: span.frames,
                bytes: span.bytes,
            });
        }
    }

    fn translate(&self, event: LinkEvent) -> Option<Event> {
        match event {
            LinkEvent::Frame { from, frame } => Some(Event::Frame { from, frame }),
            LinkEvent::Corrupt { from, error } => Some(Event::Corrupt { from, error }),
            LinkEvent::Opened { .. } => None,
            LinkEvent::State { to, state } => {
                self.events.emit(What::Link { peer: to.clone(), state });
                (state != LinkState::Down).then_some(Event::LaneUp { to })
            }
            LinkEvent::Down { peer, lane: LaneDirection::Outgoing, cause } => {
                let reason = match cause {
                    DownCause::HungUp => "the peer hung up".to_owned(),
                    DownCause::Broken { reason } => reason,
                };
                Some(Event::LaneDown { to: peer, reason })
            }
            LinkEvent::Down { peer, lane: LaneDirection::Incoming, cause: DownCause::Broken { reason } } => {
                Some(Event::SourceDown { from: peer, reason })
            }
            // The peer's roster has changed: what it means for this node, the aggregator says.
            LinkEvent::Down { lane: LaneDirection::Incoming, cause: DownCause::HungUp, .. } => None,
            LinkEvent::Refused { peer, reason } => Some(Event::LaneRefused { to: peer, reason }),
        }
    }
}
