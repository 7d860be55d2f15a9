use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::orbit::{LinkWindow, PassWindow, Span, Window};

const SECS: u32 = 24;

/// What a visibility borrows from. Windows begin and end at whole seconds.
#[derive(Debug, Clone)]
struct World {
    satellites: Vec<String>,
    stations: Vec<String>,
    links: Vec<LinkWindow>,
    passes: Vec<PassWindow>,
    eclipses: Vec<Vec<Window>>,
}

impl World {
    fn of(satellites: u32, links: &[(u32, u32, u32, u32)]) -> Self {
        let mut links: Vec<_> =
            links.iter().map(|(a, b, start, end)| LinkWindow { a: *a, b: *b, window: window(*start, *end) }).collect();
        links.sort_by(|one, next| {
            (one.a, one.b).cmp(&(next.a, next.b)).then(one.window.start.total_cmp(&next.window.start))
        });
        let satellites = (0..satellites).map(|index| format!("sat-{index}")).collect();
        Self { satellites, stations: Vec::new(), links, passes: Vec::new(), eclipses: Vec::new() }
    }

    fn statistics(&self) -> Statistics {
        let span = Span { start: jiff::Timestamp::UNIX_EPOCH, secs: f64::from(SECS) };
        let Self { satellites, stations, links, passes, eclipses } = self;
        Statistics::of(&Visibility { satellites, stations, span, links, passes, eclipses })
    }
}

fn window(start: u32, end: u32) -> Window {
    Window { start: start.into(), end: end.into() }
}

#[test]
fn a_satellite_without_links_is_a_component_of_its_own() {
    let Statistics { connectivity, degree, pairs, shadow, .. } =
        World::of(3, &[(0, 1, 0, 24), (1, 2, 6, 18)]).statistics();
    let apart = Some(window(0, 6));
    assert_eq!(
        connectivity,
        Connectivity { connected_secs: 12.0, most_components: 2, least_largest: 2, longest_apart: apart }
    );
    assert_eq!((degree.least, degree.median, degree.most, degree.mean), (0, 1, 2, 1.0));
    assert_eq!((degree.longest_alone, degree.mean_of_parts[0]), (Some((2, window(0, 6))), 2.0 / 3.0));
    assert_eq!((pairs.all, pairs.linked, pairs.permanent.as_slice()), (3, 2, [(0, 1)].as_slice()));
    assert_eq!(pairs.windows, Durations { count: 1, median_secs: 12.0, longest_secs: 12.0 });
    assert_eq!((pairs.longest_gap, shadow), (Some(((1, 2), window(0, 6))), None));
}

#[test]
fn windows_that_meet_leave_no_gap() {
    let Statistics { connectivity, degree, .. } = World::of(2, &[(0, 1, 0, 10), (0, 1, 10, 24)]).statistics();
    let always = Connectivity { connected_secs: 24.0, most_components: 1, least_largest: 2, longest_apart: None };
    assert_eq!((connectivity, degree.least, degree.most, degree.longest_alone), (always, 1, 1, None));
}

#[test]
fn two_satellites_over_a_station_at_once_cover_it_once() {
    let mut world = World::of(2, &[]);
    world.stations = vec!["kiruna".into(), "idle".into()];
    let pass = |satellite, start, end| PassWindow { satellite, station: 0, window: window(start, end) };
    world.passes = vec![pass(0, 4, 10), pass(0, 20, 22), pass(1, 6, 8)];
    world.eclipses = vec![vec![window(0, 6), window(18, 24)], vec![]];
    let Statistics { stations, shadow, .. } = world.statistics();
    let passes = Durations { count: 3, median_secs: 2.0, longest_secs: 6.0 };
    let served = StationPasses { passes, total_secs: 10.0, covered_secs: 8.0, longest_gap: Some(window(10, 20)) };
    let none = Durations { count: 0, median_secs: 0.0, longest_secs: 0.0 };
    let idle = StationPasses { passes: none, total_secs: 0.0, covered_secs: 0.0, longest_gap: Some(window(0, 24)) };
    assert_eq!(stations, [served, idle]);
    assert_eq!(shadow, Some(Shadow { least: 0.0, mean: 0.25, most: 0.5 }));
}

#[test]
fn nothing_at_all_has_statistics() {
    let Statistics { connectivity, degree, pairs, .. } = World::of(0, &[]).statistics();
    assert_eq!((connectivity.most_components, degree.most, pairs.all), (0, 0, 0));
    assert_eq!(World::of(1, &[]).statistics().connectivity.connected_secs, f64::from(SECS));
}

/// Windows of random pairs that do not overlap: of each pair, every second interval between some edges.
fn links(satellites: u32) -> impl Strategy<Value = Vec<(u32, u32, u32, u32)>> {
    let pairs: Vec<_> = (0..satellites).flat_map(|a| (a + 1..satellites).map(move |b| (a, b))).collect();
    let edges = proptest::option::weighted(0.4, proptest::collection::btree_set(0..=SECS, 0..8));
    proptest::collection::vec(edges, pairs.len()).prop_map(move |edges| {
        let of_pair = |((a, b), edges): (&(u32, u32), Option<BTreeSet<u32>>)| {
            let edges: Vec<u32> = edges.into_iter().flatten().collect();
            edges.chunks_exact(2).map(|edges| (*a, *b, edges[0], edges[1])).collect::<Vec<_>>()
        };
        pairs.iter().zip(edges).flat_map(of_pair).collect()
    })
}

