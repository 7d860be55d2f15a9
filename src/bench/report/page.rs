//! The page: what was compared and how, the rows, the figures. One file of HTML without a script, and it asks nobody for anything.

use std::fmt::Write;

use super::axes::{bytes_text, secs_text};
use super::{Figure, Subject};
use crate::bench::Row;

/// Text on white in both schemes: the figures are made for that.
const STYLE: &str = "
body { font: 16px/1.5 system-ui, sans-serif; color: #282828; background: #fff; max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
h1, h2 { line-height: 1.2 } h2 { margin-top: 2.5rem }
pre { background: #f3f3f3; padding: .7rem 1rem; white-space: pre-wrap }
.wide { overflow-x: auto } table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums }
th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid #ddd; white-space: nowrap }
th:first-child, td:first-child { text-align: left } tr.best td { font-weight: 600 } tbody th { padding-top: 1rem }
figure { margin: 0 } figure svg { max-width: 100%; height: auto } figcaption { max-width: 50rem }
";

/// What the model behind the numbers holds, and what it leaves out.
const MODEL: &str = "
<h2>What is simulated, and what is not</h2>
<p>Contacts follow from the scenario. A planner sees those that can be known; the schedule then runs on those that happen, after
failed acquisitions and lost light where the scenario has them. Frames with their headers are followed over the lanes to the
nanosecond: rates, light time, windows, frames that wait for the next window, and flows that share a lane. The error of the mean is
measured on numbers that are really encoded, added up and decoded, in a vector of at most 16,384.</p>
<p>Not simulated are processes, sockets, TLS and compression; the time that training takes, and encoding and adding up unless the
scenario says how fast they are (collective.coding_gb_s); messages to and from the aggregator; the loss of nodes and other faults; and whatever else links may carry, such as checkpoints. Each round has
the links to itself, but for others of the same that are asked for with --jobs: those take turns, frame by frame.</p>
";

pub(super) fn html(subject: &Subject<'_>, figures: &[Figure]) -> String {
    let mut page = String::new();
    let written = write(&mut page, subject, figures);
    debug_assert!(written.is_ok(), "a string takes all");
    page
}

fn write(page: &mut String, subject: &Subject<'_>, figures: &[Figure]) -> std::fmt::Result {
    let (scenario, comparison) = (escaped(subject.scenario), subject.comparison);
    write!(
        page,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{scenario}: all-reduce strategies</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <h1>{scenario}: all-reduce strategies</h1>\n"
    )?;
    writeln!(
        page,
        "<p>Simulated: {} nodes{}{}, numbers as {}, from {}, seed {}, by starloom {}.</p>",
        subject.field.members.len(),
        match subject.field.relays.len() {
            0 => String::new(),
            count => format!(" and {count} relays"),
        },
        match subject.field.jobs {
            1 => String::new(),
            count => format!(", {count} all-reduces at once, each planned as if it were alone"),
        },
        comparison.model.wire.as_str(),
        subject.starts(),
        comparison.seed,
        env!("CARGO_PKG_VERSION"),
    )?;
    writeln!(page, "<pre>{}</pre>", escaped(subject.command))?;
    writeln!(page, "<p>{}</p>", escaped(&prediction(subject)))?;
    page.push_str("<div class=\"wide\"><table>\n");
    for rows in subject.compared.rows.chunk_by(|a, b| a.payload_bytes == b.payload_bytes) {
        table(page, rows)?;
    }
    page.push_str("</table></div>\n");
    for Figure { title, caption, svg, .. } in figures {
        let (title, caption) = (escaped(title), escaped(caption));
        writeln!(page, "<h2>{title}</h2>\n<figure>\n{}\n<figcaption>{caption}</figcaption>\n</figure>", svg.trim())?;
    }
    if subject.round.is_none() {
        page.push_str("<p>No round completes from any start: there is none to look at closely.</p>\n");
    }
    page.push_str(MODEL);
    page.push_str("</body>\n</html>\n");
    Ok(())
}

/// How what was predicted relates to what came of it, over all rounds that completed.
fn prediction(subject: &Subject<'_>) -> String {
    let outcomes = || subject.compared.outcomes.iter().flatten();
    let pairs: Vec<(f64, f64)> = outcomes().filter_map(|outcome| Some((outcome.predicted?, outcome.took?))).collect();
    let planned = outcomes().filter(|outcome| outcome.predicted.is_some()).count();
    let broken = planned - pairs.len();
    let failed = match broken {
        0 => String::new(),
        _ => format!(" {broken} of {planned} rounds that were planned never completed."),
    };
    let within = |share: f64| pairs.iter().filter(|(predicted, took)| (took / predicted - 1.0).abs() <= share).count();
    let Some(&(predicted, took)) = pairs.iter().max_by(|a, b| {
        let deviation = |(predicted, took): &(f64, f64)| (took / predicted).ln().abs();
        deviation(a).total_cmp(&deviation(b))
    }) else {
        return format!("Prediction and outcome: no round completed.{failed}");
    };
    if predicted.total_cmp(&took).is_eq() {
        return format!(
            "Prediction and outcome: all {} rounds took exactly as long as predicted.{failed}",
            pairs.len()
        );
    }
    format!(
        "Prediction and outcome: of {} rounds, {:.1} % took what was predicted within 5 %. The furthest from it was predicted to take {} and took {}.{failed}",
        pairs.len(),
        100.0 * within(0.05) as f64 / pairs.len() as f64,
        secs_text(predicted),
        secs_text(took),
    )
}

/// The rows of one payload.
fn table(page: &mut String, rows: &[Row]) -> std::fmt::Result {
    let Some(first) = rows.first() else { return Ok(()) };
    let bound = first.lower_bound_secs.map_or("none is known".to_owned(), secs_text);
    writeln!(
        page,
        "<tbody>\n<tr><th colspan=\"12\">{} of f32 as {}; lower bound: {bound}</th></tr>\n<tr><th>strategy</th><th>median</th>\
         <th>fastest</th><th>p95</th><th>predicted</th><th>ratio to bound</th><th>never</th><th>algbw</th><th>busbw</th>\
         <th>over links</th><th>acquisitions</th><th>error</th></tr>",
        bytes_text(first.payload_bytes),
        first.wire
    )?;
    let best = rows.iter().filter_map(|row| row.median_secs).fold(f64::INFINITY, f64::min);
    for row in rows {
        let or_none = |cell: Option<String>| cell.unwrap_or_else(|| "–".to_owned());
        let secs = |secs: Option<f64>| or_none(secs.map(secs_text));
        let speed = |speed: Option<f64>| or_none(speed.map(|speed| format!("{}/s", bytes_text((speed * 1e9) as u64))));
        let class = if row.median_secs == Some(best) { " class=\"best\"" } else { "" };
        let cells = [
            secs(row.median_secs),
            secs(row.min_secs),
            secs(row.p95_secs),
            secs(row.predicted_secs),
            or_none(row.ratio.map(|ratio| format!("{ratio:.3}"))),
            or_none(row.never_share.map(|share| format!("{:.0} %", 100.0 * share))),
            speed(row.algbw_gb_s),
            speed(row.busbw_gb_s),
            or_none(row.wire_bytes.map(bytes_text)),
            or_none(row.acquisitions.map(|count| count.to_string())),
            or_none(row.max_relative_error.map(|error| format!("{error:.1e}"))),
        ];
        writeln!(page, "<tr{class}><td>{}</td><td>{}</td></tr>", row.strategy, cells.join("</td><td>"))?;
    }
    page.push_str("</tbody>\n");
    Ok(())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
