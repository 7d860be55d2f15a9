use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::plans::{Case, cases, cases_of_meeting_ways};
use super::twins::{Contacts, all_routes, cut_through, passed, stored};
use crate::contacts::routing::{Arrivals, BoundSearch, ContactGraph, Query, Relaying, Route, Search};
use crate::id::NodeId;

const BOTH: [Relaying; 2] = [Relaying::StoreAndForward, Relaying::CutThrough];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn stored_bundles_arrive_everywhere_as_in_a_flood(case in cases()) {
        let mut search = Search::new(&case.graph);
        let arrivals = search.arrivals(&case.query(Relaying::StoreAndForward));
        prop_assert_eq!(by_name(&case.graph, &arrivals), stored(&case));
    }

    #[test]
    fn bundles_that_are_cut_through_arrive_everywhere_as_in_a_flood(case in cases()) {
        let mut search = Search::new(&case.graph);
        let arrivals = search.arrivals(&case.query(Relaying::CutThrough));
        prop_assert_eq!(by_name(&case.graph, &arrivals), cut_through(&case));
    }

    #[test]
    fn a_bundle_to_one_node_goes_as_one_to_all(case in prop_oneof![cases(), cases_of_meeting_ways()]) {
        for relaying in BOTH {
            let query = case.query(relaying);
            let (mut one, mut all) = (Search::new(&case.graph), Search::new(&case.graph));
            let arrivals = all.arrivals(&query);
            for node in 0..u32::try_from(case.graph.nodes().len()).expect("few") {
                let route = one.route(&query, node);
                prop_assert_eq!(&route, &arrivals.route(node));
                prop_assert_eq!(route.as_ref().map(|route| route.arrival), arrivals.at(node));
                prop_assert_eq!(route.as_ref().and_then(|route| route.hops.last().copied()), arrivals.hop(node));
                if let Some(route) = route {
                    contacts_of(&case, relaying, &route)?;
                }
            }
        }
    }

    #[test]
    fn a_search_that_is_bound_for_a_node_finds_the_same_arrivals(case in prop_oneof![cases(), cases_of_meeting_ways()], gone in 0u32..10, span in 0u64..40) {
        let mut all = Search::new(&case.graph);
        for to in 0..u32::try_from(case.graph.nodes().len()).expect("few") {
            let mut bound = BoundSearch::over(&case.graph, to, Duration::from_nanos(span));
            for relaying in BOTH {
                for from in 0..u32::try_from(case.graph.nodes().len()).expect("few") {
                    let query = Query { from, lost: &[gone], ..case.query(relaying) };
                    prop_assert_eq!(bound.arrival(&query), all.arrivals(&query).at(to));
                }
            }
        }
    }

    #[test]
    fn the_best_routes_are_the_first_of_all_routes(case in prop_oneof![cases(), cases_of_meeting_ways()], count in 0usize..12) {
        for relaying in BOTH {
            let query = case.query(relaying);
            let to = case.number(case.ends()[1]);
            let mut search = Search::new(&case.graph);
            let best = search.route(&query, to);
            let routes = search.routes(&query, to, count);
            prop_assert_eq!(routes.first(), best.as_ref().filter(|_| count > 0));
            let all = all_routes(&case, relaying);
            let arrivals: Vec<_> = routes.iter().map(|route| route.arrival.0).collect();
            let first: Vec<_> = all.iter().take(count).map(|(arrival, _)| *arrival).collect();
            prop_assert_eq!(arrivals, first);
            let mut found = Vec::new();
            for route in &routes {
                found.push((route.arrival.0, contacts_of(&case, relaying, route)?));
            }
            prop_assert!(found.iter().all(|route| all.contains(route)));
            found.sort();
            found.dedup();
            prop_assert_eq!(found.len(), routes.len());
        }
    }

    #[test]
    fn a_query_without_a_node_is_a_query_of_the_plan_without_it(case in prop_oneof![cases(), cases_of_meeting_ways()], gone in 0u32..5, count in 1usize..6) {
        let gone = &case.graph.nodes()[gone as usize % case.graph.nodes().len()];
        let lost = [case.number(gone)];
        let shrunk = ContactGraph::new(&case.plan.without(gone));
        let (mut with, mut without) = (Search::new(&case.graph), Search::new(&shrunk));
        let [from, to] = case.ends();
        for relaying in BOTH {
            let query = Query { lost: &lost, ..case.query(relaying) };
            let routes = with.routes(&query, case.number(to), count);
            let routes: Vec<_> = routes.iter().map(|route| named(&case.graph, route)).collect();
            let arrivals = by_name(&case.graph, &with.arrivals(&query));
            // A node that has no contact is in no graph: it has what it sends itself, if it lives.
            let (Some(sender), receiver) = (shrunk.index(from), shrunk.index(to)) else {
                let alone = (from != gone).then(|| (from.clone(), case.ready));
                prop_assert_eq!(arrivals, alone.into_iter().collect());
                prop_assert_eq!(routes.len(), usize::from(from == to && from != gone));
                continue;
            };
            let query = Query { from: sender, lost: &[], ..query };
            let expected = receiver.map(|to| without.routes(&query, to, count)).unwrap_or_default();
            let expected: Vec<_> = expected.iter().map(|route| named(&shrunk, route)).collect();
            prop_assert_eq!(routes, expected);
            prop_assert_eq!(arrivals, by_name(&shrunk, &without.arrivals(&query)));
        }
    }

    #[test]
    fn an_answer_does_not_depend_on_what_was_asked_before(case in cases(), other in cases(), bytes in 0u64..24) {
        let mut used = Search::new(&case.graph);
        for relaying in BOTH {
            let query = case.query(relaying);
            let to = case.number(case.ends()[1]);
            used.routes(&Query { bytes, from: to, ready: case.query(relaying).ready, ..other.query(relaying) }, query.from, 3);
            prop_assert_eq!(used.routes(&query, to, 5), Search::new(&case.graph).routes(&query, to, 5));
        }
    }

    #[test]
    fn a_bundle_that_is_cut_through_never_arrives_after_a_stored_one(case in prop_oneof![cases(), cases_of_meeting_ways()]) {
        let (mut stored, mut cut) = (Search::new(&case.graph), Search::new(&case.graph));
        let stored = stored.arrivals(&case.query(Relaying::StoreAndForward));
        let cut = cut.arrivals(&case.query(Relaying::CutThrough));
        for node in (0..5).filter(|node| stored.at(*node).is_some()) {
            prop_assert!(cut.at(node) <= stored.at(node) && cut.at(node).is_some());
        }
    }
}

