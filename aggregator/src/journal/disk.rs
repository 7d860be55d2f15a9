//! Appending so that it stays.

use std::fmt::Debug;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Where lines are appended.
pub(super) trait Disk: Debug + Send {
    /// Appends `bytes` durably, or leaves what was there.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
}

/// A file.
#[derive(Debug)]
pub(super) struct FileDisk {
    file: File,
    length: u64,
}

impl FileDisk {
    /// The whole file; nothing if there is none.
    pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
        match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            outcome => outcome,
        }
    }

    /// Opens the file, or makes it, with its first `length` bytes.
    pub(super) fn open(path: &Path, length: u64) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).open(path)?;
        file.set_len(length)?;
        file.sync_all()?;
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            File::open(folder)?.sync_all()?;
        }
        Ok(Self { file, length })
    }
}

impl Disk for FileDisk {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = self.file.write_all(bytes).and_then(|()| self.file.sync_data());
        match written {
            Ok(()) => self.length += bytes.len() as u64,
            Err(_) => {
                // Half a line would be cut off at the next opening; without it there is nothing to explain.
                self.file.set_len(self.length).ok();
            }
        }
        written
    }
}
