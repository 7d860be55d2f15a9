//! Where the bytes of chunks come from.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use thiserror::Error;

use crate::custody::{Chunk, Manifest};
use crate::id::Digest;

/// Has the bytes of a checkpoint's chunks. Reading may block: it happens on a thread of its own.
pub trait ChunkSource: Send + Sync + 'static {
    /// The bytes of a chunk, which are those that its name says.
    ///
    /// # Errors
    /// [`SourceError`] if they cannot be had.
    fn read(&self, chunk: &Chunk) -> Result<Bytes, SourceError>;
}

/// Why a chunk's bytes cannot be had.
#[derive(Debug, Error)]
pub enum SourceError {
    /// The file cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The file is not the one that the manifest describes.
    #[error("{} has changed since its manifest was made: chunk {expected:?} is not where it was", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// The chunk that is missed.
        expected: Digest,
    },
    /// The chunk is in no manifest that this source has seen.
    #[error("there is no chunk {0:?} in this checkpoint")]
    Unknown(Digest),
}

/// A checkpoint's file as the source of its chunks.
#[derive(Debug)]
pub struct FileChunks {
    path: PathBuf,
    file: File,
    places: BTreeMap<Digest, u64>,
}

impl FileChunks {
    /// The file at `path`, which `manifest` describes.
    ///
    /// # Errors
    /// [`SourceError::Read`] if it cannot be opened.
    pub fn open(path: &Path, manifest: &Manifest) -> Result<Self, SourceError> {
        let file = File::open(path).map_err(|source| SourceError::Read { path: path.into(), source })?;
        let places = manifest.ranges().map(|(chunk, range)| (chunk.digest, range.start)).collect();
        Ok(Self { path: path.into(), file, places })
    }
}

impl ChunkSource for FileChunks {
    fn read(&self, chunk: &Chunk) -> Result<Bytes, SourceError> {
        let place = *self.places.get(&chunk.digest).ok_or(SourceError::Unknown(chunk.digest))?;
        // A manifest's chunks have at most MAX_CHUNK_BYTES.
        let mut bytes = vec![0; usize::try_from(chunk.bytes).unwrap_or(usize::MAX)];
        self.file
            .read_exact_at(&mut bytes, place)
            .map_err(|source| SourceError::Read { path: self.path.clone(), source })?;
        if Digest::of(&bytes) != chunk.digest {
            return Err(SourceError::Changed { path: self.path.clone(), expected: chunk.digest });
        }
        Ok(bytes.into())
    }
}
