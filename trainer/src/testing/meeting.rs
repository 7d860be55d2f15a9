//! An exchange among threads: a condition variable instead of an aggregator, plain sums instead of links.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex};

use starloom_comms::control::{Member, Report, Then, View};
use starloom_comms::id::{Digest, NodeId, Round, ViewId};
use starloom_comms::net::membership::{Agreed, MembershipError, WrittenCheckpoint};

use crate::exchange::Exchange;

/// Where the nodes of a test meet.
pub(crate) struct Meeting {
    nodes: Vec<NodeId>,
    rounds: u64,
    table: Mutex<Table>,
    complete: Condvar,
}

#[derive(Default)]
struct Table {
    contributions: BTreeMap<(Round, NodeId), (Vec<f32>, u64)>,
}

impl Meeting {
    /// A meeting of `nodes` that is over after `rounds`.
    pub(crate) fn new(nodes: Vec<NodeId>, rounds: u64) -> Self {
        Self { nodes, rounds, table: Mutex::default(), complete: Condvar::new() }
    }

    fn all_reduce(&self, node: &NodeId, round: Round, vector: Vec<f32>, samples: u64) -> Agreed {
        let mut table = self.table.lock().expect("no panic at the table");
        let refused = vector.iter().any(|value| !value.is_finite());
        let contribution = if refused { (vec![0.0; vector.len()], 0) } else { (vector, samples) };
        table.contributions.insert((round, node.clone()), contribution);
        self.complete.notify_all();
        let there =
            |table: &mut Table| self.nodes.iter().any(|node| !table.contributions.contains_key(&(round, node.clone())));
        let table = self.complete.wait_while(table, there).expect("no panic at the table");
        let of = |node: &NodeId| &table.contributions[&(round, node.clone())];
        let weight: u64 = self.nodes.iter().map(|node| of(node).1).sum();
        let mut mean = vec![0.0; of(node).0.len()];
        for node in &self.nodes {
            let (vector, samples) = of(node);
            for (sum, value) in mean.iter_mut().zip(vector) {
                *sum += *samples as f32 * value;
            }
        }
        for sum in &mut mean {
            *sum /= weight.max(1) as f32;
        }
        let bytes: Vec<u8> = mean.iter().flat_map(|value| value.to_le_bytes()).collect();
        Agreed {
            round,
            digest: Digest::of(&bytes),
            history: Digest::of(&round.0.to_le_bytes()),
            contributors: self.nodes.iter().map(|node| (node.clone(), of(node).1)).collect(),
            view: self.view(),
            then: if round.0 >= self.rounds { Then::Finish } else { Then::Continue },
            mean,
        }
    }

    fn view(&self) -> View {
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        View {
            id: ViewId(1),
            members: self.nodes.iter().map(|id| Member { id: id.clone(), address }).collect(),
            relays: Arc::default(),
        }
    }
}

/// One node's seat at a meeting.
pub(crate) struct LocalExchange {
    meeting: Arc<Meeting>,
    node: NodeId,
    /// The rounds of the checkpoints that it announced.
    pub(crate) announced: Vec<Round>,
    /// Fails in this round, as a node does whose job is called off.
    pub(crate) fail_in: Option<Round>,
}

impl LocalExchange {
    pub(crate) fn new(meeting: Arc<Meeting>, node: NodeId) -> Self {
        Self { meeting, node, announced: Vec::new(), fail_in: None }
    }
}

impl Exchange for LocalExchange {
    fn roster(&self) -> Vec<NodeId> {
        self.meeting.nodes.clone()
    }

    fn all_reduce(&mut self, round: Round, vector: Vec<f32>, samples: u64) -> Result<Agreed, MembershipError> {
        if self.fail_in == Some(round) {
            return Err(MembershipError::Refused { reason: "the job is called off".into() });
        }
        Ok(self.meeting.all_reduce(&self.node, round, vector, samples))
    }

    fn checkpoint_written(&mut self, checkpoint: WrittenCheckpoint) -> Result<(), MembershipError> {
        self.announced.push(checkpoint.round);
        Ok(())
    }

    fn leave(&mut self, report: Report) -> Result<Report, MembershipError> {
        Ok(report)
    }
}
