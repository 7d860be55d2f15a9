//! Calling another process: one connection, tuned, with the server's certificate checked for the node that is dialled.

use std::error::Error as StdError;
use std::net::SocketAddr;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use socket2::SockRef;
use thiserror::Error;
use tokio::net::{TcpSocket, TcpStream};
use tonic::Status;
use tonic::transport::{Channel, Endpoint, Uri};

use super::error_text::error_chain;
use super::handshake::is_refusal;
use super::identity::Identity;
use super::socket::{best_effort, prefer_loss_based};
use crate::id::NodeId;
use crate::limits::{
    CONNECT_TIMEOUT, HTTP2_FRAME_BYTES, HTTP2_WINDOW_BYTES, RECONNECT_PAUSE_MAX, RECONNECT_PAUSE_MIN,
    SOCKET_SEND_BUFFER_BYTES,
};

/// Why a call did not come about.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DialError {
    /// The two ends do not belong together. Trying again gives the same answer.
    #[error("{peer} at {address} is not for us: {reason}")]
    Refused {
        /// Who was dialled.
        peer: NodeId,
        /// Where.
        address: SocketAddr,
        /// Who refused what, with both values where two disagree.
        reason: String,
    },
    /// Nobody answers, or the connection broke. Trying again may help.
    #[error("{peer} at {address} is out of reach: {reason}")]
    Unreachable {
        /// Who was dialled.
        peer: NodeId,
        /// Where.
        address: SocketAddr,
        /// What happened.
        reason: String,
    },
}

impl DialError {
    /// Whether trying again is in vain.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }

    /// What happened, without who and where.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Refused { reason, .. } | Self::Unreachable { reason, .. } => reason,
        }
    }
}

/// Pauses between attempts to reach a peer: [`RECONNECT_PAUSE_MIN`], doubling up to [`RECONNECT_PAUSE_MAX`].
#[derive(Debug, Clone)]
pub struct Backoff {
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: RECONNECT_PAUSE_MIN }
    }
}

impl Backoff {
    /// How long to wait before the next attempt.
    pub fn next_pause(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(RECONNECT_PAUSE_MAX);
        pause
    }

    /// Begins again with the shortest pause, after an attempt that succeeded.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

/// A connection under way to `peer`: knows how to name what goes wrong on it.
#[derive(Debug, Clone)]
pub(crate) struct Dial<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) peer: &'a NodeId,
    pub(crate) address: SocketAddr,
}

