//! Checkpoints that have landed.

use std::fs;
use std::path::{Path, PathBuf};

use starloom_comms::custody::Manifest;
use starloom_comms::id::{Digest, Round};
use thiserror::Error;

use super::store::{ObjectError, Store};

/// The name of a landed checkpoint's manifest.
pub(crate) const MANIFEST: &str = "manifest.json";

/// A checkpoint that is complete on the ground.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landed {
    /// The round whose commit it follows.
    pub round: Round,
    /// Digest of the common state in it.
    pub state: Digest,
    /// Digest of its file.
    pub digest: Digest,
    /// Size of its file.
    pub bytes: u64,
    /// Where its file lies, relative to the ground store.
    pub path: String,
}

/// Why a landed checkpoint is not what it was.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// The store cannot be read.
    #[error("the ground store {} cannot be read: {reason}", folder.display())]
    Store {
        /// The store's folder.
        folder: PathBuf,
        /// What it says.
        reason: String,
    },
    /// A checkpoint has a manifest that cannot be read.
    #[error("{path} in the ground store is no manifest: {reason}")]
    Manifest {
        /// The manifest, relative to the ground store.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// Its file is gone.
    #[error("{path} is missing from the ground store")]
    Missing {
        /// The file, relative to the ground store.
        path: String,
    },
    /// Its file has other bytes.
    #[error(
        "{path} has {bytes} bytes with digest {found}; it landed with {expected_bytes} bytes and digest {expected}"
    )]
    Changed {
        /// The file, relative to the ground store.
        path: String,
        /// Its digest.
        found: Digest,
        /// Its size.
        bytes: u64,
        /// The digest it landed with.
        expected: Digest,
        /// The size it landed with.
        expected_bytes: u64,
    },
}

/// Why a checkpoint cannot be exported.
#[derive(Debug, Error)]
pub enum ExportError {
    /// It is damaged.
    #[error(transparent)]
    Damaged(#[from] VerifyError),
    /// The copy cannot be written.
    #[error("{} cannot be written: {source}", to.display())]
    Write {
        /// The copy.
        to: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
}

/// The checkpoints under the ground store `folder`, oldest round first. A folder that does not exist has none.
///
/// # Errors
/// [`VerifyError`] if the store cannot be read, or a manifest in it cannot.
pub fn catalogue(folder: &Path) -> Result<Vec<Landed>, VerifyError> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let failed = |error: ObjectError| VerifyError::Store { folder: folder.to_owned(), reason: error.to_string() };
    let store = Store::open(folder).map_err(failed)?;
    let mut all = Vec::new();
    for name in store.folders().map_err(failed)? {
        let path = format!("{name}/{MANIFEST}");
        if !name.starts_with("round-") {
            continue;
        }
        if let Some(json) = store.get(&path).map_err(failed)? {
            let manifest =
                Manifest::parse(&json).map_err(|error| VerifyError::Manifest { path, reason: error.to_string() })?;
            all.push(Landed::of(&manifest));
        }
    }
    all.sort_by_key(|landed| landed.round);
    Ok(all)
}

/// Reads a landed checkpoint and compares it with what landed.
///
/// # Errors
/// [`VerifyError`] if it is not the same, with both digests.
pub fn verify(folder: &Path, landed: &Landed) -> Result<(), VerifyError> {
    let failed = |error: ObjectError| VerifyError::Store { folder: folder.to_owned(), reason: error.to_string() };
    let path = landed.path.clone();
    match Store::open(folder).and_then(|store| store.digest(&path)).map_err(failed)? {
        None => Err(VerifyError::Missing { path }),
        Some((found, bytes)) if (found, bytes) == (landed.digest, landed.bytes) => Ok(()),
        Some((found, bytes)) => {
            let (expected, expected_bytes) = (landed.digest, landed.bytes);
            Err(VerifyError::Changed { path, found, bytes, expected, expected_bytes })
        }
    }
}

/// Verifies a landed checkpoint and copies its file to `to`, which appears whole or not at all.
///
/// # Errors
/// [`ExportError`] if it is damaged, or cannot be written.
pub fn export(folder: &Path, landed: &Landed, to: &Path) -> Result<(), ExportError> {
    verify(folder, landed)?;
    let mut partial = to.as_os_str().to_owned();
    partial.push(".partial");
    let copied = fs::copy(folder.join(&landed.path), &partial).and_then(|_| fs::rename(&partial, to));
    copied.map_err(|source| {
        fs::remove_file(&partial).ok();
        ExportError::Write { to: to.to_owned(), source }
    })
}

impl Landed {
    /// What the catalogue says of a checkpoint.
    pub(crate) fn of(manifest: &Manifest) -> Self {
        let file = manifest.file();
        Self {
            round: manifest.round(),
            state: manifest.state(),
            digest: file.digest,
            bytes: file.bytes,
            path: format!("{}/{}", Self::folder(manifest.round()), file.name),
        }
    }

