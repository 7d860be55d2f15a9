//! Who a process is when it speaks to another: the facts that the handshake compares.

use super::tls::Credentials;
use crate::id::{Digest, NodeId};

/// A process of a job. Both ends of a connection must agree on the job and its scenario, and each must be the node it
/// says it is: with credentials, the certificate proves it.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The job's name.
    pub job: String,
    /// The digest of the resolved scenario.
    pub scenario: Digest,
    /// The process: a node, the aggregator or the station.
    pub node: NodeId,
    /// Certificate and key. `None` speaks plain text, which benches alone do.
    pub credentials: Option<Credentials>,
}
