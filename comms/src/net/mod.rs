//! Sockets: the links between processes, and the only place that names tonic, prost and tokio.
//!
//! One network path serves all: gRPC over HTTP/2 over TLS over TCP.
//!
//! | module | what it carries |
//! |---|---|
//! | [`link`] | frames of the collective, node to node, one lane per direction, through an emulated [`laser`] |
//! | [`control`] | membership and rounds, node to aggregator, never emulated |
//! | [`ground`] | checkpoints, node to station, through the emulated laser as well |
//!
//! [`membership`] puts the node's ends of them together on one thread, with a blocking interface for a trainer.
//!
//! Every connection begins with the same handshake: protocol version, job, scenario and the caller's certificate
//! must fit, or the call is refused with a reason that names both values. An [`identity::Identity`] with its
//! [`tls::Credentials`] is all a process needs for it.
//!
//! Everything asynchronous runs on one current-thread [`runtime`] per process. A second worker would be slower: what a
//! lane does between two system calls is shorter than waking a thread.
//!
//! # Metrics
//! Counters of the `metrics` facade, all with the label `peer`:
//! `starloom_link_sent_bytes_total` and `starloom_link_received_bytes_total` (framing included, before TLS),
//! `starloom_link_sent_frames_total`, `starloom_link_received_frames_total`, `starloom_link_corrupt_frames_total`,
//! `starloom_link_dials_total` (attempts to connect a lane) and `starloom_link_connects_total` (those that succeeded; what
//! exceeds one per peer is reconnects); `starloom_ground_sent_bytes_total` (compressed chunks).

pub mod clock;
pub mod control;
pub mod dial;
mod error_text;
pub mod event_sink;
pub mod ground;
mod handshake;
pub mod identity;
pub mod laser;
mod laser_stream;
pub mod lifeline;
pub mod link;
pub mod listen;
pub mod membership;
mod proto;
mod socket;
pub mod tls;

use std::io;

/// The runtime that a process's links live on: one thread, sockets and timers.
///
/// # Errors
/// Whatever the operating system says when it cannot give an event queue.
pub fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()
}

#[cfg(test)]
mod test_world;
