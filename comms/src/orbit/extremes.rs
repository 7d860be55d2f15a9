//! The least and the greatest value of something smooth in a window.

use super::search::Window;

/// How far apart looks are, seconds: a small part of the fastest orbit, so that there is one bend between two of them at most.
const STEP: f64 = 60.0;
/// Halvings of a step: to a few microseconds.
const HALVINGS: u32 = 24;

/// The least and the greatest value over `window`. `look` gives the value at an instant, and whatever has the sign of its slope.
pub(super) fn extremes(window: Window, look: impl Fn(f64) -> (f64, f64)) -> (f64, f64) {
    let (mut t, (value, mut slope)) = (window.start, look(window.start));
    let (mut least, mut most) = (value, value);
    while t < window.end {
        let next = (t + STEP).min(window.end);
        let (value, next_slope) = look(next);
        (least, most) = (least.min(value), most.max(value));
        if (slope < 0.0) != (next_slope < 0.0) {
            let (mut before, mut after) = (t, next);
            for _ in 0..HALVINGS {
                let middle = 0.5 * (before + after);
                if (look(middle).1 < 0.0) == (slope < 0.0) {
                    before = middle;
                } else {
                    after = middle;
                }
            }
            let (value, _) = look(0.5 * (before + after));
            (least, most) = (least.min(value), most.max(value));
        }
        (t, slope) = (next, next_slope);
    }
    (least, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_and_every_bend_count() {
        let wave = |t: f64| ((t / 200.0).sin(), (t / 200.0).cos());
        let over = |start, end| extremes(Window { start, end }, wave);
        let (least, most) = over(0.0, 2_000.0);
        assert!((least + 1.0).abs() < 1e-9 && (most - 1.0).abs() < 1e-9);
        let (least, most) = over(10.0, 70.0);
        assert_eq!((least, most), (wave(10.0).0, wave(70.0).0));
    }
}
