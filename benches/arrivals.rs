//! How many earliest arrivals a second: `cargo bench --bench arrivals`.
//!
//! 400 satellites over 24 h at 100 Gbit/s, four lanes each at a time, light times from ranges. Two ways to point the lasers: to both
//! neighbours in the plane and to the same place of both planes beside it (`grid`: hardly anything ever closes), or instead of the
//! latter to whoever of another plane comes by within 1,500 km (`passing`: windows of minutes). Senders and instants are spread
//! over the constellation and the day. That the answers do not depend on the number of threads is checked.

#![allow(clippy::expect_used, reason = "a bench that cannot set itself up ends")]

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::thread;
use std::time::{Duration, Instant};

use starloom::comms::contacts::routing::{ContactGraph, Query, Relaying, Route, Search};
use starloom::comms::contacts::{Contact, ContactPlan, LightTime};
use starloom::comms::id::NodeId;
use starloom::comms::orbit::{Constellation, LinkLimits, LinkWindow, Span, Trajectory, Window, link_windows};
use starloom::comms::units::{BitsPerSecond, MissionTime};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SATELLITES: u32 = 400;
const IN_PLANE: u32 = 20;
const SECS: f64 = 86_400.0;
const RATE: BitsPerSecond = BitsPerSecond(100_000_000_000);
const BUNDLE_BYTES: u64 = 1_000_000;
const LIGHT_KM_PER_SEC: f64 = 299_792.458;
/// Between two knots of a light time.
const KNOT_SECS: f64 = 60.0;
/// How far a satellite of another plane may be that comes by.
const PASSING_KM: f64 = 1_500.0;
/// Lanes that a satellite has for those.
const PASSING_TERMINALS: usize = 2;

fn main() -> io::Result<()> {
    let span = Span { start: "2026-01-01T00:00:00Z".parse().expect("a time"), secs: SECS };
    let constellation: Constellation = "D:550:53.0:400/20/1".parse().expect("a constellation");
    let satellites = constellation.satellites(span.start).expect("orbits");
    let ways: Vec<_> = satellites.iter().map(|satellite| satellite.trajectory(span).expect("it stays up")).collect();
    let seen = |max_range_km| link_windows(&ways, LinkLimits { max_range_km, grazing_altitude_km: 80.0 });
    let all = seen(5_016.0);
    let grid: Vec<_> = all.iter().copied().filter(|link| in_plane(link) || beside(link)).collect();
    let mut passing: Vec<_> = all.into_iter().filter(in_plane).collect();
    passing.extend(first_come(&seen(PASSING_KM)));

    let mut out = io::stdout();
    writeln!(out, "| plan | contacts | graph made in s | its MiB |\n|---|---|---|---|")?;
    let plans = [("grid", grid), ("passing", passing)].map(|(name, links)| (name, plan(&ways, &links)));
    let mut graphs = Vec::new();
    for (name, plan) in &plans {
        let (before, began) = (resident_mib(), Instant::now());
        let graph = ContactGraph::new(plan);
        let (secs, mib) = (began.elapsed().as_secs_f64(), resident_mib().saturating_sub(before));
        let contacts: usize = plan.lanes().map(|(_, _, contacts)| contacts.len()).sum();
        writeln!(out, "| {name} | {contacts} | {secs:.2} | {mib} |")?;
        graphs.push((name, graph));
    }
    writeln!(out, "\n| plan | asked for | relays | threads | queries a second |\n|---|---|---|---|---|")?;
    for (name, graph) in &graphs {
        for (relaying, relays) in [(Relaying::StoreAndForward, "store"), (Relaying::CutThrough, "cut through")] {
            for (asked, queries, ask) in ASKED {
                let mut first = None;
                for threads in [1, 2] {
                    let began = Instant::now();
                    let answers = answers(graph, threads, queries, relaying, ask);
                    let rate = f64::from(queries) / began.elapsed().as_secs_f64();
                    assert_eq!(*first.get_or_insert(answers.clone()), answers, "{threads} threads answer otherwise");
                    writeln!(out, "| {name} | {asked} | {relays} | {threads} | {rate:.0} |")?;
                }
            }
        }
    }
    Ok(())
}

/// What asks a search, and sums up what it answers.
type Ask = fn(&mut Search<'_>, &Query<'_>) -> u64;

const ASKED: [(&str, u32, Ask); 3] = [
    ("all destinations", 20_000, |search, query| {
        let arrivals = search.arrivals(query);
        (0..SATELLITES).map(|node| arrivals.at(node).map_or(u64::MAX, |at| at.0)).fold(0, mixed)
    }),
    ("one destination", 20_000, |search, query| {
        search.route(query, opposite(query.from)).map_or(u64::MAX, |route| summed(0, &route))
    }),
    ("8 routes to one", 200, |search, query| search.routes(query, opposite(query.from), 8).iter().fold(0, summed)),
];

