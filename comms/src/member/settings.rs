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
    /// Whether its collectives run here.
    pub numbers: Numbers,
    /// What makes the schedules.
    pub planner: RoundPlanner,
    /// How long a lost aggregator may stay away, in wall time.
    pub patience: Duration,
}

/// Where the numbers of collectives are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    /// In contributions and frames.
    Here,
    /// Nowhere: vectors are empty, no frame is sent, and how far an attempt gets is told from outside by
    /// [`Event::Progress`](super::Event::Progress). For simulations of more bytes than a machine can move.
    Nowhere,
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
        /// How many of them, at the end, a wire format that loses much must not touch.
        exempt: usize,
    },
    /// It carries what others send.
    Relay,
}
