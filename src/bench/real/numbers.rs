//! The vectors: noise that every rank can make for every other, at any place.

use std::ops::Range;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;

/// The elements in `range` of the vector that `rank` contributes: uniform between −1 and 1, of 24 bits.
pub(super) fn contribution(seed: u64, rank: u32, range: Range<usize>) -> impl Iterator<Item = f32> {
    let mut random = ChaCha12Rng::seed_from_u64(seed);
    random.set_stream(u64::from(rank));
    random.set_word_pos(range.start as u128);
    range.map(move |_| (random.next_u32() >> 8) as f32 / 8_388_608.0 - 1.0)
}

#[cfg(test)]
mod tests {
    use super::contribution;

    #[test]
    fn a_part_of_a_contribution_is_what_stands_there_in_the_whole() {
        let whole: Vec<f32> = contribution(7, 3, 0..1000).collect();
        let part: Vec<f32> = contribution(7, 3, 417..950).collect();
        assert_eq!(part, whole[417..950]);
        assert!(whole.iter().all(|value| (-1.0..1.0).contains(value)));
        assert!(whole.iter().any(|value| *value > 0.9) && whole.iter().any(|value| *value < -0.9));
        assert_ne!(whole[..8], contribution(7, 4, 0..8).collect::<Vec<_>>());
    }
}
