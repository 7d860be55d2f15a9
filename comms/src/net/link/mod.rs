//! Data links: frames from node to node, one lane per direction.
//!
//! The sender dials. A lane is one gRPC call whose request never ends: `POST /starloom.v1.Link/Carry`, each message a
//! frame's header and payload as bare bytes. The answer says that the lane is accepted, and stays open as long as the
//! lane, so that each end sees at once when the other is gone. Payloads are not copied on either side: they are chunks
//! of the HTTP/2 stream as they are.
//!
//! [`Links`] holds all lanes of a node. Its owner keeps one loop:
//!
//! ```text
//! links.set_peers(…)                     lanes to exactly these peers
//! loop select
//!     links.next()  → LinkEvent          a frame has come, a lane is up or down
//!     links.room()  → for each peer with something to send: while lane.room() > 0 { lane.try_send(frame) }
//! ```
//!
//! A frame is encoded when its lane has room for it and not before: that is the flow control between computing and
//! sending. Towards the receiver, the flow control is HTTP/2's: who does not call [`Links::next`] is sent no more.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::{Notify, mpsc, watch};

pub use self::lane::LaneSender;
use self::lane::LaneTask;
use self::traffic::Counts;
pub use self::traffic::{LaneSpan, LaneTraffic};
use super::identity::Identity;
use super::laser::Emulation;
use super::listen::{Listener, ServeError, Serving};
use crate::collective::{Frame, FrameError};
use crate::events::LinkState;
use crate::id::NodeId;
use crate::limits::LINK_EVENT_QUEUE;
use crate::scenario::Packing;

mod body;
mod carry;
mod deframe;
mod lane;
mod traffic;

/// What happens on a node's lanes.
#[derive(Debug)]
pub enum LinkEvent {
    /// A frame has come. Frames of one lane come in the order they were sent in.
    Frame {
        /// Who sent it, by certificate.
        from: NodeId,
        /// The frame, checked.
        frame: Frame,
    },
    /// What has come is no frame, or not the one that was sent. The lane goes on.
    Corrupt {
        /// Who sent it.
        from: NodeId,
        /// What is wrong with it.
        error: FrameError,
    },
    /// A peer has opened its lane to this node.
    Opened {
        /// The peer.
        from: NodeId,
    },
    /// The lane to a peer is connected, or has gained or lost contact by the plan, or is down.
    State {
        /// The peer.
        to: NodeId,
        /// The lane's state.
        state: LinkState,
    },
    /// A lane is over. What was on its queue is lost.
    Down {
        /// The other end.
        peer: NodeId,
        /// Which of the two lanes.
        lane: LaneDirection,
        /// How it ended.
        cause: DownCause,
    },
    /// A peer will not have a lane from this node, whatever it tries. It is not dialled again by itself.
    Refused {
        /// The peer.
        peer: NodeId,
        /// Why, with both values where two disagree.
        reason: String,
    },
}

/// One of the two lanes of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LaneDirection {
    /// From this node to the peer.
    Outgoing,
    /// From the peer to this node.
    Incoming,
}

/// How a lane ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DownCause {
    /// The peer closed it on purpose, as it does when the roster changes.
    HungUp,
    /// It broke: the peer is gone, or what it sent was no stream of frames.
    Broken {
        /// What happened.
        reason: String,
    },
}

/// All lanes of a node: those it dials and those that peers dial to it. Dropping it hangs up on all.
#[derive(Debug)]
pub struct Links {
    identity: Arc<Identity>,
    emulation: Option<Emulation>,
    packing: Packing,
    lanes: BTreeMap<NodeId, Lane>,
    sent: BTreeMap<NodeId, Arc<Counts>>,
    next_lane: u64,
    sender: mpsc::Sender<Numbered>,
    events: mpsc::Receiver<Numbered>,
    room: Arc<Notify>,
    paused: watch::Sender<BTreeSet<NodeId>>,
    serving: Serving,
}

#[derive(Debug)]
struct Lane {
    number: u64,
    address: SocketAddr,
    sender: LaneSender,
}

/// An event, with the number of the outgoing lane that it is about: what a lane said last before it was hung up or
/// dialled anew must not be taken for news of its successor.
#[derive(Debug)]
struct Numbered {
    lane: Option<u64>,
    event: LinkEvent,
}

