//! When two satellites see each other: all pairs of a constellation.
//!
//! A line of sight may be `max_range_km` long, and has to stay `grazing_altitude_km` above the Earth's equatorial radius. The
//! second is a sum: from a satellite to where its line of sight touches that sphere is its *reach*, and two satellites see each
//! other if and only if they are no further apart than their reaches together. So one squared distance and two numbers
//! of each satellite say everything about a pair at an instant.
//!
//! All pairs are looked at every three minutes, in blocks that stay in the cache; what lies in between is settled for the few
//! steps in which something happens (see [`super::search`]). Threads take blocks; the result does not depend on how many
//! there are.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::earth::RADIUS_KM;
use super::extremes::extremes;
use super::satellite::State;
use super::search::{Collector, Margin, Step, Window};
use super::trajectory::Trajectory;

/// Satellites whose pairs with all others are looked at together: what is remembered of them fits the L2 cache.
const BLOCK: usize = 16;

/// What a line of sight must keep.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinkLimits {
    /// Its greatest length; infinite if only the Earth is in the way.
    pub max_range_km: f64,
    /// Its least altitude above the Earth's equatorial radius.
    pub grazing_altitude_km: f64,
}

/// Two satellites, by their indices, and a window in which they see each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinkWindow {
    /// The satellite with the smaller index.
    pub a: u32,
    /// The other.
    pub b: u32,
    /// When.
    pub window: Window,
}

/// All windows of all pairs over the trajectories' common span, ordered by pair and time. Uses all cores.
///
/// # Panics
/// If the trajectories are not all of one span.
#[must_use]
pub fn link_windows(trajectories: &[Trajectory], limits: LinkLimits) -> Vec<LinkWindow> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    link_windows_on(threads, trajectories, limits)
}

fn link_windows_on(threads: usize, trajectories: &[Trajectory], limits: LinkLimits) -> Vec<LinkWindow> {
    let Some(first) = trajectories.first() else { return Vec::new() };
    assert!(trajectories.iter().all(|each| each.span() == first.span()), "trajectories of different spans");
    let sight = Sight { trajectories, limits, end: first.span().secs };
    let frames: Vec<Frame> = first.times().enumerate().map(|(index, t)| sight.frame(index, t)).collect();
    let slack = sight.slack(&frames);
    let blocks = trajectories.len().div_ceil(BLOCK);
    let found: Vec<Mutex<Vec<LinkWindow>>> = (0..blocks).map(|_| Mutex::default()).collect();
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..threads.clamp(1, blocks) {
            scope.spawn(|| {
                loop {
                    let block = next.fetch_add(1, Ordering::Relaxed);
                    let Some(found) = found.get(block) else { return };
                    let windows = Block::new(&sight, block * BLOCK).scan(&frames, slack);
                    *found.lock().unwrap_or_else(PoisonError::into_inner) = windows;
                }
            });
        }
    });
    let found: Vec<Vec<LinkWindow>> =
        found.into_iter().map(|windows| windows.into_inner().unwrap_or_else(PoisonError::into_inner)).collect();
    let mut all = Vec::new();
    // Tens of millions of them: a vector that grows by doubling would need twice their memory again.
    all.reserve_exact(found.iter().map(Vec::len).sum());
    for mut windows in found {
        all.append(&mut windows);
    }
    all
}

/// The least and greatest distance of two satellites in a window, km.
#[must_use]
pub fn link_range(a: &Trajectory, b: &Trajectory, window: Window) -> (f64, f64) {
    extremes(window, |t| {
        let (a, b) = (a.state(t), b.state(t));
        let line = b.position - a.position;
        (line.length(), line.dot(b.velocity - a.velocity))
    })
}

/// What limits the sight of satellites.
struct Sight<'a> {
    trajectories: &'a [Trajectory],
    limits: LinkLimits,
    end: f64,
}

/// All satellites at one instant, a column per coordinate.
struct Frame {
    t: f64,
    columns: [Vec<f64>; 8],
}

