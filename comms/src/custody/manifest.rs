//! What a checkpoint consists of.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::ops::Range;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::id::{Digest, Round};
use crate::limits::{MAX_CHUNK_BYTES, MAX_CHUNKS, MAX_MANIFEST_BYTES, MAX_NAME_BYTES};

/// A checkpoint's file as a list of chunks, and the state it belongs to. Valid by construction:
/// chunks have 1 to [`MAX_CHUNK_BYTES`] bytes and add up to the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub struct Manifest {
    fields: Fields,
}

/// Which committed state a checkpoint holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Name of the job: 1 to [`MAX_NAME_BYTES`] bytes.
    pub job: String,
    /// The round whose commit it follows.
    pub round: Round,
    /// Digest of the common state in it.
    pub state: Digest,
}

/// The file that the chunks add up to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Its name: one path component, not hidden, at most [`MAX_NAME_BYTES`] bytes.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// The hash of all of it.
    pub digest: Digest,
}

/// A piece of a file, named by its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chunk {
    /// The hash of its bytes.
    pub digest: Digest,
    /// Its size before compression.
    pub bytes: u64,
}

impl Manifest {
    /// Reads a file once and describes it in chunks of `chunk_bytes`, the last one shorter.
    ///
    /// # Errors
    /// [`DescribeError`] if the file cannot be read, or a manifest of it would be out of bounds.
    pub fn describe(
        checkpoint: Checkpoint,
        name: &str,
        mut file: impl Read,
        chunk_bytes: usize,
    ) -> Result<Self, DescribeError> {
        if !(1..=MAX_CHUNK_BYTES).contains(&chunk_bytes) {
            return Err(ManifestError::ChunkSize { index: 0, bytes: chunk_bytes as u64 }.into());
        }
        let mut whole = blake3::Hasher::new();
        let mut chunks = Vec::new();
        let mut buffer = Vec::with_capacity(chunk_bytes);
        loop {
            buffer.clear();
            let bytes = file.by_ref().take(chunk_bytes as u64).read_to_end(&mut buffer)? as u64;
            if bytes == 0 {
                break;
            }
            whole.update(&buffer);
            chunks.push(Chunk { digest: Digest::of(&buffer), bytes });
        }
        let bytes = chunks.iter().map(|chunk| chunk.bytes).sum();
        let file = FileEntry { name: name.to_owned(), bytes, digest: Digest(*whole.finalize().as_bytes()) };
        let Checkpoint { job, round, state } = checkpoint;
        let manifest = Self::try_from(Fields { job, round, state, file, chunks })?;
        match manifest.to_json().len() {
            ..=MAX_MANIFEST_BYTES => Ok(manifest),
            bytes => Err(ManifestError::TooLong { bytes }.into()),
        }
    }

    /// Describes a file of which nothing but the size is known, as a simulation does: its chunks are named after its state.
    ///
    /// # Errors
    /// [`ManifestError`] if the manifest would be out of bounds.
    pub fn of_size(checkpoint: Checkpoint, name: &str, bytes: u64, chunk_bytes: u64) -> Result<Self, ManifestError> {
        let Checkpoint { job, round, state } = checkpoint;
        let named = |index: u64| Digest::of(&[&state.0[..], &index.to_le_bytes()].concat());
        let chunks = (0..bytes.div_ceil(chunk_bytes.max(1)))
            .map(|index| Chunk { digest: named(index), bytes: chunk_bytes.min(bytes - index * chunk_bytes) })
            .collect();
        let file = FileEntry { name: name.to_owned(), bytes, digest: state };
        Self::try_from(Fields { job, round, state, file, chunks })
    }

    /// Reads a manifest from its JSON. Never panics, whatever the bytes.
    ///
    /// # Errors
    /// [`ManifestError`] with what is wrong.
    pub fn parse(json: &[u8]) -> Result<Self, ManifestError> {
        if json.len() > MAX_MANIFEST_BYTES {
            return Err(ManifestError::TooLong { bytes: json.len() });
        }
        let fields: Fields = serde_json::from_slice(json).map_err(ManifestError::Json)?;
        fields.try_into()
    }

