//! The node's end.

use std::net::SocketAddr;

use thiserror::Error;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Streaming};

use super::ControlClosed;
use crate::control::{AggregatorMessage, NodeMessage};
use crate::id::NodeId;
use crate::limits::{CONTROL_QUEUE, MAX_MESSAGE_BYTES};
use crate::net::dial::{Dial, DialError};
use crate::net::error_text::status_text;
use crate::net::handshake::introduce;
use crate::net::identity::Identity;
use crate::net::proto::v1;

/// A node's way to the aggregator.
#[derive(Debug)]
pub struct ControlClient;

impl ControlClient {
    /// Connects once.
    ///
    /// # Errors
    /// [`DialError::Refused`] if the aggregator will not have this node whatever it tries, [`DialError::Unreachable`] if
    /// it may be tried again.
    pub async fn connect(
        identity: &Identity,
        aggregator: SocketAddr,
    ) -> Result<(ControlSender, ControlReceiver), DialError> {
        let peer = NodeId::aggregator();
        let dial = Dial { identity, peer: &peer, address: aggregator };
        let channel = dial.connect().await?;
        let (sender, queue) = mpsc::channel(CONTROL_QUEUE);
        let mut request = Request::new(ReceiverStream::new(queue));
        introduce_call(identity, &mut request);
        let mut client = v1::control_client::ControlClient::new(channel)
            .max_decoding_message_size(MAX_MESSAGE_BYTES)
            .max_encoding_message_size(MAX_MESSAGE_BYTES);
        let stream = dial.answered(client.attend(request)).await?.into_inner();
        Ok((ControlSender { queue: sender }, ControlReceiver { stream }))
    }
}

/// Puts the handshake's facts into a call of the generated clients.
pub(in crate::net) fn introduce_call<T>(identity: &Identity, request: &mut Request<T>) {
    let mut headers = std::mem::take(request.metadata_mut()).into_headers();
    introduce(identity, &mut headers);
    *request.metadata_mut() = tonic::metadata::MetadataMap::from_headers(headers);
}

/// Where a node's messages to the aggregator go. Dropping all clones ends the stream after what was sent.
#[derive(Debug, Clone)]
pub struct ControlSender {
    pub(super) queue: mpsc::Sender<v1::NodeMessage>,
}

impl ControlSender {
    /// Queues a message without waiting.
    ///
    /// # Errors
    /// [`ControlClosed`] if the connection is closed or the aggregator does not read.
    pub fn try_send(&self, message: NodeMessage) -> Result<(), ControlClosed> {
        self.queue.try_send(message.into()).map_err(ControlClosed::from)
    }

    /// Queues a message, waiting for room.
    ///
    /// # Errors
    /// [`ControlClosed::Gone`] if the connection is closed.
    pub async fn send(&self, message: NodeMessage) -> Result<(), ControlClosed> {
        self.queue.send(message.into()).await.map_err(|_| ControlClosed::Gone)
    }

    /// Resolves when the connection no longer takes messages.
    pub async fn closed(&self) {
        self.queue.closed().await;
    }
}

/// What the aggregator says.
#[derive(Debug)]
pub struct ControlReceiver {
    stream: Streaming<v1::AggregatorMessage>,
}

/// The connection to the aggregator is over.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the connection to the aggregator is lost: {reason}")]
pub struct ControlLost {
    /// What happened.
    pub reason: String,
}

impl ControlReceiver {
    /// The next message. Safe to cancel.
    ///
    /// # Errors
    /// [`ControlLost`] as soon as the connection breaks or the aggregator closes it, and for good.
    pub async fn recv(&mut self) -> Result<AggregatorMessage, ControlLost> {
        let message = match self.stream.message().await {
            Ok(Some(message)) => AggregatorMessage::try_from(message).map_err(|error| error.to_string()),
            Ok(None) => Err("the aggregator closed it".to_owned()),
            Err(status) => Err(status_text(&status)),
        };
        message.map_err(|reason| ControlLost { reason })
    }
}
