//! Which passes carry a checkpoint: the account of one delivery.
//!
//! A laser says of each thing that it sends in which contact it leaves and when it has arrived. Things arrive in the order
//! in which they leave, so a pass is over for a delivery when something leaves in a later one and nothing is under way in
//! it. No clock is asked.

use std::collections::BTreeMap;
use std::mem;

use crate::contacts::Contact;
use crate::units::MissionTime;

/// The window of a contact with a station: half-open, [`MissionTime::NEVER`] at its end if it lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pass {
    /// The first instant with contact.
    pub start: MissionTime,
    /// The first instant without contact.
    pub end: MissionTime,
}

impl From<&Contact> for Pass {
    fn from(contact: &Contact) -> Self {
        Self { start: contact.start, end: contact.end }
    }
}

/// What came down in a pass. A chunk that had to be sent again counts each time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Carried {
    /// Chunks.
    pub chunks: u64,
    /// Their bytes as they travelled, compressed.
    pub bytes: u64,
}

/// The account of one delivery over all its passes.
#[derive(Debug, Clone, Default)]
pub struct PassAccount {
    open: BTreeMap<Pass, Entry>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    under_way: u64,
    carried: Carried,
}

impl PassAccount {
    /// Something leaves in `pass`: a chunk, or what goes before the chunks.
    pub fn departs(&mut self, pass: Pass) {
        self.open.entry(pass).or_default().under_way += 1;
    }

    /// What left first in `pass` has arrived. It is a chunk of so many bytes, or none.
    pub fn arrives(&mut self, pass: Pass, chunk_bytes: Option<u64>) {
        let entry = self.open.entry(pass).or_default();
        entry.under_way = entry.under_way.saturating_sub(1);
        if let Some(bytes) = chunk_bytes {
            entry.carried.chunks += 1;
            entry.carried.bytes += bytes;
        }
    }

    /// The connection broke: what was under way is lost. Passes that carried nothing yet are still to come.
    pub fn broken(&mut self) {
        self.open.retain(|_, entry| {
            entry.under_way = 0;
            entry.carried.chunks > 0
        });
    }

    /// The passes that are over and carried chunks, each once, in the order of time.
    pub fn finished(&mut self) -> Vec<(Pass, Carried)> {
        let over = self.open.values().take_while(|entry| entry.under_way == 0).count();
        let over = over.min(self.open.len().saturating_sub(1));
        let Some(first_open) = self.open.keys().nth(over).copied() else { return Vec::new() };
        let rest = self.open.split_off(&first_open);
        with_chunks(mem::replace(&mut self.open, rest))
    }

    /// The delivery is over: the passes that carried chunks and were not told of, in the order of time.
    #[must_use]
    pub fn close(self) -> Vec<(Pass, Carried)> {
        with_chunks(self.open)
    }
}

fn with_chunks(passes: BTreeMap<Pass, Entry>) -> Vec<(Pass, Carried)> {
    let carried = passes.into_iter().map(|(pass, entry)| (pass, entry.carried));
    carried.filter(|(_, carried)| carried.chunks > 0).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pass(number: u64) -> Pass {
        Pass { start: MissionTime(100 * number), end: MissionTime(100 * number + 10) }
    }

    const fn carried(chunks: u64, bytes: u64) -> Carried {
        Carried { chunks, bytes }
    }

    #[test]
    fn a_pass_is_told_of_when_something_leaves_in_the_next_and_all_of_it_has_arrived() {
        let mut account = PassAccount::default();
        account.departs(pass(1));
        account.arrives(pass(1), None);
        account.departs(pass(1));
        account.departs(pass(1));
        account.arrives(pass(1), Some(30));
        account.departs(pass(2));
        assert_eq!(account.finished(), [], "a chunk of it is under way");
        account.arrives(pass(1), Some(20));
        assert_eq!(account.finished(), [(pass(1), carried(2, 50))]);
        assert_eq!(account.finished(), []);
        account.arrives(pass(2), Some(7));
        assert_eq!(account.close(), [(pass(2), carried(1, 7))]);
    }

    #[test]
    fn a_pass_that_carried_no_chunk_is_not_told_of() {
        let mut account = PassAccount::default();
        account.departs(pass(1));
        account.arrives(pass(1), None);
        account.departs(pass(2));
        assert_eq!(account.finished(), []);
        assert_eq!(account.close(), []);
    }

    #[test]
    fn what_was_under_way_when_the_connection_broke_was_carried_by_no_pass() {
        let mut account = PassAccount::default();
        account.departs(pass(1));
        account.arrives(pass(1), Some(30));
        account.departs(pass(1));
        account.broken();
        assert_eq!(account.finished(), [], "the pass may go on");
        account.departs(pass(1));
        account.arrives(pass(1), Some(20));
        account.departs(pass(2));
        account.broken();
        assert_eq!(account.close(), [(pass(1), carried(2, 50))]);
    }

    proptest! {
        #[test]
        fn every_chunk_that_arrives_is_in_one_pass_and_every_pass_is_told_of_once(
            sent in prop::collection::vec((1_u64..6, prop::option::of(1_u64..100)), 0..40),
            ahead in 0_usize..4,
        ) {
            let mut sent = sent;
            sent.sort_by_key(|(number, _)| *number);
            let mut account = PassAccount::default();
            let mut told = Vec::new();
            for (index, (number, _)) in sent.iter().enumerate() {
                account.departs(pass(*number));
                if let Some((number, chunk)) = index.checked_sub(ahead).map(|index| sent[index]) {
                    account.arrives(pass(number), chunk);
                }
                told.extend(account.finished());
            }
            for &(number, chunk) in &sent[sent.len().saturating_sub(ahead)..] {
                account.arrives(pass(number), chunk);
                told.extend(account.finished());
            }
            told.extend(account.close());
            let naive: Vec<_> = (1..6).filter_map(|number| {
                let chunks: Vec<u64> = sent.iter().filter(|(of, _)| *of == number).filter_map(|(_, chunk)| *chunk).collect();
                let carried = carried(chunks.len() as u64, chunks.iter().sum());
                (!chunks.is_empty()).then_some((pass(number), carried))
            }).collect();
            prop_assert_eq!(told, naive);
        }
    }
}
