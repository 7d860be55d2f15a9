//! Windows as a Gantt chart: a row for each pair, a bar for each window.

use std::collections::BTreeSet;

use plotters::backend::SVGBackend;
use plotters::chart::ChartBuilder;
use plotters::drawing::{DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{EmptyElement, Rectangle, Text};
use plotters::prelude::{Color, IntoFont, RGBColor, ShapeStyle, WHITE};
use plotters::style::IntoTextStyle;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use thiserror::Error;

use starloom_comms::orbit::Window;

use super::{Kind, View};

/// Rows that a chart has at most.
const MOST_ROWS: usize = 80;
const WIDTH: u32 = 1_400;
const ROW_HEIGHT: u32 = 14;
const MARGINS: u32 = 120;
/// Room for the names of rows.
const LABELS: u32 = 190;
/// Blue, green and grey, told apart by the colour-blind too (Okabe and Ito).
const PASSING: RGBColor = RGBColor(0, 114, 178);
const PERMANENT: RGBColor = RGBColor(0, 158, 115);
const TEXT: RGBColor = RGBColor(40, 40, 40);
const GRID: RGBColor = RGBColor(225, 225, 225);

/// Why there is no chart.
#[derive(Debug, Error)]
pub enum ChartError {
    /// There is nothing to draw.
    #[error("there is no window to draw")]
    Empty,
    /// The picture cannot be drawn.
    #[error("the chart cannot be drawn: {0}")]
    Drawing(String),
}

/// Draws the windows of one kind as SVG. Of more rows than fit, those with the most time are shown, among them some that change
/// if there are any, and the title says so.
///
/// # Errors
/// [`ChartError`] if there is nothing to draw.
pub fn svg(view: &View<'_>, kind: Kind, title: &str) -> Result<String, ChartError> {
    let (rows, all) = rows(view, kind);
    if rows.is_empty() {
        return Err(ChartError::Empty);
    }
    let left_out = if all > rows.len() {
        format!(", {} of {all} rows, those with the most time", rows.len())
    } else {
        String::new()
    };
    let what = match kind {
        Kind::Isl => "links between satellites",
        Kind::Pass => "passes over stations",
        Kind::Eclipse => "time in the Earth's shadow",
    };
    let title = format!("{title}: {what}{left_out}");
    let mut text = String::new();
    draw(&mut text, &title, &rows, view.secs()).map_err(|error| ChartError::Drawing(error.to_string()))?;
    Ok(text)
}

struct Row {
    name: String,
    windows: Vec<Window>,
}

impl Row {
    fn secs(&self) -> f64 {
        self.windows.iter().map(Window::secs).sum()
    }
}

/// The rows to draw, and how many there are.
fn rows(view: &View<'_>, kind: Kind) -> (Vec<Row>, usize) {
    let mut rows: Vec<Row> = match kind {
        Kind::Isl => {
            let pairs = view.links.chunk_by(|x, y| (x.a, x.b) == (y.a, y.b));
            let name = |a, b| format!("{} – {}", view.satellite(a), view.satellite(b));
            pairs
                .map(|of| Row { name: name(of[0].a, of[0].b), windows: of.iter().map(|each| each.window).collect() })
                .collect()
        }
        Kind::Pass => {
            let pairs = view.passes.chunk_by(|x, y| (x.satellite, x.station) == (y.satellite, y.station));
            let name = |satellite, station| format!("{} – {}", view.satellite(satellite), view.station(station));
            let row = |of: &[starloom_comms::orbit::PassWindow]| Row {
                name: name(of[0].satellite, of[0].station),
                windows: of.iter().map(|each| each.window).collect(),
            };
            pairs.map(row).collect()
        }
        Kind::Eclipse => {
            let row = |(satellite, windows): (u32, &Vec<Window>)| Row {
                name: view.satellite(satellite).to_owned(),
                windows: windows.clone(),
            };
            (0..).zip(&view.eclipses).map(row).filter(|row| !row.windows.is_empty()).collect()
        }
    };
    let all = rows.len();
    if all > MOST_ROWS {
        // Hundreds of rows that never change would hide those that do.
        let mut by_time: Vec<usize> = (0..all).collect();
        by_time.sort_by(|&x, &y| rows[y].secs().total_cmp(&rows[x].secs()).then(x.cmp(&y)));
        let (lasting, changing): (Vec<_>, Vec<_>) =
            by_time.into_iter().partition(|&row| rows[row].secs() >= view.secs());
        let lasting = &lasting[..lasting.len().min(MOST_ROWS - changing.len().min(MOST_ROWS / 2))];
        let kept: BTreeSet<usize> = lasting.iter().chain(&changing).copied().take(MOST_ROWS).collect();
        let mut index = 0..;
        rows.retain(|_| index.next().is_some_and(|index| kept.contains(&index)));
    }
    (rows, all)
}

#[expect(clippy::cast_possible_truncation, reason = "a chart has few rows")]
fn draw(text: &mut String, title: &str, rows: &[Row], secs: f64) -> Result<(), DrawingAreaErrorKind<std::io::Error>> {
    let hours = secs / 3_600.0;
    let height = MARGINS + ROW_HEIGHT * rows.len() as u32;
    let area = SVGBackend::with_string(text, (WIDTH, height)).into_drawing_area();
    area.fill(&WHITE)?;
    let count = rows.len() as f64;
    let mut chart = ChartBuilder::on(&area)
        .margin(16)
        .caption(title, ("sans-serif", 20).into_font().color(&TEXT))
        .x_label_area_size(44)
        .y_label_area_size(LABELS)
        .build_cartesian_2d(0.0..hours, count..0.0)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .light_line_style(ShapeStyle::from(&WHITE))
        .bold_line_style(GRID)
        .x_labels(13)
        .x_label_formatter(&|hour| format!("{}", (hour * 100.0).round() / 100.0))
        .x_desc("mission time, hours")
        .y_labels(0)
        .axis_style(TEXT)
        .label_style(("sans-serif", 13).into_font().color(&TEXT))
        .draw()?;
    let font = ("sans-serif", 12).into_font().color(&TEXT);
    let beside = font.into_text_style(&area).pos(Pos::new(HPos::Right, VPos::Center));
    for (index, row) in (0..).map(f64::from).zip(rows) {
        let name = EmptyElement::at((0.0, index + 0.5)) + Text::new(row.name.clone(), (-8, 0), beside.clone());
        chart.draw_series([name])?;
        for window in &row.windows {
            let whole = window.start <= 0.0 && window.end >= secs;
            let color = if whole { PERMANENT } else { PASSING };
            // A window that is shorter than a dot is drawn as one.
            let end = window.end.max(window.start + secs / f64::from(WIDTH - LABELS)).min(secs);
            let corners = [(window.start / 3_600.0, index + 0.15), (end / 3_600.0, index + 0.85)];
            chart.draw_series([Rectangle::new(corners, color.filled())])?;
        }
    }
    area.present()
}
