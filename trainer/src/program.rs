//! A task without its types: what the command line runs.

use std::sync::Arc;

use starloom_comms::control::Report;
use starloom_comms::id::{NodeId, Round};
use starloom_comms::scenario::{Mode, Scenario};

use crate::exchange::Meet;
use crate::model;
use crate::node::{self, Node, NodeConfig, NodeError, Part, Resumed};
use crate::partition::{TooFewSamples, dirichlet};
use crate::replica::Learner;
use crate::seed::derive;
use crate::shard::Shard;
use crate::solo::{self, SoloReport};
use crate::task::{DataSource, Split, Task};
use crate::{device, weights};

/// Something that a scenario can name in `job.task`.
pub trait Program: Send + Sync {
    /// What a scenario calls it.
    fn name(&self) -> &str;

    /// Whether a job of this scenario could start: its data is there and enough for its nodes, its initial weights fit.
    ///
    /// # Errors
    /// [`NodeError`] with what is missing.
    fn check(&self, scenario: &Scenario) -> Result<(), NodeError>;

    /// Is one node of a job, to its end.
    ///
    /// # Errors
    /// [`NodeError`] with what went wrong and where.
    fn run_node(&self, config: NodeConfig) -> Result<Report, NodeError> {
        let part = config.part();
        self.train(&part, &mut |terms| Ok(Box::new(node::join(config.clone(), terms)?)))
    }

    /// Is one node of a job, to its end, among others that `meet` leads to.
    ///
    /// # Errors
    /// [`NodeError`] with what went wrong and where.
    fn train(&self, part: &Part, meet: &mut Meet<'_>) -> Result<Report, NodeError>;

    /// Trains in this process alone, by a plain Burn loop, on as many samples as the scenario's job could use at most, or on
    /// `samples` if given: what a job's accuracy is compared with.
    ///
    /// # Errors
    /// [`NodeError`] if the data or the initial weights are not to be had.
    fn solo(&self, scenario: &Scenario, samples: Option<u64>) -> Result<SoloReport, NodeError>;
}

/// The program of a task.
#[must_use]
pub fn program(task: impl Task) -> Box<dyn Program> {
    Box::new(TaskProgram(Arc::new(task)))
}

struct TaskProgram<T>(Arc<T>);

impl<T: Task> Program for TaskProgram<T> {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn check(&self, scenario: &Scenario) -> Result<(), NodeError> {
        self.model(scenario)?;
        // With private data each node has its own to check; otherwise all read the same.
        let nodes = if scenario.private.paths.is_empty() { vec![NodeId::satellite(0)] } else { scenario.nodes() };
        for node in nodes {
            self.shard(scenario, &node, &self.data(scenario, Some(&node))?)?;
        }
        Ok(())
    }

    fn train(&self, part: &Part, meet: &mut Meet<'_>) -> Result<Report, NodeError> {
        let node = self.node(part)?;
        node::run(part, node, meet)
    }

    fn solo(&self, scenario: &Scenario, samples: Option<u64>) -> Result<SoloReport, NodeError> {
        let split = self.data(scenario, None)?;
        let model = self.model(scenario)?;
        Ok(solo::train(&*self.0, &split, scenario, model, samples))
    }
}

impl<T: Task> TaskProgram<T> {
    fn node(&self, part: &Part) -> Result<Node<Learner<T>>, NodeError> {
        let (scenario, node) = (&*part.scenario, &part.node);
        let split = self.data(scenario, Some(node))?;
        let mut shard = self.shard(scenario, node, &split)?;
        let model = self.model(scenario)?;
        let mut replica = Learner::new(self.0.clone(), split, scenario.training.clone(), device(), model);
        let resumed = Resumed::from(part)?;
        if let Some(Resumed { snapshot, .. }) = &resumed {
            replica = replica.restored(snapshot.common.clone())?;
            shard = shard.restored(snapshot.dealer.clone(), snapshot.round)?;
        }
        let round = resumed.as_ref().map_or(Round(0), |resumed| resumed.snapshot.round);
        tracing::info!(task = self.name(), samples = shard.info().samples, %round, "ready");
        Ok(Node { replica, shard, resumed })
    }

    /// The data that `node` reads, or that all share.
    fn data(&self, scenario: &Scenario, node: Option<&NodeId>) -> Result<Split<T::Sample>, NodeError> {
        let (seed, test_fraction) = (scenario.seed, scenario.training.test_fraction);
        let paths = &scenario.private.paths;
        let source = match node {
            Some(node) if scenario.training.mode == Mode::FedAvg && !paths.is_empty() => {
                let path = paths.get(node).ok_or_else(|| NodeError::NoPrivateData { node: node.clone() })?;
                DataSource::private(seed, test_fraction, path)
            }
            _ => DataSource::new(seed, test_fraction),
        };
        self.0.data(&source).map_err(|source| NodeError::Data { task: self.name().to_owned(), source })
    }

    fn shard(&self, scenario: &Scenario, node: &NodeId, split: &Split<T::Sample>) -> Result<Shard, NodeError> {
        let too_few = |source| NodeError::TooFewSamples { task: self.name().to_owned(), source };
        let (samples, nodes) = (split.train.len(), scenario.node_count() as usize);
        if scenario.training.mode != Mode::FedAvg {
            if samples < nodes {
                return Err(too_few(TooFewSamples { samples, nodes }));
            }
            return Ok(Shard::shared(scenario, node.clone(), samples as u64));
        }
        if !scenario.private.paths.is_empty() {
            if samples == 0 {
                return Err(too_few(TooFewSamples { samples, nodes: 1 }));
            }
            return Ok(Shard::private(scenario, node.clone(), (0..samples as u64).collect()));
        }
        let labels: Vec<usize> = split.train.iter().map(|sample| self.0.label(sample).unwrap_or(0)).collect();
        let seed = derive(scenario.seed, "partition");
        let mut shards = dirichlet(&labels, nodes, scenario.private.dirichlet_alpha, seed).map_err(too_few)?;
        let slot = scenario.slot(node).map_or(0, |slot| slot as usize);
        Ok(Shard::private(scenario, node.clone(), shards.swap_remove(slot)))
    }

    fn model(&self, scenario: &Scenario) -> Result<T::Model, NodeError> {
        let device = device();
        let model = model::build(derive(scenario.seed, "model"), &device, || self.0.model(&device));
        match &scenario.job.init {
            Some(path) => weights::load_file(model, path).map_err(NodeError::Init),
            None => Ok(model),
        }
    }
}
