//! Writes a node's checkpoints and describes them for the way to the ground.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use starloom_comms::custody::{Checkpoint, DescribeError, Manifest};
use starloom_comms::events::{Mission, Phase, What};
use starloom_comms::id::{Attempt, Digest, Round};
use starloom_comms::net::membership::WrittenCheckpoint;
use thiserror::Error;

use crate::checkpoint::{self, MODEL_FILE, Snapshot, WriteError};

/// Checkpoints that stay on a node's disk.
const KEPT: usize = 3;

/// Where a node's checkpoints go.
#[derive(Debug, Clone)]
pub(crate) struct Scribe {
    job: String,
    directory: PathBuf,
    chunk_bytes: usize,
    mission: Arc<dyn Mission>,
}

/// Why there is no checkpoint of a round.
#[derive(Debug, Error)]
enum ScribeError {
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error("checkpoint of round {round}: cannot read back {path}: {source}")]
    Open { round: Round, path: PathBuf, source: std::io::Error },
    #[error("checkpoint of round {round}: {source}")]
    Describe { round: Round, source: DescribeError },
    #[error("checkpoint of round {round}: {path} reads back as {found}, written was {expected}")]
    Differs { round: Round, path: PathBuf, found: Digest, expected: Digest },
}

impl Scribe {
    /// A scribe of the node that keeps its part of job `job` in `directory`.
    pub(crate) fn new(job: &str, directory: &Path, chunk_bytes: u64, mission: Arc<dyn Mission>) -> Self {
        let chunk_bytes = usize::try_from(chunk_bytes).unwrap_or(usize::MAX);
        Self { job: job.to_owned(), directory: directory.join("checkpoints"), chunk_bytes, mission }
    }

    /// Writes a checkpoint and reads it back. If the disk refuses, the node is told of it and goes on: the state is
    /// committed, and other nodes write it too.
    pub(crate) fn write(&self, snapshot: &Snapshot) -> Option<WrittenCheckpoint> {
        self.mission.phase(snapshot.round, Attempt(0), Phase::Checkpoint);
        let written = self.write_and_describe(snapshot);
        if let Err(error) = &written {
            self.warn(error);
        }
        checkpoint::prune(&self.directory, KEPT);
        written.ok()
    }

    /// Describes a checkpoint that an earlier process left in `directory`.
    pub(crate) fn describe_stored(&self, directory: &Path, snapshot: &Snapshot) -> Option<WrittenCheckpoint> {
        let described = self.describe(snapshot.round, snapshot.digest(), directory.join(MODEL_FILE));
        if let Err(error) = &described {
            self.warn(error);
        }
        described.ok()
    }

    fn warn(&self, error: &ScribeError) {
        tracing::error!("{error}");
        self.mission.emit(What::Warning { message: error.to_string() });
    }

    fn write_and_describe(&self, snapshot: &Snapshot) -> Result<WrittenCheckpoint, ScribeError> {
        let round = snapshot.round;
        let written = checkpoint::write(&self.directory, snapshot)?;
        let described = self.describe(round, written.state, written.model)?;
        let found = described.manifest.file().digest;
        if found != written.model_digest {
            let (path, expected) = (described.file, written.model_digest);
            return Err(ScribeError::Differs { round, path, found, expected });
        }
        self.mission.emit(What::CheckpointWritten { round, state: written.state, bytes: written.bytes });
        Ok(described)
    }

    fn describe(&self, round: Round, state: Digest, file: PathBuf) -> Result<WrittenCheckpoint, ScribeError> {
        let open = |source| ScribeError::Open { round, path: file.clone(), source };
        let model = File::open(&file).map_err(open)?;
        let checkpoint = Checkpoint { job: self.job.clone(), round, state };
        let manifest = Manifest::describe(checkpoint, MODEL_FILE, model, self.chunk_bytes)
            .map_err(|source| ScribeError::Describe { round, source })?;
        Ok(WrittenCheckpoint { round, state, manifest, file })
    }
}