fn by_name(graph: &ContactGraph, arrivals: &Arrivals<'_>) -> BTreeMap<NodeId, u64> {
    let nodes = (0..).zip(graph.nodes());
    nodes.filter_map(|(node, name)| Some((name.clone(), arrivals.at(node)?.0))).collect()
}

fn named(graph: &ContactGraph, route: &Route) -> impl PartialEq + std::fmt::Debug + use<> {
    let name = |node: u32| graph.nodes()[node as usize].clone();
    let hops = route.hops.iter().map(|hop| (name(hop.from), name(hop.to), hop.transit));
    (hops.collect::<Vec<_>>(), route.arrival)
}

/// The contacts of a route, each passed as it can be after the one before it.
fn contacts_of(case: &Case, relaying: Relaying, route: &Route) -> Result<Contacts, TestCaseError> {
    let mut bits = (case.ready, case.ready);
    let mut at = case.ends()[0];
    let mut contacts = Contacts::new();
    for hop in &route.hops {
        let [from, to] = [hop.from, hop.to].map(|node| &case.graph.nodes()[node as usize]);
        let contact = case.plan.at(from, to, hop.transit.start).expect("a contact");
        let (transit, there) = passed(contact, bits, case.bytes, relaying).expect("it fits");
        prop_assert_eq!((at, transit), (from, hop.transit));
        contacts.push((from.clone(), to.clone(), contact.start));
        (at, bits) = (to, there);
    }
    prop_assert_eq!(bits.1, route.arrival.0);
    Ok(contacts)
}
