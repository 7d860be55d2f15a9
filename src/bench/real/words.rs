//! What the parent and its ranks say to each other: an object of JSON a line, to standard input and from standard output.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use starloom_comms::codec::Wire;
use starloom_comms::id::Digest;

/// What a rank has to do: the first line that it reads.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Brief {
    /// Which rank it is: members first, then relays.
    pub(super) rank: u32,
    /// The resolved scenario.
    pub(super) scenario: String,
    pub(super) wire: Wire,
    /// Iterations before those that count.
    pub(super) warm_ups: usize,
    pub(super) iterations: usize,
    /// Where its certificate and key lie; without, links are plain text.
    pub(super) certificates: Option<PathBuf>,
    pub(super) sizes: Vec<Size>,
}

/// One vector, and who reduces it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Size {
    pub(super) elements: usize,
    pub(super) planned: Vec<Planned>,
}

/// A strategy, and the schedule that every rank has to come to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Planned {
    pub(super) strategy: String,
    pub(super) schedule: Digest,
}

/// Where all ranks listen, by rank: the second line that a rank reads.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Introduction {
    pub(super) addresses: Vec<SocketAddr>,
}

/// What a rank says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "said", rename_all = "snake_case")]
pub(super) enum Said {
    /// Where it listens.
    Listening { address: SocketAddr },
    /// Which share of all its work is done. The first rank alone says so, now and then.
    Progress { share: f64 },
    /// It is done with a vector: an account for each strategy.
    Measured { accounts: Vec<Account> },
    /// It cannot go on.
    Failed {
        reason: String,
        /// The rank whose link is gone, if it was that.
        lost: Option<u32>,
    },
}

/// How one strategy fared with one vector at one rank.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Account {
    /// From the beginning of each iteration to its result.
    pub(super) secs: Vec<f64>,
    /// What the process computed meanwhile, the barrier before and what its links did after the result included.
    pub(super) cpu_secs: Vec<f64>,
    /// What it sent in one iteration, headers included.
    pub(super) wire_bytes: u64,
    /// Of its result, unless it is a relay's.
    pub(super) check: Option<Check>,
}

/// A result against all others, and against the exact mean.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Check {
    /// Of the bits of the mean.
    pub(super) mean: Digest,
    /// The machine's own.
    pub(super) outcome: Digest,
    /// The largest difference from the exact mean, over the elements that this rank has looked at.
    pub(super) worst_error: f64,
    /// The largest magnitude of the exact mean, over the same.
    pub(super) largest_mean: f64,
    /// The largest difference as a share of what it may be at that element, over the same.
    pub(super) share_of_bound: f64,
}
