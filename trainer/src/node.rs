//! One training node, from its configuration to its report.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use starloom_comms::control::Report;
use starloom_comms::events::Mission;
use starloom_comms::id::{Digest, NodeId, Round};
use starloom_comms::net::clock::MissionClock;
use starloom_comms::net::event_sink::EventSink;
use starloom_comms::net::identity::Identity;
use starloom_comms::net::membership::{JoinError, Membership, MembershipConfig, MembershipError};
use starloom_comms::scenario::{Mode, Scenario};
use thiserror::Error;

use crate::checkpoint::{self, ReadError, Snapshot};
use crate::exchange::{Meet, Terms};
use crate::partition::TooFewSamples;
use crate::replica::{Replica, RestoreError};
use crate::rounds::{Rounds, Rules};
use crate::scribe::Scribe;
use crate::shard::{OtherData, Shard};
use crate::task::TaskError;
use crate::weights::WeightsError;

/// What it takes to be a node of a job.
#[derive(Debug, Clone)]
pub struct NodeConfig {
    /// The job, the same for all its processes.
    pub scenario: Arc<Scenario>,
    /// Who this node is, and the credentials to prove it.
    pub identity: Identity,
    /// Where the aggregator listens.
    pub aggregator: SocketAddr,
    /// Where the station listens; without one no checkpoint leaves this node.
    pub station: Option<SocketAddr>,
    /// Where this node's links listen; port 0 takes any free one.
    pub listen: SocketAddr,
    /// Where this node keeps its part of the run (`nodes/<node>` of a run's directory).
    pub directory: PathBuf,
    /// The checkpoint to go on from (a `round-…` directory, see [`checkpoint::newest`]); a fresh start without one.
    pub resume_from: Option<PathBuf>,
    /// The mission's clock.
    pub clock: MissionClock,
    /// Where events go. Scripted faults strike through it.
    pub events: EventSink,
}

/// A node's part in a job, wherever it runs.
#[derive(Debug, Clone)]
pub struct Part {
    /// The job, the same for all its nodes.
    pub scenario: Arc<Scenario>,
    /// The job's name.
    pub job: String,
    /// Who this node is.
    pub node: NodeId,
    /// Where it keeps its part of the run.
    pub directory: PathBuf,
    /// The checkpoint to go on from; a fresh start without one.
    pub resume_from: Option<PathBuf>,
    /// What is around it.
    pub mission: Arc<dyn Mission>,
}

impl NodeConfig {
    pub(crate) fn part(&self) -> Part {
        Part {
            scenario: self.scenario.clone(),
            job: self.identity.job.clone(),
            node: self.identity.node.clone(),
            directory: self.directory.clone(),
            resume_from: self.resume_from.clone(),
            mission: Arc::new(self.events.clone()),
        }
    }
}

/// Why a node did not get to its report.
#[derive(Debug, Error)]
pub enum NodeError {
    /// The task has no data to give.
    #[error("data of task `{task}`: {source}")]
    Data {
        /// The task.
        task: String,
        /// What is wrong with it.
        source: TaskError,
    },
    /// There is less data than nodes.
    #[error("data of task `{task}`: {source}; fewer nodes or more data would do")]
    TooFewSamples {
        /// The task.
        task: String,
        /// Both counts.
        source: TooFewSamples,
    },
    /// The scenario gives private data to others, but not to this node.
    #[error("private.paths has no entry for {node}: with any, every node needs one")]
    NoPrivateData {
        /// This node.
        node: NodeId,
    },
    /// `job.init` are not the model's weights.
    #[error("job.init: {0}")]
    Init(#[source] WeightsError),
    /// The checkpoint to resume from does not read back.
    #[error(transparent)]
    Checkpoint(#[from] ReadError),
    /// The checkpoint to resume from is not of this task and mode.
    #[error(
        "checkpoint {path} is of task `{task}` in mode {mode}, the scenario trains `{expected_task}` in mode {expected_mode}"
    )]
    OtherJob {
        /// The checkpoint.
        path: PathBuf,
        /// Its task.
        task: String,
        /// Its mode.
        mode: Mode,
        /// The scenario's task.
        expected_task: String,
        /// The scenario's mode.
        expected_mode: Mode,
    },
    /// The state in the checkpoint does not fit.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// The data is not what the checkpoint was trained on.
    #[error(transparent)]
    OtherData(#[from] OtherData),
    /// The node did not become a member.
    #[error(transparent)]
    Join(#[from] JoinError),
    /// The membership ended before the job did.
    #[error(transparent)]
    Membership(#[from] MembershipError),
}

/// What a node brings to a job.
pub(crate) struct Node<R> {
    pub(crate) replica: R,
    pub(crate) shard: Shard,
    /// The checkpoint that both were restored from.
    pub(crate) resumed: Option<Resumed>,
}

/// A checkpoint that was gone on from.
pub(crate) struct Resumed {
    pub(crate) directory: PathBuf,
    pub(crate) snapshot: Snapshot,
}

impl Resumed {
    /// Reads the checkpoint that `part` goes on from, if any, and checks that it is of the scenario's job.
    pub(crate) fn from(part: &Part) -> Result<Option<Self>, NodeError> {
        let Some(directory) = part.resume_from.clone() else { return Ok(None) };
        let snapshot = checkpoint::read(&directory)?;
        let (task, mode) = (&part.scenario.job.task, part.scenario.training.mode);
        if (&snapshot.task, snapshot.mode) == (task, mode) {
            return Ok(Some(Self { directory, snapshot }));
        }
        Err(NodeError::OtherJob {
            path: directory,
            task: snapshot.task,
            mode: snapshot.mode,
            expected_task: task.clone(),
            expected_mode: mode,
        })
    }
}

/// Takes `node` through a job: joins, runs all rounds, reports and leaves.
pub(crate) fn run<R: Replica>(part: &Part, node: Node<R>, meet: &mut Meet<'_>) -> Result<Report, NodeError> {
    let Node { replica, shard, resumed } = node;
    let (committed, history) = resumed
        .as_ref()
        .map_or((Round(0), Digest::default()), |resumed| (resumed.snapshot.round, resumed.snapshot.history));
    let Part { scenario, job, directory, mission, .. } = part;
    let scribe = Scribe::new(job, directory, scenario.checkpoint.chunk.0, mission.clone());
    let stored = resumed.and_then(|Resumed { directory, snapshot }| scribe.describe_stored(&directory, &snapshot));
    let rules = Rules::of(scenario);
    let (elements, exempt) = (replica.elements(), replica.exempt());
    let exchange = meet(Terms { data: shard.info(), elements, exempt, committed, history })?;
    let rounds = Rounds { exchange, replica, shard, rules, scribe, mission: &**mission, round: committed, history };
    Ok(rounds.run(stored)?)
}

/// Joins the job.
pub(crate) fn join(config: NodeConfig, terms: Terms) -> Result<Membership, JoinError> {
    let NodeConfig { scenario, identity, aggregator, station, listen, clock, events, .. } = config;
    let Terms { data, elements, exempt, committed, history } = terms;
    Membership::join(MembershipConfig {
        identity,
        aggregator,
        listen,
        station,
        scenario,
        data,
        elements,
        exempt,
        committed,
        history,
        clock,
        events,
    })
}
