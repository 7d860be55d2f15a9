//! Who points a terminal at whom, where a satellite sees more others than it has terminals for.
//!
//! The assignment is fair and prefers what lasts:
//!
//! 1. Of the permanent links, first those that keep their length, with the neighbours ahead and behind on the same orbit:
//!    rings of planes, for which no terminal ever turns.
//! 2. Then those that join what is not joined yet, the shortest first (Kruskal's tree with a bound on the degree): so
//!    planes do not stay among themselves.
//! 3. Then links that stand at the beginning, in turns: nobody gets one more link before all others had their chance at as
//!    many. Permanent links come first, the shortest before longer ones; then those that last longest.
//! 4. Later, a window that opens gets its terminals if both ends have one free. When a link ends, each end takes the window
//!    whose other end has the fewest links, and of several the one that lasts longest.
//!
//! A link is held until its window ends: moving a terminal costs an acquisition. The result depends on nothing but the
//! windows.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::orbit::{LinkWindow, Window};

/// What terminals are assigned for.
#[derive(Debug, Clone, Copy)]
pub struct Terminals {
    /// Of each satellite.
    pub count: u32,
    /// The end of the span, seconds: a window from zero to here is permanent.
    pub span_secs: f64,
    /// How long a link has to last at least, seconds, to be worth an acquisition.
    pub worth_secs: f64,
}

/// What a permanent link is like over the span, in kilometres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Length {
    /// Its mean length.
    pub mean_km: f64,
    /// The greatest less the least.
    pub change_km: f64,
}

impl Length {
    /// Whether both ends follow each other on one orbit, more or less.
    fn is_steady(self) -> bool {
        /// Share of its length by which it may change, as on slightly eccentric orbits. Between planes it is tens of times that.
        const STEADY: f64 = 0.03;
        self.change_km <= STEADY * self.mean_km
    }
}

/// A link that has its terminals.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grant {
    /// Between whom, and from when to when terminals are pointed.
    pub link: LinkWindow,
    /// Whether the link stands from the first instant, because it is older than the span.
    pub stands: bool,
}

impl Terminals {
    /// The links among `satellites` that get terminals, of all `windows` between two of them, ordered by pair and time.
    /// `length` says what a permanent link is like, by its ends.
    #[must_use]
    pub fn assign(&self, satellites: usize, windows: &[LinkWindow], length: impl Fn(u32, u32) -> Length) -> Vec<Grant> {
        let mut board = Board::new(self, satellites, windows);
        board.begin(length);
        board.go_on();
        let mut grants = board.grants;
        grants.sort_by(|x, y| {
            (x.link.a, x.link.b).cmp(&(y.link.a, y.link.b)).then(x.link.window.start.total_cmp(&y.link.window.start))
        });
        grants
    }
}

/// The end of a granted link, in an order for the heap.
#[derive(Clone, Copy, PartialEq)]
struct End(f64, u32, u32);

impl Eq for End {}

impl Ord for End {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0).then((self.1, self.2).cmp(&(other.1, other.2)))
    }
}

impl PartialOrd for End {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

struct Board<'a> {
    rules: &'a Terminals,
    windows: &'a [LinkWindow],
    /// Terminals of each satellite that point nowhere.
    free: Vec<u32>,
    /// Windows of each satellite that are open and have no terminals, by their indices; some may be over.
    waiting: Vec<Vec<u32>>,
    granted: Vec<bool>,
    ends: BinaryHeap<Reverse<End>>,
    grants: Vec<Grant>,
}

impl<'a> Board<'a> {
    fn new(rules: &'a Terminals, satellites: usize, windows: &'a [LinkWindow]) -> Self {
        Self {
            rules,
            windows,
            free: vec![rules.count; satellites],
            waiting: vec![Vec::new(); satellites],
            granted: vec![false; windows.len()],
            ends: BinaryHeap::new(),
            grants: Vec::new(),
        }
    }

