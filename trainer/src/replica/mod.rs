//! What a node trains, seen from its rounds: a contribution goes out, an agreed mean comes in.
//!
//! A replica's common state changes by [`Replica::apply`] alone, and by the same bytes on every node, so that replicas stay
//! bit-identical. What happens between two calls of it (inner steps, their optimizer, running statistics of the batches seen)
//! is private and forgotten, or kept private.

mod learner;

use starloom_comms::id::Round;

use crate::checkpoint::CommonState;
use crate::task::Evaluation;

pub use learner::RestoreError;
pub(crate) use learner::{Learner, evaluate};

/// A replica of what is trained.
pub(crate) trait Replica {
    /// Elements of the vector that it exchanges.
    fn elements(&self) -> usize;

    /// How many of them, at the end, a wire format that loses much must not touch.
    fn exempt(&self) -> usize;

    /// Trains on `samples` for `round`, from the common state. `progress` is told of each inner step.
    fn contribute(&mut self, round: Round, samples: &[u64], progress: &mut dyn FnMut(Progress)) -> Contribution;

    /// Applies the agreed mean of `round`, or nothing if nobody contributed: then the round leaves the common state as it is.
    fn apply(&mut self, round: Round, mean: Option<&[f32]>);

    /// The common state after the last [`apply`](Self::apply). What was trained since is forgotten.
    fn common_state(&mut self) -> CommonState;

    /// How good the common state is on the held-out split, if that means something. What was trained since is forgotten.
    fn evaluate(&mut self) -> Option<Evaluation>;
}

/// An inner step is done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Progress {
    /// Which one, from 1.
    pub(crate) step: u32,
    /// Inner steps of the round.
    pub(crate) of: u32,
    /// Its loss.
    pub(crate) loss: f64,
}

/// What a node brings to a round.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Contribution {
    /// Gradients or movements, as long as [`Replica::elements`].
    pub(crate) vector: Vec<f32>,
    /// Its weight.
    pub(crate) samples: u64,
    /// The mean training loss, if it trained on anything.
    pub(crate) loss: Option<f64>,
}

#[cfg(test)]
mod tests;
