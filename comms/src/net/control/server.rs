//! The aggregator's end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::ControlClosed;
use crate::control::{AggregatorMessage, NodeMessage};
use crate::id::NodeId;
use crate::limits::{CONTROL_EVENT_QUEUE, CONTROL_QUEUE, MAX_MESSAGE_BYTES};
use crate::net::error_text::status_text;
use crate::net::handshake::Caller;
use crate::net::identity::Identity;
use crate::net::listen::{Listener, ServeError, Serving};
use crate::net::proto::v1;

/// Names one connection of one node. A node that connects again has another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConnectionId(u64);

/// What happens on the aggregator's control connections.
#[derive(Debug)]
pub enum ControlEvent {
    /// A node has passed the handshake.
    Connected {
        /// Who.
        node: NodeId,
        /// On which connection.
        connection: ConnectionId,
        /// The way to it.
        peer: ControlPeer,
    },
    /// A node says something.
    Message {
        /// Who.
        node: NodeId,
        /// On which connection.
        connection: ConnectionId,
        /// What.
        message: NodeMessage,
    },
    /// A connection is over. It may come after the [`Connected`](Self::Connected) of the node's next one.
    Closed {
        /// Whose.
        node: NodeId,
        /// Which.
        connection: ConnectionId,
        /// What happened.
        reason: String,
    },
}

/// The way to one connected node. Dropping all clones closes the connection after what was sent.
#[derive(Debug, Clone)]
pub struct ControlPeer {
    queue: mpsc::Sender<Result<v1::AggregatorMessage, Status>>,
}

impl ControlPeer {
    /// Queues a message without waiting.
    ///
    /// # Errors
    /// [`ControlClosed`] if the connection is closed or the node does not read.
    pub fn send(&self, message: AggregatorMessage) -> Result<(), ControlClosed> {
        self.queue.try_send(Ok(message.into())).map_err(ControlClosed::from)
    }
}

/// The aggregator's end of all control connections. Dropping it stops accepting.
#[derive(Debug)]
pub struct ControlEvents {
    events: mpsc::Receiver<ControlEvent>,
    // Keeps the queue open while no node is connected.
    _open: mpsc::Sender<ControlEvent>,
    serving: Serving,
}

/// Accepts nodes at `listener`. Must be called inside the runtime.
///
/// # Errors
/// [`ServeError`] if the socket or the credentials cannot be used.
pub fn serve_control(identity: &Identity, listener: Listener) -> Result<ControlEvents, ServeError> {
    let (sender, events) = mpsc::channel(CONTROL_EVENT_QUEUE);
    let service = ControlService { events: sender.clone(), connections: Arc::default() };
    let service = v1::control_server::ControlServer::new(service)
        .max_decoding_message_size(MAX_MESSAGE_BYTES)
        .max_encoding_message_size(MAX_MESSAGE_BYTES);
    Ok(ControlEvents { events, _open: sender, serving: listener.serve(identity, service)? })
}

impl ControlEvents {
    /// Where nodes connect.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.serving.address()
    }

    /// What happens next. Safe to cancel. While events wait here, nodes' streams are read no further.
    pub async fn next(&mut self) -> ControlEvent {
        match self.events.recv().await {
            Some(event) => event,
            // The queue is never closed, `_open` holds it.
            None => std::future::pending().await,
        }
    }
}

struct ControlService {
    events: mpsc::Sender<ControlEvent>,
    connections: Arc<AtomicU64>,
}

#[tonic::async_trait]
impl v1::control_server::Control for ControlService {
    type AttendStream = ReceiverStream<Result<v1::AggregatorMessage, Status>>;

    async fn attend(
        &self,
        request: Request<Streaming<v1::NodeMessage>>,
    ) -> Result<Response<Self::AttendStream>, Status> {
        let Some(Caller(node)) = request.extensions().get().cloned() else {
            return Err(Status::unauthenticated("the call did not pass a handshake"));
        };
        let connection = ConnectionId(self.connections.fetch_add(1, Ordering::Relaxed));
        let (queue, answers) = mpsc::channel(CONTROL_QUEUE);
        tokio::spawn(attend(self.events.clone(), node, connection, ControlPeer { queue }, request.into_inner()));
        Ok(Response::new(ReceiverStream::new(answers)))
    }
}

/// Reads one node's stream until it ends, or the aggregator's end of all connections is dropped.
async fn attend(
    events: mpsc::Sender<ControlEvent>,
    node: NodeId,
    connection: ConnectionId,
    peer: ControlPeer,
    mut stream: Streaming<v1::NodeMessage>,
) {
    // Weak: the connection is open for as long as the aggregator holds the peer, not this task.
    let answers = peer.queue.downgrade();
    let told = async {
        events.send(ControlEvent::Connected { node: node.clone(), connection, peer }).await?;
        let reason = loop {
            let message = match stream.message().await {
                Ok(Some(message)) => message,
                Ok(None) => break "the node closed it".to_owned(),
                Err(status) => break status_text(&status),
            };
            match NodeMessage::try_from(message) {
                Ok(message) => events.send(ControlEvent::Message { node: node.clone(), connection, message }).await?,
                Err(error) => {
                    let status = Status::from(error);
                    let reason = status.message().to_owned();
                    if let Some(answers) = answers.upgrade() {
                        answers.try_send(Err(status)).ok();
                    }
                    break reason;
                }
            }
        };
        events.send(ControlEvent::Closed { node: node.clone(), connection, reason }).await
    };
    tokio::select! {
        // Nobody is left to tell if this fails.
        _ = told => {}
        () = events.closed() => {}
    }
}
