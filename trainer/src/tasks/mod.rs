//! The built-in tasks: one to see everything work with, one to move bytes only.

pub mod digits;
pub mod none;

use crate::program::{Program, program};

/// The programs that `starloom` itself can run.
#[must_use]
pub fn built_in() -> Vec<Box<dyn Program>> {
    vec![program(digits::Digits), Box::new(none::BytesOnly)]
}
