//! How long it takes to know who sees whom for a day: `cargo bench --bench orbits`.
//!
//! Every pair of a Walker constellation at 550 km, links of up to 5,016 km that stay 80 km above the Earth, on all cores. One
//! run each: a window is found or it is not, and the largest constellation takes half a minute.

#![allow(clippy::expect_used, reason = "a bench that cannot set itself up ends")]

use std::io::{self, Write};
use std::time::Instant;

use starloom::comms::orbit::{Constellation, LinkLimits, Span, link_windows};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(
        out,
        "| constellation | pairs | windows in 24 h | trajectories s | in all s | peak MiB |\n|---|---|---|---|---|---|"
    )?;
    for notation in ["D:550:53.0:12/3/1", "D:550:53.0:400/20/1", "D:550:53.0:2800/40/1"] {
        let constellation: Constellation = notation.parse().expect("a constellation");
        let span = Span { start: "2026-01-01T00:00:00Z".parse().expect("a time"), secs: 86_400.0 };
        let began = Instant::now();
        let satellites = constellation.satellites(span.start).expect("orbits");
        let trajectories: Vec<_> =
            satellites.iter().map(|satellite| satellite.trajectory(span).expect("it stays up")).collect();
        let propagated = began.elapsed().as_secs_f64();
        let limits = LinkLimits { max_range_km: 5_016.0, grazing_altitude_km: 80.0 };
        let windows = link_windows(&trajectories, limits).len();
        let (count, all) = (trajectories.len(), began.elapsed().as_secs_f64());
        let pairs = count * (count - 1) / 2;
        writeln!(out, "| {notation} | {pairs} | {windows} | {propagated:.2} | {all:.2} | {} |", peak_mib())?;
    }
    Ok(())
}

/// Most memory that this process has had, by the kernel's account; 0 where there is none.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}
