//! A picture as it is drawn: a title, axes with their ticks, lines, and what the lines mean beside them.

use std::io;

use plotters::backend::SVGBackend;
use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::Shift;
use plotters::coord::cartesian::Cartesian2d;
use plotters::coord::types::RangedCoordf64;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{
    Circle, Cross, DashedPathElement, DynElement, EmptyElement, IntoDynElement, PathElement, Rectangle, Text,
    TriangleMarker,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, IntoFont, ShapeStyle, TextStyle, WHITE};

use super::axes::Axis;
use super::palette::{GRID, Look, Mark, Stroke, TEXT};

pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
pub(super) type Drawn = Result<(), DrawingAreaErrorKind<io::Error>>;
type Chart<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// Width of every picture, in pixels.
pub(super) const WIDTH: u32 = 1_100;
/// Room for what lines mean.
const LEGEND: u32 = 232;
const LEGEND_LINE: i32 = 22;
const TITLE: u32 = 44;
/// Sizes as plotters counts them: the SVG has 0.8 of them in pixels.
const TITLE_FONT: u32 = 22;
const FONT: u32 = 16;
const SMALL_FONT: u32 = 15;

/// Draws a picture with a title, as SVG.
pub(super) fn picture(title: &str, height: u32, draw: impl FnOnce(&Area<'_>) -> Drawn) -> Result<String, String> {
    let mut text = String::new();
    let drawn = || -> Drawn {
        let area = SVGBackend::with_string(&mut text, (WIDTH, height + TITLE)).into_drawing_area();
        area.fill(&WHITE)?;
        area.draw(&Text::new(title.to_owned(), (16, 12), font(TITLE_FONT)))?;
        draw(&area.margin(TITLE, 0, 0, 0))?;
        area.present()
    };
    drawn().map_err(|error| error.to_string())?;
    Ok(text)
}

/// Axes with room around them.
pub(super) struct Plot<'a> {
    chart: Chart<'a>,
    x: Axis,
    y: Axis,
}

/// Room around the axes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// For what is written beside the vertical axis.
    pub(super) left: u32,
    /// For what lines mean, and what stands behind bars.
    pub(super) right: u32,
}

impl Room {
    /// Room for values on the left and a legend on the right.
    pub(super) const LEGEND: Self = Self { left: 84, right: LEGEND };
}

impl<'a> Plot<'a> {
    /// Draws the axes and a grid at their ticks.
    pub(super) fn new(area: &Area<'a>, room: Room, x: Axis, y: Axis) -> Result<Self, DrawingAreaErrorKind<io::Error>> {
        let mut chart = ChartBuilder::on(area)
            .margin_top(26)
            .margin_right(room.right)
            .x_label_area_size(52)
            .y_label_area_size(room.left)
            .build_cartesian_2d(x.coordinates(), y.coordinates())?;
        let (across, up) = (x.coordinates(), y.coordinates());
        let line = |from: (f64, f64), to: (f64, f64)| PathElement::new([from, to], GRID.stroke_width(1));
        chart.draw_series(x.ticks.iter().map(|(at, _)| line((x.place(*at), up.start), (x.place(*at), up.end))))?;
        chart.draw_series(
            y.ticks.iter().map(|(at, _)| line((across.start, y.place(*at)), (across.end, y.place(*at)))),
        )?;
        let bottom = up.start;
        let frame = [(across.start, up.end), (across.start, bottom), (across.end, bottom)];
        chart.draw_series([PathElement::new(frame, TEXT.stroke_width(1))])?;
        let below = font(FONT).pos(Pos::new(HPos::Center, VPos::Top));
        chart.draw_series(x.ticks.iter().map(|(at, label)| {
            EmptyElement::at((x.place(*at), bottom)) + Text::new(label.clone(), (0, 7), below.clone())
        }))?;
        let beside = font(FONT).pos(Pos::new(HPos::Right, VPos::Center));
        chart.draw_series(y.ticks.iter().map(|(at, label)| {
            EmptyElement::at((across.start, y.place(*at))) + Text::new(label.clone(), (-8, 0), beside.clone())
        }))?;
        let middle = f64::midpoint(across.start, across.end);
        chart.draw_series([EmptyElement::at((middle, bottom)) + Text::new(x.title.clone(), (0, 29), below)])?;
        let above = font(FONT).pos(Pos::new(HPos::Left, VPos::Bottom));
        let corner = (across.start, up.end);
        let left = -i32::try_from(room.left).unwrap_or_default() + 16;
        chart.draw_series([EmptyElement::at(corner) + Text::new(y.title.clone(), (left, -8), above)])?;
        Ok(Self { chart, x, y })
    }