impl Links {
    /// Accepts lanes at `listener`, and is ready to dial. Without an emulation, frames leave as fast as the sockets take
    /// them. Must be called inside the runtime.
    ///
    /// # Errors
    /// [`ServeError`] if the socket or the credentials cannot be used.
    pub fn serve(identity: Identity, listener: Listener, emulation: Option<Emulation>) -> Result<Self, ServeError> {
        let (sender, events) = mpsc::channel(LINK_EVENT_QUEUE);
        let paused = watch::Sender::new(BTreeSet::new());
        let serving = listener.serve(&identity, carry::CarryService::new(sender.clone(), paused.subscribe()))?;
        Ok(Self {
            identity: Arc::new(identity),
            emulation,
            packing: Packing::Off,
            lanes: BTreeMap::new(),
            sent: BTreeMap::new(),
            next_lane: 0,
            sender,
            events,
            room: Arc::default(),
            paused,
            serving,
        })
    }

    /// Packs frames for lanes that are dialled from now on. What a lane's rate is, only an emulation knows.
    #[must_use]
    pub fn with_packing(self, packing: Packing) -> Self {
        Self { packing, ..self }
    }

    /// Where peers dial.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.serving.address()
    }

    /// Has lanes to exactly these peers: dials those that are missing, in the background and again and again until they
    /// answer or refuse, and hangs up on the others. A peer that has moved is dialled at its address; a lane that is
    /// down or refused stays so, see [`redial`](Self::redial).
    pub fn set_peers(&mut self, peers: &BTreeMap<NodeId, SocketAddr>) {
        self.lanes.retain(|peer, lane| peers.get(peer) == Some(&lane.address));
        for (peer, address) in peers {
            if !self.lanes.contains_key(peer) {
                self.dial(peer.clone(), *address);
            }
        }
    }

    /// Dials a peer's lane anew, whatever its state.
    pub fn redial(&mut self, peer: &NodeId) {
        if let Some(lane) = self.lanes.remove(peer) {
            self.dial(peer.clone(), lane.address);
        }
    }

    /// The lane to a peer, if it is among those set.
    #[must_use]
    pub fn lane(&self, peer: &NodeId) -> Option<&LaneSender> {
        self.lanes.get(peer).map(|lane| &lane.sender)
    }

    /// What happens next. Safe to cancel.
    pub async fn next(&mut self) -> LinkEvent {
        loop {
            // The queue is never closed: `sender` holds it.
            let Some(Numbered { lane, event }) = self.events.recv().await else { std::future::pending().await };
            if lane.is_none_or(|number| self.lanes.values().any(|lane| lane.number == number)) {
                return event;
            }
        }
    }

    /// Resolves when some lane may have gained room: it has come up, or a frame has left its queue. Does not borrow, so
    /// that it can stand beside [`next`](Self::next) in a `select!`.
    pub fn room(&self) -> impl Future<Output = ()> + use<> {
        let room = self.room.clone();
        async move { room.notified().await }
    }

    /// Reads no further from a peer's lane; it fills its own queues and then waits. What is read already (up to
    /// [`LINK_EVENT_QUEUE`] frames) still comes, and that the lane breaks shows only when it is resumed.
    pub fn pause(&self, peer: &NodeId) {
        self.paused.send_if_modified(|paused| paused.insert(peer.clone()));
    }

    /// Reads a peer's lane again.
    pub fn resume(&self, peer: &NodeId) {
        self.paused.send_if_modified(|paused| paused.remove(peer));
    }

    /// What was sent over all lanes since the start.
    #[must_use]
    pub fn traffic(&self) -> LaneTraffic {
        self.sent.values().map(|counts| counts.traffic()).sum()
    }

    /// What lasers have sent to each peer since this was asked for last, in the order of time. Nothing without an emulation.
    #[must_use]
    pub fn take_spans(&self) -> Vec<(NodeId, LaneSpan)> {
        let spans = |(peer, counts): (&NodeId, &Arc<Counts>)| {
            counts.take_spans().into_iter().map(|span| (peer.clone(), span)).collect::<Vec<_>>()
        };
        self.sent.iter().flat_map(spans).collect()
    }

    fn dial(&mut self, peer: NodeId, address: SocketAddr) {
        let counts = self.sent.entry(peer.clone()).or_insert_with(|| Arc::new(Counts::to(&peer))).clone();
        let number = self.next_lane;
        self.next_lane += 1;
        let task = LaneTask {
            identity: self.identity.clone(),
            peer: peer.clone(),
            address,
            emulation: self.emulation.clone(),
            packing: self.packing,
            events: self.sender.clone(),
            number,
            room: self.room.clone(),
            counts,
        };
        self.lanes.insert(peer, Lane { number, address, sender: task.spawn() });
    }
}

#[cfg(test)]
mod breakage_tests;
#[cfg(test)]
mod tests;
