//! When a smooth margin is not negative: found from samples, settled by few evaluations.
//!
//! A margin is a function of time whose sign says whether there is contact. It is sampled with its slope; an edge lies
//! where the sign changes, and a short window, or a short gap, may hide between two samples whose slopes point at each
//! other. There the tangents bound what can hide: if they meet on the same side, nothing does.

/// Some time with contact, `[start, end)` in seconds of the mission.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// The first instant with contact.
    pub start: f64,
    /// The first instant without.
    pub end: f64,
}

impl Window {
    /// Its length in seconds.
    #[must_use]
    pub fn secs(&self) -> f64 {
        self.end - self.start
    }

    /// What lies in both.
    pub(super) fn overlap(self, other: Self) -> Option<Self> {
        let both = Self { start: self.start.max(other.start), end: self.end.min(other.end) };
        (both.start < both.end).then_some(both)
    }
}

/// A margin at an instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Margin {
    /// Contact if and only if this is not negative.
    pub(super) value: f64,
    /// Its change per second.
    pub(super) slope: f64,
}

impl Margin {
    const fn has_contact(self) -> bool {
        self.value >= 0.0
    }
}

/// How exactly edges are found, in seconds.
const TOLERANCE: f64 = 1e-5;
/// Halvings after which a search is over in any case.
const MAX_HALVINGS: u32 = 60;

/// A margin between two samples.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// The time of both samples.
    pub(super) times: (f64, f64),
    /// Both samples.
    pub(super) margins: (Margin, Margin),
}

impl Step {
    /// Whether one end has contact and the other has not.
    pub(super) fn crosses(&self) -> bool {
        self.margins.0.has_contact() != self.margins.1.has_contact()
    }

    /// Whether an edge lies in it, or may.
    pub(super) fn is_suspicious(&self) -> bool {
        let (from, to) = self.margins;
        if self.crosses() {
            return true;
        }
        if from.has_contact() {
            from.slope < 0.0 && to.slope > 0.0 && self.tangents_meet().1 < 0.0
        } else {
            from.slope > 0.0 && to.slope < 0.0 && self.tangents_meet().1 >= 0.0
        }
    }

    /// When and at what value the tangents of both ends meet; both slopes differ.
    fn tangents_meet(&self) -> (f64, f64) {
        let ((t0, t1), (from, to)) = (self.times, self.margins);
        let t = (to.value - from.value + from.slope * t0 - to.slope * t1) / (from.slope - to.slope);
        (t, from.value + from.slope * (t - t0))
    }

    /// The edges in it: one, two, or none, in the order of time.
    pub(super) fn edges(&self, margin: &impl Fn(f64) -> Margin) -> (Option<f64>, Option<f64>) {
        if self.crosses() {
            return (Some(self.edge(margin)), None);
        }
        match self.hidden(margin) {
            None => (None, None),
            Some((t, there)) => {
                let (before, after) = self.split(t, there);
                (Some(before.edge(margin)), Some(after.edge(margin)))
            }
        }
    }

    /// The windows in it, clipped to it.
    pub(super) fn windows(&self, margin: &impl Fn(f64) -> Margin) -> Vec<Window> {
        let mut collector = Collector::new(self.margins.0, Window { start: self.times.0, end: self.times.1 });
        let (first, second) = self.edges(margin);
        let mut windows: Vec<Window> =
            [first, second].into_iter().flatten().filter_map(|t| collector.edge(t)).collect();
        windows.extend(collector.finish());
        windows
    }

    fn split(&self, t: f64, there: Margin) -> (Self, Self) {
        let before = Self { times: (self.times.0, t), margins: (self.margins.0, there) };
        (before, Self { times: (t, self.times.1), margins: (there, self.margins.1) })
    }

    /// An instant in it at which there is contact although there is none at both ends, or the other way round.
    fn hidden(&self, margin: &impl Fn(f64) -> Margin) -> Option<(f64, Margin)> {
        let mut step = *self;
        for _ in 0..MAX_HALVINGS {
            let (t0, t1) = step.times;
            if !step.is_suspicious() || t1 - t0 < TOLERANCE {
                return None;
            }
            let met = step.tangents_meet().0;
            // Tangents of nearly the same slope meet anywhere; and a place near an end would hardly narrow the step.
            let t = if met > t0 && met < t1 {
                met.clamp(0.9 * t0 + 0.1 * t1, 0.1 * t0 + 0.9 * t1)
            } else {
                0.5 * (t0 + t1)
            };
            let there = margin(t);
            if there.has_contact() != step.margins.0.has_contact() {
                return Some((t, there));
            }
            let (before, after) = step.split(t, there);
            step = if before.is_suspicious() { before } else { after };
        }
        None
    }

