//! Files that a command writes: refused before long work begins, and whole when they are there.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::exit::{Exit, Failure};

/// A file beside its place, until it is whole and moved there: who sees it sees all of it.
#[derive(Debug)]
pub(super) struct OutFile {
    path: PathBuf,
    draft: PathBuf,
    file: Option<File>,
}

impl OutFile {
    /// Makes room for a file.
    ///
    /// # Errors
    /// [`Exit::Environment`] if its directory does not exist or cannot be written, or if the path is a directory.
    pub(super) fn create(path: &Path) -> Result<Self, Failure> {
        let refused = |reason: &dyn std::fmt::Display| refusal(path, reason);
        if path.is_dir() {
            return Err(refused(&"it is a directory"));
        }
        let mut draft = path.as_os_str().to_owned();
        draft.push(".part");
        let draft = PathBuf::from(draft);
        let file = File::create(&draft).map_err(|error| refused(&error))?;
        Ok(Self { path: path.to_owned(), draft, file: Some(file) })
    }

    /// Where it will be.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes it and moves it to its place.
    ///
    /// # Errors
    /// [`Exit::Environment`] if either fails; what was begun is then gone.
    pub(super) fn fill(mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
        let Some(file) = self.file.take() else { return Ok(()) };
        let mut out = BufWriter::new(file);
        let written = write(&mut out).and_then(|()| out.flush()).and_then(|()| fs::rename(&self.draft, &self.path));
        written.map_err(|error| refusal(&self.path, &error))
    }
}

impl Drop for OutFile {
    fn drop(&mut self) {
        // What was begun is of no use to anybody; what was finished is no longer there.
        fs::remove_file(&self.draft).ok();
    }
}

fn refusal(path: &Path, reason: &dyn std::fmt::Display) -> Failure {
    Failure::message(Exit::Environment, format!("cannot write {}: {reason}", path.display()))
}
