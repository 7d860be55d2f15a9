//! What a node's rounds need from the others, apart from sockets.

use starloom_comms::control::Report;
use starloom_comms::id::{NodeId, Round};
use starloom_comms::net::membership::{Agreed, Membership, MembershipError, WrittenCheckpoint};

/// Agreement with the other nodes. The calls are those of [`Membership`], which is the one outside of tests.
pub(crate) trait Exchange {
    /// Whom the next round's samples are dealt to.
    fn roster(&self) -> Vec<NodeId>;

    /// Contributes to `round` and waits until its mean is agreed on.
    fn all_reduce(&mut self, round: Round, vector: Vec<f32>, samples: u64) -> Result<Agreed, MembershipError>;

    /// Says that a checkpoint may be brought to the ground from here.
    fn checkpoint_written(&mut self, checkpoint: WrittenCheckpoint) -> Result<(), MembershipError>;

    /// Waits until nothing is left to do, reports and leaves.
    fn leave(&mut self, report: Report) -> Result<Report, MembershipError>;
}

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