/// The answers to queries that are spread over nodes and the first 23 hours, in their order.
fn answers(graph: &ContactGraph, threads: u32, count: u32, relaying: Relaying, ask: Ask) -> Vec<u64> {
    let each = |index: u32, search: &mut Search<'_>| {
        let ready = MissionTime::from_secs_f64(f64::from(index) / f64::from(count) * (SECS - 3_600.0));
        ask(search, &Query { from: index % SATELLITES, ready, bytes: BUNDLE_BYTES, relaying, lost: &[] })
    };
    thread::scope(|scope| {
        let part = |thread: u32| {
            let mut search = Search::new(graph);
            (count * thread / threads..count * (thread + 1) / threads).map(|index| each(index, &mut search)).collect()
        };
        let running: Vec<_> = (0..threads).map(|thread| scope.spawn(move || -> Vec<u64> { part(thread) })).collect();
        running.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    })
}

const fn opposite(node: u32) -> u32 {
    (node + SATELLITES / 2 + IN_PLANE / 2) % SATELLITES
}

fn summed(sum: u64, route: &Route) -> u64 {
    route.hops.iter().fold(mixed(sum, route.arrival.0), |sum, hop| mixed(sum, u64::from(hop.to)))
}

const fn mixed(sum: u64, value: u64) -> u64 {
    (sum ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
}

const fn in_plane(link: &LinkWindow) -> bool {
    let ahead = (link.b - link.a) % IN_PLANE;
    link.a / IN_PLANE == link.b / IN_PLANE && (ahead == 1 || ahead == IN_PLANE - 1)
}

const fn beside(link: &LinkWindow) -> bool {
    let ahead = link.b - link.a;
    ahead == IN_PLANE || ahead == SATELLITES - IN_PLANE
}

/// The windows between planes that each end still has a terminal for when they open.
fn first_come(windows: &[LinkWindow]) -> Vec<LinkWindow> {
    let mut windows: Vec<_> = windows.iter().filter(|link| link.a / IN_PLANE != link.b / IN_PLANE).collect();
    windows.sort_by(|x, y| x.window.start.total_cmp(&y.window.start));
    let mut busy_until = vec![[0.0_f64; PASSING_TERMINALS]; SATELLITES as usize];
    let mut taken = Vec::new();
    for link in windows {
        let free = [link.a, link.b].map(|end| {
            let terminals = busy_until[end as usize].iter();
            terminals.enumerate().find(|(_, until)| **until <= link.window.start).map(|(terminal, _)| terminal)
        });
        if let [Some(a), Some(b)] = free {
            busy_until[link.a as usize][a] = link.window.end;
            busy_until[link.b as usize][b] = link.window.end;
            taken.push(*link);
        }
    }
    taken
}

fn plan(ways: &[Trajectory], links: &[LinkWindow]) -> ContactPlan {
    let mut contacts = BTreeMap::new();
    for link in links {
        let [a, b] = [link.a, link.b];
        let light_time = light_time(&ways[a as usize], &ways[b as usize], link.window);
        let [start, end] = [link.window.start, link.window.end].map(MissionTime::from_secs_f64);
        contacts.insert((start, a, b), Contact { start, end, rate: RATE.into(), light_time });
    }
    // Numbers in the graph follow names: those of one length are in the order of their numbers.
    let name = |satellite: u32| format!("sat-{satellite:03}").parse::<NodeId>().expect("a name");
    let both = contacts.into_iter().flat_map(|((_, a, b), contact)| [(a, b, contact.clone()), (b, a, contact)]);
    ContactPlan::new(both.map(|(from, to, contact)| (name(from), name(to), contact))).expect("a plan")
}

fn light_time(a: &Trajectory, b: &Trajectory, window: Window) -> LightTime {
    let knot = |secs: f64| {
        let range = (b.state(secs).position - a.state(secs).position).length();
        (MissionTime::from_secs_f64(secs), Duration::from_secs_f64(range / LIGHT_KM_PER_SEC))
    };
    let inner =
        (0..).map(|index| window.start + f64::from(index) * KNOT_SECS).take_while(|secs| *secs + 1.0 < window.end);
    let knots: Vec<_> = inner.chain([window.end]).map(knot).collect();
    LightTime::knots(&knots).expect("nothing flies as fast as light")
}

/// Memory that this process has, by the kernel's account; 0 where there is none.
fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}