    /// The folder of a round's checkpoint, relative to the ground store.
    pub(crate) fn folder(round: Round) -> String {
        format!("round-{:06}", round.0)
    }
}

#[cfg(test)]
mod tests {
    use starloom_comms::custody::Checkpoint;

    use super::*;

    fn ground_with(round: u64, file: &[u8]) -> (tempfile::TempDir, Landed) {
        let folder = tempfile::tempdir().expect("a folder");
        let checkpoint = Checkpoint { job: "star12".into(), round: Round(round), state: Digest::of(b"state") };
        let manifest = Manifest::describe(checkpoint, "model.safetensors", file, 100).expect("in bounds");
        let landed = Landed::of(&manifest);
        let store = Store::open(folder.path()).expect("opens");
        store.put(&landed.path, file.to_vec()).expect("room");
        store.put(&format!("{}/{MANIFEST}", Landed::folder(landed.round)), manifest.to_json()).expect("room");
        (folder, landed)
    }

    #[test]
    fn a_landed_checkpoint_is_listed_verified_and_exported() {
        let (folder, landed) = ground_with(10, b"weights");
        assert_eq!(landed.path, "round-000010/model.safetensors");
        assert_eq!(catalogue(folder.path()).expect("readable"), std::slice::from_ref(&landed));
        verify(folder.path(), &landed).expect("intact");
        let copy = folder.path().join("copy.safetensors");
        export(folder.path(), &landed, &copy).expect("room");
        assert_eq!(fs::read(copy).expect("a file"), b"weights");
    }

    #[test]
    fn a_changed_checkpoint_is_found_and_not_exported() {
        let (folder, landed) = ground_with(10, b"weights");
        fs::write(folder.path().join(&landed.path), b"weighty").expect("writes");
        let error = export(folder.path(), &landed, &folder.path().join("copy")).expect_err("changed").to_string();
        assert!(error.contains(&landed.digest.to_string()) && error.contains("7 bytes"), "{error}");
        fs::remove_file(folder.path().join(&landed.path)).expect("removes");
        assert!(matches!(verify(folder.path(), &landed), Err(VerifyError::Missing { .. })));
    }

    #[test]
    fn a_checkpoint_without_its_manifest_has_not_landed() {
        let (folder, landed) = ground_with(10, b"weights");
        let manifest = folder.path().join(Landed::folder(landed.round)).join(MANIFEST);
        fs::remove_file(&manifest).expect("removes");
        assert_eq!(catalogue(folder.path()).expect("readable"), []);
        fs::write(manifest, "{").expect("writes");
        let error = catalogue(folder.path()).expect_err("no manifest").to_string();
        assert!(error.contains("round-000010/manifest.json"), "{error}");
    }

    #[test]
    fn a_ground_store_that_does_not_exist_is_empty() {
        assert_eq!(catalogue(Path::new("/nonexistent/ground")).expect("empty"), []);
    }

    #[test]
    fn a_copy_that_cannot_be_written_is_a_clear_error() {
        let (folder, landed) = ground_with(10, b"weights");
        let to = folder.path().join("no/such/folder/copy");
        let error = export(folder.path(), &landed, &to).expect_err("no folder").to_string();
        assert!(error.contains("no/such/folder/copy"), "{error}");
    }
}