    /// The edge between ends of which one has contact and one has not: Newton's method, kept inside by bisection.
    fn edge(&self, margin: &impl Fn(f64) -> Margin) -> f64 {
        // Newton's method squares what is left of a step, so the one after a step this short would change nothing.
        const LAST_STEP: f64 = 1e-3;
        let ((mut t0, mut t1), (from, _)) = (self.times, self.margins);
        let mut t = self.estimate();
        for _ in 0..MAX_HALVINGS {
            let there = margin(t);
            if there.has_contact() == from.has_contact() {
                t0 = t;
            } else {
                t1 = t;
            }
            let next = t - there.value / there.slope;
            let inside = next > t0 && next < t1;
            if inside && (next - t).abs() < LAST_STEP {
                return next;
            }
            t = if inside { next } else { 0.5 * (t0 + t1) };
            if t1 - t0 < TOLERANCE {
                return t;
            }
        }
        t
    }

    /// Where the cubic through both samples is zero, if it is well-behaved; else where the line is.
    fn estimate(&self) -> f64 {
        let ((t0, t1), (from, to)) = (self.times, self.margins);
        let length = t1 - t0;
        let (v, w) = (from.slope * length, to.slope * length);
        let (cubic, square) = (2.0 * (from.value - to.value) + v + w, 3.0 * (to.value - from.value) - 2.0 * v - w);
        let mut u = from.value / (from.value - to.value);
        if !u.is_finite() {
            u = 0.5;
        }
        for _ in 0..3 {
            let value = ((cubic * u + square) * u + v) * u + from.value;
            let next = u - value / ((3.0 * cubic * u + 2.0 * square) * u + v);
            if !(0.0..=1.0).contains(&next) {
                break;
            }
            u = next;
        }
        t0 + u * length
    }
}

/// Puts windows together from edges.
#[derive(Debug, Clone, Copy)]
pub(super) struct Collector {
    end: f64,
    /// When the window in progress began.
    open: Option<f64>,
}

impl Collector {
    /// For a margin that is `first` at the start of `within`, which clips the windows.
    pub(super) const fn new(first: Margin, within: Window) -> Self {
        Self { end: within.end, open: if first.has_contact() { Some(within.start) } else { None } }
    }

    /// An edge, later than the one before. Gives the window that it closes.
    pub(super) fn edge(&mut self, t: f64) -> Option<Window> {
        let window = match self.open.take() {
            Some(start) => Window { start, end: t.min(self.end) },
            None => {
                self.open = Some(t);
                return None;
            }
        };
        (window.start < window.end).then_some(window)
    }

    /// The window in progress at the end.
    pub(super) fn finish(self) -> Option<Window> {
        self.open.filter(|start| *start < self.end).map(|start| Window { start, end: self.end })
    }
}

/// The windows in `[0, end)` of a margin that is sampled at `times`, which begin at 0 and reach `end`.
pub(super) fn windows(times: impl Iterator<Item = f64>, end: f64, margin: impl Fn(f64) -> Margin) -> Vec<Window> {
    let mut windows = Vec::new();
    let mut samples = times.map(|t| (t, margin(t)));
    let Some(mut last) = samples.next() else { return windows };
    let mut collector = Collector::new(last.1, Window { start: 0.0, end });
    for next in samples {
        let step = Step { times: (last.0, next.0), margins: (last.1, next.1) };
        if step.is_suspicious() {
            let (first, second) = step.edges(&margin);
            for edge in [first, second].into_iter().flatten() {
                windows.extend(collector.edge(edge));
            }
        }
        last = next;
    }
    windows.extend(collector.finish());
    windows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(offset: f64) -> impl Fn(f64) -> Margin {
        move |t: f64| Margin { value: (t / 100.0).sin() - offset, slope: (t / 100.0).cos() / 100.0 }
    }

    fn found(offset: f64, end: f64) -> Vec<Window> {
        windows((0..=20).map(|step| f64::from(step) * 60.0), end, wave(offset))
    }

    #[test]
    fn edges_are_where_the_margin_is_zero() {
        let found = found(0.5, 1_200.0);
        let edge = |angle: f64| angle * 100.0;
        let expected = [edge(0.5_f64.asin()), edge(std::f64::consts::PI - 0.5_f64.asin())];
        assert!((found[0].start - expected[0]).abs() < 1e-4 && (found[0].end - expected[1]).abs() < 1e-4, "{found:?}");
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn a_window_and_a_gap_between_two_samples_are_found() {
        for offset in [0.999, -0.999] {
            let short = found(offset, 700.0);
            let edges = short.iter().flat_map(|window| [window.start, window.end]).filter(|t| *t > 0.0 && *t < 700.0);
            assert_eq!(edges.count(), 2, "{short:?}");
        }
        assert_eq!(found(1.001, 1_200.0), []);
        assert_eq!(found(-1.001, 1_200.0), [Window { start: 0.0, end: 1_200.0 }]);
    }

    #[test]
    fn windows_are_clipped_to_the_span() {
        assert_eq!(found(-0.5, 300.0), [Window { start: 0.0, end: 300.0 }]);
        assert!(found(0.5, 40.0).is_empty());
    }
}
