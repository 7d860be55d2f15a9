//! A session that is a node of a job.

use std::sync::Arc;

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::Device;
use starloom_comms::control::{DataInfo, Holding, Report, Then};
use starloom_comms::events::{Phase, What};
use starloom_comms::id::{Attempt, Digest, Round};
use starloom_comms::net::event_sink::EventSink;
use starloom_comms::net::membership::{Membership, WrittenCheckpoint};
use starloom_comms::scenario::Mode;

use super::SessionError;
use crate::checkpoint::{CommonState, Snapshot};
use crate::exchange::{Exchange, Terms};
use crate::flat::{self, Layout};
use crate::node::{self, NodeConfig, NodeError, Resumed};
use crate::scribe::Scribe;
use crate::shard::samples_per_node;
use crate::weights;

/// A node whose training loop is somebody else's.
pub(super) struct Seat<E = Membership> {
    config: NodeConfig,
    scribe: Scribe,
    slot: u32,
    /// The checkpoint to go on from, until the loop takes its weights.
    resumed: Option<Resumed>,
    /// What the loop started from, once it has.
    origin: Origin,
    joined: Option<Joined<E>>,
    round: Round,
    history: Digest,
    /// The round of the newest checkpoint.
    written: Round,
    /// Whether the state of the last round is to be written, once the loop's optimizer has stepped.
    is_due: bool,
    over: bool,
    loss: Option<f64>,
}

#[derive(Default)]
struct Origin {
    /// The running statistics of the model that it started with: all nodes have the same.
    running: Option<Vec<f32>>,
    /// The checkpoint that they came from. It may not be on the ground yet.
    stored: Option<WrittenCheckpoint>,
}

struct Joined<E> {
    exchange: E,
    layout: Layout,
    /// The running statistics that are agreed on, once they are.
    running: Option<Vec<f32>>,
}

impl<E> std::fmt::Debug for Seat<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seat")
            .field("node", &self.config.identity.node)
            .field("round", &self.round)
            .finish_non_exhaustive()
    }
}

impl Seat<Membership> {
    /// Takes part in the job, which it joins with the first gradients.
    pub(super) fn average<M: Module>(
        &mut self,
        model: &M,
        gradients: GradientsParams,
        samples: u64,
    ) -> Result<GradientsParams, SessionError> {
        if let Some(resumed) = &self.resumed {
            return Err(SessionError::NotStarted { round: resumed.snapshot.round });
        }
        self.take_part(model)?;
        self.next_round(model, gradients, samples)
    }

    /// Joins the job, if this node has not yet: also where no round is left, since the last checkpoint may have to land.
    pub(super) fn take_part<M: Module>(&mut self, model: &M) -> Result<(), SessionError> {
        if self.joined.is_some() {
            return Ok(());
        }
        let layout = Layout::of(model);
        let (committed, history) = (self.round, self.history);
        let (elements, exempt) = (layout.elements(), layout.exempt());
        let terms = Terms { data: self.data(), elements, exempt, committed, history };
        let exchange = node::join(self.config.clone(), terms)?;
        self.join(exchange, layout)
    }
}

impl<E: Exchange> Seat<E> {
    pub(super) fn new(config: NodeConfig) -> Result<Self, SessionError> {
        let (node, nodes) = (config.identity.node.clone(), config.scenario.node_count());
        let slot = config.scenario.slot(&node).ok_or(SessionError::Slot { node, nodes })?;
        let chunk_bytes = config.scenario.checkpoint.chunk.0;
        let scribe = Scribe::new(&config.identity.job, &config.directory, chunk_bytes, Arc::new(config.events.clone()));
        let resumed = Resumed::from(&config.part()).map_err(Box::new)?;
        let (round, history) = resumed
            .as_ref()
            .map_or((Round(0), Digest::default()), |resumed| (resumed.snapshot.round, resumed.snapshot.history));
        let seat = Self {
            config,
            scribe,
            slot,
            resumed,
            origin: Origin::default(),
            joined: None,
            round,
            history,
            written: round,
            is_due: false,
            over: false,
            loss: None,
        };
        Ok(seat)
    }

    pub(super) const fn slot(&self) -> usize {
        self.slot as usize
    }

    pub(super) fn slots(&self) -> usize {
        self.config.scenario.node_count() as usize
    }

    pub(super) const fn round(&self) -> Round {
        self.round
    }

    /// Whether no round is left for the loop: as many are committed as the scenario has.
    pub(super) fn is_past_its_rounds(&self) -> bool {
        self.round.0 >= self.config.scenario.training.rounds
    }

    pub(super) const fn is_over(&self) -> bool {
        self.over
    }

    pub(super) fn note_loss(&mut self, loss: f64) {
        self.loss = Some(loss).filter(|loss| loss.is_finite());
    }

    pub(super) fn start<M: Module>(&mut self, model: M) -> Result<M, SessionError> {
        let model = self.first_model(model)?;
        let layout = Layout::of(&model);
        self.origin.running = Some(layout.read(&model).split_off(layout.trainable()));
        Ok(model)
    }

    fn first_model<M: Module>(&mut self, model: M) -> Result<M, SessionError> {
        if let Some(Resumed { directory, snapshot }) = self.resumed.take() {
            self.origin.stored = self.scribe.describe_stored(&directory, &snapshot);
            let model = weights::load(model, snapshot.common.model);
            return model.map_err(|error| SessionError::Resume(Box::new(NodeError::Restore(error.into()))));
        }
        match &self.config.scenario.job.init {
            Some(path) => weights::load_file(model, path).map_err(SessionError::Init),
            None => {
                flat::draw(&model);
                Ok(model)
            }
        }
    }