impl Sight<'_> {
    fn frame(&self, index: usize, t: f64) -> Frame {
        let mut columns = [const { Vec::new() }; 8];
        for trajectory in self.trajectories {
            let state = trajectory.sample(index);
            let (reach, growth) = self.reach(&state);
            let row = [state.position.to_array(), state.velocity.to_array()].concat();
            for (column, value) in columns.iter_mut().zip(row.into_iter().chain([reach, growth])) {
                column.push(value);
            }
        }
        Frame { t, columns }
    }

    /// How far a satellite's line of sight reaches before it touches the grazing sphere, and how fast that grows. Nowhere for
    /// one that is below the sphere.
    fn reach(&self, state: &State) -> (f64, f64) {
        let sphere = RADIUS_KM + self.limits.grazing_altitude_km;
        let squared = state.position.length_squared() - sphere * sphere;
        if squared <= 0.0 {
            return (f64::NEG_INFINITY, 0.0);
        }
        let reach = squared.sqrt();
        (reach, state.position.dot(state.velocity) / reach)
    }

    /// By how much the slopes of a pair's two margins differ at most. Only the lesser margin is looked at, and near where both are
    /// equal it hides what the other does.
    fn slack(&self, frames: &[Frame]) -> f64 {
        let growths = frames.iter().flat_map(|frame| &frame.columns[7]);
        let fastest = growths.fold(0.0_f64, |fastest, growth| fastest.max(growth.abs()));
        // An infinite range is never the lesser limit.
        if self.limits.max_range_km.is_finite() { 4.0 * self.limits.max_range_km * fastest } else { 0.0 }
    }

    /// The two margins of a pair at `t`: by the greatest range, and by the Earth.
    fn margins(&self, a: usize, b: usize, t: f64) -> [Margin; 2] {
        let (a, b) = (self.trajectories[a].state(t), self.trajectories[b].state(t));
        let line = b.position - a.position;
        let (squared, opening) = (line.length_squared(), line.dot(b.velocity - a.velocity));
        let ((reach_a, growth_a), (reach_b, growth_b)) = (self.reach(&a), self.reach(&b));
        [(self.limits.max_range_km, 0.0), (reach_a + reach_b, growth_a + growth_b)].map(|(limit, growth)| {
            let limit = limit.max(0.0);
            Margin { value: limit * limit - squared, slope: 2.0 * (limit * growth - opening) }
        })
    }

    fn margin(&self, a: usize, b: usize, t: f64) -> Margin {
        let [range, earth] = self.margins(a, b, t);
        if range.value <= earth.value { range } else { earth }
    }

    /// The edges of a pair's contact in a step, in the order of time.
    fn edges(&self, a: usize, b: usize, step: &Step) -> Vec<f64> {
        let pair = |edges: (Option<f64>, Option<f64>)| edges.0.into_iter().chain(edges.1).collect::<Vec<_>>();
        if step.margins.0.value < 0.0 || step.margins.1.value < 0.0 {
            return pair(step.edges(&|t| self.margin(a, b, t)));
        }
        // A gap is one of either limit. The lesser of two margins may bend where they meet, which its tangents do not bound.
        let gaps = [0, 1].map(|limit| {
            let margin = |t| self.margins(a, b, t)[limit];
            let (from, to) = step.times;
            pair(Step { times: step.times, margins: (margin(from), margin(to)) }.edges(&margin))
        });
        match &gaps {
            [one, other] if one.is_empty() || other.is_empty() => gaps.concat(),
            [one, other] if one[1] < other[0] || other[1] < one[0] => {
                let mut edges = gaps.concat();
                edges.sort_by(f64::total_cmp);
                edges
            }
            [one, other] => vec![one[0].min(other[0]), one[1].max(other[1])],
        }
    }
}

/// Some satellites with all that come after them: what was seen of each pair last.
struct Block<'a> {
    sight: &'a Sight<'a>,
    rows: Vec<Row>,
    found: Vec<LinkWindow>,
}

struct Row {
    satellite: usize,
    last: Seen,
    now: Seen,
    collectors: Vec<Collector>,
}

/// The margins of a satellite with all that come after it.
#[derive(Clone)]
struct Seen {
    values: Vec<f64>,
    slopes: Vec<f64>,
}

impl Seen {
    fn at(&self, index: usize) -> Margin {
        Margin { value: self.values[index], slope: self.slopes[index] }
    }
}

impl<'a> Block<'a> {
    fn new(sight: &'a Sight<'a>, first: usize) -> Self {
        let satellites = sight.trajectories.len();
        let row = |satellite: usize| {
            let others = satellites - satellite - 1;
            let seen = Seen { values: vec![0.0; others], slopes: vec![0.0; others] };
            Row { satellite, last: seen.clone(), now: seen, collectors: Vec::new() }
        };
        let rows = (first..satellites.min(first + BLOCK)).map(row).collect();
        Self { sight, rows, found: Vec::new() }
    }

