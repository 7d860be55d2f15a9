//! The control connection, kept: dialled, and after each loss dialled again.

use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use crate::control::{AggregatorMessage, NodeMessage};
use crate::net::control::{ControlClient, ControlReceiver, ControlSender};
use crate::net::dial::{Backoff, DialError};
use crate::net::identity::Identity;

/// What happens on it.
#[derive(Debug)]
pub(super) enum ControlNews {
    Connected,
    Message(AggregatorMessage),
    /// The connection is lost. It is dialled again.
    Lost,
    /// This node is not wanted, and dialling again would not change that.
    Refused {
        reason: String,
    },
}

/// The connection to the aggregator.
pub(super) struct ControlLoop {
    identity: Identity,
    aggregator: SocketAddr,
    backoff: Backoff,
    state: State,
}

enum State {
    Dialling(Pin<Box<dyn Future<Output = Dialled> + Send>>),
    Up {
        sender: ControlSender,
        receiver: Box<ControlReceiver>,
    },
    /// It broke while something was sent.
    Broken {
        reason: String,
    },
    Closed,
}

type Dialled = Result<(ControlSender, ControlReceiver), DialError>;

impl ControlLoop {
    pub(super) fn new(identity: Identity, aggregator: SocketAddr) -> Self {
        let state = dial(identity.clone(), aggregator, Duration::ZERO);
        Self { identity, aggregator, backoff: Backoff::default(), state }
    }

    /// What happens next. Safe to cancel.
    pub(super) async fn next(&mut self) -> ControlNews {
        loop {
            match &mut self.state {
                State::Dialling(dialled) => match dialled.await {
                    Ok((sender, receiver)) => {
                        self.backoff.reset();
                        self.state = State::Up { sender, receiver: Box::new(receiver) };
                        return ControlNews::Connected;
                    }
                    Err(error) if error.is_final() => {
                        self.state = State::Closed;
                        return ControlNews::Refused { reason: error.to_string() };
                    }
                    Err(error) => {
                        tracing::debug!(%error, "the aggregator is dialled again");
                        self.redial();
                    }
                },
                State::Up { receiver, .. } => match receiver.recv().await {
                    Ok(message) => return ControlNews::Message(message),
                    Err(lost) => self.state = State::Broken { reason: lost.reason },
                },
                State::Broken { reason } => {
                    tracing::warn!(%reason, "the connection to the aggregator is lost");
                    self.redial();
                    return ControlNews::Lost;
                }
                State::Closed => std::future::pending().await,
            }
        }
    }

    /// Sends without waiting, if there is a connection.
    pub(super) fn send(&mut self, message: NodeMessage) {
        if let State::Up { sender, .. } = &self.state
            && let Err(error) = sender.try_send(message)
        {
            self.state = State::Broken { reason: error.to_string() };
        }
    }

    /// Ends the connection after what was sent, and waits until the aggregator has seen it, for `patience` at most.
    pub(super) async fn close(&mut self, patience: Duration) {
        if let State::Up { sender, mut receiver } = std::mem::replace(&mut self.state, State::Closed) {
            drop(sender);
            let closed = async { while receiver.recv().await.is_ok() {} };
            if tokio::time::timeout(patience, closed).await.is_err() {
                tracing::warn!("the aggregator has not closed the connection of a node that left");
            }
        }
    }

    fn redial(&mut self) {
        self.state = dial(self.identity.clone(), self.aggregator, self.backoff.next_pause());
    }
}

fn dial(identity: Identity, aggregator: SocketAddr, pause: Duration) -> State {
    State::Dialling(Box::pin(async move {
        tokio::time::sleep(pause).await;
        ControlClient::connect(&identity, aggregator).await
    }))
}
