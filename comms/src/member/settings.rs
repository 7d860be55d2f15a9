//! What a member knows before it joins, and what it does in the job.

use std::net::SocketAddr;
use std::time::Duration;

use crate::collective::RoundPlanner;
use crate::control::DataInfo;
use crate::id::NodeId;

/// What a member knows before it joins.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Its own name.
    pub node: NodeId,
    /// Where its data links listen.
    pub address: SocketAddr,
    /// What it does in the job.
    pub part: Part,
    /// What makes the schedules.
    pub planner: RoundPlanner,
    /// How long a lost aggregator may stay away, in wall time.
    pub patience: Duration,
}

/// What a node does in a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// It contributes to every round.
    Train {
        /// What it trains on.
        data: DataInfo,
        /// Elements of the vector that it exchanges.
        elements: usize,
    },
    /// It carries what others send.
    Relay,
}
