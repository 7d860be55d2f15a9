//! Who could have everything first: what several strategies ask of the same contacts.

use super::error::PlanError;
use super::request::Request;
use crate::collective::cost::flow::Flow;
use crate::collective::cost::lane::Cut;
use crate::collective::network::Purpose;
use crate::units::MissionTime;

/// A rank, and when it could have all contributions if they took no time to send.
#[derive(Debug, Clone, Copy)]
pub(in crate::collective) struct Root {
    pub(in crate::collective) rank: usize,
    pub(in crate::collective) gathered: u64,
}

/// All members, those first from which all could be gathered and spread first.
pub(super) fn find(request: &Request<'_>, gathered: &[u64]) -> Vec<Root> {
    let (mut network, members) = (request.network(), request.members.len());
    let mut roots = Vec::with_capacity(members);
    for (rank, &gathered) in gathered.iter().enumerate() {
        let ready = Flow::at_once(1, MissionTime(gathered));
        // A root from which the plan does not lead on in time is none.
        if let Ok(edges) = network.spread(rank, ready, Cut::LEAST, 0..members, Purpose::Look) {
            roots.push((edges.last().map_or(gathered, |edge| edge.arrival), Root { rank, gathered }));
        }
    }
    roots.sort_by_key(|(done, root)| (*done, root.rank));
    roots.into_iter().map(|(_, root)| root).collect()
}

/// When each member could have all contributions.
pub(super) fn gathered(request: &Request<'_>) -> Result<Vec<u64>, PlanError> {
    let (mut network, members) = (request.network(), request.members.len());
    let mut gathered = vec![request.at.0; members];
    for rank in 0..members {
        let ready = Flow::at_once(1, request.at);
        let edges = network.spread(rank, ready, Cut::LEAST, 0..members, Purpose::Look);
        let edges = edges.map_err(|unreached| request.apart(rank, &unreached))?;
        for edge in edges.iter().filter(|edge| edge.to < members) {
            gathered[edge.to] = gathered[edge.to].max(edge.arrival);
        }
    }
    Ok(gathered)
}
