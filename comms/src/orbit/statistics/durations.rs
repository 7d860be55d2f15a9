//! How long windows are.

/// The lengths of some windows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Durations {
    /// How many windows.
    pub count: usize,
    /// The length in the middle, seconds; of an even number the longer of the two. 0 if there are none.
    pub median_secs: f64,
    /// The greatest length, seconds. 0 if there are none.
    pub longest_secs: f64,
}

impl Durations {
    /// Of these lengths, which it may put in another order.
    pub(super) fn of(lengths: &mut [f64]) -> Self {
        let longest_secs = lengths.iter().copied().fold(0.0, f64::max);
        let count = lengths.len();
        if count == 0 {
            return Self { count, median_secs: 0.0, longest_secs };
        }
        let (_, median, _) = lengths.select_nth_unstable_by(count / 2, f64::total_cmp);
        Self { count, median_secs: *median, longest_secs }
    }
}
