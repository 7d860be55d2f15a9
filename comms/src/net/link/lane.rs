//! The sending end of a lane: dialled until it stands, then fed until it is over.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http_body_util::BodyExt;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::AbortHandle;
use tonic::Status;
use tonic::body::Body;
use tower::{Service, ServiceExt};

use super::body::FrameBody;
use super::traffic::{Counts, LaneTraffic, Notes, wire_bytes};
use super::{DownCause, LaneDirection, LinkEvent, Numbered, carry};
use crate::collective::Frame;
use crate::events::LinkState;
use crate::id::NodeId;
use crate::limits::LANE_QUEUE_FRAMES;
use crate::net::clock::MissionClock;
use crate::net::dial::{Backoff, Dial, DialError};
use crate::net::error_text::status_text;
use crate::net::handshake::introduce;
use crate::net::identity::Identity;
use crate::net::laser::{Emulation, Laser};
use crate::net::laser_stream::{self, LaserQueue};
use crate::scenario::Packing;

/// Where frames to one peer go. Dropping it hangs up; frames that are not on the stream yet are lost.
#[derive(Debug)]
pub struct LaneSender {
    slot: Slot,
    counts: Arc<Counts>,
    task: AbortHandle,
    packing: Packing,
    /// Whose rate decides on packing.
    laser: Option<(Laser, MissionClock)>,
}

/// The queue of the call that stands, if one does.
type Slot = Arc<Mutex<Option<LaserQueue<Frame>>>>;

fn lock(slot: &Slot) -> MutexGuard<'_, Option<LaserQueue<Frame>>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LaneSender {
    /// Frames that it takes at once, up to [`LANE_QUEUE_FRAMES`]. None while it is not connected, so that nothing is
    /// encoded in vain.
    #[must_use]
    pub fn room(&self) -> usize {
        lock(&self.slot).as_ref().map_or(0, LaserQueue::room)
    }

    /// Queues a frame.
    ///
    /// # Errors
    /// The frame comes back if there is no room.
    pub fn try_send(&self, frame: Frame) -> Result<(), Frame> {
        let rate = self.laser.as_ref().and_then(|(laser, clock)| laser.rate(clock.now()));
        let frame = if self.packing.applies(rate) { frame.pack() } else { frame };
        match &*lock(&self.slot) {
            Some(queue) => {
                let bytes = wire_bytes(&frame);
                queue.try_send(frame, bytes)
            }
            None => Err(frame),
        }
    }

    /// What was sent to this peer since the start, over all lanes to it.
    #[must_use]
    pub fn traffic(&self) -> LaneTraffic {
        self.counts.traffic()
    }
}

impl Drop for LaneSender {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What it takes to dial a lane and to tell of it.
pub(super) struct LaneTask {
    pub(super) identity: Arc<Identity>,
    pub(super) peer: NodeId,
    pub(super) address: SocketAddr,
    pub(super) emulation: Option<Emulation>,
    pub(super) packing: Packing,
    pub(super) events: mpsc::Sender<Numbered>,
    pub(super) number: u64,
    pub(super) room: Arc<Notify>,
    pub(super) counts: Arc<Counts>,
}

/// A lane that the peer has accepted.
struct Accepted {
    queue: LaserQueue<Frame>,
    answer: Body,
    contact: watch::Receiver<LinkState>,
}

impl LaneTask {
    pub(super) fn spawn(self) -> LaneSender {
        let (slot, counts, packing, laser) = (Slot::default(), self.counts.clone(), self.packing, self.laser());
        let task = tokio::spawn(self.run(slot.clone())).abort_handle();
        LaneSender { slot, counts, task, packing, laser }
    }

    fn laser(&self) -> Option<(Laser, MissionClock)> {
        let emulation = self.emulation.as_ref()?;
        Some((emulation.laser(self.identity.node.clone(), self.peer.clone()), emulation.clock))
    }

