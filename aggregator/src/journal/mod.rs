//! The aggregator's memory on disk: one JSON object a line, each with its number and a checksum.
//!
//! ```json
//! {"seq":3,"check":"7c0e2b8f51d3a964","record":{"kind":"rolled_back","round":2,"attempt":0,"reason":"sat-2 was lost"}}
//! ```
//!
//! A record is on the disk when [`Journal::append`] returns. A line that a crash tore, or that rotted, at the end of
//! the file was never acted upon or is known to the members: [`Journal::open`] cuts it off and says so. Damage before
//! valid lines is an error, because what is lost there cannot be known.

mod disk;
mod line;

use std::path::{Path, PathBuf};

use starloom_comms::id::Digest;
use thiserror::Error;

use self::disk::{Disk, FileDisk};
use self::line::{Content, Line};
use crate::engine::Record;

/// Whose journal it is. Another job's journal is not taken up.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Owner {
    /// The job's name.
    pub job: String,
    /// The digest of the resolved scenario.
    pub scenario: Digest,
}

/// An open journal, to be appended to.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    disk: Box<dyn Disk>,
    next: u64,
}

/// What a journal held when it was opened.
#[derive(Debug, Clone, PartialEq)]
pub struct Contents {
    /// Its records, oldest first. Empty for a journal that did not exist.
    pub records: Vec<Record>,
    /// What was cut off its end.
    pub cut: Option<Cut>,
}

/// A damaged end that was cut off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// The first damaged line, from 1.
    pub line: usize,
    /// Bytes that were cut off.
    pub bytes: usize,
    /// What was wrong.
    pub reason: String,
}

/// Why a journal cannot be used.
#[derive(Debug, Error)]
pub enum JournalError {
    /// The disk refuses.
    #[error("the journal {} cannot be {action}: {source}", path.display())]
    Disk {
        /// The journal.
        path: PathBuf,
        /// What was tried: `read`, `written` …
        action: &'static str,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// A line is damaged and valid ones follow.
    #[error(
        "the journal {} is damaged in line {line}: {reason}. What was lost there cannot be known: restore the file, or \
         start the job in another run directory", path.display()
    )]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// The damaged line, from 1.
        line: usize,
        /// What is wrong with it, and which line shows that it is not the end.
        reason: String,
    },
    /// It belongs to another job.
    #[error(
        "the journal {} is of job {} with scenario {:?}, not of job {} with scenario {:?}",
        path.display(), found.job, found.scenario, wanted.job, wanted.scenario
    )]
    Foreign {
        /// The journal.
        path: PathBuf,
        /// Whose it is.
        found: Box<Owner>,
        /// Whose it should be.
        wanted: Box<Owner>,
    },
}

impl Journal {
    /// Opens the journal at `path`, or begins one, and reads what it holds. A damaged end is cut off the file.
    ///
    /// # Errors
    /// [`JournalError`] if the disk refuses, the journal is damaged before its end, or is another job's.
    pub fn open(path: &Path, owner: &Owner) -> Result<(Self, Contents), JournalError> {
        Self::open_if(path, owner, |found| found == owner)
    }

    /// As [`open`](Self::open), for a job that is resumed: its scenario may have changed, and is the new one from here on.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_for_resume(path: &Path, owner: &Owner) -> Result<(Self, Contents), JournalError> {
        Self::open_if(path, owner, |found| found.job == owner.job)
    }

    fn open_if(path: &Path, owner: &Owner, is_ours: impl Fn(&Owner) -> bool) -> Result<(Self, Contents), JournalError> {
        let failed = |action| move |source| JournalError::Disk { path: path.to_owned(), action, source };
        let text = FileDisk::read(path).map_err(failed("read"))?;
        let (lines, cut) = line::parse(path, &text)?;
        let next = lines.len() as u64;
        let mut records = Vec::new();
        let mut last = None;
        for content in lines {
            match content {
                Content::Record(record) => records.push(record),
                Content::Owner(found) => last = Some(found),
            }
        }
        if let Some(found) = last.as_ref().filter(|found| !is_ours(found)) {
            let (found, wanted) = (Box::new(found.clone()), Box::new(owner.clone()));
            return Err(JournalError::Foreign { path: path.to_owned(), found, wanted });
        }
        let whole = text.len() - cut.as_ref().map_or(0, |cut| cut.bytes);
        let disk = FileDisk::open(path, whole as u64).map_err(failed("opened for writing"))?;
        let mut journal = Self { path: path.to_owned(), disk: Box::new(disk), next };
        if last.as_ref() != Some(owner) {
            journal.write(Content::Owner(owner.clone()))?;
        }
        Ok((journal, Contents { records, cut }))
    }

    /// Appends a record. It survives a crash once this returns.
    ///
    /// # Errors
    /// [`JournalError::Disk`] if the disk is full or broken. What was appended before stays.
    pub fn append(&mut self, record: Record) -> Result<(), JournalError> {
        self.write(Content::Record(record))
    }

    fn write(&mut self, content: Content) -> Result<(), JournalError> {
        let line = Line::new(self.next, content).to_bytes();
        let failed = |source| JournalError::Disk { path: self.path.clone(), action: "written", source };
        self.disk.append(&line).map_err(failed)?;
        self.next += 1;
        Ok(())
    }
}

#[cfg(test)]
impl Journal {
    /// A journal on a disk that takes so many records.
    pub(crate) fn full_after(records: usize) -> Self {
        Self { path: "run/journal.jsonl".into(), disk: Box::new(tests::FullAfter(records)), next: 0 }
    }
}

#[cfg(test)]
mod tests;
