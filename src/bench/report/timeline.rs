//! One round in time: a row for each lane, a bar where frames are on it, in grey the windows of its contact.

use plotters::style::{Color, RGBColor};
use starloom_comms::collective::Kind;
use starloom_comms::collective::cost::Burst;
use starloom_comms::contacts::Contact;
use starloom_comms::units::MissionTime;

use super::axes::{Axis, bytes_text, secs_text};
use super::palette::{Look, Mark, Stroke};
use super::plot::{Plot, Room, WIDTH, legend, legend_height, picture};
use super::{Figure, NotDrawn, Subject, drawn, palette};
use crate::bench::round::Round;

/// Lanes that are shown, those with the most bytes.
const MOST_ROWS: usize = 72;
const ROW_HEIGHT: u32 = 15;
/// For the axis and its title, in pixels.
const AXES: u32 = 90;
/// Room for the names of lanes and a legend.
const NAMES: Room = Room { left: 190, ..Room::LEGEND };
const WINDOW: RGBColor = RGBColor(222, 222, 222);

/// A lane with its bars, in seconds since the start of the round.
struct Row {
    lane: String,
    windows: Vec<(f64, f64)>,
    bars: Vec<Bar>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Bar {
    start: f64,
    end: f64,
    kind: Kind,
}

pub(super) fn figure(subject: &Subject<'_>) -> Result<Option<Figure>, NotDrawn> {
    // One node alone sends nothing.
    let Some((payload, round)) = subject.round.filter(|(_, round)| !round.bursts.is_empty()) else { return Ok(None) };
    let title = "Timeline of one round".to_owned();
    let took = round.took_secs().unwrap_or_default();
    let secs = took.max(round.predicted_secs()) * 1.03;
    let (rows, all) = rows(subject, round, secs);
    let left_out = if all > rows.len() {
        format!(" Of {all} lanes the {} that carry most are shown.", rows.len())
    } else {
        String::new()
    };
    let caption = format!(
        "When frames are on each direction of a link, for {} of f32 by {}, from mission time {} on. It was predicted to take {} and \
         took {}. A bar ends when its last bit leaves the sender; light is then under way to the receiver.{left_out}",
        bytes_text(payload),
        round.strategy,
        secs_text(round.start.as_secs_f64()),
        secs_text(round.predicted_secs()),
        secs_text(took),
    );
    let heading = format!("{}: {}, {}", subject.scenario, title.to_lowercase(), round.strategy);
    let height = AXES + ROW_HEIGHT * u32::try_from(rows.len()).unwrap_or_default();
    let svg = picture(&heading, height.max(legend_height(5)), |area| {
        let x = Axis::from_zero_secs("mission time since the start of the round", secs);
        let mut plot = Plot::new(area, NAMES, x, Axis::rows(rows.len()))?;
        for (index, row) in (0..).map(f64::from).zip(&rows) {
            for (start, end) in &row.windows {
                plot.bar([(*start, index + 0.08), (*end, index + 0.92)], WINDOW.filled())?;
            }
            for bar in &row.bars {
                plot.bar([(bar.start, index + 0.15), (bar.end, index + 0.85)], colour(bar.kind).filled())?;
            }
            plot.write((0.0, index + 0.5), -8, &row.lane)?;
        }
        let bottom = rows.len() as f64;
        plot.line(&[(round.predicted_secs(), 0.0), (round.predicted_secs(), bottom)], predicted())?;
        plot.line(&[(took, 0.0), (took, bottom)], completes())?;
        let block = |colour: RGBColor| Look { colour: colour.to_rgba(), width: 10, ..completes() };
        let kinds = [("partial sums", Kind::Partial), ("final numbers", Kind::Final)].into_iter();
        let occurs = |kind: Kind| rows.iter().flat_map(|row| &row.bars).any(|bar| bar.kind == kind);
        let kinds = kinds.filter(|(_, kind)| occurs(*kind)).map(|(name, kind)| (name, block(colour(kind))));
        let others = [("contact", block(WINDOW)), ("all have the mean", completes()), ("as predicted", predicted())];
        legend(area, &kinds.chain(others).map(|(name, look)| (name.to_owned(), look)).collect::<Vec<_>>())
    });
    drawn("timeline", title, caption, svg)
}

const fn colour(kind: Kind) -> RGBColor {
    match kind {
        Kind::Partial => palette::ORANGE,
        Kind::Final => palette::BLUE,
    }
}

fn completes() -> Look {
    Look { colour: palette::VERMILLION.to_rgba(), width: 3, stroke: Stroke::Solid, mark: Mark::None }
}

fn predicted() -> Look {
    Look { colour: palette::TEXT.to_rgba(), width: 1, stroke: Stroke::Dashed, mark: Mark::None }
}

/// The rows to draw, in the order of senders and receivers, and how many there are.
fn rows(subject: &Subject<'_>, round: &Round, secs: f64) -> (Vec<Row>, usize) {
    let loads: Vec<u64> = round.lanes().map(|(_, _, bursts)| bursts.iter().map(|burst| burst.bytes).sum()).collect();
    let mut by_load: Vec<usize> = (0..loads.len()).collect();
    by_load.sort_by_key(|lane| (std::cmp::Reverse(loads[*lane]), *lane));
    let mut kept = by_load[..loads.len().min(MOST_ROWS)].to_vec();
    kept.sort_unstable();
    // What is narrower than two pixels would hardly be seen.
    let visible = 2.0 * secs / f64::from(WIDTH - NAMES.left - NAMES.right);
    let since = |at: MissionTime| at.since(round.start).as_secs_f64();
    let actual = subject.field.contacts.actual.listed();
    let row = |(from, to, bursts): (_, _, &[Burst])| {
        let open = |contact: &&Contact| contact.end > round.start && since(contact.start) < secs;
        let windows = actual.contacts(from, to).iter().filter(open);
        Row {
            lane: format!("{from} → {to}"),
            windows: windows.map(|contact| (since(contact.start), since(contact.end).min(secs))).collect(),
            bars: bars(bursts.iter().map(|burst| (since(burst.start), since(burst.sent), burst.kind)), visible),
        }
    };
    let rows = round.lanes().enumerate().filter(|(lane, _)| kept.binary_search(lane).is_ok());
    (rows.map(|(_, lane)| row(lane)).collect(), loads.len())
}

/// Stretches in order, as bars that are at least so long that they can be seen; those of one kind that are nearer to each other
/// than that are one.
fn bars(stretches: impl Iterator<Item = (f64, f64, Kind)>, visible: f64) -> Vec<Bar> {
    let mut bars: Vec<Bar> = Vec::new();
    for (start, end, kind) in stretches {
        match bars.last_mut() {
            Some(last) if last.kind == kind && start < last.end + visible => last.end = last.end.max(end),
            _ => bars.push(Bar { start, end: end.max(start + visible), kind }),
        }
    }
    bars
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_that_touch_are_one_unless_they_differ() {
        let stretches =
            [(0.0, 1.0, Kind::Partial), (1.0, 2.0, Kind::Partial), (2.0, 3.0, Kind::Final), (5.0, 5.001, Kind::Final)];
        let bar = |start, end, kind| Bar { start, end, kind };
        let expected = [bar(0.0, 2.0, Kind::Partial), bar(2.0, 3.0, Kind::Final), bar(5.0, 5.1, Kind::Final)];
        assert_eq!(bars(stretches.into_iter(), 0.1), expected);
    }
}
