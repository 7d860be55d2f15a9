//! How many links a satellite has at once.

use crate::orbit::{LinkWindow, Visibility, Window};

use super::coverage::longer;

/// Into how many parts the span is cut for the mean over time.
pub const DEGREE_PARTS: usize = 48;

/// The degree of satellites over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Degree {
    /// The least of any satellite at any time.
    pub least: usize,
    /// Half of all satellites' time is spent with no more links than this.
    pub median: usize,
    /// The mean over time and satellites.
    pub mean: f64,
    /// The greatest of any satellite at any time.
    pub most: usize,
    /// The mean over satellites in each of equal parts of the span.
    pub mean_of_parts: [f64; DEGREE_PARTS],
    /// The longest time for which a satellite has no link, and the satellite; the first of equals.
    pub longest_alone: Option<(u32, Window)>,
}

impl Degree {
    pub(super) fn of(visibility: &Visibility<'_>) -> Self {
        let mut secs_with = vec![0.0];
        let mut longest_alone: Option<(u32, Window)> = None;
        for (satellite, links) in (0..).zip(LinksOfEach::of(visibility).each()) {
            let alone = walk(&links, visibility.span.secs, &mut secs_with);
            let longest = longest_alone.map_or(0.0, |(_, window)| window.secs());
            if let Some(alone) = alone.filter(|alone| alone.secs() > longest) {
                longest_alone = Some((satellite, alone));
            }
        }
        let all: f64 = secs_with.iter().sum();
        let mut passed = 0.0;
        let reaches_half = |secs: &f64| {
            passed += secs;
            passed >= 0.5 * all
        };
        let median = secs_with.iter().position(reaches_half).unwrap_or(0);
        Self {
            least: secs_with.iter().position(|secs| *secs > 0.0).unwrap_or(0),
            median,
            mean: mean(visibility),
            most: secs_with.iter().rposition(|secs| *secs > 0.0).unwrap_or(0),
            mean_of_parts: mean_of_parts(visibility),
            longest_alone,
        }
    }
}

/// The links of each satellite.
struct LinksOfEach<'a> {
    links: &'a [LinkWindow],
    /// Where the indices of a satellite begin; one more than there are satellites.
    begins: Vec<usize>,
    /// Indices into `links`, satellite by satellite.
    indices: Vec<usize>,
}

impl<'a> LinksOfEach<'a> {
    fn of(visibility: &Visibility<'a>) -> Self {
        let links = visibility.links;
        let ends = |link: &LinkWindow| [link.a as usize, link.b as usize];
        let mut begins = vec![0; visibility.satellites.len() + 1];
        for satellite in links.iter().flat_map(ends) {
            begins[satellite + 1] += 1;
        }
        for satellite in 1..begins.len() {
            begins[satellite] += begins[satellite - 1];
        }
        let (mut next, mut indices) = (begins.clone(), vec![0; 2 * links.len()]);
        for (index, link) in links.iter().enumerate() {
            for satellite in ends(link) {
                indices[next[satellite]] = index;
                next[satellite] += 1;
            }
        }
        Self { links, begins, indices }
    }

    fn each(&self) -> impl Iterator<Item = Vec<Window>> {
        let of =
            |place: &[usize]| self.indices[place[0]..place[1]].iter().map(|index| self.links[*index].window).collect();
        self.begins.windows(2).map(of)
    }
}

/// Adds the time that one satellite spends with each number of links to `secs_with`, and gives the longest that it spends
/// with none.
fn walk(links: &[Window], end: f64, secs_with: &mut Vec<f64>) -> Option<Window> {
    let sorted = |times: &mut dyn Iterator<Item = f64>| {
        let mut times: Vec<f64> = times.collect();
        times.sort_unstable_by(f64::total_cmp);
        times.into_iter().peekable()
    };
    let mut starts = sorted(&mut links.iter().map(|window| window.start));
    let mut ends = sorted(&mut links.iter().map(|window| window.end));
    let (mut at, mut degree, mut alone_since, mut longest) = (0.0, 0_usize, 0.0, None);
    while at < end {
        while starts.next_if(|start| *start <= at).is_some() {
            degree += 1;
        }
        while ends.next_if(|end| *end <= at).is_some() {
            degree -= 1;
        }
        let next = [starts.peek(), ends.peek()].into_iter().flatten().fold(end, |next, time| next.min(*time));
        if secs_with.len() <= degree {
            secs_with.resize(degree + 1, 0.0);
        }
        secs_with[degree] += next - at;
        if degree > 0 {
            alone_since = next;
        } else {
            longest = longer(longest, Window { start: alone_since, end: next });
        }
        at = next;
    }
    longest
}

#[expect(clippy::cast_precision_loss, reason = "thousands of satellites")]
fn mean(visibility: &Visibility<'_>) -> f64 {
    let linked: f64 = visibility.links.iter().map(|link| link.window.secs()).sum();
    let all = visibility.satellites.len() as f64 * visibility.span.secs;
    if all > 0.0 { 2.0 * linked / all } else { 0.0 }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "thousands of satellites; the index of a part is small"
)]
fn mean_of_parts(visibility: &Visibility<'_>) -> [f64; DEGREE_PARTS] {
    let part = visibility.span.secs / DEGREE_PARTS as f64;
    let mut means = [0.0; DEGREE_PARTS];
    for link in visibility.links {
        let first = ((link.window.start / part) as usize).min(DEGREE_PARTS - 1);
        for (index, linked) in means.iter_mut().enumerate().skip(first) {
            let (from, to) = (index as f64 * part, (index + 1) as f64 * part);
            if link.window.end <= from {
                break;
            }
            *linked += (link.window.end.min(to) - link.window.start.max(from)).max(0.0);
        }
    }
    let all = visibility.satellites.len() as f64 * part;
    means.map(|linked| if all > 0.0 { 2.0 * linked / all } else { 0.0 })
}
