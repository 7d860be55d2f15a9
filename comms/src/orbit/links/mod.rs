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

mod scan;
mod sight;

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use self::scan::Scan;
use self::sight::Sight;
use super::extremes::extremes;
use super::search::Window;
use super::trajectory::Trajectory;

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
/// That is 24 bytes a window, of which a large constellation has tens of millions a day: [`link_windows_with`] keeps none.
///
/// # Panics
/// If the trajectories are not all of one span.
#[must_use]
pub fn link_windows(trajectories: &[Trajectory], limits: LinkLimits) -> Vec<LinkWindow> {
    let mut all = Vec::new();
    link_windows_with(trajectories, limits, |windows| all.extend_from_slice(windows));
    all
}

/// Gives the windows of [`link_windows`] to `take`, in the same order, a part at a time: all windows of some satellites with all
/// that come after them. The parts are the same on any machine.
///
/// # Panics
/// If the trajectories are not all of one span.
pub fn link_windows_with(trajectories: &[Trajectory], limits: LinkLimits, take: impl FnMut(&[LinkWindow])) {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    on_threads(threads, trajectories, limits, take);
}

fn on_threads(threads: usize, trajectories: &[Trajectory], limits: LinkLimits, mut take: impl FnMut(&[LinkWindow])) {
    let Some(first) = trajectories.first() else { return };
    assert!(trajectories.iter().all(|each| each.span() == first.span()), "trajectories of different spans");
    let sight = Sight::new(trajectories, limits, first.span().secs);
    let scan = Scan::new(&sight);
    let next = AtomicUsize::new(0);
    // Threads wait for a slow taker.
    let (found, parts) = mpsc::sync_channel(threads);
    thread::scope(|scope| {
        for _ in 0..threads.clamp(1, scan.blocks()) {
            let found = found.clone();
            let (scan, next) = (&scan, &next);
            scope.spawn(move || {
                loop {
                    let block = next.fetch_add(1, Ordering::Relaxed);
                    if block >= scan.blocks() || found.send((block, scan.block(block))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(found);
        let (mut early, mut due) = (BTreeMap::new(), 0);
        for (block, windows) in parts {
            early.insert(block, windows);
            while let Some(windows) = early.remove(&due) {
                take(&windows);
                due += 1;
            }
        }
    });
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

#[cfg(test)]
mod tests;
