//! Rows as a person reads them, and as programs do.

use std::io::{self, Write};

use starloom_comms::units::ByteSize;

use super::Row;
use crate::watch::secs;

/// Writes a table for people, payload by payload.
///
/// # Errors
/// Those of `out`.
pub fn table(rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
    let mut payload = None;
    for row in rows {
        if payload.replace(row.payload_bytes) != Some(row.payload_bytes) {
            let bound =
                row.lower_bound_secs.map(|bound| format!("; no exact all-reduce is faster than {}", secs(bound)));
            let (size, wire) = (ByteSize(row.payload_bytes), row.wire);
            writeln!(out, "{size} as {wire} among {} nodes{}", row.nodes, bound.unwrap_or_default())?;
            writeln!(
                out,
                "  {:<16} {:>12} {:>12} {:>12} {:>7} {:>6} {:>10} {:>10} {:>9} {:>9}",
                "strategy", "median", "p95", "predicted", "ratio", "never", "algbw", "wire", "acquired", "error"
            )?;
        }
        let time = |value: Option<f64>| value.map_or("-".to_owned(), secs);
        let bytes = row.wire_bytes.map_or("-".to_owned(), |bytes| format!("{}", ByteSize(bytes)));
        writeln!(
            out,
            "  {:<16} {:>12} {:>12} {:>12} {:>7} {:>6} {:>10} {:>10} {:>9} {:>9}",
            row.strategy,
            time(row.median_secs),
            time(row.p95_secs),
            time(row.predicted_secs),
            row.ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.3}")),
            row.never_share.map_or("-".to_owned(), |share| format!("{:.0} %", 100.0 * share)),
            row.algbw_gb_s.map_or("-".to_owned(), |speed| format!("{speed:.3} GB/s")),
            bytes,
            row.acquisitions.map_or("-".to_owned(), |count| count.to_string()),
            row.max_relative_error.map_or("-".to_owned(), |error| format!("{error:.1e}")),
        )?;
    }
    Ok(())
}

/// Writes an object a line.
///
/// # Errors
/// Those of `out`.
pub fn json(rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
    for row in rows {
        serde_json::to_writer(&mut *out, row)?;
        writeln!(out)?;
    }
    Ok(())
}

/// Writes a header and a line a row.
///
/// # Errors
/// Those of `out`.
pub fn csv(rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    for row in rows {
        writer.serialize(row)?;
    }
    writer.flush()
}