    /// Draws a line through values, with its marks.
    pub(super) fn line(&mut self, values: &[(f64, f64)], look: Look) -> Drawn {
        let points: Vec<(f64, f64)> = values.iter().map(|(x, y)| (self.x.place(*x), self.y.place(*y))).collect();
        self.chart.draw_series([stroke(points.clone(), look)])?;
        self.chart.draw_series(points.into_iter().filter_map(|at| mark(at, look)))?;
        Ok(())
    }

    /// Draws a bar between two corners.
    pub(super) fn bar(&mut self, corners: [(f64, f64); 2], style: ShapeStyle) -> Drawn {
        let corners = corners.map(|(x, y)| (self.x.place(x), self.y.place(y)));
        self.chart.draw_series([Rectangle::new(corners, style)])?;
        Ok(())
    }

    /// Writes beside a value: so many pixels to the right of it, where the text begins, or to the left, where it ends.
    pub(super) fn write(&mut self, (x, y): (f64, f64), beside: i32, text: &str) -> Drawn {
        let side = if beside < 0 { HPos::Right } else { HPos::Left };
        let style = font(SMALL_FONT).pos(Pos::new(side, VPos::Center));
        let at = EmptyElement::at((self.x.place(x), self.y.place(y)));
        self.chart.draw_series([at + Text::new(text.to_owned(), (beside, 0), style)])?;
        Ok(())
    }
}

/// Writes beside axes what each line means.
pub(super) fn legend(area: &Area<'_>, entries: &[(String, Look)]) -> Drawn {
    let left = i32::try_from(area.dim_in_pixel().0.saturating_sub(LEGEND)).unwrap_or(i32::MAX) + 18;
    for (index, (meaning, look)) in (0..).zip(entries) {
        let y = 38 + LEGEND_LINE * index;
        area.draw(&stroke(vec![(left, y), (left + 34, y)], *look))?;
        mark((left + 17, y), *look).map_or(Ok(()), |mark| area.draw(&mark))?;
        let style = font(FONT).pos(Pos::new(HPos::Left, VPos::Center));
        area.draw(&Text::new(meaning.clone(), (left + 42, y), style))?;
    }
    Ok(())
}

/// The height of so many lines of a legend.
pub(super) fn legend_height(entries: usize) -> u32 {
    60 + 22 * u32::try_from(entries).unwrap_or_default()
}

fn stroke<'a, C: Clone + 'static>(points: Vec<C>, look: Look) -> DynElement<'static, SVGBackend<'a>, C> {
    let style = look.colour.stroke_width(look.width);
    match look.stroke {
        Stroke::Solid => PathElement::new(points, style).into_dyn(),
        Stroke::Dashed => DashedPathElement::new(points, 7, 5, style).into_dyn(),
    }
}

fn mark<'a, C: Clone + 'static>(at: C, look: Look) -> Option<DynElement<'static, SVGBackend<'a>, C>> {
    let size = 3 + i32::try_from(look.width / 2).unwrap_or_default();
    let filled = look.colour.filled();
    Some(match look.mark {
        Mark::None => return None,
        Mark::Dot => Circle::new(at, size, filled).into_dyn(),
        Mark::Ring => Circle::new(at, size, look.colour.stroke_width(2)).into_dyn(),
        Mark::Triangle => TriangleMarker::new(at, size + 2, filled).into_dyn(),
        Mark::Cross => Cross::new(at, size, look.colour.stroke_width(2)).into_dyn(),
    })
}

fn font(size: u32) -> TextStyle<'static> {
    TextStyle::from(("sans-serif", size).into_font()).color(&TEXT)
}
