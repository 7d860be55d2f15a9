//! What is in the way of two satellites, and the edges of their contact between two looks.

use std::collections::BTreeMap;
use std::iter;

use super::LinkLimits;
use crate::orbit::earth::RADIUS_KM;
use crate::orbit::satellite::State;
use crate::orbit::search::{Collector, Margin, Step, Window, windows};
use crate::orbit::trajectory::Trajectory;

/// What limits the sight of satellites.
pub(super) struct Sight<'a> {
    pub(super) trajectories: &'a [Trajectory],
    pub(super) limits: LinkLimits,
    pub(super) end: f64,
    /// When each satellite is above the grazing sphere, of those that are not always.
    dips: BTreeMap<usize, Vec<Window>>,
}

impl<'a> Sight<'a> {
    pub(super) fn new(trajectories: &'a [Trajectory], limits: LinkLimits, end: f64) -> Self {
        let sight = Sight { trajectories, limits, end, dips: BTreeMap::new() };
        let dips =
            (0..).zip(trajectories).filter_map(|(satellite, each)| Some((satellite, sight.aloft(each)?))).collect();
        Sight { dips, ..sight }
    }

    /// When a satellite is above the grazing sphere, if it is not always.
    fn aloft(&self, trajectory: &Trajectory) -> Option<Vec<Window>> {
        let last = trajectory.times().last().unwrap_or(self.end);
        let aloft = windows(trajectory.times(), last, |t| {
            let state = trajectory.state(t);
            Margin { value: self.above_sphere(&state), slope: 2.0 * state.position.dot(state.velocity) }
        });
        (aloft != [Window { start: 0.0, end: last }]).then_some(aloft)
    }

    fn above_sphere(&self, state: &State) -> f64 {
        let sphere = RADIUS_KM + self.limits.grazing_altitude_km;
        state.position.length_squared() - sphere * sphere
    }

    /// How far a satellite's line of sight reaches before it touches the grazing sphere, and how fast that grows. Hardly
    /// anywhere for one that is on the sphere or below.
    pub(super) fn reach(&self, state: &State) -> (f64, f64) {
        const LEAST: f64 = 1e-3;
        let reach = self.above_sphere(state).max(LEAST * LEAST).sqrt();
        (reach, state.position.dot(state.velocity) / reach)
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

    /// The edge of a pair's contact in a step of which one end has contact and the other has not.
    pub(super) fn edge(&self, a: usize, b: usize, step: &Step) -> Option<f64> {
        step.edges(&|t| self.margin(a, b, t)).0
    }

    /// The edges of a pair's contact in a step, in the order of time. Each limit is looked at by itself: the lesser of two margins
    /// bends where they meet, which its tangents do not bound.
    pub(super) fn edges(&self, a: usize, b: usize, step: &Step) -> Vec<f64> {
        let (start, end) = step.times;
        let ends = [start, end].map(|t| self.margins(a, b, t));
        let [by_range, by_earth] = [0, 1].map(|limit| {
            let step = Step { times: step.times, margins: (ends[0][limit], ends[1][limit]) };
            step.windows(&|t| self.margins(a, b, t)[limit])
        });
        let mut edges = Vec::new();
        for one in &by_range {
            for both in by_earth.iter().filter_map(|other| one.overlap(*other)) {
                edges.extend([both.start, both.end].into_iter().filter(|t| start < *t && *t < end));
            }
        }
        // At an edge, rounding may tell otherwise than what was seen from afar, which counts.
        if edges.len().is_multiple_of(2) == step.crosses() {
            self.edge(a, b, step).into_iter().collect()
        } else {
            edges
        }
    }

    /// Whether a satellite goes below the grazing sphere at times.
    pub(super) fn dips(&self, satellite: usize) -> bool {
        self.dips.contains_key(&satellite)
    }

    /// The windows of a pair of which one [`dips`](Self::dips). A reach ends there abruptly, which no tangent bounds; so the
    /// times at which both are above the sphere are looked at one by one.
    pub(super) fn windows_aloft(&self, a: usize, b: usize) -> Vec<Window> {
        let always = [Window { start: 0.0, end: self.end }];
        let aloft = |satellite| self.dips.get(&satellite).map_or(&always[..], Vec::as_slice);
        let mut found = Vec::new();
        for one in aloft(a) {
            for other in aloft(b) {
                if let Some(both) = one.overlap(*other).and_then(|both| both.overlap(always[0])) {
                    self.windows_within(a, b, both, &mut found);
                }
            }
        }
        found
    }

    fn windows_within(&self, a: usize, b: usize, within: Window, found: &mut Vec<Window>) {
        let times = self.trajectories[a].times().filter(|t| within.start < *t && *t < within.end);
        let mut last = (within.start, self.margin(a, b, within.start));
        let mut collector = Collector::new(last.1, within);
        for t in times.chain(iter::once(within.end)) {
            let next = (t, self.margin(a, b, t));
            let step = Step { times: (last.0, next.0), margins: (last.1, next.1) };
            for edge in self.edges(a, b, &step) {
                found.extend(collector.edge(edge));
            }
            last = next;
        }
        found.extend(collector.finish());
    }
}
