//! For training loops that exist already: one call between backward and the optimizer's step.
//!
//! ```
//! # use burn::{nn::{Linear, LinearConfig}, optim::{GradientsParams, ModuleOptimizer, SgdConfig}, tensor::{Device, Tensor}};
//! # use starloom_trainer::Session;
//! # fn batch(step: usize, slot: usize, slots: usize) -> Tensor<2> { Tensor::ones([8, 64], &starloom_trainer::device()) }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let device = starloom_trainer::device();
//! # let mut optimizer = SgdConfig::new().init();
//! let mut session = Session::from_env()?;
//! device.seed(7);
//! let mut model = session.start(LinearConfig::new(64, 10).init(&device))?;
//! for step in session.rounds_done()..200 {
//!     let batch = batch(step, session.slot(), session.slots());
//!     let samples = batch.dims()[0];
//!     let loss = model.forward(batch).mean();
//!     let gradients = GradientsParams::from_grads(loss.backward(), &model);
//!     let gradients = session.average(&model, gradients, samples)?; // <- the one call
//!     model = optimizer.step(0.01, model, gradients);
//!     if session.is_over() {
//!         break;
//!     }
//! }
//! session.finish(&model)?;
//! # Ok(())
//! # }
//! ```
//!
//! Started by itself the program trains alone: [`Session::average`] gives back what it gets. Started by `starloom launch
//! --program` it is a node of a job, as [`SessionConfig::VARIABLE`] in its environment says: each call of `average` is a
//! round, and all nodes get the same mean, weighted by samples. The scenario's `training.mode` must be `ddp`, and its
//! `training.rounds` the steps of the loop. What else is in `[training]` is the loop's own affair; `batch_size` is what the
//! accounts of samples go by.
//!
//! All nodes must start from the same weights (seed the device before the model is built) and step alike. Running
//! statistics are averaged with the gradients. The common state is written and brought to the ground as in any job; the
//! optimizer's state is the loop's own and not part of it.

mod config;
mod seat;

use burn::module::Module;
use burn::optim::GradientsParams;
use starloom_comms::control::Report;
use starloom_comms::id::{NodeId, Round};
use starloom_comms::net::event_sink::EventSinkError;
use starloom_comms::net::lifeline;
use starloom_comms::net::membership::{JoinError, MembershipError};
use starloom_comms::net::tls::CredentialsError;
use starloom_comms::scenario::{Mode, ScenarioError};
use thiserror::Error;

pub use config::SessionConfig;

use crate::node::NodeError;
use crate::weights::WeightsError;
use seat::Seat;

/// A training loop's place in a job, or alone.
#[derive(Debug)]
pub struct Session(Option<Box<Seat>>);