/// What is linked to what in each second.
fn seconds(world: &World) -> Vec<BTreeSet<(u32, u32)>> {
    let linked_at = |t: f64| {
        let links = world.links.iter().filter(|link| link.window.start < t && t < link.window.end);
        links.map(|link| (link.a, link.b)).collect()
    };
    (0..SECS).map(|second| linked_at(f64::from(second) + 0.5)).collect()
}

/// The sizes of components, found by walking.
fn components(satellites: u32, links: &BTreeSet<(u32, u32)>) -> Vec<usize> {
    let mut unseen: BTreeSet<u32> = (0..satellites).collect();
    let mut sizes = Vec::new();
    while let Some(first) = unseen.pop_first() {
        let (mut reached, mut size) = (vec![first], 0);
        while let Some(at) = reached.pop() {
            size += 1;
            let next = links.iter().filter_map(|(a, b)| match at {
                at if at == *a => Some(*b),
                at if at == *b => Some(*a),
                _ => None,
            });
            reached.extend(next.filter(|next| unseen.remove(next)));
        }
        sizes.push(size);
    }
    sizes
}

/// The longest run of seconds in which something holds, the first of equals.
fn longest_run(holds: impl Iterator<Item = bool>) -> Option<Window> {
    let (mut longest, mut since): (Option<Window>, u32) = (None, 0);
    for (second, holds) in (0..).zip(holds) {
        if !holds {
            since = second + 1;
        } else if second + 1 - since > longest.map_or(0, |window| window.secs() as u32) {
            longest = Some(window(since, second + 1));
        }
    }
    longest
}

proptest! {
    #[test]
    fn connectivity_is_that_of_a_walk_in_each_second(
        (satellites, links) in (1..9_u32).prop_flat_map(|satellites| (Just(satellites), links(satellites))),
    ) {
        let world = World::of(satellites, &links);
        let found: Vec<_> = seconds(&world).iter().map(|links| components(satellites, links)).collect();
        let connected = found.iter().filter(|sizes| sizes.len() == 1).count();
        let naive = Connectivity {
            connected_secs: connected as f64,
            most_components: found.iter().map(Vec::len).max().unwrap(),
            least_largest: found.iter().map(|sizes| *sizes.iter().max().unwrap()).min().unwrap(),
            longest_apart: longest_run(found.iter().map(|sizes| sizes.len() > 1)),
        };
        prop_assert_eq!(world.statistics().connectivity, naive);
    }

    #[test]
    fn degrees_are_those_that_are_counted_in_each_second(
        (satellites, links) in (1..7_u32).prop_flat_map(|satellites| (Just(satellites), links(satellites))),
    ) {
        let world = World::of(satellites, &links);
        let seconds = seconds(&world);
        let degree = |links: &BTreeSet<(u32, u32)>, of: u32| links.iter().filter(|(a, b)| of == *a || of == *b).count();
        let mut degrees: Vec<usize> =
            (0..satellites).flat_map(|of| seconds.iter().map(move |links| degree(links, of))).collect();
        degrees.sort_unstable();
        let mut alone: Option<(u32, Window)> = None;
        for of in 0..satellites {
            let run = longest_run(seconds.iter().map(|links| degree(links, of) == 0));
            let longest = alone.map_or(0.0, |(_, window)| window.secs());
            alone = run.filter(|run| run.secs() > longest).map(|run| (of, run)).or(alone);
        }
        let found = world.statistics().degree;
        let (least, most) = (degrees[0], degrees[degrees.len() - 1]);
        prop_assert_eq!((found.least, found.most, found.longest_alone), (least, most, alone));
        prop_assert_eq!(found.median, degrees[(degrees.len() - 1) / 2]);
        let mean = degrees.iter().sum::<usize>() as f64 / degrees.len() as f64;
        prop_assert!((found.mean - mean).abs() < 1e-9);
        // Each part is half a second.
        for (index, part) in found.mean_of_parts.iter().enumerate() {
            prop_assert!((part - 2.0 * seconds[index / 2].len() as f64 / f64::from(satellites)).abs() < 1e-9);
        }
    }

    #[test]
    fn pairs_are_those_that_are_watched_each_second(
        (satellites, links) in (2..6_u32).prop_flat_map(|satellites| (Just(satellites), links(satellites))),
    ) {
        let world = World::of(satellites, &links);
        let seconds = seconds(&world);
        let linked: BTreeSet<(u32, u32)> = seconds.iter().flatten().copied().collect();
        let permanent = |pair: &&(u32, u32)| world.links.iter().any(|link| (link.a, link.b) == **pair && link.window == window(0, SECS));
        let mut gaps: BTreeMap<(u32, u32), Window> = BTreeMap::new();
        for pair in &linked {
            gaps.extend(longest_run(seconds.iter().map(|links| !links.contains(pair))).map(|gap| (*pair, gap)));
        }
        let found = world.statistics().pairs;
        prop_assert_eq!(found.linked, linked.len());
        prop_assert_eq!(&found.permanent, &linked.iter().filter(permanent).copied().collect::<Vec<_>>());
        prop_assert_eq!(found.windows.count + found.permanent.len(), world.links.len());
        let longest = gaps.values().map(Window::secs).fold(0.0, f64::max);
        prop_assert_eq!(found.longest_gap, gaps.into_iter().find(|(_, gap)| gap.secs() == longest));
    }
}
