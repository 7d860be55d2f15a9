//! Independent seeds for each purpose, all from the scenario's one.

/// The seed for `purpose`: the first eight bytes of `blake3(seed || purpose)`. Purposes do not see each other, so
/// adding one changes no other.
#[must_use]
pub(crate) fn derive(seed: u64, purpose: &str) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes());
    hasher.update(purpose.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    u64::from_le_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purposes_have_seeds_of_their_own() {
        assert_eq!(derive(7, "model"), derive(7, "model"));
        assert_ne!(derive(7, "model"), derive(7, "split"));
        assert_ne!(derive(7, "model"), derive(8, "model"));
    }
}
