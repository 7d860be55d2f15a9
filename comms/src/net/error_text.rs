//! Errors as one line for a person, with what caused them.

use std::error::Error;

use tonic::Status;

/// An error with all that caused it, each cause once.
pub(super) fn error_chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = error.source();
    }
    text
}

/// What a status says: what happened on the connection if it comes from there, and else what the peer says.
pub(super) fn status_text(status: &Status) -> String {
    status.source().map_or_else(|| status.message().to_owned(), error_chain)
}
