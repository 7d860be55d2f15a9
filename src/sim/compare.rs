//! The same job under several strategies: which of them learns fastest on the mission's clock.

use std::fmt::{self, Write};
use std::path::Path;

use plotters::backend::SVGBackend;
use plotters::chart::{ChartBuilder, SeriesLabelPosition};
use plotters::drawing::{DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::PathElement;
use plotters::prelude::{BLACK, Color, IntoFont, RGBColor, WHITE};
use plotters::series::LineSeries;
use thiserror::Error;

use crate::watch::{Summary, secs};

/// Told apart by the colour-blind too (Okabe and Ito).
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
    RGBColor(60, 60, 60),
];
/// What a reader looks for in the table.
const GOALS: [f64; 3] = [0.9, 0.95, 0.98];

/// One strategy's run.
#[derive(Debug)]
pub struct Flight {
    /// The strategy.
    pub strategy: String,
    /// What came of it.
    pub summary: Summary,
}

/// Why there is no picture.
#[derive(Debug, Error)]
pub enum PictureError {
    /// No run has an accuracy.
    #[error("no run was evaluated: the task measures no accuracy, or no round was committed")]
    Empty,
    /// The picture cannot be drawn.
    #[error("the picture cannot be drawn: {0}")]
    Drawing(String),
}

/// Writes for each run what it took, and when its model was how good.
///
/// # Errors
/// Those of `out`.
pub fn table(out: &mut impl Write, flights: &[Flight]) -> fmt::Result {
    writeln!(out)?;
    write!(out, "  {:<18} {:>7} {:>12} {:>12} {:>10}", "strategy", "rounds", "collective", "mission", "accuracy")?;
    for goal in GOALS {
        write!(out, " {:>12}", format!("to {:.0} %", goal * 100.0))?;
    }
    writeln!(out)?;
    for Flight { strategy, summary } in flights {
        let collective = summary.collective.as_ref().map_or_else(|| "-".to_owned(), |times| secs(times.took_secs));
        let end = points(summary).last().map_or(summary.mission_secs, |(at, _)| *at);
        let accuracy =
            summary.eval_accuracy.map_or_else(|| "-".to_owned(), |accuracy| format!("{:.2} %", 100.0 * accuracy));
        let rounds = summary.rounds_committed;
        write!(out, "  {strategy:<18} {rounds:>7} {collective:>12} {:>12} {accuracy:>10}", secs(end))?;
        for goal in GOALS {
            let reached = points(summary).into_iter().find(|(_, accuracy)| *accuracy >= goal);
            write!(out, " {:>12}", reached.map_or_else(|| "-".to_owned(), |(at, _)| secs(at)))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// Draws accuracy against mission time, a line for each run, as SVG.
///
/// # Errors
/// [`PictureError`] if there is nothing to draw, or it cannot be.
pub fn draw(path: &Path, title: &str, flights: &[Flight]) -> Result<(), PictureError> {
    let lines: Vec<(&str, Vec<(f64, f64)>)> =
        flights.iter().map(|flight| (flight.strategy.as_str(), points(&flight.summary))).collect();
    let all = || lines.iter().flat_map(|(_, points)| points);
    let last = all().map(|(at, _)| *at).fold(0.0, f64::max);
    let lowest = all().map(|(_, accuracy)| *accuracy).fold(1.0, f64::min);
    if all().next().is_none() || last <= 0.0 {
        return Err(PictureError::Empty);
    }
    let (unit, scale) = if last > 10_000.0 { ("h", 3600.0) } else { ("s", 1.0) };
    paint(path, title, &lines, (last / scale, lowest), (unit, scale))
        .map_err(|error| PictureError::Drawing(error.to_string()))
}

fn paint(
    path: &Path,
    title: &str,
    lines: &[(&str, Vec<(f64, f64)>)],
    (last, lowest): (f64, f64),
    (unit, scale): (&str, f64),
) -> Result<(), DrawingAreaErrorKind<std::io::Error>> {
    let area = SVGBackend::new(path, (900, 520)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 20).into_font())
        .margin(16)
        .x_label_area_size(46)
        .y_label_area_size(60)
        .build_cartesian_2d(0.0..last * 1.02, (lowest - 0.02).max(0.0)..1.0)?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .bold_line_style(RGBColor(225, 225, 225))
        .x_desc(format!("mission time, {unit}"))
        .y_desc("accuracy on the held-out split")
        .y_label_formatter(&|accuracy| format!("{:.0} %", accuracy * 100.0))
        .label_style(("sans-serif", 14))
        .draw()?;
    for ((strategy, points), colour) in lines.iter().zip(COLOURS.iter().cycle()) {
        let points = points.iter().map(|(at, accuracy)| (at / scale, *accuracy));
        chart
            .draw_series(LineSeries::new(points, colour.stroke_width(2)))?
            .label(*strategy)
            .legend(|(x, y)| PathElement::new([(x, y), (x + 22, y)], colour.stroke_width(3)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE.mix(0.85))
        .border_style(BLACK.mix(0.2))
        .label_font(("sans-serif", 15))
        .draw()?;
    area.present()
}

/// When the model was how good.
fn points(summary: &Summary) -> Vec<(f64, f64)> {
    summary.milestones.iter().filter_map(|milestone| Some((milestone.mission_secs, milestone.accuracy?))).collect()
}
