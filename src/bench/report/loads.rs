//! What each lane carries in a round: bars where they can be told apart, otherwise how many lanes carry how much.

use plotters::style::Color;

use super::axes::{Axis, bytes_text, secs_text};
use super::plot::{Plot, Room, picture};
use super::{Figure, NotDrawn, Subject, drawn, palette};

/// Lanes that get a bar each.
const MOST_BARS: usize = 48;
const BAR_HEIGHT: u32 = 17;
/// Bars of a histogram.
const CLASSES: usize = 40;
/// For the axis and its title, in pixels.
const AXES: u32 = 90;

/// Room for the names of lanes, and for values behind bars.
const NAMES: Room = Room { left: 190, right: 110 };

pub(super) fn figure(subject: &Subject<'_>) -> Result<Option<Figure>, NotDrawn> {
    // One node alone sends nothing.
    let Some((payload, round)) = subject.round.filter(|(_, round)| !round.bursts.is_empty()) else { return Ok(None) };
    let mut loads: Vec<(String, u64)> = round
        .lanes()
        .map(|(from, to, bursts)| (format!("{from} → {to}"), bursts.iter().map(|burst| burst.bytes).sum()))
        .collect();
    // Lanes with the same load stay in the order of their nodes.
    loads.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    let title = "Load of each lane in one round".to_owned();
    let all: u64 = loads.iter().map(|(_, bytes)| bytes).sum();
    let most = loads.first().map_or(0, |(_, bytes)| *bytes);
    let caption = format!(
        "Bytes that each direction of a link carries, headers included, for {} of f32 by {}, from mission time {} on. {} of {} lanes \
         are used and carry {} together, the most loaded one {}.",
        bytes_text(payload),
        round.strategy,
        secs_text(round.start.as_secs_f64()),
        loads.len(),
        round.lanes_of(subject.field.contacts.actual.listed()),
        bytes_text(all),
        bytes_text(most),
    );
    let heading = format!("{}: {}, {}", subject.scenario, title.to_lowercase(), round.strategy);
    let svg = if loads.len() <= MOST_BARS { bars(&heading, &loads) } else { histogram(&heading, &loads) };
    drawn("loads", title, caption, svg)
}

fn bars(heading: &str, loads: &[(String, u64)]) -> Result<String, String> {
    let most = loads.iter().map(|(_, bytes)| *bytes).max().unwrap_or_default() as f64;
    let height = AXES + BAR_HEIGHT * u32::try_from(loads.len()).unwrap_or_default();
    picture(heading, height, |area| {
        let x = Axis::from_zero_bytes("carried in the round", most);
        let mut plot = Plot::new(area, NAMES, x, Axis::rows(loads.len()))?;
        for (row, (lane, bytes)) in (0..).map(f64::from).zip(loads) {
            plot.bar([(0.0, row + 0.15), (*bytes as f64, row + 0.85)], palette::BLUE.filled())?;
            plot.write((0.0, row + 0.5), -8, lane)?;
            plot.write((*bytes as f64, row + 0.5), 6, &bytes_text(*bytes))?;
        }
        Ok(())
    })
}

fn histogram(heading: &str, loads: &[(String, u64)]) -> Result<String, String> {
    let most = loads.iter().map(|(_, bytes)| *bytes).max().unwrap_or_default() as f64;
    let mut classes = vec![0_u32; CLASSES];
    for (_, bytes) in loads {
        let class = (*bytes as f64 / most * CLASSES as f64) as usize;
        classes[class.min(CLASSES - 1)] += 1;
    }
    let highest = f64::from(classes.iter().copied().max().unwrap_or_default());
    picture(heading, 400, |area| {
        let x = Axis::from_zero_bytes("carried in the round", most);
        let y = Axis::from_zero_count("lanes", highest * 1.05);
        let mut plot = Plot::new(area, Room { left: 84, right: 40 }, x, y)?;
        let width = most / CLASSES as f64;
        for (class, count) in (0..).map(f64::from).zip(&classes) {
            let corners = [((class + 0.06) * width, 0.0), ((class + 0.94) * width, f64::from(*count))];
            plot.bar(corners, palette::BLUE.filled())?;
        }
        Ok(())
    })
}
