//! Completion against payload: a line for each strategy, and the lower bound.

use super::axes::Axis;
use super::plot::{Plot, Room, legend, legend_height, picture};
use super::{Figure, NotDrawn, Subject, drawn, palette};

pub(super) fn figure(subject: &Subject<'_>) -> Result<Option<Figure>, NotDrawn> {
    let title = "Completion against payload".to_owned();
    let caption = format!(
        "The median over {} of the time from the start until every node has the mean, on two logarithmic axes. A strategy without a \
         line completes from fewer than half of the starts. No exact all-reduce is faster than the lower bound.",
        subject.starts()
    );
    let mut payloads = subject.comparison.payloads.clone();
    payloads.sort_unstable();
    payloads.dedup();
    let row = |strategy, payload| {
        subject.compared.rows.iter().find(move |row| (row.strategy, row.payload_bytes) == (strategy, payload))
    };
    let mut lines = Vec::new();
    for strategy in subject.strategies() {
        let point = |payload: &u64| Some((*payload as f64, row(strategy, *payload)?.median_secs?));
        let line: Vec<(f64, f64)> = payloads.iter().filter_map(point).collect();
        let name = if line.is_empty() { format!("{strategy}: never") } else { strategy.to_owned() };
        lines.push((name, palette::strategy(strategy), line));
    }
    let bound = |payload: &u64| {
        let rows = subject.compared.rows.iter().filter(|row| row.payload_bytes == *payload);
        Some((*payload as f64, rows.filter_map(|row| row.lower_bound_secs).next()?))
    };
    lines.push(("lower bound".to_owned(), palette::bound(), payloads.iter().filter_map(bound).collect()));
    let heading = format!("{}: {}, {}", subject.scenario, title.to_lowercase(), subject.comparison.model.wire.as_str());
    let svg = picture(&heading, legend_height(lines.len()).max(440), |area| {
        let x = Axis::bytes("vector in f32", &payloads);
        let y = Axis::secs("completion, median", lines.iter().flat_map(|(_, _, line)| line).map(|(_, secs)| *secs));
        let mut plot = Plot::new(area, Room::LEGEND, x, y)?;
        for (_, look, line) in &lines {
            plot.line(line, *look)?;
        }
        legend(area, &lines.iter().map(|(name, look, _)| (name.clone(), *look)).collect::<Vec<_>>())
    });
    drawn("by-payload", title, caption, svg)
}
