//! The committed common state on a node's disk.
//!
//! ```text
//! nodes/sat-1/checkpoints/round-000010/
//!   model.safetensors      all weights and running statistics, by their paths in the model
//!   optimizer.safetensors  the replicated optimizer's vectors (mode ddp only)
//!   state.json             round, history, digests, dealer, format version
//! ```
//!
//! A checkpoint is there as a whole or not at all: it is written to a hidden directory, synced, and renamed. Weights,
//! optimizer, round and dealer are covered by a digest, and [`read`] checks it. Since replicas are bit-identical, any node can go on from any other's:
//! [`newest`] finds the one to resume a run from.

mod read;
mod search;
mod write;

use serde::{Deserialize, Serialize};
use starloom_comms::id::{Digest, Round};
use starloom_comms::ledger::Dealer;
use starloom_comms::scenario::Mode;

use crate::tensors::NamedTensors;

pub use read::{ReadError, read};
pub use search::{Found, StoredCheckpoint, newest};
pub use write::{WriteError, Written, prune, write};

/// The file of weights in a checkpoint: what goes to the ground.
pub const MODEL_FILE: &str = "model.safetensors";
const OPTIMIZER_FILE: &str = "optimizer.safetensors";
const STATE_FILE: &str = "state.json";
/// Version of what [`STATE_FILE`] says and the digests are over.
const FORMAT: u32 = 1;

/// What all replicas hold alike, in tensors.
#[derive(Debug, Clone, PartialEq)]
pub struct CommonState {
    /// All tensors of the model.
    pub model: NamedTensors,
    /// The optimizer, where replicas share one.
    pub optimizer: Option<OptimizerState>,
}

/// The state of a replicated optimizer.
#[derive(Debug, Clone, PartialEq)]
pub struct OptimizerState {
    /// Steps taken.
    pub steps: u64,
    /// Its vectors.
    pub tensors: NamedTensors,
}

/// A committed state, with what it takes to go on from it.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// What was trained.
    pub task: String,
    /// How.
    pub mode: Mode,
    /// The last round in it.
    pub round: Round,
    /// Digest over all agreed means up to it.
    pub history: Digest,
    /// Mission time of the checkpoint, in seconds.
    pub mission_secs: f64,
    /// The dealer, where nodes share samples.
    pub dealer: Option<Dealer>,
    /// Weights, running statistics, optimizer.
    pub common: CommonState,
}

impl Snapshot {
    /// The digest of the common state: blake3 over the round, the model's tensors (names, shapes, values), the
    /// optimizer's, and the dealer. Equal on two replicas exactly if they hold the same.
    ///
    /// # Panics
    /// Never: a dealer is plain data.
    #[must_use]
    #[expect(clippy::expect_used, reason = "numbers and lists always serialise")]
    pub fn digest(&self) -> Digest {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"starloom common state 1");
        hasher.update(&self.round.0.to_le_bytes());
        self.common.model.hash_into(&mut hasher);
        if let Some(optimizer) = &self.common.optimizer {
            hasher.update(b"optimizer");
            hasher.update(&optimizer.steps.to_le_bytes());
            optimizer.tensors.hash_into(&mut hasher);
        }
        if let Some(dealer) = &self.dealer {
            hasher.update(b"dealer");
            hasher.update(&serde_json::to_vec(dealer).expect("plain data"));
        }
        Digest(*hasher.finalize().as_bytes())
    }
}

/// The directory of a round's checkpoint inside a node's `checkpoints`.
fn directory_name(round: Round) -> String {
    format!("round-{:06}", round.0)
}

/// The round of a checkpoint's directory, by its name.
fn round_of(name: &str) -> Option<Round> {
    name.strip_prefix("round-")?.parse().ok().map(Round)
}

/// What `state.json` says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StateFile {
    format: u32,
    task: String,
    mode: String,
    round: Round,
    history: Digest,
    /// Digest of the common state.
    state: Digest,
    mission_secs: f64,
    optimizer_steps: Option<u64>,
    dealer: Option<Dealer>,
    files: Vec<FileEntry>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileEntry {
    name: String,
    bytes: u64,
    digest: Digest,
}

#[cfg(test)]
mod tests;
