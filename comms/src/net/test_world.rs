//! A small job for the tests of this module: an authority, identities, and processes that can be killed.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

use super::identity::Identity;
use super::listen::Listener;
use super::tls::Authority;
use crate::id::{Digest, NodeId};

/// Generous: nothing waits for it but a test that fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A job whose nodes have certificates.
pub(crate) struct Job {
    authority: Authority,
}

impl Job {
    pub(crate) fn new() -> Self {
        Self { authority: Authority::new("star").expect("makes an authority") }
    }

    pub(crate) fn identity(&self, node: NodeId) -> Identity {
        let credentials = Some(self.authority.issue(&node).expect("issues"));
        Identity { credentials, ..plain(node) }
    }

    pub(crate) fn satellite(&self, slot: u32) -> Identity {
        self.identity(NodeId::satellite(slot))
    }
}

/// The identity without credentials.
pub(crate) fn plain(node: NodeId) -> Identity {
    Identity { job: "star".into(), scenario: Digest::of(b"scenario"), node, credentials: None }
}

pub(crate) fn listener() -> Listener {
    Listener::bind(([127, 0, 0, 1], 0).into()).expect("a free port")
}

/// Runs a test on a runtime as processes have it, with an end to its patience.
pub(crate) fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = super::runtime().expect("a runtime");
    runtime.block_on(async { tokio::time::timeout(PATIENCE, test).await.expect("the test hangs") })
}

/// Something that runs on a thread and a runtime of its own, like a process, and dies like one: from one instruction to
/// the next, without a goodbye to its peers.
pub(crate) struct Victim {
    pub(crate) address: SocketAddr,
    kill: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Victim {
    /// `life` gets a sender for the address where it listens.
    pub(crate) async fn start<L, F>(life: L) -> Self
    where
        L: FnOnce(oneshot::Sender<SocketAddr>) -> F + Send + 'static,
        F: Future<Output = ()>,
    {
        let (kill, killed) = oneshot::channel();
        let (sender, address) = oneshot::channel();
        let thread = thread::spawn(move || {
            let runtime = super::runtime().expect("a runtime");
            runtime.block_on(async {
                tokio::select! {
                    () = life(sender) => {}
                    _ = killed => {}
                }
            });
            // Dropping the runtime closes its sockets without any farewell of the protocols above them.
        });
        let address = address.await.expect("listens");
        Self { address, kill: Some(kill), thread: Some(thread) }
    }

    pub(crate) fn kill(mut self) {
        self.stop();
    }

    fn stop(&mut self) {
        self.kill.take();
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the victim does not panic");
        }
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        if !thread::panicking() {
            self.stop();
        }
    }
}
