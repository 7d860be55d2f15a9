//! Rings whose order and directions come from the contact plan.
//!
//! A [ring](super::ring::along) in the order of the roster takes lanes as they come, and waits where one is closed. Here the order is one
//! along which contacts open one after the other: from each of some members on, always to the one that can be reached soonest and
//! has not been visited, over relays where that closes the ring. Where links last, it is a short closed walk along them, as through a
//! torus of planes. Half of the vector goes the other way round where that is possible, so that both lanes of every link are used; that
//! a torus or a circle should be used in both directions is in P. Sack and W. Gropp, "Collective algorithms for multiported torus
//! networks", ACM Trans. Parallel Comput. 1(2), 2015.

use std::collections::BTreeSet;

use super::{Strategy, ring};
use crate::collective::builder::ScheduleBuilder;
use crate::collective::planner::{PlanError, Request};
use crate::collective::schedule::{Schedule, Segment};
use crate::id::Rank;
use crate::scenario::StrategyChoice;
use crate::units::MissionTime;

pub(super) const STRATEGY: Strategy = Strategy { choice: StrategyChoice::ContactRing, over_relays: true, plan };

/// Steps, over all ranks, of the schedules that are worth a try where there is another one.
const MAX_STEPS: usize = 400_000;
/// Orders that are tried.
const MAX_ORDERS: usize = 8;

/// One way and both ways round, in the order of the roster, in those in which contacts open, and along closed walks.
fn plan(request: &Request<'_>) -> Result<Vec<Schedule>, PlanError> {
    let members = request.members.len();
    let steps = 4 * members * members;
    if steps > MAX_STEPS && request.until < MissionTime::NEVER {
        return Ok(Vec::new());
    }
    let orders = (MAX_STEPS / steps).clamp(1, MAX_ORDERS);
    let mut walks = BTreeSet::new();
    let by_roster = request.circle();
    walks.extend(by_roster.iter().cloned());
    walks.extend(
        (0..members).take(orders).filter_map(|first| request.circle_in(&as_contacts_open(request, first)).ok()),
    );
    walks.extend(request.closed_walks());
    if walks.is_empty() {
        return by_roster.map(|_| Vec::new());
    }
    let is_in_time = |walk: &&Vec<Rank>| request.at.0.saturating_add(light(request, walk)) <= request.until.0;
    let per_walk = |walk: &Vec<Rank>| {
        let mut turned = walk.clone();
        turned.reverse();
        let pairs = turned.iter().zip(turned.iter().cycle().skip(1));
        let leads_back = members > 2 && pairs.clone().all(|(from, to)| request.ever_open(*from, *to));
        let one_way = Some(rings(request, &[walk]));
        one_way.into_iter().chain(leads_back.then(|| rings(request, &[walk, &turned]))).collect::<Vec<_>>()
    };
    Ok(walks.iter().filter(is_in_time).flat_map(per_walk).collect())
}

/// How long light takes at least along a ring: each part of the vector goes round twice, but for two hops.
fn light(request: &Request<'_>, walk: &[Rank]) -> u64 {
    let pairs = walk.iter().zip(walk.iter().cycle().skip(1));
    let hops: Vec<u64> = pairs.map(|(from, to)| request.light(*from, *to)).collect();
    let longest = hops.iter().copied().max().unwrap_or_default();
    2 * hops.iter().sum::<u64>().saturating_sub(longest)
}

/// The members from one on, each followed by the one of those left that it reaches soonest from then on.
fn as_contacts_open(request: &Request<'_>, first: usize) -> Vec<usize> {
    let mut left: BTreeSet<usize> = (0..request.members.len()).filter(|member| *member != first).collect();
    let (mut order, mut now) = (vec![first], request.at);
    while let Some(&last) = order.last().filter(|_| !left.is_empty()) {
        let soonest = left.iter().filter_map(|&next| {
            let contact = request.plan.next(&request.members[last], &request.members[next], now)?;
            Some((contact.start.max(now), next))
        });
        // Whom nobody reaches is put where it comes; relays may lead there.
        let (at, next) = soonest.min().unwrap_or_else(|| (now, left.first().copied().unwrap_or(last)));
        left.remove(&next);
        order.push(next);
        now = at;
    }
    order
}

