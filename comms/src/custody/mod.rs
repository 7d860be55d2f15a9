//! Checkpoints on their way to the ground: content-addressed chunks and the manifest that names them.
//!
//! A checkpoint file is cut into chunks, each named by the hash of its bytes; a [`Manifest`] lists them in order.
//! Since replicas are bit-identical, every node cuts the same chunks and any of them may deliver any chunk that the
//! station still [`lacks`](Manifest::missing). A chunk travels [`pack`]ed and is checked when it is [`unpack`]ed. A
//! [`PassAccount`] says which passes over a station carried it.
//!
//! ```
//! use std::collections::BTreeSet;
//! use starloom_comms::custody::{Checkpoint, Manifest, pack, unpack};
//! use starloom_comms::id::{Digest, Round};
//!
//! let file = vec![7_u8; 2500];
//! let checkpoint = Checkpoint { job: "star12".into(), round: Round(10), state: Digest::of(b"state") };
//! let manifest = Manifest::describe(checkpoint, "model.safetensors", file.as_slice(), 1024)?;
//! let mut ground = Vec::new();
//! for (chunk, range) in manifest.ranges() {
//!     let packed = pack(&file[range.start as usize..range.end as usize]);
//!     ground.extend(unpack(&packed, chunk)?);
//! }
//! assert_eq!(ground, file);
//! // The first two chunks have the same bytes, so they are the same chunk.
//! assert_eq!(manifest.missing(&BTreeSet::new()).len(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod chunk;
mod manifest;
mod passes;

pub use chunk::{ChunkError, pack, unpack};
pub use manifest::{Checkpoint, Chunk, DescribeError, FileEntry, Manifest, ManifestError};
pub use passes::{Carried, Pass, PassAccount};
