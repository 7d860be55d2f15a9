//! Reading a checkpoint back, with every number in it checked.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use starloom_comms::id::Digest;
use thiserror::Error;

use super::{
    CommonState, FORMAT, FileEntry, MODEL_FILE, OPTIMIZER_FILE, OptimizerState, STATE_FILE, Snapshot, StateFile,
};
use crate::tensors::{NamedTensors, TensorsError};

/// Why a checkpoint cannot be used.
#[derive(Debug, Error)]
pub enum ReadError {
    /// A file of it cannot be read.
    #[error("checkpoint: cannot read {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It was written by another version of starloom.
    #[error("checkpoint {path} has format version {found}, but this program reads {FORMAT}")]
    Version {
        /// The checkpoint's directory.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// Its table of contents does not parse.
    #[error("checkpoint: {path} is damaged: {reason}")]
    State {
        /// The file.
        path: PathBuf,
        /// In what way.
        reason: String,
    },
    /// A file is not what was written.
    #[error(
        "checkpoint: {path} is damaged: it has {bytes} bytes and digest {found}, written were {expected_bytes} and {expected}"
    )]
    File {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// Its digest.
        found: Digest,
        /// The size that was written.
        expected_bytes: u64,
        /// The digest that was written.
        expected: Digest,
    },
    /// A file's bytes are as written, but no tensors.
    #[error("checkpoint: {path}: {source}")]
    Tensors {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: TensorsError,
    },
    /// The parts are no state that was committed.
    #[error("checkpoint {path} has the state {found}, written was {expected}")]
    Digest {
        /// The checkpoint's directory.
        path: PathBuf,
        /// The digest of what is there.
        found: Digest,
        /// The digest that was written.
        expected: Digest,
    },
}

/// Reads the checkpoint in `directory` and checks it. Never panics, whatever the bytes.
///
/// # Errors
/// [`ReadError`] with the file and what is wrong with it.
pub fn read(directory: &Path) -> Result<Snapshot, ReadError> {
    let state = read_state(directory)?;
    let tensors = |name: &str| -> Result<Option<NamedTensors>, ReadError> {
        let Some(entry) = state.files.iter().find(|entry| entry.name == name) else { return Ok(None) };
        let path = directory.join(name);
        let bytes = read_file(&path, entry)?;
        NamedTensors::from_safetensors(&bytes).map(Some).map_err(|source| ReadError::Tensors { path, source })
    };
    let damaged = |reason: &str| ReadError::State { path: directory.join(STATE_FILE), reason: reason.to_owned() };
    let model = tensors(MODEL_FILE)?.ok_or_else(|| damaged("it names no model.safetensors"))?;
    let optimizer = match (state.optimizer_steps, tensors(OPTIMIZER_FILE)?) {
        (Some(steps), Some(tensors)) => Some(OptimizerState { steps, tensors }),
        (None, None) => None,
        _ => return Err(damaged("it has an optimizer's steps or its vectors, but not both")),
    };
    let mode = state.mode.parse().map_err(|_| damaged(&format!("`{}` is no training mode", state.mode)))?;
    let snapshot = Snapshot {
        task: state.task,
        mode,
        round: state.round,
        history: state.history,
        mission_secs: state.mission_secs,
        dealer: state.dealer,
        common: CommonState { model, optimizer },
    };
    match snapshot.digest() {
        found if found == state.state => Ok(snapshot),
        found => Err(ReadError::Digest { path: directory.to_owned(), found, expected: state.state }),
    }
}

fn read_state(directory: &Path) -> Result<StateFile, ReadError> {
    let path = directory.join(STATE_FILE);
    let text = fs::read(&path).map_err(|source| ReadError::Unreadable { path: path.clone(), source })?;
    let damaged = |error: serde_json::Error| ReadError::State { path: path.clone(), reason: error.to_string() };
    // The version first: another one may have other fields.
    let value: serde_json::Value = serde_json::from_slice(&text).map_err(damaged)?;
    if let Some(found) = value.get("format").and_then(serde_json::Value::as_u64)
        && found != u64::from(FORMAT)
    {
        let found = u32::try_from(found).unwrap_or(u32::MAX);
        return Err(ReadError::Version { path: directory.to_owned(), found });
    }
    serde_json::from_value(value).map_err(damaged)
}

fn read_file(path: &Path, entry: &FileEntry) -> Result<Vec<u8>, ReadError> {
    let bytes = fs::read(path).map_err(|source| ReadError::Unreadable { path: path.to_owned(), source })?;
    let found = Digest::of(&bytes);
    if (bytes.len() as u64, found) == (entry.bytes, entry.digest) {
        return Ok(bytes);
    }
    Err(ReadError::File {
        path: path.to_owned(),
        bytes: bytes.len() as u64,
        found,
        expected_bytes: entry.bytes,
        expected: entry.digest,
    })
}
