//! Statistics as a person reads them.

use std::fmt::{self, Write};

use starloom_comms::orbit::{Statistics, Window};

use super::View;

/// Permanent links that are named, at most.
const MOST_NAMED: usize = 12;
/// Steps of a bar that shows a number by its height.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Writes what the windows of `view` amount to.
///
/// # Errors
/// Those of `out`.
pub fn write(out: &mut impl Write, view: &View<'_>, statistics: &Statistics) -> fmt::Result {
    let hours = statistics.secs / 3_600.0;
    writeln!(out, "  satellites   {}, with {} stations", statistics.satellites, view.stations.len())?;
    writeln!(out, "  span         {hours} h from {}", view.orbits.start)?;
    write_links(out, view, statistics)?;
    write_connectivity(out, statistics)?;
    if let Some(shadow) = &statistics.shadow {
        let [least, mean, most] = [shadow.least, shadow.mean, shadow.most].map(|share| 100.0 * share);
        writeln!(
            out,
            "  eclipse      {mean:.1} % of the time in the Earth's shadow, {least:.1} to {most:.1} % by satellite"
        )?;
    }
    write_stations(out, view, statistics)
}

fn write_links(out: &mut impl Write, view: &View<'_>, statistics: &Statistics) -> fmt::Result {
    let pairs = &statistics.pairs;
    writeln!(out, "  pairs        {} of {} ever see each other", pairs.linked, pairs.all)?;
    let name = |&(a, b): &(u32, u32)| format!("{}–{}", view.satellite(a), view.satellite(b));
    let named: Vec<String> = pairs.permanent.iter().take(MOST_NAMED).map(name).collect();
    let more = if pairs.permanent.len() > MOST_NAMED { ", …" } else { "" };
    match pairs.permanent.len() {
        0 => writeln!(out, "  permanent    no link lasts for the whole span")?,
        count => writeln!(out, "  permanent    {count} links last for the whole span: {}{more}", named.join(", "))?,
    }
    let windows = &pairs.windows;
    if windows.count > 0 {
        let (median, longest) = (span(windows.median_secs), span(windows.longest_secs));
        writeln!(out, "  windows      {} that open or close: median {median}, longest {longest}", windows.count)?;
    }
    if let Some((pair, gap)) = &pairs.longest_gap {
        writeln!(out, "               longest gap of a pair {}: {}", during(*gap), name(pair))?;
    }
    let degree = &statistics.degree;
    writeln!(
        out,
        "  degree       {} to {} others in sight, median {}, mean {:.2}",
        degree.least, degree.most, degree.median, degree.mean
    )?;
    writeln!(out, "               {} over the span", bars(&degree.mean_of_parts))?;
    match &degree.longest_alone {
        Some((satellite, alone)) => {
            writeln!(out, "               longest time alone {}: {}", during(*alone), view.satellite(*satellite))
        }
        None => writeln!(out, "               every satellite always sees another"),
    }
}

fn write_connectivity(out: &mut impl Write, statistics: &Statistics) -> fmt::Result {
    let connectivity = &statistics.connectivity;
    let share = 100.0 * connectivity.connected_secs / statistics.secs;
    let Some(apart) = connectivity.longest_apart else {
        return writeln!(out, "  connected    all the time");
    };
    writeln!(
        out,
        "  connected    {share:.1} % of the time; up to {} components, the largest at times of {} satellites",
        connectivity.most_components, connectivity.least_largest
    )?;
    writeln!(out, "               longest time in several components {}", during(apart))
}

fn write_stations(out: &mut impl Write, view: &View<'_>, statistics: &Statistics) -> fmt::Result {
    const DAY: f64 = 86_400.0;
    let days = statistics.secs / DAY;
    writeln!(out)?;
    writeln!(
        out,
        "  {:<14} {:>10} {:>10} {:>14} {:>12}",
        "station", "passes/day", "median", "in sight a day", "longest gap"
    )?;
    for (name, station) in view.stations.iter().zip(&statistics.stations) {
        let passes = &station.passes;
        #[expect(clippy::cast_precision_loss, reason = "a count of passes")]
        let a_day = passes.count as f64 / days;
        let median = if passes.count > 0 { span(passes.median_secs) } else { "-".to_owned() };
        let gap = station.longest_gap.map_or_else(|| "none".to_owned(), |gap| span(gap.secs()));
        let covered = span(station.covered_secs / days);
        writeln!(out, "  {name:<14} {a_day:>10.1} {median:>10} {covered:>14} {gap:>12}")?;
    }
    Ok(())
}

/// A span as a person says it.
fn span(secs: f64) -> String {
    match secs {
        ..120.0 => format!("{secs:.0} s"),
        120.0..7_200.0 => format!("{:.1} min", secs / 60.0),
        _ => format!("{:.1} h", secs / 3_600.0),
    }
}

/// A window as a person says it.
fn during(window: Window) -> String {
    format!("{} (from {})", span(window.secs()), span(window.start))
}

/// Numbers as bars, from zero on.
fn bars(values: &[f64]) -> String {
    let most = values.iter().copied().fold(0.0, f64::max);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of the bars")]
    let bar = |value: &f64| BARS[((value / most.max(f64::MIN_POSITIVE) * 7.0).round() as usize).min(7)];
    values.iter().map(bar).collect()
}
