//! What came of a run: what `summary.json` holds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use starloom_comms::events::Outcome;
use starloom_comms::id::{Digest, NodeId, Round};

use super::forecast::CollectiveTimes;
use crate::exit::Exit;

/// A checkpoint that is complete and verified on the ground.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LandedCheckpoint {
    /// The round whose state it is.
    pub round: Round,
    /// Digest of `model.safetensors`.
    pub digest: Digest,
    /// Size of `model.safetensors` in bytes.
    pub bytes: u64,
    /// Where `model.safetensors` lies, relative to the run directory.
    pub path: String,
    /// The passes that carried it, in the order of time. Their chunks add up to the checkpoint's, but for those that were
    /// sent again and those whose node was killed before the pass was over.
    pub passes: Vec<CarryingPass>,
}

/// What a pass carried of a checkpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CarryingPass {
    /// The node that delivered.
    pub node: NodeId,
    /// The station that it passed over.
    pub station: NodeId,
    /// When the pass starts, in mission seconds.
    pub start_secs: f64,
    /// When it ends, in mission seconds; nothing if the contact lasts.
    pub end_secs: Option<f64>,
    /// Chunks that came down in it.
    pub chunks: u64,
    /// Their bytes as they travelled, compressed.
    pub bytes: u64,
}

/// How good the model was on the held-out split, on the way.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Milestone {
    /// After which round.
    pub round: Round,
    /// When, in mission seconds.
    pub mission_secs: f64,
    /// Accuracy, 0 to 1, if the task measures one.
    pub accuracy: Option<f64>,
    /// The loss.
    pub loss: Option<f64>,
}

/// What the process that launched the job knows besides the events.
#[derive(Debug, Clone)]
pub struct RunFacts {
    /// The scenario's name.
    pub name: String,
    /// The scenario's seed.
    pub seed: u64,
    /// Nodes that were started.
    pub nodes_started: u32,
    /// Seconds from the start of the first process to the end of the job.
    pub wall_secs: f64,
    /// Seconds on the scenario's clock.
    pub mission_secs: f64,
    /// Mission seconds per wall second.
    pub time_scale: f64,
    /// Mission bytes that each byte on an emulated link stands for.
    pub byte_scale: f64,
}

impl Summary {
    /// The exit code of a command that ran to this end; `interrupted` if somebody asked it to stop.
    #[must_use]
    pub const fn exit(&self, interrupted: bool) -> Exit {
        match (&self.outcome, interrupted) {
            (_, true) | (Some(Outcome::Interrupted), _) => Exit::Interrupted,
            (Some(Outcome::Completed), _) => Exit::Completed,
            (Some(Outcome::NotLanded { .. }), _) => Exit::NotLanded,
            (Some(Outcome::Failed { .. }) | None, _) => Exit::Failed,
        }
    }
}

/// `summary.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The scenario's name.
    pub name: String,
    /// The scenario's seed.
    pub seed: u64,
    /// How the job ended; absent if the run was cut off.
    pub outcome: Option<Outcome>,
    /// Nodes that were started.
    pub nodes_started: u32,
    /// Nodes that were lost, in the order of loss.
    pub nodes_lost: Vec<NodeId>,
    /// Rounds that every replica applied.
    pub rounds_committed: u64,
    /// Attempts at rounds that no replica applied.
    pub rounds_rolled_back: u64,
    /// Samples in committed rounds.
    pub samples_used: u64,
    /// Samples whose contribution died with its node or was refused.
    pub samples_lost: u64,
    /// Samples that are in only a part of a round's segments.
    pub samples_partial: u64,
    /// The collective's transfers counted as bare `f32`, over the nodes and relays that reported.
    pub raw_bytes: u64,
    /// What was handed to links for them, framing included, before TLS, over the nodes and relays that reported.
    pub wire_bytes: u64,
    /// What of that each relay sent.
    #[serde(default)]
    pub carried_bytes: BTreeMap<NodeId, u64>,
    /// Wall seconds of the run.
    pub wall_secs: f64,
    /// Mission seconds of the run.
    pub mission_secs: f64,
    /// Mission seconds per wall second.
    pub time_scale: f64,
    /// Mission bytes that each byte on an emulated link stands for.
    pub byte_scale: f64,
    /// What collectives were predicted to take, and what they took.
    #[serde(default)]
    pub collective: Option<CollectiveTimes>,
    /// Mean training loss of the last round, over the nodes that reported.
    pub train_loss: Option<f64>,
    /// Accuracy on the held-out split, 0 to 1.
    pub eval_accuracy: Option<f64>,
    /// How good the model was on the way, by `training.evaluate_every`: the latest ten thousand.
    #[serde(default)]
    pub milestones: Vec<Milestone>,
    /// Digest of the common state, per living node.
    pub state_digests: BTreeMap<NodeId, Digest>,
    /// What has landed, oldest first.
    pub checkpoints_landed: Vec<LandedCheckpoint>,
}
