//! Why there are no figures.

use std::io;

use starloom_comms::codec::Wire;
use starloom_comms::collective::PlanError;
use starloom_comms::id::NodeId;
use starloom_comms::net::tls::AuthorityError;
use starloom_comms::orbit::PropagationError;
use starloom_comms::scenario::ScenarioError;
use thiserror::Error;

use super::MAX_RANKS;

/// Why there are no figures.
#[derive(Debug, Error)]
pub enum RealError {
    /// The scenario is none.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// The scenario's orbits cannot be followed.
    #[error(transparent)]
    Contacts(#[from] PropagationError),
    /// The only strategy has no schedule.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// More processes than one machine should run.
    #[error("{ranks} processes, a node or a relay each: on one machine at most {MAX_RANKS} take part")]
    TooMany {
        /// Nodes and relays.
        ranks: usize,
    },
    /// There is no place for certificates.
    #[error("no directory for certificates: {0}")]
    Directory(#[source] io::Error),
    /// Certificates cannot be made.
    #[error(transparent)]
    Certificates(#[from] AuthorityError),
    /// A process does not start.
    #[error("the process of {node} does not start: {source}")]
    Start {
        /// Whose.
        node: NodeId,
        /// What the operating system says.
        source: io::Error,
    },
    /// A process has ended before it had all figures, without a reason of its own.
    #[error("the process of {node}, rank {rank}, has ended: {how}")]
    Ended {
        /// Whose.
        node: NodeId,
        /// Its rank.
        rank: usize,
        /// Its exit code or signal.
        how: String,
    },
    /// A rank could not go on.
    #[error("{node}, rank {rank}, could not go on: {reason}")]
    Failed {
        /// Who.
        node: NodeId,
        /// Its rank.
        rank: usize,
        /// What it says.
        reason: String,
    },
    /// Two ranks hold different means.
    #[error("{strategy} with {elements} elements: the mean of {node} is not that of {first}, to the last bit")]
    Different {
        /// The strategy.
        strategy: String,
        /// Of the vector.
        elements: usize,
        /// Whose mean differs.
        node: NodeId,
        /// From whose.
        first: NodeId,
    },
    /// A mean is too far off.
    #[error(
        "{strategy} with {elements} elements: the mean is off by {error:e} at most, {share:.2} times what {wire} allows"
    )]
    Inexact {
        /// The strategy.
        strategy: String,
        /// Of the vector.
        elements: usize,
        /// The largest difference from the exact mean.
        error: f64,
        /// The largest share that a difference has of what is allowed at its element.
        share: f64,
        /// The format.
        wire: Wire,
    },
}
