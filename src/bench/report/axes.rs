//! Axes with units: where values stand, and what is written beside them.

use std::ops::Range;

/// An axis from one value to another.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    /// What is measured, and its unit where it is not beside the values.
    pub(super) title: String,
    /// Values with what is written beside them, in order.
    pub(super) ticks: Vec<(f64, String)>,
    range: Range<f64>,
    scale: Scale,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scale {
    Linear,
    Logarithmic,
}

impl Axis {
    /// A share, from nothing to all.
    pub(super) fn share(title: &str) -> Self {
        let ticks = (0..=4).map(|quarter| (f64::from(quarter) / 4.0, format!("{} %", 25 * quarter))).collect();
        Self { title: title.to_owned(), ticks, range: 0.0..1.0, scale: Scale::Linear }
    }

    /// Rows one below the other.
    pub(super) fn rows(count: usize) -> Self {
        let range = count as f64..0.0;
        Self { title: String::new(), ticks: Vec::new(), range, scale: Scale::Linear }
    }

    /// Seconds from zero to `most`, in one unit that the title names.
    pub(super) fn from_zero_secs(title: &str, most: f64) -> Self {
        let (unit, name) = time_unit(most);
        Self::from_zero(&format!("{title}, {name}"), most, unit)
    }

    /// Bytes from zero to `most`, in one unit that the title names.
    pub(super) fn from_zero_bytes(title: &str, most: f64) -> Self {
        let (unit, name) = byte_unit(most);
        Self::from_zero(&format!("{title}, {name}"), most, unit)
    }

    /// Numbers from zero to `most`.
    pub(super) fn from_zero_count(title: &str, most: f64) -> Self {
        let mut axis = Self::from_zero(title, most, 1.0);
        axis.ticks.retain(|(at, _)| at.fract() == 0.0);
        axis
    }

    /// Seconds on a logarithmic axis around some.
    pub(super) fn secs(title: &str, values: impl Iterator<Item = f64>) -> Self {
        Self::logarithmic(title, values, |at, step| {
            let (unit, name) = match at {
                0.0..0.999e-3 => (1e-6, "µs"),
                0.0..0.999 => (1e-3, "ms"),
                _ => (1.0, "s"),
            };
            format!("{} {name}", digits(at / unit, step / unit))
        })
    }

    /// Bytes on a logarithmic axis, with a tick at each value; where there are many, at some.
    pub(super) fn bytes(title: &str, values: &[u64]) -> Self {
        let label = |at: f64| {
            let (unit, name) = byte_unit(at);
            format!("{} {name}", (at / unit * 1e3).round() / 1e3)
        };
        Self::at_values(title, values, label)
    }

    /// Numbers on a logarithmic axis, with a tick at each.
    pub(super) fn counts(title: &str, values: &[u64]) -> Self {
        Self::at_values(title, values, |at| at.to_string())
    }

    /// The coordinate of a value; on a logarithmic axis, which knows no zero, at an end if it is beyond.
    pub(super) fn place(&self, value: f64) -> f64 {
        match self.scale {
            Scale::Linear => value,
            Scale::Logarithmic => value.clamp(self.range.start, self.range.end).log10(),
        }
    }

    /// From which coordinate to which.
    pub(super) fn coordinates(&self) -> Range<f64> {
        self.place(self.range.start)..self.place(self.range.end)
    }

    /// The value at the end of the axis.
    pub(super) const fn end(&self) -> f64 {
        self.range.end
    }

    fn from_zero(title: &str, most: f64, unit: f64) -> Self {
        let most = if most > 0.0 { most } else { unit };
        let step = even_step(most / unit, 10.0) * unit;
        let ticks = (0..).map(|count| f64::from(count) * step).take_while(|at| *at <= most * 1.0001);
        let ticks = ticks.map(|at| (at, digits(at / unit, step / unit))).collect();
        Self { title: title.to_owned(), ticks, range: 0.0..most, scale: Scale::Linear }
    }

    fn logarithmic(title: &str, values: impl Iterator<Item = f64>, label: impl Fn(f64, f64) -> String) -> Self {
        let values = values.filter(|at| *at > 0.0);
        let (least, most) = values.fold((f64::INFINITY, 0.0_f64), |(least, most), at| (least.min(at), most.max(at)));
        let (least, most) = if least <= most { (least, most) } else { (1.0, 10.0) };
        let margin = (most / least).powf(0.05).max(1.02);
        let (from, to) = (least / margin, most * margin);
        let ticks: Vec<(f64, String)> = if to / from < 6.0 {
            let step = even_step(to - from, 6.0);
            let first = (from / step).ceil();
            let at = (0..).map(|count| (first + f64::from(count)) * step).take_while(|at| *at <= to);
            at.map(|at| (at, label(at, step))).collect()
        } else {
            let decades = from.log10().floor() as i32..=to.log10().ceil() as i32;
            let parts: &[f64] = if to / from < 300.0 { &[1.0, 2.0, 5.0] } else { &[1.0] };
            let every = ((to / from).log10() / 8.0).ceil().max(1.0) as usize;
            let at = decades.step_by(every).flat_map(|decade| parts.iter().map(move |part| part * 10_f64.powi(decade)));
            at.filter(|at| (from..=to).contains(at)).map(|at| (at, label(at, at))).collect()
        };
        Self { title: title.to_owned(), ticks, range: from..to, scale: Scale::Logarithmic }
    }