/// Why a loop cannot go on with the others.
#[derive(Debug, Error)]
pub enum SessionError {
    /// What the launch says in the environment does not parse.
    #[error("{variable} in the environment is damaged: {source}", variable = SessionConfig::VARIABLE)]
    Variable {
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The process that started this one is gone, or it cannot be watched.
    #[error("the launch that started this process is gone: {0}")]
    Orphaned(std::io::Error),
    /// The job's scenario does not hold.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// The job's scenario is for another kind of training.
    #[error(
        "training.mode is {mode}, but a training loop with a session averages gradients in each step: set it to ddp"
    )]
    Mode {
        /// The scenario's mode.
        mode: Mode,
    },
    /// The node is none of the scenario's.
    #[error("{node} is none of the scenario's {nodes} nodes")]
    Slot {
        /// The node.
        node: NodeId,
        /// Nodes of the scenario.
        nodes: u32,
    },
    /// Certificate or key cannot be used.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// Events cannot be written.
    #[error(transparent)]
    Events(#[from] EventSinkError),
    /// `job.init` are not the model's weights.
    #[error("job.init: {0}")]
    Init(#[source] WeightsError),
    /// The checkpoint to go on from is not the loop's.
    #[error(transparent)]
    Resume(#[from] Box<NodeError>),
    /// The job goes on from a checkpoint that the loop did not ask for.
    #[error("this job goes on from round {round}: call Session::start with the model before the first average")]
    NotStarted {
        /// The last round of the checkpoint.
        round: Round,
    },
    /// The node did not become a member.
    #[error(transparent)]
    Join(#[from] JoinError),
    /// The membership ended before the loop did.
    #[error(transparent)]
    Membership(#[from] MembershipError),
    /// The loop goes on after the job's last round.
    #[error("the job ended with round {round}: a loop should end when Session::is_over says so")]
    Over {
        /// The last round.
        round: Round,
    },
    /// The loop ends before the job's last round.
    #[error("the loop ended with round {round}, but training.rounds is {rounds}: they have to be equal")]
    Early {
        /// The last round of the loop.
        round: Round,
        /// The scenario's rounds.
        rounds: u64,
    },
}

impl Session {
    /// The session that the environment speaks of; without one, that of a program that trains alone.
    ///
    /// # Errors
    /// [`SessionError`] if the environment speaks of a session that cannot be.
    pub fn from_env() -> Result<Self, SessionError> {
        let Some(config) = SessionConfig::from_env()? else { return Ok(Self(None)) };
        lifeline::tie().map_err(SessionError::Orphaned)?;
        Ok(Self(Some(Box::new(Seat::new(config.node_config()?)?))))
    }

    /// This node's place among [`slots`](Self::slots), from 0: for sharing out data. 0 alone.
    #[must_use]
    pub fn slot(&self) -> usize {
        self.0.as_ref().map_or(0, |seat| seat.slot())
    }

    /// Nodes that the job starts with; 1 alone.
    #[must_use]
    pub fn slots(&self) -> usize {
        self.0.as_ref().map_or(1, |seat| seat.slots())
    }

    /// Rounds that the state includes: more than 0 at the start of a loop only if the job goes on from a checkpoint.
    #[must_use]
    pub fn rounds_done(&self) -> usize {
        self.0.as_ref().map_or(0, |seat| usize::try_from(seat.round().0).unwrap_or(usize::MAX))
    }

    /// Whether the last round is over, so that the loop should end. Never alone.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.0.as_ref().is_some_and(|seat| seat.is_over())
    }

    /// The model to start from: `model` with the weights of the checkpoint that the job goes on from, or of the scenario's
    /// `job.init`; else and alone `model` itself.
    ///
    /// # Errors
    /// [`SessionError::Init`] or [`SessionError::Resume`] if those weights are not this model's.
    pub fn start<M: Module>(&mut self, model: M) -> Result<M, SessionError> {
        match &mut self.0 {
            Some(seat) => seat.start(model),
            None => Ok(model),
        }
    }

    /// The mean of all nodes' gradients, weighted by their samples. `gradients` are those of a loss that is a mean over
    /// `samples` samples; a gradient with a NaN in it is left out. The first call joins the job and waits for the others.
    ///
    /// If no node's gradients could be used, there are none in what comes back, and a step with them moves nothing.
    ///
    /// # Errors
    /// [`SessionError`] if the node cannot join, is no longer a member, or the job is over.
    pub fn average<M: Module>(
        &mut self,
        model: &M,
        gradients: GradientsParams,
        samples: usize,
    ) -> Result<GradientsParams, SessionError> {
        match &mut self.0 {
            Some(seat) => seat.average(model, gradients, samples as u64),
            None => Ok(gradients),
        }
    }

    /// Tells the loss of the step, for whoever watches. Before [`average`](Self::average).
    pub fn note_loss(&mut self, loss: f64) {
        if let Some(seat) = &mut self.0 {
            seat.note_loss(loss);
        }
    }

    /// Writes the last checkpoint, waits until it is on the ground, and leaves the job. Nothing alone.
    ///
    /// # Errors
    /// [`SessionError::Early`] if the job has rounds left, or what broke the membership.
    pub fn finish<M: Module>(self, model: &M) -> Result<Option<Report>, SessionError> {
        let Some(mut seat) = self.0 else { return Ok(None) };
        if seat.is_past_its_rounds() {
            seat.take_part(model)?;
        }
        seat.finish(model).map(Some)
    }
}

#[cfg(test)]
mod tests;