    fn scan(mut self, frames: &[Frame], slack: f64) -> Vec<LinkWindow> {
        let max_range = self.sight.limits.max_range_km;
        for (index, frame) in frames.iter().enumerate() {
            for row in &mut self.rows {
                row.look(frame, max_range);
                if index == 0 {
                    let margins = (0..row.now.values.len()).map(|other| row.now.at(other));
                    row.collectors = margins.map(|margin| Collector::new(margin, self.sight.end)).collect();
                } else {
                    row.compare(self.sight, (frames[index - 1].t, frame.t), slack, &mut self.found);
                }
                std::mem::swap(&mut row.last, &mut row.now);
            }
        }
        for row in &self.rows {
            let left = (row.satellite + 1..).zip(&row.collectors);
            self.found.extend(left.filter_map(|(b, collector)| Some(link(row.satellite, b, collector.finish()?))));
        }
        let place = |link: &LinkWindow| (link.a, link.b);
        self.found.sort_by(|x, y| place(x).cmp(&place(y)).then(x.window.start.total_cmp(&y.window.start)));
        self.found.shrink_to_fit();
        self.found
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a constellation has few thousand satellites")]
const fn link(a: usize, b: usize, window: Window) -> LinkWindow {
    LinkWindow { a: a as u32, b: b as u32, window }
}

impl Row {
    /// Takes the margins at an instant.
    fn look(&mut self, frame: &Frame, max_range: f64) {
        let from = self.satellite;
        let one = frame.columns.each_ref().map(|column| column[from]);
        let others = frame.columns.each_ref().map(|column| &column[from + 1..]);
        margins_with(one, others, max_range, &mut self.now.values, &mut self.now.slopes);
    }

    /// Settles the pairs for which something may have happened since the last look.
    fn compare(&mut self, sight: &Sight<'_>, times: (f64, f64), slack: f64, found: &mut Vec<LinkWindow>) {
        let (last, now) = (&self.last, &self.now);
        for other in 0..now.values.len() {
            let (before, after) = (last.values[other], now.values[other]);
            let (from, to) = (last.slopes[other], now.slopes[other]);
            let crosses = (before < 0.0) != (after < 0.0);
            let peaks = (after < 0.0) & (from > 0.0) & (to < 0.0);
            let deepest = (times.1 - times.0) * (from.abs().max(to.abs()) + slack);
            let dips = (after >= 0.0) & (from < slack) & (to > -slack) & (before.min(after) < deepest);
            if !(crosses | peaks | dips) {
                continue;
            }
            let step = Step { times, margins: (last.at(other), now.at(other)) };
            let (a, b) = (self.satellite, self.satellite + 1 + other);
            for edge in sight.edges(a, b, &step) {
                found.extend(self.collectors[other].edge(edge).map(|window| link(a, b, window)));
            }
        }
    }
}

/// The margins of one satellite with others, by the lesser of both limits. A function of its own, so that the compiler knows
/// that its slices do not overlap, and looks at several pairs at a time.
#[inline(never)]
fn margins_with(one: [f64; 8], others: [&[f64]; 8], max_range: f64, values: &mut [f64], slopes: &mut [f64]) {
    let [x, y, z, u, v, w, reach, growth] = one;
    let [xs, ys, zs, us, vs, ws, reaches, growths] = others.map(|column| &column[..values.len()]);
    let slopes = &mut slopes[..values.len()];
    for other in 0..values.len() {
        let (dx, dy, dz) = (xs[other] - x, ys[other] - y, zs[other] - z);
        let (du, dv, dw) = (us[other] - u, vs[other] - v, ws[other] - w);
        let (squared, opening) = (dx * dx + dy * dy + dz * dz, dx * du + dy * dv + dz * dw);
        let both = reach + reaches[other];
        let by_earth = both < max_range;
        let limit = if by_earth { both } else { max_range };
        let limit = if limit > 0.0 { limit } else { 0.0 };
        let growing = if by_earth { growth + growths[other] } else { 0.0 };
        values[other] = limit * limit - squared;
        slopes[other] = 2.0 * (limit * growing - opening);
    }
}

#[cfg(test)]
#[path = "links_tests.rs"]
mod tests;