    /// The manifest as JSON; [`parse`](Self::parse) reads it back to the same.
    ///
    /// # Panics
    /// Never: a manifest is plain data.
    #[must_use]
    #[expect(clippy::expect_used, reason = "strings, numbers and lists always serialise")]
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(&self.fields).expect("plain data")
    }

    /// The hash of the manifest's JSON.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.to_json())
    }

    /// Name of the job.
    #[must_use]
    pub fn job(&self) -> &str {
        &self.fields.job
    }

    /// The round whose commit the checkpoint follows.
    #[must_use]
    pub const fn round(&self) -> Round {
        self.fields.round
    }

    /// Digest of the common state.
    #[must_use]
    pub const fn state(&self) -> Digest {
        self.fields.state
    }

    /// The file that the chunks add up to.
    #[must_use]
    pub const fn file(&self) -> &FileEntry {
        &self.fields.file
    }

    /// The chunks in the order of the file. The same chunk may appear more than once.
    #[must_use]
    pub fn chunks(&self) -> &[Chunk] {
        &self.fields.chunks
    }

    /// Each chunk with its place in the file, in bytes.
    pub fn ranges(&self) -> impl Iterator<Item = (&Chunk, Range<u64>)> {
        self.fields.chunks.iter().scan(0, |start, chunk| {
            let range = *start..*start + chunk.bytes;
            *start = range.end;
            Some((chunk, range))
        })
    }

    /// The chunks that are not in `held`, each once, in the order of the file.
    #[must_use]
    pub fn missing(&self, held: &BTreeSet<Digest>) -> Vec<Chunk> {
        let mut seen = BTreeSet::new();
        let lacking = |chunk: &&Chunk| !held.contains(&chunk.digest) && seen.insert(chunk.digest);
        self.fields.chunks.iter().filter(lacking).copied().collect()
    }
}

/// Why a manifest is refused.
#[derive(Debug, Error)]
pub enum ManifestError {
    /// The text is longer than any manifest.
    #[error("a manifest has at most {MAX_MANIFEST_BYTES} bytes, not {bytes}: larger chunks make a shorter one")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// The text is not a manifest's JSON.
    #[error("the manifest is not valid JSON of a manifest: {0}")]
    Json(#[source] serde_json::Error),
    /// The job has an unusable name.
    #[error("a job's name has 1 to {MAX_NAME_BYTES} bytes, not {bytes}")]
    JobName {
        /// Its length.
        bytes: usize,
    },
    /// The file's name could lead elsewhere.
    #[error(
        "`{name}` is not a file name: one path component of 1 to {MAX_NAME_BYTES} letters, digits, `.`, `-`, `_`, not led by a dot"
    )]
    FileName {
        /// The refused name.
        name: String,
    },
    /// More chunks than a manifest may have.
    #[error("a manifest has at most {MAX_CHUNKS} chunks, not {chunks}")]
    ChunkCount {
        /// How many there are.
        chunks: usize,
    },
    /// A chunk of an impossible size.
    #[error("chunk {index} has {bytes} bytes; a chunk has 1 to {MAX_CHUNK_BYTES}")]
    ChunkSize {
        /// Its place in the manifest.
        index: usize,
        /// Its size.
        bytes: u64,
    },
    /// The chunks are not the file.
    #[error("the chunks have {chunks} bytes together, the file has {file}")]
    Sum {
        /// Bytes of all chunks.
        chunks: u64,
        /// Bytes of the file.
        file: u64,
    },
}

/// Why a file cannot be described.
#[derive(Debug, Error)]
pub enum DescribeError {
    /// The file cannot be read.
    #[error("the checkpoint cannot be read: {0}")]
    Read(#[from] io::Error),
    /// Its manifest would be out of bounds.
    #[error(transparent)]
    Bounds(#[from] ManifestError),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    job: String,
    round: Round,
    state: Digest,
    file: FileEntry,
    chunks: Vec<Chunk>,
}

impl From<Manifest> for Fields {
    fn from(manifest: Manifest) -> Self {
        manifest.fields
    }
}

impl TryFrom<Fields> for Manifest {
    type Error = ManifestError;

    fn try_from(fields: Fields) -> Result<Self, Self::Error> {
        let Fields { job, file, chunks, .. } = &fields;
        if !(1..=MAX_NAME_BYTES).contains(&job.len()) {
            return Err(ManifestError::JobName { bytes: job.len() });
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        if !(1..=MAX_NAME_BYTES).contains(&file.name.len())
            || file.name.starts_with('.')
            || !file.name.bytes().all(plain)
        {
            return Err(ManifestError::FileName { name: file.name.clone() });
        }
        if chunks.len() > MAX_CHUNKS {
            return Err(ManifestError::ChunkCount { chunks: chunks.len() });
        }
        let sizes = 1..=MAX_CHUNK_BYTES as u64;
        if let Some((index, chunk)) = chunks.iter().enumerate().find(|(_, chunk)| !sizes.contains(&chunk.bytes)) {
            return Err(ManifestError::ChunkSize { index, bytes: chunk.bytes });
        }
        // Neither can overflow: the count and the sizes are bounded.
        let sum = chunks.iter().map(|chunk| chunk.bytes).sum();
        if sum != file.bytes {
            return Err(ManifestError::Sum { chunks: sum, file: file.bytes });
        }
        Ok(Self { fields })
    }
}

#[cfg(test)]
#[path = "manifest_tests.rs"]
mod tests;
