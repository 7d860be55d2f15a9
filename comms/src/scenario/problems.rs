//! Gathers what is wrong with a text, and finds the lines.

use std::path::Path;

use super::error::{Flaw, Place, Problem, ScenarioError};
use super::tree::Source;

/// Problems that one error shows; a text with more is broken in a way that a longer list does not help with.
const MOST_SHOWN: usize = 20;

/// What is wrong with a text and its overrides.
pub(super) struct Problems<'a> {
    text: &'a str,
    overrides: &'a [(String, String)],
    shown: Vec<Problem>,
    more: usize,
}

impl<'a> Problems<'a> {
    pub(super) const fn new(text: &'a str, overrides: &'a [(String, String)]) -> Self {
        Self { text, overrides, shown: Vec::new(), more: 0 }
    }

    /// Adds what is wrong with what was written at `source`.
    pub(super) fn add(&mut self, source: Source, flaw: Flaw) {
        self.add_with(source, || flaw);
    }

    /// The same for a flaw that takes time to describe, which is not done for one that is not shown.
    pub(super) fn add_with(&mut self, source: Source, flaw: impl FnOnce() -> Flaw) {
        if self.shown.len() == MOST_SHOWN {
            self.more += 1;
            return;
        }
        let place = match source {
            Source::Text(offset) => line_of(self.text, offset),
            Source::Override(index) => {
                let (key, value) = &self.overrides[index];
                Place::Override { option: format!("{key}={value}") }
            }
            Source::Default => Place::File,
        };
        self.shown.push(Problem { place, flaw: flaw() });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// The error that reports them all.
    pub(super) fn into_error(self, origin: &Path) -> ScenarioError {
        ScenarioError::Invalid { origin: origin.to_owned(), problems: self.shown, more: self.more }
    }
}

/// The line and column of a byte. One that is inside a character counts as that character.
fn line_of(text: &str, offset: usize) -> Place {
    let before = &text.as_bytes()[..offset.min(text.len())];
    let line_start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
    let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
    let column = 1 + text.char_indices().map(|(at, _)| at).filter(|at| (line_start..offset).contains(at)).count();
    Place::Line { line, column }
}
