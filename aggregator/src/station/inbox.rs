//! What a station keeps: chunks until a checkpoint is complete, then the checkpoint.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use starloom_comms::custody::{Chunk, Manifest};
use starloom_comms::events::{Mission, What};
use starloom_comms::id::{Digest, NodeId};
use starloom_comms::net::ground::{GroundInbox, Landed as Receipt, Refusal};
use thiserror::Error;

use super::spool::Spool;
use crate::ground::{Landed, MANIFEST, ObjectError, Store};

/// The station's side of a delivery. Clones of a checkpoint from several nodes fill it together.
#[derive(Debug)]
pub struct Inbox {
    folder: PathBuf,
    mission: Arc<dyn Mission>,
    // One lock: a station's disk is faster than its links.
    kept: Mutex<Kept>,
}

#[derive(Debug)]
struct Kept {
    spool: Spool,
    store: Store,
    /// Manifests of checkpoints that have landed.
    landed: BTreeSet<Digest>,
}

/// Why a station cannot keep anything.
#[derive(Debug, Error)]
#[error("the ground store {} cannot be used: {reason}", folder.display())]
pub struct InboxError {
    /// The store's folder.
    pub folder: PathBuf,
    /// Why.
    pub reason: String,
}

impl Inbox {
    /// The inbox over the ground store `folder`, with all that it held before.
    ///
    /// # Errors
    /// [`InboxError`] if the folder cannot be made, read or written.
    pub fn open(folder: &Path, mission: Arc<dyn Mission>) -> Result<Self, InboxError> {
        let failed = |reason: String| InboxError { folder: folder.to_owned(), reason };
        let store = Store::open(folder).map_err(|error| failed(error.to_string()))?;
        let spool = Spool::open(&folder.join("incoming")).map_err(|error| failed(error.to_string()))?;
        let mut landed = BTreeSet::new();
        for name in store.folders().map_err(|error| failed(error.to_string()))? {
            let manifest = store.get(&format!("{name}/{MANIFEST}")).map_err(|error| failed(error.to_string()))?;
            landed.extend(manifest.as_deref().map(Digest::of));
        }
        Ok(Self { folder: folder.to_owned(), mission, kept: Mutex::new(Kept { spool, store, landed }) })
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // What a panicking thread left is on disk and whole.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refusal(&self, manifest: &Manifest, reason: &dyn std::fmt::Display) -> Refusal {
        let (round, folder) = (manifest.round(), self.folder.display());
        Refusal { reason: format!("the checkpoint of round {round} cannot be kept in {folder}: {reason}") }
    }

    fn show_progress(&self, kept: &Kept, manifest: &Manifest) {
        let all = manifest.missing(&BTreeSet::new()).len() as u64;
        let missing = kept.spool.missing(manifest).len() as u64;
        self.mission.emit(What::ChunksLanded { round: manifest.round(), chunks: all - missing, of: all });
    }
}

impl GroundInbox for Inbox {
    fn offer(&self, _from: &NodeId, manifest: &Manifest) -> Result<Vec<Chunk>, Refusal> {
        let mut kept = self.kept();
        if kept.landed.contains(&manifest.digest()) {
            return Ok(Vec::new());
        }
        let missing = kept.spool.expect(manifest).map_err(|error| self.refusal(manifest, &error))?;
        self.show_progress(&kept, manifest);
        Ok(missing)
    }

    fn store(&self, _from: &NodeId, manifest: &Manifest, chunk: &Chunk, bytes: Bytes) -> Result<(), Refusal> {
        let mut kept = self.kept();
        if kept.landed.contains(&manifest.digest()) {
            // Another node was faster.
            return Ok(());
        }
        kept.spool.keep(chunk, &bytes).map_err(|error| self.refusal(manifest, &error))?;
        self.show_progress(&kept, manifest);
        Ok(())
    }

    fn chunk_refused(&self, from: &NodeId, manifest: &Manifest, _chunk: &Chunk, reason: &str) {
        let reason = format!("from {from}: {reason}");
        self.mission.emit(What::ChunkRefused { round: manifest.round(), reason });
    }

    fn land(&self, _from: &NodeId, manifest: &Manifest) -> Result<Receipt, Refusal> {
        let mut kept = self.kept();
        let Landed { round, digest, bytes, path, .. } = Landed::of(manifest);
        let receipt = Receipt { round, digest, bytes, path: path.clone() };
        if kept.landed.contains(&manifest.digest()) {
            return Ok(receipt);
        }
        kept.assemble(manifest, &path).map_err(|error| {
            if let ObjectError::Content(reason) = &error {
                self.mission.emit(What::ChunkRefused { round, reason: reason.clone() });
            }
            self.refusal(manifest, &error)
        })?;
        self.mission.emit(What::CheckpointLanded { round, digest, bytes, path });
        Ok(receipt)
    }
}

impl Kept {
    /// The file first, then the manifest: with it the checkpoint has landed.
    fn assemble(&mut self, manifest: &Manifest, path: &str) -> Result<(), ObjectError> {
        let mark = format!("{}/{MANIFEST}", Landed::folder(manifest.round()));
        // A checkpoint of a run that was resumed from before it: its rounds are void, and others took their place.
        if let Some(before) = self.store.get(&mark)? {
            self.landed.remove(&Digest::of(&before));
            self.store.remove(&mark)?;
        }
        let spool = &mut self.spool;
        let parts = manifest.chunks().iter().map(|chunk| spool.read(chunk).map(Bytes::from));
        self.store.put_parts(path, parts, manifest.file().digest)?;
        self.store.put(&mark, manifest.to_json())?;
        self.landed.insert(manifest.digest());
        self.spool.finish(manifest);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
