//! One line, and how many of a file's lines are good.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Cut, JournalError, Owner};
use crate::engine::Record;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Line {
    seq: u64,
    check: String,
    #[serde(flatten)]
    content: Content,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Content {
    /// Whose journal it is from here on: the first line, and again where a job is resumed with another scenario.
    Owner(Owner),
    /// What the engine has to remember.
    Record(Record),
}

impl Line {
    pub(super) fn new(seq: u64, content: Content) -> Self {
        Self { seq, check: check(seq, &content), content }
    }

    #[expect(clippy::expect_used, reason = "strings, numbers and lists always serialise")]
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec(self).expect("plain data");
        bytes.push(b'\n');
        bytes
    }

    /// Reads a line without its end.
    fn parse(text: &[u8]) -> Result<Self, String> {
        let line: Self = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        let expected = check(line.seq, &line.content);
        if line.check == expected {
            Ok(line)
        } else {
            Err(format!("its checksum is {}, its content's is {expected}", line.check))
        }
    }
}

/// The good lines of a journal's text, and what is to be cut off after them.
pub(super) fn parse(path: &Path, text: &[u8]) -> Result<(Vec<Content>, Option<Cut>), JournalError> {
    let mut good = Vec::new();
    let mut cut: Option<Cut> = None;
    let damaged = |line, reason| JournalError::Damaged { path: path.to_owned(), line, reason };
    for (number, bytes) in (1..).zip(text.split_inclusive(|&byte| byte == b'\n')) {
        // Without its end a line was not written out, even if all else of it was.
        let whole = bytes.strip_suffix(b"\n").ok_or_else(|| "it is torn".to_owned());
        match (&mut cut, whole.and_then(Line::parse)) {
            (None, Ok(line)) if line.seq == good.len() as u64 => good.push(line.content),
            (None, Ok(line)) => {
                let reason = format!("it has number {} and should have {}: lines are missing", line.seq, good.len());
                return Err(damaged(number, reason));
            }
            (None, Err(reason)) => cut = Some(Cut { line: number, bytes: bytes.len(), reason }),
            (Some(cut), Err(_)) => cut.bytes += bytes.len(),
            (Some(cut), Ok(_)) => {
                return Err(damaged(cut.line, format!("{}, and line {number} after it is whole", cut.reason)));
            }
        }
    }
    Ok((good, cut))
}

fn check(seq: u64, content: &Content) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seq.to_le_bytes());
    // Writing into a hasher does not fail.
    serde_json::to_writer(&mut hasher, content).ok();
    hasher.finalize().to_hex()[..16].to_owned()
}
