//! Which contacts of a node are open at an instant, without a look at all that have ended before.
//!
//! Contacts in the order of their starts do not say which of those that began long ago still last. A snapshot does, for the
//! instant at which some contact starts. The next is taken after as many contacts as the last one holds, and at least
//! [`LEAST`]: so all snapshots together hold at most twice as many entries as there are contacts, and whoever asks looks at
//! few more contacts than those that are open.

use std::ops::Range;

use super::graph::Window;

/// Fewest contacts between two snapshots.
const LEAST: u32 = 8;

/// The snapshots of all nodes.
#[derive(Debug, Clone, Default)]
pub(super) struct Snapshots {
    all: Vec<Snapshot>,
    /// Where those of each node end; they begin where those of the node before it end.
    ends: Vec<u32>,
    lasting: Vec<u32>,
}

#[derive(Debug, Clone)]
struct Snapshot {
    /// In nanoseconds of the mission.
    at: u64,
    /// The first contact that is not among those it looked at.
    next: u32,
    /// Where the contacts that last beyond `at` stand.
    lasting: Range<u32>,
}

impl Snapshots {
    /// Takes those of the next node, whose contacts stand at `range` of `windows` in the order of their starts.
    pub(super) fn push_node(&mut self, windows: &[Window], range: Range<u32>) {
        let mut next = range.start;
        self.take(0, next, Vec::new());
        let mut open: Vec<u32> = Vec::new();
        let mut due = LEAST;
        for contact in range {
            if contact - next >= due {
                let at = windows[contact as usize].start;
                open.extend(next..contact);
                open.retain(|open| windows[*open as usize].end > at);
                next = contact;
                due = LEAST.max(u32::try_from(open.len()).unwrap_or(u32::MAX));
                self.take(at, next, open.clone());
            }
        }
        self.ends.push(length(&self.all));
    }

    fn take(&mut self, at: u64, next: u32, open: Vec<u32>) {
        let from = length(&self.lasting);
        self.lasting.extend(open);
        self.all.push(Snapshot { at, next, lasting: from..length(&self.lasting) });
    }

    /// The contacts of a node that may last at `at`, of those that started before some contact; and that contact. All are in
    /// the order of their starts.
    pub(super) fn lasting(&self, node: u32, at: u64) -> (&[u32], u32) {
        let node = node as usize;
        let from = node.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        let own = &self.all[from..self.ends[node] as usize];
        // The first is taken at mission start.
        let last = own.partition_point(|snapshot| snapshot.at <= at).saturating_sub(1);
        let Snapshot { next, ref lasting, .. } = own[last];
        (&self.lasting[lasting.start as usize..lasting.end as usize], next)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "four billion contacts fit no memory")]
const fn length<T>(of: &[T]) -> u32 {
    of.len() as u32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn who_asks_sees_every_open_contact_once_and_in_order(
            lengths in prop::collection::vec((0u64..4, prop_oneof![1u64..4, 1u64..300]), 0..120),
            before in 0u32..20,
        ) {
            let mut windows = vec![Window { start: 0, end: 1_000, nearest: 0, to: 0 }; before as usize];
            let mut start = 0;
            windows.extend(lengths.into_iter().map(|(gap, length)| {
                start += gap;
                Window { start, end: start + length, nearest: 0, to: 0 }
            }));
            let mut snapshots = Snapshots::default();
            snapshots.push_node(&windows, 0..before);
            snapshots.push_node(&windows, before..length(&windows));
            prop_assert!(snapshots.lasting.len() <= 2 * windows.len());
            for at in 0..=start {
            let (lasting, next) = snapshots.lasting(1, at);
            let since = (next..length(&windows)).take_while(|contact| windows[*contact as usize].start <= at);
            let seen: Vec<u32> = lasting.iter().copied().chain(since).collect();
            let covers = |contact: &u32| (windows[*contact as usize].start..windows[*contact as usize].end).contains(&at);
            let open: Vec<u32> = (before..length(&windows)).filter(covers).collect();
            prop_assert_eq!(seen.iter().copied().filter(covers).collect::<Vec<_>>(), open);
            prop_assert!(seen.is_sorted());
            }
        }
    }
}
