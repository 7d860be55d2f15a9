//! The one event stream: what happened, where, when.
//!
//! Every process writes its events as one JSON object a line; `launch` merges them into `events.jsonl`. Progress
//! bars, summaries and reports read nothing else. Example:
//!
//! ```json
//! {"t":12.25,"wall":"2026-01-01T00:00:12.250Z","node":"sat-1","event":"phase","round":3,"attempt":0,"phase":"reduce"}
//! ```

mod mission;
mod states;

use std::net::SocketAddr;

use jiff::Timestamp;
pub use mission::Mission;
use serde::{Deserialize, Serialize};
pub use states::{LinkState, LossKind, Outcome, Phase};

use crate::control::Report;
use crate::id::{Attempt, Digest, NodeId, Round, ViewId};

/// One line of the stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Mission time in seconds.
    pub t: f64,
    /// Wall time, where processes are real.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wall: Option<Timestamp>,
    /// Who says so.
    pub node: NodeId,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

/// What can happen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum What {
    /// A process accepts connections.
    Listening {
        /// Where.
        address: SocketAddr,
    },
    /// The roster changed (from the aggregator).
    View {
        /// The version.
        view: ViewId,
        /// Who is in.
        members: Vec<NodeId>,
        /// Who carries for them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        relays: Vec<NodeId>,
    },
    /// Progress inside a round. May be dropped for a slow reader.
    Step {
        /// The round.
        round: Round,
        /// The inner step, from 1.
        step: u32,
        /// Inner steps of a round.
        of: u32,
        /// Samples that the node trains on in this round.
        shard: u64,
        /// The step's loss.
        loss: f64,
    },
    /// A node enters a phase of a round.
    Phase {
        /// The round.
        round: Round,
        /// The attempt.
        attempt: Attempt,
        /// The phase.
        phase: Phase,
    },
    /// A lane to a peer changed.
    Link {
        /// The peer.
        peer: NodeId,
        /// Its state.
        state: LinkState,
    },
    /// What a lane to a peer has sent of an attempt in one window of contact. Told by the sender when the round is over; what a
    /// node has sent that is lost before is not told.
    LaneSent {
        /// The receiver.
        peer: NodeId,
        /// The round.
        round: Round,
        /// The attempt.
        attempt: Attempt,
        /// When the first bit leaves, in mission seconds.
        start_secs: f64,
        /// When the last bit has left, in mission seconds.
        end_secs: f64,
        /// How many of these seconds it sends; the others it waits for frames.
        busy_secs: f64,
        /// How many frames.
        frames: u64,
        /// Bytes handed to the link: framing included, before TLS.
        bytes: u64,
    },
    /// A node's own contribution was refused; it goes on without it.
    ContributionRefused {
        /// The round.
        round: Round,
        /// Why.
        reason: String,
    },
    /// What the next attempt at a round is expected to take (from the aggregator).
    RoundPlanned {
        /// The round.
        round: Round,
        /// The attempt.
        attempt: Attempt,
        /// The strategy that made its schedule.
        strategy: String,
        /// For which instant it is planned, in mission seconds.
        at_secs: f64,
        /// How long the collective takes from when the last node is ready, in mission seconds, if nothing unforeseen happens.
        predicted_secs: f64,
    },
    /// All living members agreed (from the aggregator).
    RoundCommitted {
        /// The round.
        round: Round,
        /// The attempt that was agreed.
        attempt: Attempt,
        /// What was agreed.
        digest: Digest,
        /// Whose samples are in it.
        contributors: Vec<(NodeId, u64)>,
    },
    /// An attempt was rolled back everywhere; the round is tried again (from the aggregator).
    RoundRolledBack {
        /// The round.
        round: Round,
        /// The attempt.
        attempt: Attempt,
        /// Why.
        reason: String,
    },
    /// A member is gone (from the aggregator).
    NodeLost {
        /// Who.
        lost: NodeId,
        /// In which round.
        round: Round,
        /// How it was noticed.
        how: LossKind,
        /// Samples issued to it for the round that died with it.
        samples: u64,
    },
    /// How good the common state after a round is on the held-out split. Told by the first node of the roster.
    Evaluated {
        /// The round.
        round: Round,
        /// Accuracy, 0 to 1, if the task measures one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        accuracy: Option<f64>,
        /// The loss.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        loss: Option<f64>,
    },
    /// The common state of a round is on this node's disk, verified.
    CheckpointWritten {
        /// The round.
        round: Round,
        /// Digest of the common state.
        state: Digest,
        /// Bytes on disk.
        bytes: u64,
    },
    /// Chunks of a checkpoint have reached the ground (from the station). May be dropped for a slow reader.
    ChunksLanded {
        /// The round.
        round: Round,
        /// Chunks that are there.
        chunks: u64,
        /// Chunks of the checkpoint.
        of: u64,
    },
    /// A pass is over for a checkpoint and has carried chunks of it: none of it fits any more, or all of it is down. Told by
    /// the node that delivers, once for each pass of a delivery.
    PassCarried {
        /// The round.
        round: Round,
        /// Digest of the checkpoint's `model.safetensors`.
        digest: Digest,
        /// The station that the pass is over.
        station: NodeId,
        /// When the pass starts, in mission seconds.
        start_secs: f64,
        /// When it ends, in mission seconds; nothing if the contact lasts.
        end_secs: Option<f64>,
        /// Chunks that came down in it. One that has to be sent again counts each time.
        chunks: u64,
        /// Their bytes as they travelled, compressed.
        bytes: u64,
    },
    /// A chunk or manifest did not match its hash and was thrown away (from the station).
    ChunkRefused {
        /// The round.
        round: Round,
        /// Why.
        reason: String,
    },
    /// A checkpoint is complete and verified on the ground (from the station).
    CheckpointLanded {
        /// The round.
        round: Round,
        /// Digest of `model.safetensors`.
        digest: Digest,
        /// Its size.
        bytes: u64,
        /// Where it lies, relative to the ground store.
        path: String,
    },
    /// A scripted fault strikes this process next.
    Fault {
        /// The scenario's words for it.
        fault: String,
    },
    /// A node leaves a finished job.
    Left {
        /// What it reports.
        report: Report,
    },
    /// A relay leaves a finished job.
    Carried {
        /// What it sent, counted as bare `f32`.
        raw_bytes: u64,
        /// What it handed to links for that: framing included, before TLS.
        wire_bytes: u64,
    },
    /// The job is over (from the aggregator).
    Finished {
        /// What came of it.
        outcome: Outcome,
        /// Rounds that every replica applied.
        rounds_committed: u64,
        /// Attempts that no replica applied.
        rounds_rolled_back: u64,
        /// Samples, each counted once, in committed rounds.
        samples_used: u64,
        /// Samples whose contribution died with its node or was refused.
        samples_lost: u64,
        /// Samples that are in only a part of the segments.
        samples_partial: u64,
        /// Who was lost, in the order of loss.
        lost: Vec<NodeId>,
    },
    /// Progress events that a slow reader cost.
    Dropped {
        /// How many since the last such line.
        count: u64,
    },
    /// Something that a person should read.
    Warning {
        /// What.
        message: String,
    },
}

impl What {
    /// Whether a live view may miss it: progress may be dropped for a slow reader, facts may not.
    #[must_use]
    pub const fn is_progress(&self) -> bool {
        matches!(self, Self::Step { .. } | Self::Link { .. } | Self::ChunksLanded { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phase_is_shown_as_events_write_it() {
        for phase in Phase::ALL {
            assert_eq!(serde_json::to_string(&phase).expect("a word"), format!("\"{phase}\""));
        }
    }

    #[test]
    fn an_event_is_one_flat_json_object() {
        let event = Event {
            t: 1.5,
            wall: None,
            node: NodeId::satellite(3),
            what: What::Phase { round: Round(2), attempt: Attempt(0), phase: Phase::Gather },
        };
        let line = serde_json::to_string(&event).expect("events are plain data");
        assert_eq!(line, r#"{"t":1.5,"node":"sat-3","event":"phase","round":2,"attempt":0,"phase":"gather"}"#);
        assert_eq!(serde_json::from_str::<Event>(&line).expect("reads back"), event);
    }
}
