//! One rank adds up what all send it, and sends the mean to all.
//!
//! Contributions travel to the server one by one, over whoever is on the way, and are added up nowhere else (M. Li et al., "Scaling
//! distributed machine learning with the parameter server", OSDI 2014). The server's own lanes carry everything, which is what
//! other strategies are compared with. Contributions and the mean take the ways of earliest arrival, those planned later around
//! those planned before. The server is the node that the scenario chooses: a member, a relay, or a ground station as one; else that
//! of the members for which all completes first, among those that all could be gathered at and spread from first.

use super::{Strategy, rank};
use crate::collective::builder::ScheduleBuilder;
use crate::collective::cost::flow::Flow;
use crate::collective::cost::lane::Cut;
use crate::collective::network::{Edge, Purpose};
use crate::collective::planner::{PlanError, Request};
use crate::collective::schedule::{Schedule, Segment};
use crate::collective::shares::Shares;
use crate::id::{NodeId, Rank};
use crate::scenario::StrategyChoice;
use crate::units::MissionTime;

pub(super) const STRATEGY: Strategy = Strategy { choice: StrategyChoice::ParameterServer, over_relays: true, plan };

/// Members that are tried as servers, where they are few.
const SERVERS: usize = 3;

fn plan(request: &Request<'_>) -> Result<Vec<Schedule>, PlanError> {
    let chosen = |server: &NodeId| request.members.iter().chain(request.relays).position(|node| node == server);
    if let Some((server, index)) = request.server.and_then(|server| Some((server, chosen(server)?))) {
        // It may be a relay, and these not be allowed.
        let schedule = (index < request.nodes().len()).then(|| served_by(request, index)).flatten();
        let unserved = PlanError::Unserved { server: server.clone(), at: request.at };
        return schedule.map(|schedule| vec![schedule]).ok_or(unserved);
    }
    let servers = request.roots()?.iter().take(if request.are_few() { SERVERS } else { 1 });
    Ok(servers.filter_map(|root| served_by(request, root.rank)).collect())
}

fn served_by(request: &Request<'_>, server: usize) -> Option<Schedule> {
    let members = request.members.len();
    let per_frame = request.frame_elements(request.elements);
    let cut = Cut::of(request.wire, request.elements, per_frame);
    let name = StrategyChoice::ParameterServer.as_str();
    let segments = Segment::split(request.elements, 1);
    let mut builder = ScheduleBuilder::new(name, members, request.relays.len(), segments);
    builder.limit_frames(per_frame);
    if members == 1 {
        // Nothing is to be added up.
        builder.finalize(rank(0), 0);
        return Some(builder.build());
    }
    let mut network = request.network();
    let mut inwards: Vec<(u32, Edge)> = Vec::new();
    let mut gathered = request.at;
    for member in (0..members).filter(|member| *member != server) {
        let ready = Flow::at_once(cut.frames, request.at);
        let way = network.spread(member, ready, cut, server..server + 1, Purpose::Take).ok()?;
        gathered = way.last().map_or(gathered, |edge| gathered.max(MissionTime(edge.arrival)));
        if gathered > request.until {
            return None;
        }
        inwards.extend(way.into_iter().map(|edge| (rank(member).0, edge)));
    }
    let ready = Flow::at_once(cut.frames, gathered);
    let outwards = network.spread(server, ready, cut, 0..members, Purpose::Take).ok()?;
    if outwards.last().is_some_and(|edge| edge.arrival > request.until.0) {
        return None;
    }
    let all: Vec<u32> = (0..members).map(|member| rank(member).0).collect();
    builder.share_out(0, Shares::merged(members, vec![all.clone()]));
    all.iter().for_each(|member| builder.own(Rank(*member), 0, *member));
    // Lanes carry what is planned for them in the order of its arrivals.
    inwards.sort_by_key(|(member, edge)| (edge.arrival, *member));
    for (member, edge) in inwards {
        builder.copy(rank(edge.from), rank(edge.to), 0, member);
    }
    let mean = rank(members).0;
    builder.merge(rank(server), 0, mean);
    for edge in outwards {
        builder.copy(rank(edge.from), rank(edge.to), 0, mean);
    }
    Some(builder.build())
}
