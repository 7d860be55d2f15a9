//! The chain over all agreed means: equal on two replicas exactly if they applied the same rounds in the same order.
//!
//! `history' = blake3(history || round || digest)`, the round as eight little-endian bytes. The history of a job that
//! has committed nothing is the zero digest.

use crate::id::{Digest, Round};

/// What a replica has applied, in 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct History {
    committed: Round,
    digest: Digest,
    last: Option<Digest>,
}

impl History {
    /// The history of a replica that has applied all rounds up to `committed`, as it was written with its state.
    /// A job that begins has `Round(0)` and the zero digest.
    #[must_use]
    pub const fn at(committed: Round, digest: Digest) -> Self {
        Self { committed, digest, last: None }
    }

    /// The last round applied.
    #[must_use]
    pub const fn committed(&self) -> Round {
        self.committed
    }

    /// The digest over all rounds applied.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// Whether the last round applied here, in this process, was agreed with `agreed`.
    #[must_use]
    pub fn ends_with(&self, round: Round, agreed: Digest) -> bool {
        round == self.committed && self.last == Some(agreed)
    }

    /// Appends the next round.
    pub fn append(&mut self, agreed: Digest) {
        self.committed = self.committed.next();
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.digest.0);
        hasher.update(&self.committed.0.to_le_bytes());
        hasher.update(&agreed.0);
        self.digest = Digest(*hasher.finalize().as_bytes());
        self.last = Some(agreed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(agreed: &[&[u8]]) -> History {
        let mut history = History::at(Round(0), Digest::default());
        for bytes in agreed {
            history.append(Digest::of(bytes));
        }
        history
    }

    #[test]
    fn the_order_of_rounds_is_part_of_the_history() {
        assert_eq!(chain(&[b"a", b"b"]).digest(), chain(&[b"a", b"b"]).digest());
        assert_ne!(chain(&[b"a", b"b"]).digest(), chain(&[b"b", b"a"]).digest());
        assert_eq!(chain(&[b"a", b"b"]).committed(), Round(2));
    }

    #[test]
    fn a_history_goes_on_from_where_it_was_written() {
        let written = chain(&[b"a"]);
        let mut resumed = History::at(written.committed(), written.digest());
        resumed.append(Digest::of(b"b"));
        assert_eq!(resumed.digest(), chain(&[b"a", b"b"]).digest());
    }

    #[test]
    fn a_commit_that_comes_twice_is_recognised() {
        let history = chain(&[b"a", b"b"]);
        assert!(history.ends_with(Round(2), Digest::of(b"b")));
        assert!(!history.ends_with(Round(2), Digest::of(b"a")));
        assert!(!history.ends_with(Round(1), Digest::of(b"b")));
    }
}
