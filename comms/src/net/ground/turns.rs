//! One delivery of a checkpoint at a time, so that no two nodes bring the same chunk: who offers it last has the turn.
//!
//! Custody may have gone to another node while the first one waits for its next pass and does not know it; and a node whose
//! connection broke comes again before the station has seen that. The one before takes in what has reached it, and ends.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedMutexGuard, oneshot};

use crate::id::{Digest, NodeId};

/// Whose turn it is, for each checkpoint that is being delivered.
#[derive(Debug, Default)]
pub(super) struct Turns {
    holders: Mutex<BTreeMap<Digest, Holder>>,
}

#[derive(Debug)]
struct Holder {
    /// Tells the holder who has the turn after it.
    successor: oneshot::Sender<NodeId>,
    /// Held from the beginning of a turn to its end.
    at_work: Arc<tokio::sync::Mutex<()>>,
}

/// The turn at one checkpoint. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Turn {
    // Free before the turn shows as over.
    _at_work: OwnedMutexGuard<()>,
    successor: oneshot::Receiver<NodeId>,
}

impl Turns {
    /// Takes the turn at the checkpoint with this manifest for `node`, when the one before has ended.
    pub(super) async fn take(&self, manifest: Digest, node: &NodeId) -> Turn {
        let (tell, successor) = oneshot::channel();
        let at_work = {
            let mut holders = self.holders.lock().unwrap_or_else(PoisonError::into_inner);
            let before = holders.remove(&manifest);
            holders.retain(|_, holder| !holder.successor.is_closed());
            let at_work = before.map(|before| {
                // A turn that has ended needs no telling.
                before.successor.send(node.clone()).ok();
                before.at_work
            });
            let at_work = at_work.unwrap_or_default();
            holders.insert(manifest, Holder { successor: tell, at_work: at_work.clone() });
            at_work
        };
        Turn { _at_work: at_work.lock_owned().await, successor }
    }
}

impl Turn {
    /// Resolves to the node that has the turn next, when there is one.
    pub(super) async fn successor(&mut self) -> NodeId {
        match (&mut self.successor).await {
            Ok(node) => node,
            // The service is gone; so is the connection.
            Err(_) => std::future::pending().await,
        }
    }
}
