//! Windows as CSV: a row each, with seconds of mission time, kilometres and degrees.

use std::io;
use std::num::NonZero;
use std::thread;

use starloom_comms::orbit::{LinkWindow, PassWindow, link_range, pass_extremes};

use super::{Kind, View};

/// Windows whose ranges a thread looks for at a time.
const BATCH: usize = 4_096;

/// Writes all windows of a kind, with a header.
///
/// | kind | columns |
/// |---|---|
/// | links | sat_a, sat_b, start_s, end_s, min_range_km, max_range_km |
/// | passes | sat, station, start_s, end_s, min_range_km, max_el_deg |
/// | eclipses | sat, start_s, end_s |
///
/// # Errors
/// Those of `out`.
pub fn write(view: &View<'_>, kind: Kind, out: &mut dyn io::Write) -> io::Result<()> {
    match kind {
        Kind::Isl => {
            writeln!(out, "sat_a,sat_b,start_s,end_s,min_range_km,max_range_km")?;
            write_all(&view.links, |link| link_row(view, link), out)
        }
        Kind::Pass => {
            writeln!(out, "sat,station,start_s,end_s,min_range_km,max_el_deg")?;
            write_all(&view.passes, |pass| pass_row(view, pass), out)
        }
        Kind::Eclipse => {
            writeln!(out, "sat,start_s,end_s")?;
            for (satellite, windows) in (0..).zip(&view.eclipses) {
                for window in windows {
                    writeln!(out, "{},{:.3},{:.3}", field(view.satellite(satellite)), window.start, window.end)?;
                }
            }
            Ok(())
        }
    }
}

fn link_row(view: &View<'_>, &LinkWindow { a, b, window }: &LinkWindow) -> String {
    let trajectory = |satellite: u32| &view.sightings.trajectories[satellite as usize];
    let (least, most) = link_range(trajectory(a), trajectory(b), window);
    let [a, b] = [a, b].map(|satellite| field(view.satellite(satellite)));
    format!("{a},{b},{:.3},{:.3},{least:.4},{most:.4}\n", window.start, window.end)
}

fn pass_row(view: &View<'_>, &PassWindow { satellite, station, window }: &PassWindow) -> String {
    let trajectory = &view.sightings.trajectories[satellite as usize];
    let (nearest, highest) = pass_extremes(trajectory, view.orbits.stations[station as usize].site, window);
    let (satellite, station) = (field(view.satellite(satellite)), field(view.station(station)));
    format!("{satellite},{station},{:.3},{:.3},{nearest:.4},{highest:.4}\n", window.start, window.end)
}

/// Writes rows in the order of their windows. Threads make them, since finding a range takes longer than writing it.
fn write_all<T: Sync>(windows: &[T], row: impl Fn(&T) -> String + Sync, out: &mut dyn io::Write) -> io::Result<()> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    for windows in windows.chunks(BATCH * threads) {
        let rows: Vec<String> = thread::scope(|scope| {
            let batch = |windows: &'_ [T]| windows.iter().map(&row).collect::<String>();
            let batches: Vec<_> = windows.chunks(BATCH).map(|windows| scope.spawn(move || batch(windows))).collect();
            batches
                .into_iter()
                .map(|batch| batch.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        });
        for rows in rows {
            out.write_all(rows.as_bytes())?;
        }
    }
    Ok(())
}

/// A name as a field: in quotes if it could be taken for more than one.
fn field(name: &str) -> std::borrow::Cow<'_, str> {
    if name.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", name.replace('"', "\"\"")).into()
    } else {
        name.into()
    }
}
