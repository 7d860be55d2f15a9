use std::time::Duration;

use crate::contacts::routing::{ContactGraph, Query, Relaying, Search};
use crate::contacts::tests::contact;
use crate::contacts::{Contact, ContactPlan, Rate};
use crate::id::NodeId;
use crate::units::{BitsPerSecond, MissionTime};

/// A byte a nanosecond.
const RATE: u64 = 8_000_000_000;

#[test]
fn a_bundle_that_arrives_at_the_very_end_of_the_last_window_counts_and_a_nanosecond_later_does_not() {
    let until = |end| graph(&[(0, 1, contact(0, 100, RATE, 5)), (1, 2, contact(20, end, RATE, 5))]);
    // Ready at 5, twenty-five bytes and five of light twice.
    assert_eq!(arrival(&until(65), stored(5, 25), 2), Some(65));
    assert_eq!(arrival(&until(64), stored(5, 25), 2), None);
    assert_eq!(arrival(&until(65), stored(6, 25), 2), None);
    assert_eq!(arrival(&until(65), stored(4, 26), 2), None);
    assert_eq!(arrival(&until(65), stored(3, 26), 2), Some(65));
}

#[test]
fn a_relay_sends_on_at_the_very_instant_at_which_its_window_opens() {
    let lanes = |opens| [(0, 1, contact(0, 100, RATE, 5)), (1, 2, contact(opens, opens + 15, RATE, 5))];
    // Ten bytes and five of light are there at 15, and take as long again.
    assert_eq!(arrival(&graph(&lanes(15)), stored(0, 10), 2), Some(30));
    assert_eq!(arrival(&graph(&lanes(16)), stored(0, 10), 2), Some(31));
    assert_eq!(arrival(&graph(&lanes(14)), stored(0, 10), 2), None);
}

#[test]
fn a_relay_that_cuts_through_begins_when_the_first_bit_is_there_and_ends_no_earlier_than_the_last() {
    let graph = graph(&[(0, 1, contact(0, 100, RATE, 5)), (1, 2, contact(0, 100, 10 * RATE, 5))]);
    let query = cut(0, 40);
    let route = Search::new(&graph).route(&query, 2).expect("a route");
    let hops: Vec<_> = route.hops.iter().map(|hop| (hop.transit.start.0, hop.transit.sent.0)).collect();
    assert_eq!((hops, route.arrival.0), (vec![(0, 40), (5, 45)], 50));
    assert_eq!(arrival(&graph, stored(0, 40), 2), Some(45 + 4 + 5));
}

#[test]
fn the_earliest_last_bit_at_a_relay_need_not_be_on_the_way_to_the_earliest_arrival() {
    // By 1 the bundle comes fast and late, by 2 early and slowly; 3 sends slowly, and needs to begin early.
    for opens in [0, 40, 69] {
        let graph = graph(&[
            (0, 1, contact(0, 1_000, 100 * RATE, 0)),
            (1, 3, contact(70, 1_000, 100 * RATE, 0)),
            (0, 2, contact(0, 1_000, RATE, 0)),
            (2, 3, contact(0, 1_000, RATE, 0)),
            (3, 4, contact(opens, 1_000, RATE / 2, 0)),
        ]);
        let mut search = Search::new(&graph);
        let arrivals = search.arrivals(&cut(0, 100));
        assert_eq!(arrivals.hop(3).map(|hop| (hop.from, hop.transit.arrival.0)), Some((1, 71)));
        let route = arrivals.route(4).expect("a route");
        assert_eq!(route.hops.iter().map(|hop| hop.to).collect::<Vec<_>>(), [2, 3, 4]);
        assert_eq!(route.arrival.0, opens + 200);
    }
}

