//! What is going to happen, in the order of virtual time; what happens at the same instant, in the order it was planned in.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use starloom_comms::units::MissionTime;

/// Things to come.
#[derive(Debug)]
pub(super) struct Agenda<T> {
    heap: BinaryHeap<Reverse<Entry<T>>>,
    planned: u64,
}

#[derive(Debug)]
struct Entry<T> {
    at: MissionTime,
    number: u64,
    what: T,
}

impl<T> Agenda<T> {
    pub(super) const fn new() -> Self {
        Self { heap: BinaryHeap::new(), planned: 0 }
    }

    pub(super) fn plan(&mut self, at: MissionTime, what: T) {
        self.heap.push(Reverse(Entry { at, number: self.planned, what }));
        self.planned += 1;
    }

    pub(super) fn next_at(&self) -> Option<MissionTime> {
        self.heap.peek().map(|Reverse(entry)| entry.at)
    }

    /// The next thing that happens at an instant, if there is one left.
    pub(super) fn pop_at(&mut self, at: MissionTime) -> Option<T> {
        if self.next_at() != Some(at) {
            return None;
        }
        self.heap.pop().map(|Reverse(entry)| entry.what)
    }
}

impl<T> Entry<T> {
    const fn key(&self) -> (MissionTime, u64) {
        (self.at, self.number)
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<T> Eq for Entry<T> {}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_happen_in_the_order_of_time_and_then_of_planning() {
        let mut agenda = Agenda::new();
        for (at, what) in [(5, 'c'), (1, 'a'), (5, 'd'), (2, 'b'), (5, 'e')] {
            agenda.plan(MissionTime(at), what);
        }
        assert_eq!(agenda.next_at(), Some(MissionTime(1)));
        let order: String = [1, 2, 3, 5, 5, 5, 5].into_iter().filter_map(|at| agenda.pop_at(MissionTime(at))).collect();
        assert_eq!(order, "abcde");
    }
}