/// A ring along each of the walks, over equal parts of the vector.
fn rings(request: &Request<'_>, walks: &[&Vec<Rank>]) -> Schedule {
    let (members, relays) = (request.members.len(), request.relays.len());
    let segments = Segment::split(request.elements, members * walks.len());
    let per_frame = request.frame_elements(request.elements / segments.len());
    let name = StrategyChoice::ContactRing.as_str();
    let mut builder = ScheduleBuilder::new(name, members, relays, segments);
    builder.limit_frames(per_frame);
    for (index, walk) in walks.iter().enumerate() {
        ring::lay(&mut builder, walk, (members, relays), index * members);
    }
    builder.build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Wire;
    use crate::collective::cost::CostModel;
    use crate::collective::planner::guard::GUARD;
    use crate::collective::planner::{Task, plan};
    use crate::collective::test_plans::lasting;
    use crate::id::NodeId;

    fn completes(choice: StrategyChoice, members: &[NodeId], plan_of: &crate::contacts::ContactPlan) -> Option<f64> {
        let (model, at) = (CostModel::of(Wire::Fp16), MissionTime::ZERO);
        let task = Task {
            members,
            relays: &[],
            server: None,
            gossip_rounds: 8,
            elements: 40_000_000,
            model,
            plan: plan_of,
            at,
            guard: GUARD,
        };
        plan(choice, &task).ok().map(|planned| planned.completes.as_secs_f64())
    }

    #[test]
    fn both_ways_round_halve_the_time_of_many_bytes() {
        let members: Vec<_> = (0..6).map(NodeId::satellite).collect();
        let circle = lasting((0..6).map(|node| (node, (node + 1) % 6)));
        let [one, both] =
            [StrategyChoice::Ring, StrategyChoice::ContactRing].map(|choice| completes(choice, &members, &circle));
        let ratio = one.zip(both).map(|(one, both)| one / both);
        assert!(ratio.is_some_and(|ratio| (1.9..2.0).contains(&ratio)), "{ratio:?}");
    }

    #[test]
    fn an_order_is_found_that_closes_where_that_of_the_roster_does_not() {
        // 0 - 2 - 4 - 1 - 3 - 5 - 0.
        let circle = [0, 2, 4, 1, 3, 5];
        let links = lasting((0..6).map(|place| (circle[place], circle[(place + 1) % 6])));
        let members: Vec<_> = (0..6).map(NodeId::satellite).collect();
        assert_eq!(completes(StrategyChoice::Ring, &members, &links), None);
        assert!(completes(StrategyChoice::ContactRing, &members, &links).is_some());
    }

    #[test]
    fn planes_are_gone_through_where_none_is_a_ring_with_the_next() {
        let (planes, size) = (3, 4);
        let node = |plane: u32, place: u32| plane % planes * size + place % size;
        let places = (0..planes).flat_map(|plane| (0..size).map(move |place| (plane, place)));
        let torus = lasting(places.flat_map(|(plane, place)| {
            [node(plane + 1, place), node(plane, place + 1)].map(|to| (node(plane, place), to))
        }));
        let members: Vec<_> = (0..planes * size).map(NodeId::satellite).collect();
        assert_eq!(completes(StrategyChoice::Ring, &members, &torus), None);
        let circle = lasting((0..planes * size).map(|place| (place, (place + 1) % (planes * size))));
        let [on_torus, on_circle] =
            [&torus, &circle].map(|links| completes(StrategyChoice::ContactRing, &members, links));
        assert!(on_torus.is_some() && on_torus == on_circle, "{on_torus:?}, {on_circle:?}");
    }

    #[test]
    fn a_member_is_passed_again_where_there_is_no_other_way() {
        let members: Vec<_> = (0..5).map(NodeId::satellite).collect();
        let star = lasting((1..5).map(|node| (0, node)));
        assert_eq!(completes(StrategyChoice::Ring, &members, &star), None);
        assert!(completes(StrategyChoice::ContactRing, &members, &star).is_some());
    }
}
