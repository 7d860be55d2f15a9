//! The station in a simulation: what its inbox says, and an inbox for checkpoints that have a size and no content.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use starloom_comms::custody::{Chunk, Manifest};
use starloom_comms::events::{Mission, Phase, What};
use starloom_comms::id::{Attempt, Digest, NodeId, Round};
use starloom_comms::net::ground::{GroundInbox, Landed, Refusal};
use starloom_comms::units::MissionTime;

/// How the station's inbox speaks: what it says is picked up after each call.
#[derive(Debug, Default)]
pub(super) struct Voice(Mutex<(MissionTime, Vec<What>)>);

impl Voice {
    fn held(&self) -> MutexGuard<'_, (MissionTime, Vec<What>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set(&self, now: MissionTime) {
        self.held().0 = now;
    }

    pub(super) fn take(&self) -> Vec<What> {
        std::mem::take(&mut self.held().1)
    }
}

impl Mission for Voice {
    fn now(&self) -> MissionTime {
        self.held().0
    }

    fn wait(&self, _span: Duration) {}

    fn emit(&self, what: What) {
        self.held().1.push(what);
    }

    fn phase(&self, round: Round, attempt: Attempt, phase: Phase) {
        self.emit(What::Phase { round, attempt, phase });
    }
}

/// An inbox for checkpoints of which nothing but the size is known.
pub(super) struct SizedInbox {
    voice: Arc<Voice>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    chunks: BTreeSet<Digest>,
    landed: BTreeSet<Round>,
}

impl SizedInbox {
    pub(super) fn new(voice: Arc<Voice>) -> Self {
        Self { voice, kept: Mutex::default() }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl GroundInbox for SizedInbox {
    fn offer(&self, _from: &NodeId, manifest: &Manifest) -> Result<Vec<Chunk>, Refusal> {
        let kept = self.kept();
        if kept.landed.contains(&manifest.round()) {
            return Ok(Vec::new());
        }
        Ok(manifest.missing(&kept.chunks))
    }

    fn store(&self, _from: &NodeId, _manifest: &Manifest, chunk: &Chunk, _bytes: Bytes) -> Result<(), Refusal> {
        self.kept().chunks.insert(chunk.digest);
        Ok(())
    }

    fn chunk_refused(&self, _from: &NodeId, _manifest: &Manifest, _chunk: &Chunk, _reason: &str) {}

    fn land(&self, _from: &NodeId, manifest: &Manifest) -> Result<Landed, Refusal> {
        let mut kept = self.kept();
        let (round, file) = (manifest.round(), manifest.file());
        let path = format!("round-{:06}/{}", round.0, file.name);
        let landed = Landed { round, digest: file.digest, bytes: file.bytes, path: path.clone() };
        if kept.landed.insert(round) {
            for chunk in manifest.chunks() {
                kept.chunks.remove(&chunk.digest);
            }
            let (digest, bytes) = (file.digest, file.bytes);
            self.voice.emit(What::CheckpointLanded { round, digest, bytes, path });
        }
        Ok(landed)
    }
}
