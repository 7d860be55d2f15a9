//! Socket options that make a connection faster and that it can do without.

use std::io;
use std::net::SocketAddr;

use socket2::SockRef;

/// Goes on without an option that cannot be set.
pub(super) fn best_effort(option: &'static str, result: io::Result<()>) {
    if let Err(error) = result {
        tracing::debug!(option, %error, "a socket option cannot be set");
    }
}

/// Where the system default is bbr, its pacing costs a fifth on loopback. A real long link keeps what its system chose.
///
/// Only before a socket connects or listens: once bbr has paced a connection, the kernel goes on pacing it under any other.
pub(super) fn prefer_loss_based(socket: &SockRef<'_>, address: SocketAddr) {
    #[cfg(target_os = "linux")]
    if address.ip().is_loopback() {
        let chosen = socket.set_tcp_congestion(b"cubic").or_else(|_| socket.set_tcp_congestion(b"reno"));
        best_effort("TCP_CONGESTION", chosen);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (socket, address);
}