#[test]
fn among_many_contacts_the_one_that_began_long_ago_is_found() {
    // One lane lasts; another opens for every other nanosecond, too briefly for anything.
    let mut lanes = vec![(0, 2, contact(0, 10_000, RATE, 0))];
    lanes.extend((0..4_000).map(|index| (0, 1, contact(2 * index, 2 * index + 1, RATE, 0))));
    let graph = graph(&lanes);
    for ready in [0, 1, 3_999, 7_998, 9_990] {
        assert_eq!(arrival(&graph, stored(ready, 10), 2), Some(ready + 10));
        assert_eq!(arrival(&graph, stored(ready, 10), 1), None);
    }
    assert_eq!(arrival(&graph, stored(9_991, 10), 2), None);
    // A single byte gets through the brief ones, up to the last.
    assert_eq!(arrival(&graph, stored(7_997, 1), 1), Some(7_999));
    assert_eq!(arrival(&graph, stored(7_999, 1), 1), None);
}

#[test]
fn a_bundle_is_where_it_is_sent_from_and_nowhere_from_a_node_that_is_lost_or_unknown() {
    let graph = graph(&[(0, 1, contact(0, 100, RATE, 0))]);
    let mut search = Search::new(&graph);
    let query = stored(500, 10);
    let stays = search.routes(&query, 0, 3);
    assert_eq!((stays.len(), stays[0].hops.len(), stays[0].arrival.0), (1, 0, 500));
    for query in [Query { from: 7, ..query }, Query { lost: &[9, 0], ..query }] {
        assert!((0..8).all(|node| search.arrivals(&query).at(node).is_none()));
        assert_eq!(search.route(&query, 0), None);
    }
    assert_eq!(search.route(&query, 7), None);
    assert_eq!(graph.index(&NodeId::satellite(2)), None);
}

#[test]
fn the_next_routes_take_the_next_windows_and_the_ways_around() {
    let graph = graph(&[
        (0, 2, contact(0, 100, RATE, 0)),
        (0, 2, contact(200, 300, RATE, 0)),
        (0, 1, contact(0, 100, RATE, 0)),
        (1, 2, contact(50, 150, RATE, 0)),
    ]);
    let mut search = Search::new(&graph);
    let routes = search.routes(&stored(0, 10), 2, 9);
    let ways: Vec<_> = routes.iter().map(|route| (route.hops.len(), route.arrival.0)).collect();
    assert_eq!(ways, [(1, 10), (2, 60), (1, 210)]);
    assert_eq!(search.routes(&stored(0, 10), 2, 2), routes[..2]);
}

#[test]
fn nothing_arrives_beyond_the_clock_of_the_mission() {
    let slow = Contact {
        start: MissionTime::ZERO,
        end: MissionTime::NEVER,
        rate: Rate::from(BitsPerSecond(1)),
        light_time: Duration::from_secs(1).into(),
    };
    let graph = graph(&[(0, 1, slow.clone()), (1, 0, slow)]);
    assert_eq!(arrival(&graph, stored(0, u64::MAX), 1), None);
    assert_eq!(arrival(&graph, stored(u64::MAX - 1, 0), 1), None);
    assert_eq!(arrival(&graph, cut(u64::MAX, 1), 1), None);
    assert_eq!(arrival(&graph, stored(0, 1), 1), Some(9_000_000_000));
}

fn graph(lanes: &[(u32, u32, Contact)]) -> ContactGraph {
    let named =
        |(from, to, contact): &(u32, u32, Contact)| (NodeId::satellite(*from), NodeId::satellite(*to), contact.clone());
    ContactGraph::new(&ContactPlan::new(lanes.iter().map(named)).expect("a plan"))
}

fn stored(ready: u64, bytes: u64) -> Query<'static> {
    Query { from: 0, ready: MissionTime(ready), bytes, relaying: Relaying::StoreAndForward, lost: &[] }
}

fn cut(ready: u64, bytes: u64) -> Query<'static> {
    Query { relaying: Relaying::CutThrough, ..stored(ready, bytes) }
}

fn arrival(graph: &ContactGraph, query: Query<'_>, to: u32) -> Option<u64> {
    Some(Search::new(graph).arrivals(&query).at(to)?.0)
}