impl Dial<'_> {
    /// Opens a connection. The first call over it tells whether the peer takes our certificate.
    pub(crate) async fn connect(&self) -> Result<Channel, DialError> {
        let refused = |error: tonic::transport::Error| self.refused(error_chain(&error));
        let scheme = if self.identity.credentials.is_some() { "https" } else { "http" };
        let mut endpoint = Endpoint::from_shared(format!("{scheme}://{}", self.address))
            .map_err(refused)?
            .initial_stream_window_size(HTTP2_WINDOW_BYTES)
            .initial_connection_window_size(HTTP2_WINDOW_BYTES)
            .max_frame_size(HTTP2_FRAME_BYTES);
        if let Some(credentials) = &self.identity.credentials {
            endpoint = endpoint.tls_config(credentials.client_config(self.peer)).map_err(refused)?;
        }
        let address = self.address;
        let connector = tower::service_fn(move |_: Uri| async move { open_socket(address).await.map(TokioIo::new) });
        match tokio::time::timeout(CONNECT_TIMEOUT, endpoint.connect_with_connector(connector)).await {
            Ok(Ok(channel)) => Ok(channel),
            Ok(Err(error)) => Err(self.classify(&error)),
            Err(_) => Err(self.unreachable(format!("no connection within {CONNECT_TIMEOUT:?}"))),
        }
    }

    /// Waits for the peer to accept a call. A process that is stopped is connected to by its operating system, but does
    /// not answer.
    pub(crate) async fn answered<T>(&self, call: impl Future<Output = Result<T, Status>>) -> Result<T, DialError> {
        match tokio::time::timeout(CONNECT_TIMEOUT, call).await {
            Ok(answer) => answer.map_err(|status| self.classify_status(&status)),
            Err(_) => Err(self.unreachable(format!("no answer within {CONNECT_TIMEOUT:?}"))),
        }
    }

    /// What the status of a call means for the one who dialled.
    pub(crate) fn classify_status(&self, status: &Status) -> DialError {
        if is_refusal(status.code()) {
            return self.refused(status.message().to_owned());
        }
        match status.source() {
            Some(cause) => self.classify(cause),
            None => self.unreachable(format!("{:?}: {}", status.code(), status.message())),
        }
    }

    /// What a transport error means: certificates that do not fit, and plain text against TLS, stay as they are.
    pub(crate) fn classify(&self, error: &(dyn StdError + 'static)) -> DialError {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(tls) = tls_error(error) {
                return self.refused(explain_tls(tls, self.peer));
            }
            if is_late_alert(error) {
                return self.refused(explain_alert(error));
            }
            if self.identity.credentials.is_none() && is_foreign_protocol(error) {
                let reason =
                    "it answers our plain text with something else: it may expect TLS, and we have no credentials";
                return self.refused(reason.to_owned());
            }
            cause = error.source();
        }
        self.unreachable(error_chain(error))
    }

    pub(crate) fn refused(&self, reason: String) -> DialError {
        DialError::Refused { peer: self.peer.clone(), address: self.address, reason }
    }

    pub(crate) fn unreachable(&self, reason: String) -> DialError {
        DialError::Unreachable { peer: self.peer.clone(), address: self.address, reason }
    }
}

/// A connected socket with its options set before it connects. Options are best effort: without them it is slower, not wrong.
async fn open_socket(address: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    let options = SockRef::from(&socket);
    best_effort("TCP_NODELAY", options.set_tcp_nodelay(true));
    best_effort("SO_SNDBUF", options.set_send_buffer_size(SOCKET_SEND_BUFFER_BYTES));
    prefer_loss_based(&options, address);
    socket.connect(address).await
}

/// The TLS error in `error`, which may hide inside an I/O error (whose `source` skips over it).
fn tls_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    inner.and_then(|inner| inner.downcast_ref()).or_else(|| error.downcast_ref())
}

/// Whether the peer ended TLS with an alert after we took it for established, as a server does that does not take our
/// certificate. HTTP/2 has the connection by then, and keeps of an I/O error its kind and its words alone.
fn is_late_alert(error: &(dyn StdError + 'static)) -> bool {
    let error = error.downcast_ref::<std::io::Error>();
    error.is_some_and(|error| {
        error.kind() == std::io::ErrorKind::InvalidData && error.to_string().contains("received fatal alert")
    })
}

fn explain_tls(error: &rustls::Error, peer: &NodeId) -> String {
    match error {
        rustls::Error::InvalidCertificate(_) => format!("its certificate is not one of this job for {peer} ({error})"),
        rustls::Error::AlertReceived(_) => explain_alert(error),
        rustls::Error::InvalidMessage(_) => format!("it does not speak TLS, we do ({error})"),
        _ => format!("TLS fails ({error})"),
    }
}

fn explain_alert(error: &dyn StdError) -> String {
    format!("it does not take our certificate, which is perhaps of another job ({error})")
}

/// Whether bytes came that are not HTTP/2: this end gives up on a frame that is none.
fn is_foreign_protocol(error: &(dyn StdError + 'static)) -> bool {
    let reason = error.downcast_ref::<h2::Error>().filter(|error| !error.is_remote()).and_then(h2::Error::reason);
    matches!(reason, Some(h2::Reason::FRAME_SIZE_ERROR | h2::Reason::PROTOCOL_ERROR))
}
