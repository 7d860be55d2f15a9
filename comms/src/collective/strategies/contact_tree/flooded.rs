//! Trees in time.
//!
//! For a root, the broadcast tree is that of earliest arrivals from the instant at which the root has the sum; the convergecast
//! tree is a broadcast tree too, on the contact plan with time and lanes turned round: there, what spreads at the earliest from
//! the root is here what leaves every rank at the latest and still is at the root on time. Earliest arrivals over contacts that
//! come and go are foremost journeys (B. Bui Xuan, A. Ferreira and A. Jarry, "Computing shortest, fastest, and foremost journeys
//! in dynamic networks", Int. J. Found. Comput. Sci. 14(2), 2003).
//!
//! What spreads from several roots shares the lanes in the order of time: where all links last, the roots together use all lanes in
//! both directions, and where contacts are rare, the few roots at which they meet best are taken.

use super::super::rank;
use super::MAX_HOPS;
use crate::collective::builder::ScheduleBuilder;
use crate::collective::cost::lane::Cut;
use crate::collective::frame::Kind;
use crate::collective::network::{self, Backwards, Event, Everything, Flood};
use crate::collective::planner::{Request, Root};
use crate::collective::schedule::{Schedule, Segment};
use crate::scenario::StrategyChoice;
use crate::units::MissionTime;

/// Tries to find the instant by which all can be gathered.
const TRIES: usize = 6;

/// Trees with one, a quarter or all of the best roots, and with all of them twice, which leaves the lanes less uneven: those that
/// might complete by `until`.
pub(super) fn plan(request: &Request<'_>, roots: &[Root], until: MissionTime) -> Vec<Schedule> {
    let most = roots.len().min(MAX_HOPS / request.members.len()).min(request.elements).max(1);
    let mut counts = vec![1, most.div_ceil(4), most];
    counts.dedup();
    let some = counts.into_iter().filter_map(|count| trees(request, &roots[..count], until));
    let mut schedules: Vec<Schedule> = some.collect();
    let twice = [&roots[..most], &roots[..most]].concat();
    if most > 1 && twice.len() * request.members.len() <= MAX_HOPS && twice.len() <= request.elements {
        schedules.extend(trees(request, &twice, until));
    }
    schedules
}

/// A segment for each of the roots.
fn trees(request: &Request<'_>, roots: &[Root], until: MissionTime) -> Option<Schedule> {
    let members = request.members.len();
    let segments = Segment::split(request.elements, roots.len());
    let per_frame = request.frame_elements(segments.first()?.elements);
    let cuts = segments.iter().map(|segment| Cut::of(request.wire, segment.elements, per_frame));
    let cuts: Vec<Cut> = cuts.collect();
    let (gathered, inwards) = gather(request, roots, &cuts, until)?;
    let mut flood = Flood::new(request.network(), Everything, cuts, members);
    roots.iter().zip(0..).for_each(|(root, unit)| flood.begin(root.rank, unit, gathered));
    let (outwards, _) = flood.run(until)?;
    let name = StrategyChoice::ContactTree.as_str();
    let mut builder = ScheduleBuilder::new(name, members, request.relays.len(), segments);
    builder.limit_frames(per_frame);
    // Turned round, what arrives last leaves first.
    for (segment, edge) in network::trees(&inwards, members).into_iter().rev() {
        let (from, to, segment) = (rank(edge.to), rank(edge.from), rank(segment).0);
        builder.transfer(from, to, segment, Kind::Partial);
    }
    for (segment, root) in (0..).zip(roots) {
        builder.finalize(rank(root.rank), segment);
    }
    for (segment, edge) in network::trees(&outwards, members) {
        builder.copy(rank(edge.from), rank(edge.to), rank(segment).0, 0);
    }
    Some(builder.build())
}

/// The earliest instant that was found by which every root can have its segment's sum, and what spreads from the roots, turned
/// round, on the way there.
fn gather(
    request: &Request<'_>,
    roots: &[Root],
    cuts: &[Cut],
    until: MissionTime,
) -> Option<(MissionTime, Vec<Event>)> {
    let (nodes, start) = (request.nodes(), request.at.0);
    // What is gathered by an instant, and how long before it the first has to leave.
    let by = |end: u64| {
        let backwards = Backwards::new(&nodes, request.plan, request.at, MissionTime(end));
        let mut flood = Flood::new(backwards.network(), Everything, cuts.to_vec(), request.members.len());
        roots.iter().zip(0..).for_each(|(root, unit)| flood.begin(root.rank, unit, MissionTime::ZERO));
        flood.run(MissionTime(end - start))
    };
    let contacts = request.plan.lanes().filter_map(|(_, _, contacts)| contacts.last());
    let last_contact = contacts.map(|contact| contact.end.0).max()?;
    let earliest = roots.iter().map(|root| root.gathered).max()?;
    let (mut too_early, mut span) = (earliest.saturating_sub(1).max(start), earliest - start + 1);
    let (mut end, mut found) = loop {
        let end = start.checked_add(span).filter(|end| *end < until.0)?;
        if let Some(found) = by(end) {
            break (end, found);
        }
        if end >= last_contact {
            return None;
        }
        (too_early, span) = (end, span.checked_mul(2)?);
    };
    for _ in 0..TRIES {
        if end - too_early <= (end - start) / 64 {
            break;
        }
        // What needs less time than it has may do with just that, or else with something in between.
        let needed = start + found.1.0;
        let next = if needed < end && needed > too_early { needed } else { too_early + (end - too_early) / 2 };
        match by(next) {
            Some(events) => (end, found) = (next, events),
            None => too_early = next,
        }
    }
    Some((MissionTime(end), found.0))
}
