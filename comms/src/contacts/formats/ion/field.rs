//! A line as fields that know where they stand.

use super::error::{IonError, IonProblem};

/// Most characters of a field that a message repeats.
const SHOWN: usize = 40;

/// What stands between two blanks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    /// The line, from 1.
    pub(super) line: usize,
    /// The column of its first character, from 1.
    pub(super) column: usize,
    /// What it says.
    pub(super) text: &'a str,
}

/// The fields of a line.
pub(super) fn fields(line: usize, text: &str) -> impl Iterator<Item = Field<'_>> {
    let mut next = 1;
    text.split(char::is_whitespace).filter_map(move |text| {
        let column = next;
        next += text.chars().count() + 1;
        (!text.is_empty()).then_some(Field { line, column, text })
    })
}

impl Field<'_> {
    /// The error of a problem here.
    pub(super) fn refuse(&self, problem: impl Into<IonProblem>) -> IonError {
        IonError::Refused { line: self.line, column: self.column, problem: problem.into() }
    }

    /// What a message shows of it.
    pub(super) fn shown(&self) -> String {
        let mut characters = self.text.chars();
        let mut shown: String = characters.by_ref().take(SHOWN).collect();
        if characters.next().is_some() {
            shown.push('…');
        }
        shown
    }

    /// The number that it is: `what`, from `least` to `most`.
    pub(super) fn number(&self, what: &'static str, least: u64, most: u64) -> Result<u64, IonError> {
        let number = whole(self.text).filter(|number| (least..=most).contains(number));
        number.ok_or_else(|| self.refuse(IonProblem::Number { found: self.shown(), what, least, most }))
    }
}

/// A whole number in digits. None with a leading zero: ION takes it for octal.
pub(super) fn whole(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| digits)
}
