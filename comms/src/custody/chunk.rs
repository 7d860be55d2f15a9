//! One chunk as it travels: compressed, and checked against its name on arrival.

use std::io::Read;

use thiserror::Error;

use super::Chunk;
use crate::id::Digest;
use crate::limits::MAX_CHUNK_BYTES;

/// Fast, and within a tenth of a percent of stronger levels on trained weights.
const ZSTD_LEVEL: i32 = 1;

/// Why a received chunk is thrown away.
#[derive(Debug, Error)]
pub enum ChunkError {
    /// The bytes are no zstd stream.
    #[error("chunk {expected:?} cannot be decompressed: {source}")]
    Compression {
        /// The chunk that was announced.
        expected: Digest,
        /// What zstd says.
        source: std::io::Error,
    },
    /// The chunk has not the size that the manifest gives it.
    #[error("chunk {expected:?} must have {bytes} bytes, {read} were read")]
    Size {
        /// The chunk that was announced.
        expected: Digest,
        /// Its size by the manifest.
        bytes: u64,
        /// How many were read: of a longer stream, one more than there should be.
        read: u64,
    },
    /// The bytes are other bytes.
    #[error("chunk {expected:?} arrived as {got:?}: its bytes were changed on the way")]
    Hash {
        /// The chunk that was announced.
        expected: Digest,
        /// The hash of what arrived.
        got: Digest,
    },
}

/// The chunk's bytes as they travel.
///
/// # Panics
/// Never for a chunk: compressing in memory fails only without memory.
#[must_use]
#[expect(clippy::expect_used, reason = "writing to a Vec does not fail")]
pub fn pack(chunk: &[u8]) -> Vec<u8> {
    zstd::encode_all(chunk, ZSTD_LEVEL).expect("zstd compresses into memory")
}

/// The bytes of `expected` out of what travelled, at most [`MAX_CHUNK_BYTES`] whatever the sender claims.
///
/// # Errors
/// [`ChunkError`] if they are not exactly the bytes that `expected` names.
pub fn unpack(packed: &[u8], expected: &Chunk) -> Result<Vec<u8>, ChunkError> {
    let broken = |source| ChunkError::Compression { expected: expected.digest, source };
    let bound = expected.bytes.min(MAX_CHUNK_BYTES as u64);
    let mut chunk = Vec::with_capacity(usize::try_from(bound).unwrap_or(MAX_CHUNK_BYTES));
    zstd::Decoder::new(packed).map_err(broken)?.take(bound + 1).read_to_end(&mut chunk).map_err(broken)?;
    let read = chunk.len() as u64;
    if read != expected.bytes {
        return Err(ChunkError::Size { expected: expected.digest, bytes: expected.bytes, read });
    }
    match Digest::of(&chunk) {
        digest if digest == expected.digest => Ok(chunk),
        got => Err(ChunkError::Hash { expected: expected.digest, got }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn named(bytes: &[u8]) -> Chunk {
        Chunk { digest: Digest::of(bytes), bytes: bytes.len() as u64 }
    }

    proptest! {
        #[test]
        fn what_is_packed_unpacks(bytes in prop::collection::vec(any::<u8>(), 1..5000)) {
            prop_assert_eq!(unpack(&pack(&bytes), &named(&bytes)).expect("intact"), bytes);
        }

        #[test]
        fn a_changed_chunk_is_never_taken(
            bytes in prop::collection::vec(any::<u8>(), 1..500), at: prop::sample::Index, flip in 1_u8..,
        ) {
            let mut packed = pack(&bytes);
            let at = at.index(packed.len());
            packed[at] ^= flip;
            if let Ok(taken) = unpack(&packed, &named(&bytes)) {
                prop_assert_eq!(taken, bytes);
            }
        }

        #[test]
        fn noise_is_refused(noise in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(unpack(&noise, &named(b"chunk")).is_err());
        }
    }

    #[test]
    fn a_bomb_is_read_no_further_than_the_chunk() {
        let bomb = pack(&vec![0; 64 * MAX_CHUNK_BYTES]);
        let error = unpack(&bomb, &named(b"small")).expect_err("too long");
        assert!(matches!(error, ChunkError::Size { bytes: 5, read: 6, .. }), "{error}");
    }

    #[test]
    fn another_chunk_of_the_same_size_is_refused_with_both_hashes() {
        let error = unpack(&pack(b"left"), &named(b"goes")).expect_err("other bytes").to_string();
        assert!(
            error.contains(&Digest::of(b"left").short()) && error.contains(&Digest::of(b"goes").short()),
            "{error}"
        );
    }
}
