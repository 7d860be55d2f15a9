//! When a bundle can be at a node, as a search knows it.
//!
//! A label is a way to a node: when the first bit is there, and when the last. Beside another label of its node whose first bit
//! and last bit are no later it is of no use: a relay that has a bit earlier sends none later, and the first window of a lane
//! that a bundle fits into brings both bits earlier than any window after it. With store-and-forward both instants are one, and
//! a node needs one label. With cut-through it may need several: one early and slow, the next late and fast.

use crate::units::MissionTime;

/// No label, no contact, no instant.
pub(super) const NONE: u32 = u32::MAX;
pub(super) const NEVER: u64 = u64::MAX;

/// A way to a node. Times are nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Label {
    /// When the first bit is at the node.
    pub(super) first: u64,
    /// When the last one is.
    pub(super) last: u64,
    /// When the first bit left the node before it.
    pub(super) start: u64,
    /// When the last one did.
    pub(super) sent: u64,
    pub(super) node: u32,
    /// The label of the node before it.
    pub(super) parent: u32,
    /// The contact that led here.
    pub(super) contact: u32,
    /// The next contact to look at; none before the label is settled.
    pub(super) next: u32,
}

/// What is known of a node.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    /// The earliest first bit of its settled labels; 0 for a node that must not be entered.
    pub(super) first: u64,
    /// The last bit and the first of its best label, settled or not.
    pub(super) best: (u64, u64),
    /// Its first settled label.
    pub(super) label: u32,
}

impl Label {
    /// A sender that has the whole bundle at `ready`.
    pub(super) const fn sender(node: u32, ready: MissionTime) -> Self {
        let MissionTime(at) = ready;
        Self { first: at, last: at, start: at, sent: at, node, parent: NONE, contact: NONE, next: NONE }
    }
}

impl Node {
    /// Whether a label with these first and last bits may be of use.
    pub(super) const fn wants(&self, first: u64, last: u64) -> bool {
        first < self.first && !(self.best.0 <= last && self.best.1 <= first)
    }
}
