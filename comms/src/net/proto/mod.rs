//! The wire's own types, and their conversion from and to the crate's. What a peer sends is checked here: past this
//! module an id is an id and a digest has 32 bytes.

use std::net::SocketAddr;

use thiserror::Error;
use tonic::Status;

use crate::id::{Digest, NodeId};

mod from_wire;
mod to_wire;

/// The generated code.
#[allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic, clippy::nursery, clippy::disallowed_types)]
pub(crate) mod v1 {
    tonic::include_proto!("starloom.v1");
}

/// Why a peer's message is not understood.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{field}` {problem}")]
pub struct Malformed {
    pub(crate) field: &'static str,
    pub(crate) problem: String,
}

impl From<Malformed> for Status {
    fn from(error: Malformed) -> Self {
        Self::invalid_argument(format!("a message that cannot be understood: {error}"))
    }
}

/// A field that must be there.
fn present<T>(field: &'static str, value: Option<T>) -> Result<T, Malformed> {
    value.ok_or_else(|| Malformed { field, problem: "is missing".into() })
}

pub(crate) fn digest(field: &'static str, bytes: &[u8]) -> Result<Digest, Malformed> {
    let wrong = |_| Malformed { field, problem: format!("has {} bytes; a digest has 32", bytes.len()) };
    bytes.try_into().map(Digest).map_err(wrong)
}

fn node(field: &'static str, text: &str) -> Result<NodeId, Malformed> {
    text.parse().map_err(|error: crate::id::InvalidNodeId| Malformed { field, problem: error.to_string() })
}

fn address(field: &'static str, text: &str) -> Result<SocketAddr, Malformed> {
    text.parse().map_err(|_| Malformed { field, problem: format!("is `{text}`; an address is written as ip:port") })
}

#[cfg(test)]
mod tests;
