//! What a node's rounds need from the others, apart from sockets.

use starloom_comms::control::{DataInfo, Report};
use starloom_comms::id::{Digest, NodeId, Round};
use starloom_comms::net::membership::{Agreed, Membership, MembershipError, WrittenCheckpoint};

use crate::node::NodeError;

/// Agreement with the other nodes. The calls are those of [`Membership`], which is the one among processes; a simulation has
/// another.
pub trait Exchange {
    /// Whom the next round's samples are dealt to.
    fn roster(&self) -> Vec<NodeId>;

    /// The node begins to train on `samples` samples for a round.
    fn begin(&mut self, _round: Round, _samples: u64) {}

    /// Contributes to `round` and waits until its mean is agreed on.
    ///
    /// # Errors
    /// [`MembershipError`] if the node's part in the job has ended.
    fn all_reduce(&mut self, round: Round, vector: Vec<f32>, samples: u64) -> Result<Agreed, MembershipError>;

    /// Says that a checkpoint may be brought to the ground from here.
    ///
    /// # Errors
    /// [`MembershipError`] if the node's part in the job has ended.
    fn checkpoint_written(&mut self, checkpoint: WrittenCheckpoint) -> Result<(), MembershipError>;

    /// Waits until nothing is left to do, reports and leaves. Gives the report with what was sent filled in.
    ///
    /// # Errors
    /// [`MembershipError`] if the node's part in the job has ended before.
    fn leave(&mut self, report: Report) -> Result<Report, MembershipError>;
}

/// With what a node comes to the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// What it trains on.
    pub data: DataInfo,
    /// Elements of the vector that it exchanges.
    pub elements: usize,
    /// How many of them, at the end, a wire format that loses much must not touch.
    pub exempt: usize,
    /// The last round that its state includes: 0 at the start of a job.
    pub committed: Round,
    /// Digest over all agreed means up to it.
    pub history: Digest,
}

/// How a node gets to the others.
pub type Meet<'a> = dyn FnMut(Terms) -> Result<Box<dyn Exchange>, NodeError> + 'a;

impl Exchange for Membership {
    fn roster(&self) -> Vec<NodeId> {
        self.view().members.iter().map(|member| member.id.clone()).collect()
    }

    fn all_reduce(&mut self, round: Round, vector: Vec<f32>, samples: u64) -> Result<Agreed, MembershipError> {
        Self::all_reduce(self, round, vector, samples)
    }

    fn checkpoint_written(&mut self, checkpoint: WrittenCheckpoint) -> Result<(), MembershipError> {
        Self::checkpoint_written(self, checkpoint)
    }

    fn leave(&mut self, report: Report) -> Result<Report, MembershipError> {
        Self::leave(self, report)
    }
}

impl<E: Exchange + ?Sized> Exchange for Box<E> {
    fn roster(&self) -> Vec<NodeId> {
        (**self).roster()
    }

    fn begin(&mut self, round: Round, samples: u64) {
        (**self).begin(round, samples);
    }

    fn all_reduce(&mut self, round: Round, vector: Vec<f32>, samples: u64) -> Result<Agreed, MembershipError> {
        (**self).all_reduce(round, vector, samples)
    }

    fn checkpoint_written(&mut self, checkpoint: WrittenCheckpoint) -> Result<(), MembershipError> {
        (**self).checkpoint_written(checkpoint)
    }

    fn leave(&mut self, report: Report) -> Result<Report, MembershipError> {
        (**self).leave(report)
    }
}
