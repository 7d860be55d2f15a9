//! Any bytes are a manifest or are refused; a manifest reads back the same, and its chunks tile its file.

use starloom_comms::custody::{Chunk, Manifest, unpack};
use starloom_comms::id::Digest;

/// Checks one input; panics if what must hold does not.
pub(crate) fn check(bytes: &[u8]) {
    if let Ok(manifest) = Manifest::parse(bytes) {
        let end = manifest.ranges().fold(0, |end, (chunk, range)| {
            assert_eq!((range.start, range.end - range.start), (end, chunk.bytes));
            range.end
        });
        assert_eq!(end, manifest.file().bytes);
        assert_eq!(Manifest::parse(&manifest.to_json()).ok(), Some(manifest));
    }
    // The same bytes as a chunk that arrives: taken only if they are what was announced.
    let expected = Chunk { digest: Digest::of(bytes), bytes: bytes.len() as u64 };
    if let Ok(chunk) = unpack(bytes, &expected) {
        assert_eq!(chunk, bytes);
    }
}
