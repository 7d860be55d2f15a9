//! How completion is distributed over starts: a panel for each payload.

use super::axes::{Axis, bytes_text};
use super::palette::{Look, Mark};
use super::plot::{Plot, Room, legend, legend_height, picture};
use super::{Figure, NotDrawn, Subject, drawn, palette};

/// Of a panel, in pixels.
const LEAST_HEIGHT: u32 = 330;

/// A strategy's curve in a panel: what it is called there, and the completions in order as a share of all starts.
struct Curve {
    name: String,
    look: Look,
    completions: Vec<f64>,
    starts: usize,
}

pub(super) fn figure(subject: &Subject<'_>) -> Result<Option<Figure>, NotDrawn> {
    let title = "Completion over start times".to_owned();
    let caption = format!(
        "For each time the share of {} from which a strategy has completed within it. A curve that ends below 100 % leaves a share \
         of starts from which the strategy never completes within the contact plan; the legend names it.",
        subject.starts()
    );
    let panels: Vec<(u64, Vec<Curve>)> =
        subject.comparison.payloads.iter().map(|payload| (*payload, curves(subject, *payload))).collect();
    let height = LEAST_HEIGHT.max(legend_height(subject.comparison.strategies.len() + 1));
    let count = u32::try_from(panels.len()).unwrap_or(1).max(1);
    let heading = format!("{}: {}, {}", subject.scenario, title.to_lowercase(), subject.comparison.model.wire.as_str());
    let svg = picture(&heading, height * count, |area| {
        for (area, (payload, curves)) in area.split_evenly((panels.len().max(1), 1)).iter().zip(&panels) {
            let all = curves.iter().flat_map(|curve| &curve.completions).copied();
            let x = Axis::secs(&format!("completion, {} of f32", bytes_text(*payload)), all);
            let y = Axis::share("share of starts");
            let end = x.end();
            let mut plot = Plot::new(area, Room::LEGEND, x, y)?;
            for curve in curves {
                plot.line(&steps(&curve.completions, curve.starts, end), curve.look)?;
            }
            legend(area, &curves.iter().map(|curve| (curve.name.clone(), curve.look)).collect::<Vec<_>>())?;
        }
        Ok(())
    });
    drawn("by-start", title, caption, svg)
}

fn curves(subject: &Subject<'_>, payload: u64) -> Vec<Curve> {
    let sorted = |values: Vec<Option<f64>>| {
        let mut completions: Vec<f64> = values.into_iter().flatten().collect();
        completions.sort_by(f64::total_cmp);
        completions
    };
    let mut curves = Vec::new();
    for strategy in subject.strategies() {
        let outcomes = subject.outcomes(strategy, payload);
        let completions = sorted(outcomes.iter().map(|outcome| outcome.took).collect());
        let name = match outcomes.len() - completions.len() {
            0 => strategy.to_owned(),
            _ if completions.is_empty() => format!("{strategy}: never"),
            never => format!("{strategy}: {:.0} % never", 100.0 * never as f64 / outcomes.len() as f64),
        };
        let look = Look { mark: Mark::None, ..palette::strategy(strategy) };
        curves.push(Curve { name, look, completions, starts: outcomes.len() });
    }
    let outcomes = subject.strategies().next().map_or(&[][..], |strategy| subject.outcomes(strategy, payload));
    let bounds = sorted(outcomes.iter().map(|outcome| outcome.bound).collect());
    curves.push(Curve {
        name: "lower bound".to_owned(),
        look: palette::bound(),
        completions: bounds,
        starts: outcomes.len(),
    });
    curves
}

/// The corners of a curve that rises at each completion and goes on to the end of the axis.
fn steps(completions: &[f64], starts: usize, end: f64) -> Vec<(f64, f64)> {
    let Some(first) = completions.first() else { return Vec::new() };
    let mut corners = vec![(*first, 0.0)];
    for (done, at) in (1..).map(f64::from).zip(completions) {
        let share = (done - 1.0) / starts as f64;
        corners.extend([(*at, share), (*at, done / starts as f64)]);
    }
    corners.push((end, completions.len() as f64 / starts as f64));
    corners
}

#[cfg(test)]
mod tests {
    use super::steps;

    #[test]
    fn a_curve_ends_at_the_share_that_completes() {
        let curve = steps(&[1.0, 2.0, 2.0], 4, 10.0);
        assert_eq!(curve.first(), Some(&(1.0, 0.0)));
        assert_eq!(curve.last(), Some(&(10.0, 0.75)));
        assert!(curve.is_sorted_by(|a, b| a.0 <= b.0 && a.1 <= b.1), "{curve:?}");
        assert_eq!(steps(&[], 4, 10.0), []);
    }
}
