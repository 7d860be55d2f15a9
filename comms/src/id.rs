//! Identities: who a node is, which round, which view, which bytes.
//!
//! A [`NodeId`] is a stable name, a [`Rank`] is an index in one [`ViewId`]'s roster and means nothing outside it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The stable name of a process of a job: a node (`sat-0`), the `aggregator` or the `station`.
///
/// It is a DNS label (RFC 1035: lower-case letters, digits and inner hyphens, at most 63 characters), because a
/// node's certificate carries it as its subject alternative name. Cloning is cheap.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NodeId(Arc<str>);

impl NodeId {
    /// The identity of the aggregator process.
    pub const AGGREGATOR: &'static str = "aggregator";
    /// The identity of the ground station process.
    pub const STATION: &'static str = "station";

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The default name of the node in slot `index`: `sat-<index>`.
    #[must_use]
    pub fn satellite(index: u32) -> Self {
        Self(format!("sat-{index}").into())
    }

    /// The identity of the aggregator process.
    #[must_use]
    pub fn aggregator() -> Self {
        Self(Self::AGGREGATOR.into())
    }

    /// The identity of the ground station process.
    #[must_use]
    pub fn station() -> Self {
        Self(Self::STATION.into())
    }
}

/// Why a text is not a [`NodeId`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not a node name: a name has 1 to 63 lower-case letters, digits and inner hyphens, like `sat-0`")]
pub struct InvalidNodeId {
    /// The refused text.
    pub text: String,
}

impl FromStr for NodeId {
    type Err = InvalidNodeId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let label = (1..=63).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-');
        if label { Ok(Self(text.into())) } else { Err(InvalidNodeId { text: text.to_owned() }) }
    }
}

impl TryFrom<String> for NodeId {
    type Error = InvalidNodeId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<NodeId> for String {
    fn from(id: NodeId) -> Self {
        id.0.as_ref().to_owned()
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl $name {
            /// The number that follows this one.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0 + 1)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number! {
    /// A node's index in a view's roster, `0..members`.
    Rank(u32)
}
number! {
    /// A version of the roster. The first view of a job is 1.
    ViewId(u32)
}
number! {
    /// One agreed update. The first round of a job is 1; 0 stands for the state before it.
    Round(u64)
}
number! {
    /// A try at a round, from 0. A try that cannot complete is rolled back everywhere and the next one begins.
    Attempt(u32)
}

impl Rank {
    /// The rank as an index into a roster.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A blake3 hash: of a state, of an agreed mean, of a chunk, of a scenario. Shown as 64 hex digits.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// The first 12 hex digits, enough to tell digests apart on a screen.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }
}

/// Why a text is not a [`Digest`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not a digest: a digest has 64 hex digits")]
pub struct InvalidDigest {
    /// The refused text.
    pub text: String,
}

impl FromStr for Digest {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        blake3::Hash::from_hex(text)
            .map(|hash| Self(*hash.as_bytes()))
            .map_err(|_| InvalidDigest { text: text.to_owned() })
    }
}

impl TryFrom<String> for Digest {
    type Error = InvalidDigest;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(blake3::Hash::from_bytes(self.0).to_hex().as_str())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.short())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_name_is_a_dns_label() {
        for good in ["sat-0", "a", "0", "aggregator", &"x".repeat(63)] {
            assert!(good.parse::<NodeId>().is_ok(), "{good}");
        }
        for bad in ["", "Sat", "-a", "a-", "a_b", "a.b", "é", &"x".repeat(64)] {
            assert!(bad.parse::<NodeId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_digest_reads_back_from_its_text() {
        let digest = Digest::of(b"orbit");
        assert_eq!(digest.to_string().parse::<Digest>(), Ok(digest));
        assert!("abc".parse::<Digest>().is_err());
    }
}
