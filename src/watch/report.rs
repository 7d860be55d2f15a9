//! The last thing a person reads of a run: what happened, what was lost, where the model lies.

use std::fmt::{self, Write};
use std::path::Path;

use starloom_comms::events::Outcome;
use starloom_comms::id::NodeId;
use starloom_comms::units::ByteSize;

use super::forecast::CollectiveTimes;
use super::summary::{CarryingPass, LandedCheckpoint, Summary};

/// Writes the report of a run in `run_dir`.
///
/// # Errors
/// Those of `out`.
pub fn write_report(out: &mut impl Write, summary: &Summary, run_dir: &Path) -> fmt::Result {
    let outcome = match &summary.outcome {
        Some(Outcome::Completed) => "completed: the last checkpoint has landed".to_owned(),
        Some(Outcome::Interrupted) => "interrupted, after a checkpoint".to_owned(),
        Some(Outcome::NotLanded { reason }) => {
            format!("trained, but the last checkpoint did not land in time: {reason}")
        }
        Some(Outcome::Failed { reason }) => format!("failed: {reason}"),
        None => "cut off before the end".to_owned(),
    };
    let names: Vec<&str> = summary.nodes_lost.iter().map(|node| node.as_str()).collect();
    let lost = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    writeln!(out)?;
    writeln!(out, "  {}  {outcome}", summary.name)?;
    writeln!(out)?;
    if let Some(accuracy) = summary.eval_accuracy {
        writeln!(out, "  accuracy   {:.2} % on the held-out test split", accuracy * 100.0)?;
    }
    if let Some(loss) = summary.train_loss {
        writeln!(out, "  loss       {loss:.4} in training, last round")?;
    }
    writeln!(
        out,
        "  rounds     {} committed; attempts rolled back: {}",
        summary.rounds_committed, summary.rounds_rolled_back
    )?;
    writeln!(out, "  nodes      {} started, lost: {lost}", summary.nodes_started)?;
    writeln!(
        out,
        "  samples    {} used, {} lost, {} partial",
        summary.samples_used, summary.samples_lost, summary.samples_partial
    )?;
    write_collective(out, summary)?;
    write_wire(out, summary)?;
    write_relays(out, summary)?;
    write_replicas(out, summary)?;
    writeln!(
        out,
        "  time       {:.1} s wall, {:.1} s mission (time_scale {}, byte_scale {})",
        summary.wall_secs, summary.mission_secs, summary.time_scale, summary.byte_scale
    )?;
    match summary.checkpoints_landed.last() {
        Some(landed) => writeln!(
            out,
            "  landed     {} checkpoints, the last of round {}: {} ({})",
            summary.checkpoints_landed.len(),
            landed.round,
            run_dir.join(&landed.path).display(),
            ByteSize(landed.bytes)
        )?,
        None => writeln!(out, "  landed     nothing")?,
    }
    if let Some(landed) = summary.checkpoints_landed.last() {
        write_passes(out, landed)?;
    }
    writeln!(out, "  run        {}", run_dir.display())
}

fn write_collective(out: &mut impl Write, summary: &Summary) -> fmt::Result {
    let Some(CollectiveTimes { strategies, predicted_secs, took_secs, ratio }) = &summary.collective else {
        return Ok(());
    };
    let by = |(strategy, rounds): (&String, &u64)| format!("{strategy} in {rounds}");
    let strategies = strategies.iter().map(by).collect::<Vec<_>>().join(", ");
    let (predicted, took) = (secs(*predicted_secs), secs(*took_secs));
    writeln!(
        out,
        "  collective {predicted} predicted, {took} taken in the median round (ratio {ratio:.3}); {strategies}"
    )
}

/// Seconds with a unit that leaves three or four digits.
pub(crate) fn secs(secs: f64) -> String {
    match secs {
        0.0..1e-3 => format!("{:.1} us", secs * 1e6),
        1e-3..1.0 => format!("{:.2} ms", secs * 1e3),
        1.0..1e4 => format!("{secs:.3} s"),
        _ => format!("{secs:.0} s"),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a ratio for display")]
fn write_wire(out: &mut impl Write, summary: &Summary) -> fmt::Result {
    if summary.raw_bytes == 0 {
        return Ok(());
    }
    let ratio = summary.wire_bytes as f64 / summary.raw_bytes as f64;
    let (wire, raw) = (ByteSize(summary.wire_bytes), ByteSize(summary.raw_bytes));
    writeln!(out, "  wire       {wire} for {raw} of f32 ({ratio:.4})")
}

fn write_relays(out: &mut impl Write, summary: &Summary) -> fmt::Result {
    let carried = |(relay, bytes): (&NodeId, &u64)| format!("{relay} {}", ByteSize(*bytes));
    let relays = summary.carried_bytes.iter().filter(|(_, bytes)| **bytes > 0);
    match relays.map(carried).collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => Ok(()),
        relays => writeln!(out, "  carried    {relays}"),
    }
}

/// Contacts that last are no news.
fn write_passes(out: &mut impl Write, landed: &LandedCheckpoint) -> fmt::Result {
    let LandedCheckpoint { round, passes, .. } = landed;
    if passes.iter().all(|pass| pass.end_secs.is_none()) {
        return Ok(());
    }
    let count = if passes.len() == 1 { "1 pass".to_owned() } else { format!("{} passes", passes.len()) };
    let each: Vec<String> = passes.iter().map(pass_text).collect();
    writeln!(out, "  passes     round {round} over {count}: {}", each.join(", "))
}

fn pass_text(pass: &CarryingPass) -> String {
    let CarryingPass { node, station, start_secs, end_secs, chunks, .. } = pass;
    let window = pass_window(*start_secs, *end_secs);
    format!("{node} {station} {window} ({chunks} {})", if *chunks == 1 { "chunk" } else { "chunks" })
}

/// When a pass is: its start and end in whole mission seconds.
pub(super) fn pass_window(start_secs: f64, end_secs: Option<f64>) -> String {
    match end_secs {
        Some(end_secs) => format!("{start_secs:.0}–{end_secs:.0} s"),
        None => format!("from {start_secs:.0} s"),
    }
}

fn write_replicas(out: &mut impl Write, summary: &Summary) -> fmt::Result {
    let mut digests = summary.state_digests.values();
    let Some(first) = digests.next() else { return Ok(()) };
    if digests.all(|digest| digest == first) {
        writeln!(out, "  replicas   {} bit-identical, state {}", summary.state_digests.len(), first.short())
    } else {
        let each: Vec<String> =
            summary.state_digests.iter().map(|(node, digest)| format!("{node} {}", digest.short())).collect();
        writeln!(out, "  replicas   DIFFER: {}", each.join(", "))
    }
}