    fn at_values(title: &str, values: &[u64], label: impl Fn(f64) -> String) -> Self {
        let at: Vec<f64> = values.iter().map(|value| *value as f64).filter(|at| *at > 0.0).collect();
        let mut axis = Self::logarithmic(title, at.iter().copied(), |_, _| String::new());
        // Labels of neighbours must not run into each other.
        let apart = (axis.range.end / axis.range.start).log10() / 14.0;
        let mut last = f64::NEG_INFINITY;
        let mut sorted = at;
        sorted.sort_by(f64::total_cmp);
        let with_room = |at: &f64| {
            let has_room = at.log10() - last > apart;
            last = if has_room { at.log10() } else { last };
            has_room
        };
        axis.ticks = sorted.into_iter().filter(with_room).map(|at| (at, label(at))).collect();
        axis
    }
}

/// A time for people.
pub(super) fn secs_text(secs: f64) -> String {
    let (unit, name) = time_unit(secs);
    format!("{} {name}", significant(secs / unit))
}

/// An amount of bytes for people, in decimal units as rates have them.
pub(super) fn bytes_text(bytes: u64) -> String {
    let (unit, name) = byte_unit(bytes as f64);
    let digits = significant(bytes as f64 / unit);
    let digits = if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { &digits };
    format!("{digits} {name}")
}

fn time_unit(secs: f64) -> (f64, &'static str) {
    match secs {
        0.0..1e-3 => (1e-6, "µs"),
        1e-3..1.0 => (1e-3, "ms"),
        1.0..300.0 => (1.0, "s"),
        300.0..10_800.0 => (60.0, "min"),
        _ => (3_600.0, "h"),
    }
}

fn byte_unit(bytes: f64) -> (f64, &'static str) {
    match bytes {
        0.0..1e3 => (1.0, "B"),
        1e3..1e6 => (1e3, "kB"),
        1e6..1e9 => (1e6, "MB"),
        1e9..1e12 => (1e9, "GB"),
        _ => (1e12, "TB"),
    }
}

/// Four digits that count.
fn significant(value: f64) -> String {
    let places = match value {
        1000.0.. => 0,
        100.0.. => 1,
        10.0.. => 2,
        _ => 3,
    };
    format!("{value:.places$}")
}

/// A step of 1, 2 or 5 that goes into a span at most `most` times.
fn even_step(span: f64, most: f64) -> f64 {
    let least = span / most;
    let decade = 10_f64.powf(least.log10().floor());
    let parts = [1.0, 2.0, 5.0, 10.0];
    decade * parts.into_iter().find(|part| part * decade >= least * 0.9999).unwrap_or(10.0)
}

/// A value with as many places as tell steps apart.
fn digits(value: f64, step: f64) -> String {
    let places = (-step.log10().floor()).clamp(0.0, 9.0) as usize;
    format!("{value:.places$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, label)| label.as_str()).collect()
    }

    #[test]
    fn a_logarithmic_axis_has_as_many_ticks_as_its_span_allows() {
        let of = |values: [f64; 2]| Axis::secs("time", values.into_iter());
        assert_eq!(labels(&of([1e-5, 20.0])), ["10 µs", "100 µs", "1 ms", "10 ms", "100 ms", "1 s", "10 s"]);
        assert_eq!(labels(&of([0.07, 5.3])), ["100 ms", "200 ms", "500 ms", "1 s", "2 s", "5 s"]);
        assert_eq!(labels(&of([3353.0, 3584.0])), ["3300 s", "3400 s", "3500 s", "3600 s"]);
        assert!(labels(&of([0.1641, 0.1642])).len() > 2);
        assert!(labels(&of([1e-9, 1e9])).len() < 12);
    }

    #[test]
    fn an_axis_of_nothing_still_stands() {
        let axis = Axis::secs("time", std::iter::empty());
        assert!(axis.coordinates().start < axis.coordinates().end);
        let none = Axis::secs("time", std::iter::once(0.0));
        assert!(none.coordinates().contains(&none.place(0.0)), "{none:?}");
        let one = Axis::secs("time", std::iter::once(2.0));
        assert!(one.coordinates().contains(&one.place(2.0)) && !one.ticks.is_empty());
    }

    #[test]
    fn an_axis_from_zero_names_its_unit_once() {
        let axis = Axis::from_zero_secs("since the start", 0.164);
        assert_eq!(axis.title, "since the start, ms");
        assert_eq!(labels(&axis), ["0", "20", "40", "60", "80", "100", "120", "140", "160"]);
        assert_eq!(labels(&Axis::from_zero_secs("", 3600.0)), ["0", "10", "20", "30", "40", "50", "60"]);
        assert_eq!(labels(&Axis::from_zero_bytes("sent", 2.5e9)), ["0.0", "0.5", "1.0", "1.5", "2.0", "2.5"]);
    }

    #[test]
    fn sizes_and_times_are_short() {
        assert_eq!(
            [4_000_000, 200_412_345, 17, 0, 1_500].map(bytes_text),
            ["4 MB", "200.4 MB", "17 B", "0 B", "1.5 kB"]
        );
        assert_eq!(
            [0.0878, 3353.07, 90_000.0, 2.5e-6].map(secs_text),
            ["87.80 ms", "55.88 min", "25.00 h", "2.500 µs"]
        );
    }

    #[test]
    fn ticks_at_values_leave_room_for_each_other() {
        assert_eq!(labels(&Axis::bytes("vector", &[4_000_000_000, 4_000_000, 4_100_000])), ["4 MB", "4 GB"]);
        assert_eq!(labels(&Axis::counts("nodes", &[2, 3, 4, 5, 7, 9, 12])), ["2", "3", "4", "5", "7", "9", "12"]);
    }
}
