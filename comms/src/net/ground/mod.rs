//! Checkpoints from a node to the ground station: a manifest is offered, the chunks that the station misses follow, and
//! the station says what has landed.
//!
//! ```text
//! node  ── manifest ─────────────►  station
//! node  ◄─ missing: chunks … ─────
//! node  ══ chunk, chunk, … ══════►           (zstd, through the emulated laser of the pass)
//! node  ◄─ stored: chunk ─────────           (each, when it is on the station's disk)
//! node  ◄─ landed ────────────────           (all of it is there, verified and assembled)
//! ```
//!
//! A delivery that breaks is resumed by offering again: the station then misses less. One that outlasts a pass waits for the
//! next with the connection open: no chunk is cut in two, and none is sent twice. The receipts on the way up are a few bytes
//! each and are not delayed. A [`PassLog`] tells which passes carried it.

use std::sync::Arc;

use bytes::Bytes;
use thiserror::Error;

pub use self::deliver::{DeliverError, deliver};
pub use self::passes::{Parcel, PassLog};
pub use self::source::{ChunkSource, FileChunks, SourceError};
pub use self::station::serve_ground;
use crate::custody::{Chunk, Manifest};
use crate::id::{Digest, NodeId, Round};

mod deliver;
mod passes;
mod source;
mod station;
mod turns;

/// A checkpoint that is complete and verified on the ground.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landed {
    /// Its round.
    pub round: Round,
    /// Digest of `model.safetensors`.
    pub digest: Digest,
    /// Its size.
    pub bytes: u64,
    /// Where it lies, relative to the ground store.
    pub path: String,
}

/// Why a station does not take a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{reason}")]
pub struct Refusal {
    /// What a person should know.
    pub reason: String,
}

/// Where a station keeps what arrives. Its functions may block: they run on threads of their own. Several nodes may
/// deliver at once, each another checkpoint; of two that offer the same, the second goes on where the first is.
pub trait GroundInbox: Send + Sync + 'static {
    /// A node offers a checkpoint. Gives the chunks that are not here yet, each once; none if all are.
    ///
    /// # Errors
    /// [`Refusal`] if it is not taken: nothing of it is sent then.
    fn offer(&self, from: &NodeId, manifest: &Manifest) -> Result<Vec<Chunk>, Refusal>;

    /// Keeps a chunk, whose bytes are those that its name says. When this returns, the chunk has to survive the process.
    ///
    /// # Errors
    /// [`Refusal`] if it cannot be kept: the delivery ends.
    fn store(&self, from: &NodeId, manifest: &Manifest, chunk: &Chunk, bytes: Bytes) -> Result<(), Refusal>;

    /// A chunk has arrived with other bytes than its name says and was thrown away; it is asked for again.
    fn chunk_refused(&self, from: &NodeId, manifest: &Manifest, chunk: &Chunk, reason: &str);

    /// All chunks are here: verifies and assembles the checkpoint. Called again for a checkpoint that has landed, it
    /// gives the same answer.
    ///
    /// # Errors
    /// [`Refusal`] if the checkpoint is not what its manifest says, or cannot be stored.
    fn land(&self, from: &NodeId, manifest: &Manifest) -> Result<Landed, Refusal>;
}

/// Runs what may block on a thread that may.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
    tokio::task::spawn_blocking(work).await.map_err(|error| format!("the work broke off: {error}"))
}

/// An inbox that several calls share.
type SharedInbox = Arc<dyn GroundInbox>;

#[cfg(test)]
mod pass_tests;
#[cfg(test)]
mod tests;