    /// What the node says of data that it shares out itself: as many samples as the scenario's batches need.
    pub(super) fn data(&self) -> DataInfo {
        let training = &self.config.scenario.training;
        DataInfo { samples: samples_per_node(training).saturating_mul(training.rounds), holding: Holding::Private }
    }

    pub(super) fn join(&mut self, mut exchange: E, layout: Layout) -> Result<(), SessionError> {
        let Origin { running, stored } = std::mem::take(&mut self.origin);
        if let Some(stored) = stored {
            exchange.checkpoint_written(stored)?;
        }
        self.joined = Some(Joined { exchange, layout, running });
        Ok(())
    }

    pub(super) fn next_round<M: Module>(
        &mut self,
        model: &M,
        gradients: GradientsParams,
        samples: u64,
    ) -> Result<GradientsParams, SessionError> {
        if self.over {
            return Err(SessionError::Over { round: self.round });
        }
        self.write_what_is_due(model)?;
        let round = self.round.next();
        self.tell_of_step(round, samples);
        let Some(Joined { exchange, layout, running }) = &mut self.joined else {
            unreachable!("the first average joins")
        };
        let device = device_of(model);
        let base = running.clone().unwrap_or_else(|| vec![0.0; layout.elements() - layout.trainable()]);
        let vector = contribution(model, layout, &base, gradients);
        let agreed = match exchange.all_reduce(round, vector, samples) {
            Ok(agreed) => agreed,
            Err(error) => {
                // The job is over for this node; what was committed is not lost with it.
                if self.written < self.round {
                    self.scribe.write(&self.snapshot(model));
                }
                return Err(error.into());
            }
        };
        self.round = round;
        self.history = agreed.history;
        self.over = agreed.then == Then::Finish;
        let every = self.config.scenario.checkpoint.every_rounds;
        let due = self.over || (every != 0 && round.0.is_multiple_of(every));
        self.is_due = due;
        let (mean, moved) = agreed.mean.split_at(layout.trainable());
        let nobody = agreed.contributors.iter().all(|(_, samples)| *samples == 0);
        if !nobody {
            *running = Some(base.iter().zip(moved).map(|(base, moved)| base + moved).collect());
        }
        if let Some(running) = running {
            layout.write_running(model, running);
        }
        Ok(if nobody { GradientsParams::new() } else { layout.gradients(model, mean, &device) })
    }

    pub(super) fn finish<M: Module>(mut self, model: &M) -> Result<Report, SessionError> {
        let rounds = self.config.scenario.training.rounds;
        if !self.over && self.round.0 < rounds {
            return Err(SessionError::Early { round: self.round, rounds });
        }
        self.write_what_is_due(model)?;
        let state = self.snapshot(model).digest();
        let report = Report { committed: self.round, state, train_loss: self.loss, ..Report::default() };
        let Some(Joined { exchange, .. }) = &mut self.joined else { return Ok(report) };
        let report = exchange.leave(report)?;
        self.config.events.flush()?;
        Ok(report)
    }

    fn tell_of_step(&self, round: Round, samples: u64) {
        let events: &EventSink = &self.config.events;
        events.phase(round, Attempt(0), Phase::Compute);
        if let Some(loss) = self.loss {
            events.emit(What::Step { round, step: 1, of: 1, shard: samples, loss });
        }
    }

    /// Writes the state of the last round, which `model` has since the loop's optimizer has stepped.
    fn write_what_is_due<M: Module>(&mut self, model: &M) -> Result<(), SessionError> {
        if !std::mem::take(&mut self.is_due) {
            return Ok(());
        }
        self.written = self.round;
        let snapshot = self.snapshot(model);
        let written = self.scribe.write(&snapshot);
        if let (Some(written), Some(joined)) = (written, &mut self.joined) {
            joined.exchange.checkpoint_written(written)?;
        }
        Ok(())
    }

    fn snapshot<M: Module>(&self, model: &M) -> Snapshot {
        let model = match &self.joined {
            // A forward pass since the last round has moved this node's running statistics; the common ones are kept here.
            Some(Joined { layout, running: Some(running), .. }) if !running.is_empty() => {
                let mut flat = layout.read(model);
                flat[layout.trainable()..].copy_from_slice(running);
                weights::named_tensors(&layout.write(detached(model), &flat))
            }
            _ => weights::named_tensors(model),
        };
        Snapshot {
            task: self.config.scenario.job.task.clone(),
            mode: Mode::Ddp,
            round: self.round,
            history: self.history,
            mission_secs: self.config.clock.now().as_secs_f64(),
            dealer: None,
            common: CommonState { model, optimizer: None },
        }
    }
}

/// `[gradients | movement of the running statistics]`.
fn contribution<M: Module>(model: &M, layout: &Layout, running: &[f32], gradients: GradientsParams) -> Vec<f32> {
    let mut vector = vec![0.0; layout.elements()];
    layout.add_gradients(model, gradients, &mut vector);
    if !running.is_empty() {
        let here = layout.read(model);
        let trainable = layout.trainable();
        for ((moved, here), running) in vector[trainable..].iter_mut().zip(&here[trainable..]).zip(running) {
            *moved = here - running;
        }
    }
    vector
}

/// A copy of `model` whose running statistics are its own: those of a mere clone are shared with the original.
fn detached<M: Module>(model: &M) -> M {
    model.valid().train()
}

fn device_of<M: Module>(model: &M) -> Device {
    model.devices().into_iter().next().unwrap_or_else(crate::device)
}
