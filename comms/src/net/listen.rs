//! A place where others call: bound first, served later.

use std::net::{SocketAddr, TcpListener};

use socket2::SockRef;
use thiserror::Error;
use tokio::task::AbortHandle;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::server::NamedService;
use tonic::transport::Server;

use super::error_text::error_chain;
use super::handshake::HandshakeLayer;
use super::identity::Identity;
use super::socket::prefer_loss_based;
use crate::limits::{ACCEPT_PAUSE, HTTP2_FRAME_BYTES, HTTP2_WINDOW_BYTES};

/// A bound socket that nobody is served on yet. Binding apart from serving lets a process find its port taken, or tell
/// others the port it was given, before it does anything else.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

/// Why an address cannot be listened at.
#[derive(Debug, Error)]
#[error("cannot listen at {address}: {source}{}", hint(.source))]
pub struct ListenError {
    /// The address.
    pub address: SocketAddr,
    /// What the operating system says.
    pub source: std::io::Error,
}

fn hint(source: &std::io::Error) -> &'static str {
    match source.kind() {
        std::io::ErrorKind::AddrInUse => {
            "; another process has this port: set another network.base_port, or 0 for any free ones"
        }
        std::io::ErrorKind::AddrNotAvailable => "; network.bind must be an address of this machine",
        _ => "",
    }
}

/// Why a bound socket cannot be served.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The event queue refuses the socket.
    #[error("cannot serve at {address}: {source}")]
    Socket {
        /// The address.
        address: SocketAddr,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The TLS library refuses the credentials.
    #[error("cannot serve at {address} with these credentials: {reason}")]
    Credentials {
        /// The address.
        address: SocketAddr,
        /// What it says.
        reason: String,
    },
}

impl Listener {
    /// Listens at `address`; port 0 takes any free port.
    ///
    /// # Errors
    /// [`ListenError`] if the port is taken or the address is not of this machine.
    pub fn bind(address: SocketAddr) -> Result<Self, ListenError> {
        let bind = || {
            let socket = TcpListener::bind(address)?;
            socket.set_nonblocking(true)?;
            // Those who are accepted inherit it.
            prefer_loss_based(&SockRef::from(&socket), address);
            let address = socket.local_addr()?;
            Ok(Self { socket, address })
        };
        bind().map_err(|source| ListenError { address, source })
    }

    /// Where it listens, with the port that was given.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves one gRPC service to callers that pass the handshake. Must be called inside the runtime.
    pub(crate) fn serve<S>(self, identity: &Identity, service: S) -> Result<Serving, ServeError>
    where
        S: Service<http::Request<Body>, Response = http::Response<Body>, Error = std::convert::Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
    {
        let address = self.address;
        let mut server = Server::builder()
            .initial_stream_window_size(HTTP2_WINDOW_BYTES)
            .initial_connection_window_size(HTTP2_WINDOW_BYTES)
            .max_frame_size(HTTP2_FRAME_BYTES);
        if let Some(credentials) = &identity.credentials {
            server = server
                .tls_config(credentials.server_config())
                .map_err(|error| ServeError::Credentials { address, reason: error_chain(&error) })?;
        }
        let socket =
            tokio::net::TcpListener::from_std(self.socket).map_err(|source| ServeError::Socket { address, source })?;
        // A caller that is gone before it is accepted, or a moment without file descriptors, must not end the service.
        let callers = TcpListenerStream::new(socket).then(move |caller| async move {
            match caller {
                Ok(caller) => {
                    if let Err(error) = caller.set_nodelay(true) {
                        tracing::debug!(%error, "a caller's socket keeps its delay");
                    }
                    Some(Ok::<_, std::io::Error>(caller))
                }
                Err(error) => {
                    tracing::warn!(%address, %error, "a caller could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    None
                }
            }
        });
        let callers = callers.filter_map(|caller| caller);
        let router = server.layer(HandshakeLayer::new(identity.clone())).add_service(service);
        let task = tokio::spawn(async move {
            if let Err(error) = router.serve_with_incoming(callers).await {
                tracing::error!(%address, error = %error_chain(&error), "no further callers are served");
            }
        });
        Ok(Serving { address, task: task.abort_handle() })
    }
}

/// A service that accepts callers until this is dropped. Connections that stand are not cut by that.
#[derive(Debug)]
pub struct Serving {
    address: SocketAddr,
    task: AbortHandle,
}

impl Serving {
    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_named_with_the_key_that_changes_it() {
        let first = Listener::bind(([127, 0, 0, 1], 0).into()).expect("binds");
        let error = Listener::bind(first.address()).expect_err("is taken").to_string();
        assert!(error.contains(&first.address().to_string()) && error.contains("network.base_port"), "{error}");
    }
}
