use proptest::prelude::*;

use super::*;

const SPAN: f64 = 1_000.0;

fn rules(count: u32) -> Terminals {
    Terminals { count, span_secs: SPAN, worth_secs: 15.0 }
}

fn link(a: u32, b: u32, start: f64, end: f64) -> LinkWindow {
    LinkWindow { a, b, window: Window { start, end } }
}

fn varying(mean_km: f64) -> Length {
    Length { mean_km, change_km: mean_km / 2.0 }
}

fn pairs(grants: &[Grant]) -> Vec<(u32, u32)> {
    grants.iter().map(|grant| (grant.link.a, grant.link.b)).collect()
}

#[test]
fn permanent_links_join_planes_before_they_fill_them() {
    // Two planes of three, each with short links among themselves, and one long link across.
    let ends = [(0, 1), (0, 2), (1, 2), (2, 5), (3, 4), (3, 5), (4, 5)];
    let windows = ends.map(|(a, b)| link(a, b, 0.0, SPAN));
    let length = |a: u32, b: u32| varying(if (a, b) == (2, 5) { 5_000.0 } else { 100.0 + f64::from(a + b) });
    assert_eq!(pairs(&rules(2).assign(6, &windows, length)), [(0, 1), (0, 2), (2, 5), (3, 4), (3, 5)]);
}

#[test]
fn links_that_keep_their_length_close_the_ring_of_a_plane_first() {
    // Five on one orbit who all see each other, and one beside it that is near to all of them.
    let ends = (0..6_u32).flat_map(|a| (a + 1..6).map(move |b| (a, b)));
    let windows: Vec<_> = ends.map(|(a, b)| link(a, b, 0.0, SPAN)).collect();
    let length = |a: u32, b: u32| match (b, b - a) {
        (5, _) => varying(100.0),
        (_, 1 | 4) => Length { mean_km: 1_000.0, change_km: 1.0 },
        _ => Length { mean_km: 1_900.0, change_km: 1.0 },
    };
    let grants = rules(3).assign(6, &windows, length);
    let ring = [(0, 1), (0, 4), (1, 2), (2, 3), (3, 4)];
    assert!(ring.iter().all(|pair| pairs(&grants).contains(pair)), "{grants:?}");
    assert_eq!(pairs(&grants).iter().filter(|(_, b)| *b == 5).count(), 3);
}

#[test]
fn a_permanent_link_comes_before_one_that_ends() {
    let windows = [link(0, 1, 0.0, 900.0), link(0, 2, 0.0, SPAN)];
    assert_eq!(pairs(&rules(1).assign(3, &windows, |_, _| varying(4_000.0))), [(0, 2)]);
}

#[test]
fn a_freed_terminal_goes_to_the_window_that_lasts_longest() {
    let windows = [link(0, 1, 0.0, 100.0), link(0, 2, 50.0, 300.0), link(0, 3, 60.0, 400.0), link(0, 3, 500.0, 900.0)];
    let grants = rules(1).assign(4, &windows, |_, _| varying(1.0));
    let expected =
        [(link(0, 1, 0.0, 100.0), true), (link(0, 3, 100.0, 400.0), false), (link(0, 3, 500.0, 900.0), false)];
    assert_eq!(grants, expected.map(|(link, stands)| Grant { link, stands }));
}

#[test]
fn a_window_that_would_be_over_before_it_is_acquired_gets_no_terminal() {
    let windows = [link(0, 1, 100.0, 115.0), link(0, 1, 200.0, 215.5)];
    assert_eq!(rules(1).assign(2, &windows, |_, _| varying(1.0)).len(), 1);
}

/// Windows of pairs of satellites, each pair's apart from each other.
fn random_windows() -> impl Strategy<Value = Vec<LinkWindow>> {
    let pair = (0_u32..7, 0_u32..7, prop::collection::vec((0_u32..300, 1_u32..600), 1..4));
    prop::collection::vec(pair, 0..16).prop_map(|pairs| {
        let mut by_pair = std::collections::BTreeMap::new();
        for (a, b, parts) in pairs {
            if a != b {
                by_pair.insert((a.min(b), a.max(b)), parts);
            }
        }
        let windows = by_pair.into_iter().flat_map(|((a, b), parts)| {
            let mut at = 0.0;
            let mut found = Vec::new();
            for (gap, length) in parts {
                // Some start with the span, and some last to its end.
                let start: f64 = at + f64::from(gap.saturating_sub(100));
                let end = (start + f64::from(length)).min(SPAN);
                if start < end {
                    found.push(link(a, b, start, end));
                }
                at = end + 1.0;
            }
            found
        });
        windows.collect()
    })
}

proptest! {
    #[test]
    fn nobody_has_more_links_than_terminals_and_none_is_idle_that_could_be_used(
        windows in random_windows(),
        count in 1_u32..4,
    ) {
        let rules = rules(count);
        let grants = rules.assign(7, &windows, |a, b| varying(f64::from(a + b)));
        for grant in &grants {
            let Window { start, end } = grant.link.window;
            let inside = |link: &LinkWindow| {
                (link.a, link.b, link.window.end) == (grant.link.a, grant.link.b, end) && link.window.start <= start
            };
            prop_assert!(windows.iter().any(inside), "{grant:?} is in no window");
            prop_assert!(!grant.stands || start == 0.0);
        }
        let held = |satellite: u32, at: f64| {
            let holds = |grant: &&Grant| {
                let Grant { link, .. } = grant;
                (link.a == satellite || link.b == satellite) && link.window.start <= at && at < link.window.end
            };
            grants.iter().filter(holds).count() as u32
        };
        let instants = windows.iter().flat_map(|link| [link.window.start, link.window.end]);
        for at in instants.filter(|at| *at < SPAN) {
            for satellite in 0..7 {
                prop_assert!(held(satellite, at) <= count, "satellite {satellite} at {at}");
            }
            for link in &windows {
                let open = link.window.start <= at && at + rules.worth_secs < link.window.end;
                let has = grants.iter().any(|grant| {
                    (grant.link.a, grant.link.b, grant.link.window.end) == (link.a, link.b, link.window.end)
                });
                if open && !has {
                    prop_assert!(held(link.a, at) == count || held(link.b, at) == count, "{link:?} idle at {at}");
                }
            }
        }
    }
}
