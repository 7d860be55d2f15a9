//! A look at all pairs every few minutes, block by block.

use super::LinkWindow;
use super::sight::Sight;
use crate::orbit::search::{Collector, Margin, Step, Window};
use crate::orbit::trajectory::Trajectory;

/// Satellites whose pairs with all others are looked at together: what is remembered of them fits the L2 cache.
const BLOCK: usize = 16;

/// All satellites at all instants that are looked at.
pub(super) struct Scan<'a> {
    sight: &'a Sight<'a>,
    frames: Vec<Frame>,
    /// By how much the slopes of a pair's two margins differ at most. Only the lesser margin is looked at, and near where both
    /// are equal it hides what the other does.
    slack: f64,
}

/// All satellites at one instant, a column per coordinate.
struct Frame {
    t: f64,
    columns: [Vec<f64>; 8],
}

impl<'a> Scan<'a> {
    pub(super) fn new(sight: &'a Sight<'a>) -> Self {
        let times = sight.trajectories.iter().take(1).flat_map(Trajectory::times);
        let frames: Vec<Frame> = times.enumerate().map(|(index, t)| Frame::new(sight, index, t)).collect();
        let slack = slack(sight, &frames);
        Self { sight, frames, slack }
    }

    /// How many blocks of satellites there are.
    pub(super) fn blocks(&self) -> usize {
        self.sight.trajectories.len().div_ceil(BLOCK)
    }

    /// All windows of a block's satellites with all that come after them.
    pub(super) fn block(&self, index: usize) -> Vec<LinkWindow> {
        Block::new(self.sight, index * BLOCK).scan(&self.frames, self.slack)
    }
}

impl Frame {
    fn new(sight: &Sight<'_>, index: usize, t: f64) -> Self {
        let mut columns = [const { Vec::new() }; 8];
        for trajectory in sight.trajectories {
            let state = trajectory.sample(index);
            let (reach, growth) = sight.reach(&state);
            let row = [state.position.to_array(), state.velocity.to_array()].concat();
            for (column, value) in columns.iter_mut().zip(row.into_iter().chain([reach, growth])) {
                column.push(value);
            }
        }
        Self { t, columns }
    }
}

fn slack(sight: &Sight<'_>, frames: &[Frame]) -> f64 {
    let growths = frames.iter().flat_map(|frame| frame.columns[7].iter().enumerate());
    let growths = growths.filter(|(satellite, _)| !sight.dips(*satellite));
    let fastest = growths.fold(0.0_f64, |fastest, (_, growth)| fastest.max(growth.abs()));
    // An infinite range is never the lesser limit.
    if sight.limits.max_range_km.is_finite() { 4.0 * sight.limits.max_range_km * fastest } else { 0.0 }
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
        let span = Window { start: 0.0, end: self.sight.end };
        for (index, frame) in frames.iter().enumerate() {
            for row in &mut self.rows {
                row.look(frame, max_range);
                if index == 0 {
                    let margins = (0..row.now.values.len()).map(|other| row.now.at(other));
                    row.collectors = margins.map(|margin| Collector::new(margin, span)).collect();
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
        self.settle_dips();
        let place = |link: &LinkWindow| (link.a, link.b);
        self.found.sort_by(|x, y| place(x).cmp(&place(y)).then(x.window.start.total_cmp(&y.window.start)));
        self.found
    }

    /// Replaces what was seen of pairs of which one dips below the grazing sphere.
    fn settle_dips(&mut self) {
        let (sight, satellites) = (self.sight, self.sight.trajectories.len());
        let dips: Vec<bool> = (0..satellites).map(|satellite| sight.dips(satellite)).collect();
        if !dips.contains(&true) {
            return;
        }
        self.found.retain(|link| !dips[link.a as usize] && !dips[link.b as usize]);
        for a in self.rows.iter().map(|row| row.satellite) {
            for b in (a + 1..satellites).filter(|b| dips[a] || dips[*b]) {
                self.found.extend(sight.windows_aloft(a, b).into_iter().map(|window| link(a, b, window)));
            }
        }
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
            let (crosses, within) = ((before < 0.0) != (after < 0.0), before >= 0.0);
            // A gap, or a window, may hide in between if a margin's slopes point at it, and its ends are not too far from it.
            let (may_sink, may_rise) = ((from < slack) & (to > -slack), (from > -slack) & (to < slack));
            let reached = (times.1 - times.0) * (from.abs().max(to.abs()) + slack);
            let dips = within & may_sink & (before.min(after) < reached);
            let peaks = !within & may_rise & (before.max(after) > -reached);
            if !(crosses | peaks | dips) {
                continue;
            }
            let step = Step { times, margins: (last.at(other), now.at(other)) };
            let (a, b) = (self.satellite, self.satellite + 1 + other);
            let collector = &mut self.collectors[other];
            let mut settle = |edge| found.extend(collector.edge(edge).map(|window| link(a, b, window)));
            if crosses & !may_sink {
                sight.edge(a, b, &step).into_iter().for_each(&mut settle);
            } else {
                sight.edges(a, b, &step).into_iter().for_each(&mut settle);
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
