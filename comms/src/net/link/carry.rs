//! The receiving end of lanes.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::error::Error as StdError;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use http_body_util::BodyExt;
use tokio::sync::{mpsc, oneshot, watch};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::server::NamedService;

use super::body::OpenBody;
use super::deframe::{Deframer, Message};
use super::{DownCause, LaneDirection, LinkEvent, Numbered};
use crate::collective::Frame;
use crate::id::NodeId;
use crate::net::error_text::status_text;
use crate::net::handshake::Caller;

/// Where lanes are called.
pub(super) const PATH: &str = "/starloom.v1.Link/Carry";

/// Accepts lanes from callers that have passed the handshake.
#[derive(Debug, Clone)]
pub(super) struct CarryService {
    events: mpsc::Sender<Numbered>,
    paused: watch::Receiver<BTreeSet<NodeId>>,
}

impl CarryService {
    pub(super) const fn new(events: mpsc::Sender<Numbered>, paused: watch::Receiver<BTreeSet<NodeId>>) -> Self {
        Self { events, paused }
    }

    fn accept(&self, request: http::Request<Body>) -> Result<http::Response<Body>, Status> {
        if request.uri().path() != PATH {
            return Err(Status::unimplemented(format!("there is no {}", request.uri().path())));
        }
        let Some(Caller(from)) = request.extensions().get().cloned() else {
            return Err(Status::unauthenticated("the call did not pass a handshake"));
        };
        let (over, end) = oneshot::channel();
        let lane = IncomingLane {
            metrics: Metrics::from(&from),
            from,
            body: request.into_body(),
            messages: Deframer::default(),
            events: self.events.clone(),
            paused: self.paused.clone(),
        };
        tokio::spawn(lane.run(over));
        let mut response = http::Response::new(Body::new(OpenBody::new(end)));
        response.headers_mut().insert(http::header::CONTENT_TYPE, tonic::metadata::GRPC_CONTENT_TYPE);
        Ok(response)
    }
}

impl NamedService for CarryService {
    const NAME: &'static str = "starloom.v1.Link";
}

impl Service<http::Request<Body>> for CarryService {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        ready(Ok(self.accept(request).unwrap_or_else(Status::into_http)))
    }
}

/// One lane from one peer.
struct IncomingLane {
    from: NodeId,
    body: Body,
    messages: Deframer,
    events: mpsc::Sender<Numbered>,
    paused: watch::Receiver<BTreeSet<NodeId>>,
    metrics: Metrics,
}

impl IncomingLane {
    /// Reads until the lane is over, or the node's links are dropped: then `over` is dropped, and the sender told so.
    async fn run(mut self, over: oneshot::Sender<Status>) {
        let node = self.events.clone();
        tokio::select! {
            () = node.closed() => {}
            (cause, status) = self.read() => {
                over.send(status).ok();
                self.tell(LinkEvent::Down { peer: self.from.clone(), lane: LaneDirection::Incoming, cause }).await;
            }
        }
    }

    /// Delivers frames until the lane is over.
    async fn read(&mut self) -> (DownCause, Status) {
        self.tell(LinkEvent::Opened { from: self.from.clone() }).await;
        loop {
            // An error means that the node's links are dropped.
            self.paused.wait_for(|paused| !paused.contains(&self.from)).await.ok();
            match self.next_message().await {
                Ok(Some(message)) => self.deliver(message).await,
                Ok(None) | Err(Ended::HungUp) => return (DownCause::HungUp, Status::ok("")),
                Err(Ended::Broken(reason)) => {
                    let status = Status::invalid_argument(reason.clone());
                    return (DownCause::Broken { reason }, status);
                }
            }
        }
    }

    /// The next message, or nothing at a proper end.
    async fn next_message(&mut self) -> Result<Option<Message>, Ended> {
        loop {
            if let Some(message) = self.messages.next().map_err(|error| Ended::Broken(error.to_string()))? {
                return Ok(Some(message));
            }
            match self.body.frame().await {
                Some(Ok(frame)) => {
                    // What is no data is trailers, which say nothing here.
                    if let Ok(chunk) = frame.into_data() {
                        self.messages.push(chunk);
                    }
                }
                Some(Err(status)) => return Err(Ended::from(status)),
                None if self.messages.is_empty() => return Ok(None),
                None => return Err(Ended::HungUp),
            }
        }
    }

    async fn deliver(&mut self, message: Message) {
        let bytes = super::deframe::HEAD_BYTES + message.payload.len();
        let from = self.from.clone();
        let event = match Frame::from_parts(&message.header, message.payload) {
            Ok(frame) => LinkEvent::Frame { from, frame },
            Err(error) => {
                self.metrics.corrupt.increment(1);
                LinkEvent::Corrupt { from, error }
            }
        };
        self.metrics.frames.increment(1);
        self.metrics.bytes.increment(bytes as u64);
        self.tell(event).await;
    }

    async fn tell(&mut self, event: LinkEvent) {
        // Nobody is left to tell when the node's links are dropped.
        self.events.send(Numbered { lane: None, event }).await.ok();
    }
}

/// Why a lane's stream gives no more.
enum Ended {
    HungUp,
    Broken(String),
}

impl From<Status> for Ended {
    /// A sender that hangs up while frames are under way resets the stream; one that dies does not.
    fn from(status: Status) -> Self {
        let mut cause = status.source();
        while let Some(error) = cause {
            if let Some(error) = error.downcast_ref::<h2::Error>()
                && error.is_reset()
                && error.is_remote()
            {
                return Self::HungUp;
            }
            cause = error.source();
        }
        Self::Broken(status_text(&status))
    }
}

struct Metrics {
    frames: metrics::Counter,
    bytes: metrics::Counter,
    corrupt: metrics::Counter,
}

impl Metrics {
    fn from(peer: &NodeId) -> Self {
        let peer = peer.to_string();
        Self {
            frames: metrics::counter!("starloom_link_received_frames_total", "peer" => peer.clone()),
            bytes: metrics::counter!("starloom_link_received_bytes_total", "peer" => peer.clone()),
            corrupt: metrics::counter!("starloom_link_corrupt_frames_total", "peer" => peer),
        }
    }
}
