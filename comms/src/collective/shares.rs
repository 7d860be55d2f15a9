//! Shares: the parts that the mean of a segment is put together from.
//!
//! Where one rank adds up all contributions to a segment, the mean is one share. A schedule may also leave the sum in
//! several: each is a sum of some contributions that somebody made once, and its bytes travel verbatim. Whoever has all of them
//! adds them up in their order. The same bytes in the same order give the same mean everywhere, so replicas stay identical to the
//! bit although no rank is the owner of the whole.
//!
//! A share may be **merged** from others. Any rank that holds these can make it, and since its bytes follow from theirs, it does
//! not matter who does: two ranks may each make it, to spare a lane on their side. The shares that are part of no other are the
//! **roots**; they cover every contribution once.
//!
//! ```
//! use starloom_comms::collective::Shares;
//!
//! // Four contributions, merged in pairs: 0 and 1 into 4, 2 and 3 into 5.
//! let pairs = Shares::merged(4, vec![vec![0, 1], vec![2, 3]]);
//! assert_eq!((pairs.len(), pairs.parts(5)), (6, &[2, 3][..]));
//! assert!(pairs.roots().eq([4, 5]));
//! ```

use std::sync::Arc;

/// The parts that a segment's mean is put together from, numbered; clones share them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shares {
    /// Of which others each is merged; nothing for one that an owner makes of what it holds.
    parts: Arc<[Vec<u32>]>,
}

impl Shares {
    /// A mean that one owner makes.
    #[must_use]
    pub fn one() -> Self {
        Self::merged(1, Vec::new())
    }

    /// `owned` shares that an owner each makes of what it holds, and behind them those that are `merged`, each from the
    /// earlier ones that it lists.
    #[must_use]
    pub fn merged(owned: usize, merged: Vec<Vec<u32>>) -> Self {
        let mut parts = vec![Vec::new(); owned];
        parts.extend(merged);
        Self { parts: parts.into() }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// Whether there is none, which no sound schedule has.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Whether the owner of the first share makes the mean by itself.
    #[must_use]
    pub fn is_one(&self) -> bool {
        self.parts.len() == 1
    }

    /// The shares that `share` is merged from; nothing if an owner makes it.
    #[must_use]
    pub fn parts(&self, share: u32) -> &[u32] {
        self.parts.get(share as usize).map_or(&[], Vec::as_slice)
    }

    /// The shares that are part of no other, in the order in which they are added up.
    pub fn roots(&self) -> impl Iterator<Item = u32> + '_ {
        let mut is_part = vec![false; self.parts.len()];
        for &part in self.parts.iter().flatten() {
            if let Some(is_part) = is_part.get_mut(part as usize) {
                *is_part = true;
            }
        }
        (0..).zip(is_part).filter(|(_, is_part)| !is_part).map(|(share, _)| share)
    }

    /// The first share that lists itself, a later one, or one that an earlier share has as well.
    pub(super) fn unsound(&self) -> Option<u32> {
        let mut taken = vec![false; self.parts.len()];
        (0..).zip(self.parts.iter()).find_map(|(share, parts)| {
            let mut sound = true;
            for &part in parts {
                sound &= part < share && !std::mem::replace(&mut taken[part as usize % self.parts.len()], true);
            }
            (!sound).then_some(share)
        })
    }
}
