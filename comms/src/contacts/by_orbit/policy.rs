//! Which of the satellites that see each other may link at all.

use std::collections::BTreeSet;

use crate::orbit::{LinkWindow, Sightings, Window, low_latitudes};

/// Who may link with whom, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkPolicy {
    /// The satellites, by their indices, that have laser terminals; all of them without.
    pub among: Option<BTreeSet<u32>>,
    /// Whether satellites of the first and the last plane of a star pattern link: they fly past each other.
    pub seam: Seam,
    /// Latitude up to which satellites of different planes link, degrees: beyond it their neighbours change sides. 90 is
    /// everywhere.
    pub cross_plane_max_latitude_deg: f64,
}

/// What is done where two planes of a star pattern run against each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seam {
    /// Links like anywhere.
    Linked,
    /// No links.
    Open,
}

impl LinkPolicy {
    /// What a policy leaves of the links in `sightings`. `planes` gives the plane of each satellite, where there are planes.
    #[must_use]
    pub fn eligible(&self, sightings: &Sightings, planes: Option<&[u32]>) -> Vec<LinkWindow> {
        let has_terminals = |satellite: u32| self.among.as_ref().is_none_or(|among| among.contains(&satellite));
        let linked = |link: &&LinkWindow| has_terminals(link.a) && has_terminals(link.b);
        let Some(planes) = planes else { return sightings.links.iter().filter(linked).copied().collect() };
        let low: Option<Vec<Vec<Window>>> = (self.cross_plane_max_latitude_deg < 90.0).then(|| {
            let windows = |trajectory| low_latitudes(trajectory, self.cross_plane_max_latitude_deg);
            sightings.trajectories.iter().map(windows).collect()
        });
        let last = planes.iter().copied().max().unwrap_or_default();
        let mut eligible = Vec::new();
        for &link in sightings.links.iter().filter(linked) {
            let [a, b] = [link.a, link.b].map(|satellite| satellite as usize);
            let (one, other) = (planes[a].min(planes[b]), planes[a].max(planes[b]));
            let across_seam = last > 1 && (one, other) == (0, last);
            if across_seam && self.seam == Seam::Open {
                continue;
            }
            match &low {
                Some(low) if one != other => {
                    let both = common(&common(&[link.window], &low[a]), &low[b]);
                    eligible.extend(both.into_iter().map(|window| LinkWindow { window, ..link }));
                }
                _ => eligible.push(link),
            }
        }
        eligible
    }
}

/// What lies in windows of both lists; each is in order and without overlap, and so is the result.
fn common(one: &[Window], other: &[Window]) -> Vec<Window> {
    let mut found = Vec::new();
    let (mut i, mut j) = (0, 0);
    while let (Some(x), Some(y)) = (one.get(i), other.get(j)) {
        let (start, end) = (x.start.max(y.start), x.end.min(y.end));
        if start < end {
            found.push(Window { start, end });
        }
        if x.end < y.end {
            i += 1;
        } else {
            j += 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orbit::{Constellation, LinkLimits, Span};

    const LINKED: LinkPolicy = LinkPolicy { among: None, seam: Seam::Linked, cross_plane_max_latitude_deg: 90.0 };

    fn star() -> (Sightings, Vec<u32>) {
        let span = Span { start: jiff::Timestamp::UNIX_EPOCH, secs: 12_000.0 };
        let satellites = "S:780:86.4:66/6/2".parse::<Constellation>().unwrap().satellites(span.start).unwrap();
        let limits = LinkLimits { max_range_km: 4_500.0, grazing_altitude_km: 80.0 };
        let sightings = Sightings::of(&satellites, span, limits, &[], 10.0).unwrap();
        (sightings, (0..66).map(|satellite| satellite / 11).collect())
    }

    #[test]
    fn a_policy_without_limits_leaves_everything() {
        let (sightings, planes) = star();
        assert_eq!(LINKED.eligible(&sightings, Some(&planes)), sightings.links);
        assert_eq!(LINKED.eligible(&sightings, None), sightings.links);
    }

    #[test]
    fn an_open_seam_has_no_links_and_only_the_seam_has_none() {
        let (sightings, planes) = star();
        let crossing = |link: &LinkWindow| (planes[link.a as usize], planes[link.b as usize]) == (0, 5);
        let open = LinkPolicy { seam: Seam::Open, ..LINKED }.eligible(&sightings, Some(&planes));
        assert!(sightings.links.iter().any(crossing));
        let expected: Vec<_> = sightings.links.iter().copied().filter(|link| !crossing(link)).collect();
        assert_eq!(open, expected);
    }

    #[test]
    fn beyond_the_greatest_latitude_only_planes_link_within_themselves() {
        let (sightings, planes) = star();
        let low = LinkPolicy { cross_plane_max_latitude_deg: 60.0, ..LINKED }.eligible(&sightings, Some(&planes));
        let latitude = |satellite: u32, t: f64| {
            let position = sightings.trajectories[satellite as usize].state(t).position;
            (position.z / position.length()).asin().to_degrees().abs()
        };
        let across: Vec<_> = low.iter().filter(|link| planes[link.a as usize] != planes[link.b as usize]).collect();
        assert!(!across.is_empty());
        for link in across {
            let middle = 0.5 * (link.window.start + link.window.end);
            assert!(latitude(link.a, middle) <= 60.0 && latitude(link.b, middle) <= 60.0, "{link:?}");
        }
        let within = |links: &[LinkWindow]| {
            links.iter().filter(|link| planes[link.a as usize] == planes[link.b as usize]).count()
        };
        assert_eq!(within(&low), within(&sightings.links));
    }

    #[test]
    fn those_without_terminals_link_with_nobody() {
        let (sightings, planes) = star();
        let among = BTreeSet::from([0, 1, 2, 11, 12]);
        let few = LinkPolicy { among: Some(among.clone()), ..LINKED }.eligible(&sightings, Some(&planes));
        assert!(!few.is_empty() && few.iter().all(|link| among.contains(&link.a) && among.contains(&link.b)));
    }
}
