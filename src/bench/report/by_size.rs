//! Completion against the number of nodes that contribute.

use super::axes::{Axis, bytes_text};
use super::plot::{Plot, Room, legend, legend_height, picture};
use super::{Figure, NotDrawn, Subject, drawn, palette};

pub(super) fn figure(subject: &Subject<'_>) -> Result<Option<Figure>, NotDrawn> {
    let Some(sizes) = subject.sizes else { return Ok(None) };
    let title = "Completion against constellation size".to_owned();
    let payload = bytes_text(sizes.payload);
    let starts = match sizes.starts {
        1 => "1 start".to_owned(),
        count => format!("{count} of the starts"),
    };
    let caption = format!(
        "The median over {starts} for {payload} of f32 among the first nodes of the scenario, by themselves: the others are absent, \
         and the contacts are those that these nodes have in the whole constellation. Where a line has no mark, fewer than half of \
         the starts complete."
    );
    let members: Vec<u64> = sizes.sizes.iter().map(|size| *size as u64).collect();
    let mut lines = Vec::new();
    for (index, strategy) in subject.strategies().enumerate() {
        let medians = members.iter().zip(&sizes.medians);
        let line: Vec<(f64, f64)> =
            medians.filter_map(|(size, medians)| Some((*size as f64, (*medians.get(index)?)?))).collect();
        let name = if line.is_empty() { format!("{strategy}: never") } else { strategy.to_owned() };
        lines.push((name, palette::strategy(strategy), line));
    }
    let bounds = members.iter().zip(&sizes.bounds).filter_map(|(size, bound)| Some((*size as f64, (*bound)?)));
    lines.push(("lower bound".to_owned(), palette::bound(), bounds.collect()));
    let heading = format!(
        "{}: {}, {payload} as {}",
        subject.scenario,
        title.to_lowercase(),
        subject.comparison.model.wire.as_str()
    );
    let svg = picture(&heading, legend_height(lines.len()).max(440), |area| {
        let x = Axis::counts("nodes that contribute", &members);
        let y = Axis::secs("completion, median", lines.iter().flat_map(|(_, _, line)| line).map(|(_, secs)| *secs));
        let mut plot = Plot::new(area, Room::LEGEND, x, y)?;
        for (_, look, line) in &lines {
            plot.line(line, *look)?;
        }
        legend(area, &lines.iter().map(|(name, look, _)| (name.clone(), *look)).collect::<Vec<_>>())
    });
    drawn("by-size", title, caption, svg)
}
