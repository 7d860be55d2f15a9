//! Why a membership does not begin, or is over.

use std::io;

use thiserror::Error;

use crate::id::Round;
use crate::member::Failure;
use crate::net::listen::{ListenError, ServeError};
use crate::orbit::PropagationError;

/// Why a node does not become a member.
#[derive(Debug, Error)]
pub enum JoinError {
    /// Its own address is not to be had.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// Its links cannot be served.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The operating system gives no thread or no event queue.
    #[error("the comms thread cannot be started: {0}")]
    Start(#[source] io::Error),
    /// The scenario's satellites do not stay up.
    #[error(transparent)]
    Orbit(#[from] PropagationError),
    /// It was not taken, or nobody was there to take it.
    #[error(transparent)]
    Membership(#[from] MembershipError),
}

/// Why a membership is over, or what it does not allow.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MembershipError {
    /// The node is not, or no longer, a member.
    #[error("the aggregator refuses this node: {reason}")]
    Refused {
        /// Why, with both values where two disagree.
        reason: String,
    },
    /// The aggregator has stayed away for longer than `aggregator.patience`.
    #[error("{0}")]
    AggregatorLost(Failure),
    /// The node cannot go on with the others.
    #[error(transparent)]
    Failed(Failure),
    /// A contribution to another round than the next.
    #[error("a contribution to round {round}; {}", expected(*.next))]
    OutOfOrder {
        /// The contribution's round.
        round: Round,
        /// The round that is next, if there is one.
        next: Option<Round>,
    },
    /// A contribution of another length than the job's.
    #[error("a contribution of {got} elements; this job exchanges {expected}")]
    Length {
        /// Elements of the contribution.
        got: usize,
        /// Elements that the job exchanges.
        expected: usize,
    },
    /// The thread that owns the connections is gone.
    #[error("the comms thread has ended")]
    Stopped,
}

fn expected(next: Option<Round>) -> String {
    next.map_or_else(|| "the last round is committed".to_owned(), |next| format!("round {next} is next"))
}

impl From<Failure> for MembershipError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused { reason } => Self::Refused { reason },
            lost @ Failure::AggregatorLost { .. } => Self::AggregatorLost(lost),
            other => Self::Failed(other),
        }
    }
}