    fn window(&self, index: u32) -> &'a LinkWindow {
        &self.windows[index as usize]
    }

    /// Grants what stands at the beginning.
    fn begin(&mut self, length: impl Fn(u32, u32) -> Length) {
        let standing = (0..).zip(self.windows).filter(|(_, link)| link.window.start <= 0.0);
        let (permanent, passing): (Vec<_>, Vec<_>) =
            standing.partition(|(_, link)| link.window.end >= self.rules.span_secs);
        let mut permanent: Vec<(Length, u32)> =
            permanent.into_iter().map(|(index, link)| (length(link.a, link.b), index)).collect();
        permanent.sort_by(|x, y| x.0.mean_km.total_cmp(&y.0.mean_km).then(x.1.cmp(&y.1)));
        let mut passing: Vec<(f64, u32)> = passing.into_iter().map(|(index, link)| (link.window.end, index)).collect();
        passing.sort_by(|x, y| y.0.total_cmp(&x.0).then(x.1.cmp(&y.1)));

        let steady: Vec<u32> =
            permanent.iter().filter(|(length, _)| length.is_steady()).map(|(_, index)| *index).collect();
        let permanent: Vec<u32> = permanent.into_iter().map(|(_, index)| index).collect();
        let mut groups = Groups::new(self.free.len());
        self.close_rings(&steady, &mut groups);
        self.join(&permanent, &mut groups);
        let standing: Vec<u32> = permanent.into_iter().chain(passing.into_iter().map(|(_, index)| index)).collect();
        for turn in 1..=self.rules.count {
            for &index in &standing {
                self.grant_below(index, turn);
            }
        }
        for index in standing {
            if !self.granted[index as usize] {
                self.wait(index);
            }
        }
    }

    /// Grants each satellite its neighbours ahead and behind: chains along the orbits first, then what closes them.
    fn close_rings(&mut self, steady: &[u32], groups: &mut Groups) {
        const NEIGHBOURS: u32 = 2;
        let most = NEIGHBOURS.min(self.rules.count);
        for &index in steady {
            let LinkWindow { a, b, .. } = *self.window(index);
            if groups.are_apart(a, b) && self.grant_below(index, most) {
                groups.join(a, b);
            }
        }
        for &index in steady {
            self.grant_below(index, most);
        }
    }

    /// Grants what joins groups that are apart.
    fn join(&mut self, permanent: &[u32], groups: &mut Groups) {
        for &index in permanent {
            let LinkWindow { a, b, .. } = *self.window(index);
            if groups.are_apart(a, b) && self.grant_below(index, self.rules.count) {
                groups.join(a, b);
            }
        }
    }

    /// Grants a link that stands if neither end has `most` links yet, and says whether it did.
    fn grant_below(&mut self, index: u32, most: u32) -> bool {
        let LinkWindow { a, b, .. } = *self.window(index);
        let has_fewer = |satellite: u32| self.rules.count - self.free[satellite as usize] < most;
        let grants = !self.granted[index as usize] && has_fewer(a) && has_fewer(b);
        if grants {
            self.grant(index, 0.0, true);
        }
        grants
    }

    /// Follows openings and ends in the order of time.
    fn go_on(&mut self) {
        let mut openings: Vec<u32> =
            (0..).zip(self.windows).filter(|(_, link)| link.window.start > 0.0).map(|(index, _)| index).collect();
        let windows = self.windows;
        openings.sort_by(|&x, &y| {
            let (one, other) = (&windows[x as usize].window, &windows[y as usize].window);
            one.start.total_cmp(&other.start).then(other.end.total_cmp(&one.end)).then(x.cmp(&y))
        });
        for index in openings {
            let now = self.window(index).window.start;
            self.end_until(now);
            if self.is_free(index) && self.is_worth(index, now) {
                self.grant(index, now, false);
            } else {
                self.wait(index);
            }
        }
        self.end_until(self.rules.span_secs);
    }

    fn end_until(&mut self, now: f64) {
        while let Some(&Reverse(End(at, a, b))) = self.ends.peek().filter(|Reverse(end)| end.0 <= now) {
            self.ends.pop();
            for satellite in [a, b] {
                self.free[satellite as usize] += 1;
            }
            for satellite in [a, b] {
                self.take_next(satellite, at);
            }
        }
    }

    /// Points the free terminals of a satellite at the best windows that wait.
    fn take_next(&mut self, satellite: u32, now: f64) {
        while self.free[satellite as usize] > 0 {
            let mut waiting = std::mem::take(&mut self.waiting[satellite as usize]);
            waiting.retain(|&index| !self.granted[index as usize] && self.is_worth(index, now));
            let best = waiting.iter().copied().filter(|&index| self.is_free(index)).max_by(|&x, &y| {
                let [one, other] = [x, y].map(|index| self.free[self.other(index, satellite) as usize]);
                let [long, longer] = [x, y].map(|index| self.window(index).window.end);
                one.cmp(&other).then(long.total_cmp(&longer)).then(y.cmp(&x))
            });
            self.waiting[satellite as usize] = waiting;
            let Some(best) = best else { return };
            self.grant(best, now, false);
        }
    }

    fn other(&self, index: u32, satellite: u32) -> u32 {
        let LinkWindow { a, b, .. } = *self.window(index);
        if a == satellite { b } else { a }
    }

    fn is_free(&self, index: u32) -> bool {
        let LinkWindow { a, b, .. } = *self.window(index);
        self.free[a as usize] > 0 && self.free[b as usize] > 0
    }

    fn is_worth(&self, index: u32, now: f64) -> bool {
        self.window(index).window.end - now > self.rules.worth_secs
    }

    fn wait(&mut self, index: u32) {
        let LinkWindow { a, b, .. } = *self.window(index);
        for satellite in [a, b] {
            self.waiting[satellite as usize].push(index);
        }
    }

    fn grant(&mut self, index: u32, now: f64, stands: bool) {
        let LinkWindow { a, b, window } = *self.window(index);
        for satellite in [a, b] {
            self.free[satellite as usize] -= 1;
        }
        self.granted[index as usize] = true;
        self.grants.push(Grant { link: LinkWindow { a, b, window: Window { start: now, end: window.end } }, stands });
        self.ends.push(Reverse(End(window.end, a, b)));
    }
}

/// Which satellites are joined: union-find with path halving.
struct Groups(Vec<u32>);

impl Groups {
    fn new(satellites: usize) -> Self {
        Self((0..).take(satellites).collect())
    }

    fn are_apart(&mut self, a: u32, b: u32) -> bool {
        self.root(a) != self.root(b)
    }

    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b) as usize] = a.min(b);
    }

    fn root(&mut self, mut at: u32) -> u32 {
        while self.0[at as usize] != at {
            let above = self.0[at as usize];
            self.0[at as usize] = self.0[above as usize];
            at = above;
        }
        at
    }
}

#[cfg(test)]
#[path = "terminals_tests.rs"]
mod tests;