    async fn run(self, slot: Slot) {
        match self.dial_until_answered().await {
            Ok(accepted) => {
                let cause = self.attend(accepted, &slot).await;
                *lock(&slot) = None;
                let peer = self.peer.clone();
                self.tell(LinkEvent::State { to: peer.clone(), state: LinkState::Down }).await;
                self.tell(LinkEvent::Down { peer, lane: LaneDirection::Outgoing, cause }).await;
            }
            Err(refusal) => {
                let reason = refusal.reason().to_owned();
                self.tell(LinkEvent::Refused { peer: self.peer.clone(), reason }).await;
            }
        }
    }

    async fn dial_until_answered(&self) -> Result<Accepted, DialError> {
        let peer = self.peer.to_string();
        let mut backoff = Backoff::default();
        loop {
            metrics::counter!("starloom_link_dials_total", "peer" => peer.clone()).increment(1);
            match self.call().await {
                Ok(accepted) => {
                    metrics::counter!("starloom_link_connects_total", "peer" => peer).increment(1);
                    return Ok(accepted);
                }
                Err(error) if error.is_final() => return Err(error),
                Err(error) => {
                    tracing::debug!(%error, "a lane is not up yet");
                    tokio::time::sleep(backoff.next_pause()).await;
                }
            }
        }
    }

    async fn call(&self) -> Result<Accepted, DialError> {
        let dial = Dial { identity: &self.identity, peer: &self.peer, address: self.address };
        let mut channel = dial.connect().await?;
        let laser = self.laser();
        let contact = watch::Sender::new(LinkState::Down);
        let changes = contact.subscribe();
        let (queue, frames) = laser_stream::channel(LANE_QUEUE_FRAMES, self.room.clone(), laser, contact);
        let frames = frames.observed_by(Notes(self.counts.clone()));
        let mut request = http::Request::new(Body::new(FrameBody::new(frames, self.counts.clone())));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = http::Uri::from_static(carry::PATH);
        let headers = request.headers_mut();
        headers.insert(http::header::CONTENT_TYPE, tonic::metadata::GRPC_CONTENT_TYPE);
        headers.insert(http::header::TE, http::HeaderValue::from_static("trailers"));
        introduce(&self.identity, headers);
        let answer = async move { channel.ready().await?.call(request).await };
        let answer = dial.answered(async { Ok(answer.await) }).await?.map_err(|error| dial.classify(&error))?;
        match Status::from_header_map(answer.headers()) {
            Some(status) if status.code() != tonic::Code::Ok => Err(dial.classify_status(&status)),
            _ => Ok(Accepted { queue, answer: answer.into_body(), contact: changes }),
        }
    }

    /// Opens the lane's queue and waits for the lane to end.
    async fn attend(&self, accepted: Accepted, slot: &Slot) -> DownCause {
        let Accepted { queue, mut answer, mut contact } = accepted;
        *lock(slot) = Some(queue);
        self.room.notify_one();
        loop {
            let state = *contact.borrow_and_update();
            // Before the stream is looked at first, its contact is not known.
            if state != LinkState::Down {
                self.tell(LinkEvent::State { to: self.peer.clone(), state }).await;
            }
            tokio::select! {
                Ok(()) = contact.changed() => {}
                end = answer.frame() => return match end {
                    None => DownCause::HungUp,
                    Some(Err(status)) => DownCause::Broken { reason: status_text(&status) },
                    Some(Ok(frame)) => match frame.trailers_ref().and_then(Status::from_header_map) {
                        Some(status) if status.code() != tonic::Code::Ok => {
                            DownCause::Broken { reason: status.message().to_owned() }
                        }
                        _ => DownCause::HungUp,
                    },
                },
            }
        }
    }

    async fn tell(&self, event: LinkEvent) {
        // Nobody is left to tell when the node's links are dropped.
        self.events.send(Numbered { lane: Some(self.number), event }).await.ok();
    }
}
