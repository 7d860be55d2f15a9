//! A scenario's values, typed. [`Scenario::parse`] is the only way to one from a text, and checks every one of them.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::collective::Collective;
use super::orbits::Orbits;
use super::training::{Private, Training};
use super::word::words;
use crate::events::Phase;
use crate::id::{NodeId, Round};
use crate::units::{BitsPerSecond, ByteSize, MissionTime};

/// One job: who takes part, over which links, to learn what, and what goes wrong on the way.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// What run directories are named after: 1 to 64 letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// Where all randomness of the job comes from.
    pub seed: u64,
    /// Who there is, and who sees whom.
    pub geometry: Geometry,
    /// Scripted windows without contact, in the order of the file. They may overlap.
    pub outages: Vec<Outage>,
    /// What is trained or moved.
    pub job: Job,
    /// How it is trained.
    pub training: Training,
    /// The data that each node keeps to itself, in [`Mode::FedAvg`](super::Mode::FedAvg).
    pub private: Private,
    /// When an attempt at a round is given up.
    pub round: RoundRules,
    /// How contributions travel.
    pub collective: Collective,
    /// When and how the common state is written and brought to the ground.
    pub checkpoint: Checkpoint,
    /// When a node counts as lost, and when the job does.
    pub aggregator: AggregatorRules,
    /// How fast satellites compute, where that is simulated.
    pub compute: Compute,
    /// What a simulation moves.
    pub simulation: Simulation,
    /// What is dilated to run here.
    pub emulation: Emulation,
    /// Where processes listen.
    pub network: Network,
    /// What is broken on purpose, in the order of the file.
    pub faults: Vec<Fault>,
}

/// Who sees whom: by decree, or by orbits.
#[derive(Debug, Clone, PartialEq)]
pub enum Geometry {
    /// `[mesh]`.
    Mesh(Mesh),
    /// `[constellation]`.
    Orbits(Box<Orbits>),
}

/// The same links for the whole mission, but for [`Scenario::outages`].
#[derive(Debug, Clone, PartialEq)]
pub struct Mesh {
    /// Nodes, named `sat-0` and on: 1 to [`MAX_NODES`](crate::limits::MAX_NODES).
    pub nodes: u32,
    /// Who has a link to whom.
    pub topology: Topology,
    /// What a lane carries. Never zero.
    pub rate: BitsPerSecond,
    /// Light time of a link.
    pub delay: Duration,
    /// The link from every node to the station.
    pub ground: Ground,
}

words! {
    /// Who has a link to whom.
    Topology {
        /// Each node to the next, and the last to the first.
        Ring = "ring",
        /// Each node to each other.
        Full = "full",
    }
}

/// A window `[start, end)` in which two peers have no contact, in both directions.
#[derive(Debug, Clone, PartialEq)]
pub struct Outage {
    /// A node, a satellite or a station; `station` stands for all stations.
    pub a: NodeId,
    /// The other end.
    pub b: NodeId,
    /// The first instant without contact.
    pub start: MissionTime,
    /// The first instant with contact again; later than `start`.
    pub end: MissionTime,
}

/// The link from every node to the station.
#[derive(Debug, Clone, PartialEq)]
pub struct Ground {
    /// What it carries. Never zero.
    pub rate: BitsPerSecond,
    /// Its light time.
    pub delay: Duration,
}

/// What is trained or moved.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// The task's name. [`Job::NO_TASK`] moves bytes and trains nothing.
    pub task: String,
    /// A `model.safetensors` to start from, as written: relative to the folder that the command runs in.
    pub init: Option<PathBuf>,
    /// Size of the exchanged vector without a task; a whole number of `f32`.
    pub payload: ByteSize,
    /// Mission time of one inner step without a task.
    pub compute: Duration,
}

impl Job {
    /// The task that moves bytes only.
    pub const NO_TASK: &'static str = "none";

    /// Whether the job moves bytes only.
    #[must_use]
    pub fn moves_bytes_only(&self) -> bool {
        self.task == Self::NO_TASK
    }
}

/// When an attempt at a round is given up.
#[derive(Debug, Clone, PartialEq)]
pub struct RoundRules {
    /// Mission time after which an attempt is rolled back.
    pub deadline: Duration,
    /// Attempts at one round, at least 1, before the job fails.
    pub attempts: u32,
}

/// How fast satellites compute, where that is simulated.
#[derive(Debug, Clone, PartialEq)]
pub struct Compute {
    /// Operations that training on a sample takes; 0 for no time.
    pub flops_per_sample: f64,
    /// 10¹² operations a second at most; above zero.
    pub tops: f64,
    /// Share of them that training gets, above 0 and at most 1.
    pub utilisation: f64,
    /// Share of its speed that a satellite has left in the Earth's shadow, above 0 and at most 1.
    pub eclipse_speed: f64,
}

/// What a simulation moves.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulation {
    /// Numbers or their sizes.
    pub payload: SimulatedPayload,
}

words! {
    /// What the vectors of a simulation consist of.
    SimulatedPayload {
        /// Numbers, from real training.
        Real = "real",
        /// Nothing but their length.
        Sized = "sized",
    }
}

/// When and how the common state is written and brought to the ground.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// Rounds between two checkpoints; 0 writes one after the last round only.
    pub every_rounds: u64,
    /// Size of a chunk, before compression: at most [`MAX_CHUNK_BYTES`](crate::limits::MAX_CHUNK_BYTES).
    pub chunk: ByteSize,
    /// Mission time that the last checkpoint may take to land.
    pub landing_deadline: Duration,
}

/// When a node counts as lost, and when the job does. Wall time: these are about processes, not about orbits.
#[derive(Debug, Clone, PartialEq)]
pub struct AggregatorRules {
    /// The satellite that it flies on; the first node without it.
    pub host: Option<NodeId>,
    /// Silence after which a node is lost.
    pub suspect_after: Duration,
    /// How long the first round waits for all nodes.
    pub join_deadline: Duration,
    /// How long a node keeps trying to reach a lost aggregator.
    pub patience: Duration,
    /// Living nodes below which the job fails, `1..=nodes`.
    pub min_nodes: u32,
}

/// What is dilated to run here.
#[derive(Debug, Clone, PartialEq)]
pub struct Emulation {
    /// Mission seconds per wall second; above zero.
    pub time_scale: f64,
    /// Bytes that an emulated link counts for each byte that it carries; above zero.
    pub byte_scale: f64,
}

/// Where processes listen.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// The address.
    pub bind: IpAddr,
    /// 0 for any free ports; else the aggregator's port. The station has the next one, node `i` has `base + 2 + i`.
    pub base_port: u16,
}

/// A process that is killed (SIGKILL) on purpose.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// A node, or `aggregator`.
    pub kill: NodeId,
    /// When.
    pub at: FaultTime,
}

/// When a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultTime {
    /// When the process enters a phase of a round.
    Phase {
        /// The round, `1..=rounds`.
        round: Round,
        /// The phase.
        phase: Phase,
    },
    /// At an instant of the mission.
    MissionTime(MissionTime),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            FaultTime::Phase { round, phase } => write!(f, "kill {} in round {round}, phase {phase}", self.kill),
            FaultTime::MissionTime(at) => write!(f, "kill {} at {at}", self.kill),
        }
    }
}
