//! Writing a checkpoint so that it is whole or absent, whatever happens on the way.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use starloom_comms::id::{Digest, Round};
use thiserror::Error;

use super::{FORMAT, FileEntry, MODEL_FILE, OPTIMIZER_FILE, STATE_FILE, Snapshot, StateFile, directory_name, round_of};
use crate::tensors::{NamedTensors, TensorsError};

/// A checkpoint that is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its directory.
    pub directory: PathBuf,
    /// Its `model.safetensors`.
    pub model: PathBuf,
    /// Digest of that file.
    pub model_digest: Digest,
    /// Digest of the common state.
    pub state: Digest,
    /// Bytes of all its files.
    pub bytes: u64,
}

/// Why a checkpoint is not written. Older ones are as they were.
#[derive(Debug, Error)]
pub enum WriteError {
    /// The disk refuses.
    #[error("checkpoint of round {round}: cannot write {path}: {source}; older checkpoints are untouched")]
    Disk {
        /// The round.
        round: Round,
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The tensors do not fit the format.
    #[error("checkpoint of round {round}: {source}")]
    Tensors {
        /// The round.
        round: Round,
        /// What does not fit.
        source: TensorsError,
    },
}

/// Writes `snapshot` under `directory` (a node's `checkpoints`, created if need be), durably: it returns when the disk has it.
/// One of the same round is replaced.
///
/// # Errors
/// [`WriteError`] with what could not be written. What was begun is removed.
pub fn write(directory: &Path, snapshot: &Snapshot) -> Result<Written, WriteError> {
    let round = snapshot.round;
    let place = directory.join(directory_name(round));
    let draft = directory.join(format!(".{}.draft", directory_name(round)));
    let outcome = write_draft(&draft, snapshot).and_then(|(entries, state)| {
        publish(&draft, &place).map_err(disk(round, &place))?;
        let bytes = entries.iter().map(|entry| entry.bytes).sum();
        let model_digest = entries[0].digest;
        Ok(Written { model: place.join(MODEL_FILE), directory: place.clone(), model_digest, state, bytes })
    });
    if outcome.is_err() {
        // On a full disk every byte counts. If even this fails, the next draft of the round replaces it.
        let _kept = fs::remove_dir_all(&draft);
    }
    outcome
}

/// Removes all but the `keep` newest checkpoints under `directory`, and drafts that a crash left behind.
pub fn prune(directory: &Path, keep: usize) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    let names: Vec<String> = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    let drafts = names.iter().filter(|name| name.starts_with('.'));
    let mut rounds: Vec<_> = names.iter().filter_map(|name| Some((round_of(name)?, name))).collect();
    rounds.sort_unstable();
    let old = rounds.len().saturating_sub(keep);
    for name in drafts.chain(rounds[..old].iter().map(|(_, name)| *name)) {
        if let Err(error) = fs::remove_dir_all(directory.join(name)) {
            tracing::warn!(%error, checkpoint = %directory.join(name).display(), "an old checkpoint stays");
        }
    }
}

fn write_draft(draft: &Path, snapshot: &Snapshot) -> Result<(Vec<FileEntry>, Digest), WriteError> {
    let round = snapshot.round;
    if draft.exists() {
        fs::remove_dir_all(draft).map_err(disk(round, draft))?;
    }
    fs::create_dir_all(draft).map_err(disk(round, draft))?;
    let mut entries = vec![write_tensors(draft, MODEL_FILE, &snapshot.common.model, round)?];
    if let Some(optimizer) = &snapshot.common.optimizer {
        entries.push(write_tensors(draft, OPTIMIZER_FILE, &optimizer.tensors, round)?);
    }
    let state = snapshot.digest();
    let file = StateFile {
        format: FORMAT,
        task: snapshot.task.clone(),
        mode: snapshot.mode.as_str().to_owned(),
        round,
        history: snapshot.history,
        state,
        mission_secs: snapshot.mission_secs,
        optimizer_steps: snapshot.common.optimizer.as_ref().map(|optimizer| optimizer.steps),
        dealer: snapshot.dealer.clone(),
        files: entries.clone(),
    };
    let text = serde_json::to_vec_pretty(&file).map_err(io::Error::from).map_err(disk(round, draft))?;
    entries.push(write_file(&draft.join(STATE_FILE), &text).map_err(disk(round, &draft.join(STATE_FILE)))?);
    sync_directory(draft).map_err(disk(round, draft))?;
    Ok((entries, state))
}

fn write_tensors(draft: &Path, name: &str, tensors: &NamedTensors, round: Round) -> Result<FileEntry, WriteError> {
    let bytes = tensors.to_safetensors().map_err(|source| WriteError::Tensors { round, source })?;
    let path = draft.join(name);
    write_file(&path, &bytes).map_err(disk(round, &path))
}

pub(super) fn write_file(path: &Path, bytes: &[u8]) -> io::Result<FileEntry> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(FileEntry { name, bytes: bytes.len() as u64, digest: Digest::of(bytes) })
}

/// Puts the complete draft in its place.
fn publish(draft: &Path, place: &Path) -> io::Result<()> {
    if place.exists() {
        // A directory cannot be renamed over another. Between these two lines the round has no checkpoint here, but older
        // rounds and the other nodes have theirs.
        fs::remove_dir_all(place)?;
    }
    fs::rename(draft, place)?;
    place.parent().map_or(Ok(()), sync_directory)
}

fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn disk(round: Round, path: &Path) -> impl FnOnce(io::Error) -> WriteError {
    let path = path.to_owned();
    move |source| WriteError::Disk { round, path, source }
}
