//! The end that the arguments leave possible: each of them may raise it.

use super::Limit;

/// The earliest end that nothing so far speaks against, in nanoseconds of the mission.
#[derive(Debug)]
pub(super) struct End {
    start: u64,
    pub(super) at: u64,
    pub(super) limit: Limit,
    /// What does not hold here never does.
    horizon: u64,
}

impl End {
    /// The end at the start itself.
    pub(super) const fn new(start: u64, horizon: u64) -> Self {
        Self { start, at: start, limit: Limit::Nothing, horizon }
    }

    /// Raises the end to an instant that is known.
    pub(super) fn raise_to(&mut self, at: u64, limit: impl FnOnce() -> Limit) {
        if at > self.at {
            (self.at, self.limit) = (at, limit());
        }
    }

    /// Raises the end to the first instant at which something `holds` that any all-reduce needs; nothing if it never does. What
    /// holds at an instant must hold at all later ones.
    ///
    /// Most of what is asked holds already, which costs one look.
    pub(super) fn raise(&mut self, limit: impl FnOnce() -> Limit, holds: impl Fn(u64) -> bool) -> Option<()> {
        if holds(self.at) {
            return Some(());
        }
        let mut does_not = self.at;
        let mut step = (self.at - self.start).max(1);
        let mut does = loop {
            let next = does_not.saturating_add(step).min(self.horizon);
            if next <= does_not {
                return None;
            }
            if holds(next) {
                break next;
            }
            (does_not, step) = (next, step.saturating_mul(2));
        };
        while does - does_not > 1 {
            let middle = does_not + (does - does_not) / 2;
            if holds(middle) {
                does = middle;
            } else {
                does_not = middle;
            }
        }
        self.raise_to(does, limit);
        Some(())
    }
}
