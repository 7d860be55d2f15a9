//! Rows of real processes as a person reads them.

use std::io::{self, Write};

use starloom_comms::units::ByteSize;

use crate::bench::Row;
use crate::watch::secs;

/// Writes a table, vector by vector.
///
/// # Errors
/// Those of `out`.
pub fn table(rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
    let mut payload = None;
    for row in rows {
        if payload.replace(row.payload_bytes) != Some(row.payload_bytes) {
            writeln!(out, "{} as {} among {} processes", ByteSize(row.payload_bytes), row.wire, row.nodes)?;
            line(out, ["strategy", "median", "min", "p95", "algbw", "busbw", "wire", "cpu", "error"])?;
        }
        if row.median_secs.is_none() {
            writeln!(out, "  {:<18} has no schedule on these contacts", row.strategy)?;
            continue;
        }
        let time = |value: Option<f64>| value.map_or("-".to_owned(), secs);
        let speed = |value: Option<f64>| value.map_or("-".to_owned(), |speed| format!("{speed:.3} GB/s"));
        let bytes = row.wire_bytes.map_or("-".to_owned(), |bytes| ByteSize(bytes).to_string());
        let error = row.max_relative_error.map_or("-".to_owned(), |error| format!("{error:.1e}"));
        let cells = [time(row.median_secs), time(row.min_secs), time(row.p95_secs), speed(row.algbw_gb_s)];
        let [median, min, p95, algbw] = cells.each_ref().map(String::as_str);
        let (busbw, cpu) = (speed(row.busbw_gb_s), time(row.cpu_secs));
        line(out, [row.strategy, median, min, p95, algbw, &busbw, &bytes, &cpu, &error])?;
    }
    Ok(())
}

fn line(out: &mut dyn Write, cells: [&str; 9]) -> io::Result<()> {
    let [strategy, median, min, p95, algbw, busbw, wire, cpu, error] = cells;
    writeln!(
        out,
        "  {strategy:<18} {median:>10} {min:>10} {p95:>10} {algbw:>13} {busbw:>13} {wire:>11} {cpu:>10} {error:>9}"
    )
}
