//! Who reaches whom over links, at every instant of a span.
//!
//! The span is halved again and again, in such a way that each half has half of the edges. A link that lasts for all of an
//! interval joins its satellites for good there; what is joined already needs no further look. So an interval is settled as soon as the
//! links that last for it join everything, which permanent links alone often do, and each window is looked at only where it
//! begins and where it ends.

use super::coverage::longer;
use crate::orbit::{LinkWindow, Visibility, Window};

/// Edges that are looked at to find the one in the middle.
const SAMPLE: usize = 1_024;

/// Whether a constellation holds together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Connectivity {
    /// For how many seconds it is connected.
    pub connected_secs: f64,
    /// The most components that it falls into at once; 1 if it is always connected.
    pub most_components: usize,
    /// How many satellites the largest component has when that is least; all if it is always connected.
    pub least_largest: usize,
    /// The longest time for which it is not connected; the first of equals.
    pub longest_apart: Option<Window>,
}

impl Connectivity {
    pub(super) fn of(visibility: &Visibility<'_>) -> Self {
        let satellites = visibility.satellites.len();
        let found = Self { connected_secs: 0.0, most_components: 0, least_largest: satellites, longest_apart: None };
        let mut search = Search { sets: Sets::new(satellites), open: Vec::new(), apart_since: 0.0, found };
        let secs = visibility.span.secs;
        if secs > 0.0 {
            // Those that never end are told from the others here, so that these need not be copied to no purpose.
            let permanent = |link: &&LinkWindow| visibility.is_permanent(link.window);
            let (always, open): (Vec<&LinkWindow>, Vec<&LinkWindow>) = visibility.links.iter().partition(permanent);
            for link in always {
                search.sets.join(link.a, link.b);
            }
            search.open = open;
            search.settle(Window { start: 0.0, end: secs }, 0);
        }
        search.found
    }
}

struct Search<'a> {
    /// What is joined all through the interval in hand.
    sets: Sets,
    /// A stack: what may matter in each of the intervals around the one in hand.
    open: Vec<&'a LinkWindow>,
    /// When the constellation was last connected.
    apart_since: f64,
    found: Connectivity,
}

impl Search<'_> {
    /// Settles an interval for which the links on the stack from `first` on may matter. Leaves sets and stack as they were.
    fn settle(&mut self, interval: Window, first: usize) {
        let (joined, last) = (self.sets.joined.len(), self.open.len());
        for index in first..last {
            let link = self.open[index];
            if link.window.start <= interval.start && link.window.end >= interval.end {
                self.sets.join(link.a, link.b);
            }
        }
        if self.sets.count > 1 {
            for index in first..last {
                let link = self.open[index];
                let matters = link.window.start < interval.end && link.window.end > interval.start;
                if matters && !self.sets.are_joined(link.a, link.b) {
                    self.open.push(link);
                }
            }
        }
        if self.open.len() == last {
            self.record(interval);
        } else {
            let middle = middle(&self.open[last..], interval);
            self.settle(Window { end: middle, ..interval }, last);
            self.settle(Window { start: middle, ..interval }, last);
        }
        self.open.truncate(last);
        self.sets.part(joined);
    }

    fn record(&mut self, interval: Window) {
        let found = &mut self.found;
        found.most_components = found.most_components.max(self.sets.count);
        found.least_largest = found.least_largest.min(self.sets.largest);
        if self.sets.count > 1 {
            found.longest_apart = longer(found.longest_apart, Window { start: self.apart_since, end: interval.end });
        } else {
            found.connected_secs += interval.secs();
            self.apart_since = interval.end;
        }
    }
}

/// An edge inside of the interval with about as many edges before as after it. Each of `links` has one: it matters in the
/// interval, and does not last for all of it.
fn middle(links: &[&LinkWindow], interval: Window) -> f64 {
    let some = links.iter().step_by(links.len().div_ceil(SAMPLE));
    let edges = some.flat_map(|link| [link.window.start, link.window.end]);
    let mut inside: Vec<f64> = edges.filter(|edge| *edge > interval.start && *edge < interval.end).collect();
    let half = inside.len() / 2;
    *inside.select_nth_unstable_by(half, f64::total_cmp).1
}

/// Disjoint sets of satellites whose joins can be taken back, the last first.
struct Sets {
    above: Vec<u32>,
    sizes: Vec<usize>,
    /// The tops that were put below others, each with the size of the largest set before.
    joined: Vec<(u32, usize)>,
    count: usize,
    largest: usize,
}

impl Sets {
    fn new(satellites: usize) -> Self {
        let above = (0..).take(satellites).collect();
        Self { above, sizes: vec![1; satellites], joined: Vec::new(), count: satellites, largest: satellites.min(1) }
    }

    /// The satellite that stands for a set. No path is shortened on the way, as that could not be taken back.
    fn top(&self, mut of: u32) -> u32 {
        while self.above[of as usize] != of {
            of = self.above[of as usize];
        }
        of
    }

    fn are_joined(&self, a: u32, b: u32) -> bool {
        self.top(a) == self.top(b)
    }

    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.top(a), self.top(b));
        if a == b {
            return;
        }
        let (small, great) = if self.sizes[a as usize] < self.sizes[b as usize] { (a, b) } else { (b, a) };
        self.joined.push((small, self.largest));
        self.above[small as usize] = great;
        self.sizes[great as usize] += self.sizes[small as usize];
        self.largest = self.largest.max(self.sizes[great as usize]);
        self.count -= 1;
    }

    /// Takes back all joins but the first `keep`.
    fn part(&mut self, keep: usize) {
        while self.joined.len() > keep {
            let Some((small, largest)) = self.joined.pop() else { return };
            let great = self.above[small as usize];
            self.sizes[great as usize] -= self.sizes[small as usize];
            self.above[small as usize] = small;
            self.largest = largest;
            self.count += 1;
        }
    }
}
