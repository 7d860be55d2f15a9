//! A seeded order over `0..len` that needs no memory.
//!
//! A balanced Feistel network permutes the smallest even power of two that covers the range; an image outside the
//! range is permuted again until it falls inside (cycle walking: Black and Rogaway, "Ciphers with arbitrary finite
//! domains", 2002). The domain is less than four times the range, so that four steps are expected at most.

/// Enough Feistel rounds that neighbours are unrelated; this is shuffling, not secrecy.
const ROUNDS: usize = 6;

/// A permutation of `0..len`, the same on every machine for the same seed. O(1) memory, O(1) expected time.
///
/// ```
/// use starloom_comms::ledger::Permutation;
///
/// let order = Permutation::new(5, 42);
/// let mut seen: Vec<u64> = (0..5).map(|position| order.at(position)).collect();
/// seen.sort_unstable();
/// assert_eq!(seen, [0, 1, 2, 3, 4]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permutation {
    len: u64,
    half_bits: u32,
    keys: [u64; ROUNDS],
}

impl Permutation {
    /// The order of `0..len` that `seed` gives.
    #[must_use]
    pub fn new(len: u64, seed: u64) -> Self {
        let bits = u64::BITS - len.saturating_sub(1).leading_zeros();
        let mut key = seed;
        let keys = std::array::from_fn(|_| {
            key = key.wrapping_add(0x9E37_79B9_7F4A_7C15);
            mix(key)
        });
        Self { len, half_bits: bits.div_ceil(2).max(1), keys }
    }

    /// Elements in the order.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether the order is of nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The element at `position`.
    ///
    /// # Panics
    /// If `position` is not below [`len`](Self::len).
    #[must_use]
    pub fn at(&self, position: u64) -> u64 {
        assert!(position < self.len, "position {position} is outside an order of {} elements", self.len);
        let mut image = self.step(position);
        while image >= self.len {
            image = self.step(image);
        }
        image
    }

    fn step(&self, value: u64) -> u64 {
        let mask = (1 << self.half_bits) - 1;
        let (mut left, mut right) = (value >> self.half_bits, value & mask);
        for key in self.keys {
            (left, right) = (right, left ^ (mix(right ^ key) & mask));
        }
        (left << self.half_bits) | right
    }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood, 2014): every input bit reaches every output bit.
pub(super) const fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_element_appears_once(len in 0_u64..3000, seed: u64) {
            let order = Permutation::new(len, seed);
            let mut seen: Vec<u64> = (0..len).map(|position| order.at(position)).collect();
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..len).collect::<Vec<_>>());
        }

        #[test]
        fn huge_ranges_stay_inside(len in (1_u64 << 40)..=u64::MAX, seed: u64, at: u64) {
            prop_assert!(Permutation::new(len, seed).at(at % len) < len);
        }
    }

    #[test]
    fn another_seed_gives_another_order() {
        let order = |seed| -> Vec<u64> {
            let order = Permutation::new(1000, seed);
            (0..1000).map(|position| order.at(position)).collect()
        };
        assert_eq!(order(1), order(1));
        let fixed = order(1).iter().zip(order(2)).filter(|(a, b)| **a == *b).count();
        assert!(fixed < 20, "{fixed} of 1000 elements did not move between two seeds");
    }

    #[test]
    fn neighbours_do_not_stay_neighbours() {
        let order = Permutation::new(10_000, 3);
        let adjacent = (1..10_000).filter(|&i| order.at(i - 1).abs_diff(order.at(i)) < 10).count();
        assert!(adjacent < 60, "{adjacent} of 9999 neighbours are still close, 20 expected");
    }
}
