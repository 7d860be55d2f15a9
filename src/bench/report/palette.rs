//! What lines look like: told apart by the colour-blind too (colours of Okabe and Ito), and without colours by their marks.

use plotters::style::{Color, RGBAColor, RGBColor};
use starloom_comms::scenario::StrategyChoice;

pub(super) const TEXT: RGBColor = RGBColor(40, 40, 40);
pub(super) const GRID: RGBColor = RGBColor(225, 225, 225);
pub(super) const BLUE: RGBColor = RGBColor(0, 114, 178);
pub(super) const ORANGE: RGBColor = RGBColor(230, 159, 0);
pub(super) const VERMILLION: RGBColor = RGBColor(213, 94, 0);
const SKY_BLUE: RGBColor = RGBColor(86, 180, 233);
const YELLOW: RGBColor = RGBColor(240, 228, 66);
const GREEN: RGBColor = RGBColor(0, 158, 115);
const PURPLE: RGBColor = RGBColor(204, 121, 167);
const GREY: RGBColor = RGBColor(130, 130, 130);
const BLACK: RGBColor = RGBColor(0, 0, 0);

/// How a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Look {
    pub(super) colour: RGBAColor,
    /// In pixels.
    pub(super) width: u32,
    pub(super) stroke: Stroke,
    pub(super) mark: Mark,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stroke {
    Solid,
    Dashed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    None,
    Dot,
    Ring,
    Triangle,
    Cross,
}

/// In the order of [`StrategyChoice::WORDS`], behind `auto`. Lines often lie on one another, so that those which are drawn later
/// are thinner.
const STRATEGIES: [(RGBColor, u32, Mark); 9] = [
    (VERMILLION, 5, Mark::Dot),
    (PURPLE, 5, Mark::Ring),
    (GREY, 4, Mark::Triangle),
    (BLACK, 4, Mark::Cross),
    (ORANGE, 3, Mark::Dot),
    (SKY_BLUE, 3, Mark::Ring),
    (GREEN, 2, Mark::Triangle),
    (BLUE, 2, Mark::Cross),
    (YELLOW, 2, Mark::Dot),
];

/// The look of a strategy: `auto` is a broad band behind what it takes.
pub(super) fn strategy(word: &str) -> Look {
    let index = StrategyChoice::WORDS.iter().position(|each| *each == word).unwrap_or_default();
    let Some(index) = index.checked_sub(1) else {
        return Look { colour: BLACK.mix(0.2), width: 9, stroke: Stroke::Solid, mark: Mark::Dot };
    };
    let (colour, width, mark) = STRATEGIES[index % STRATEGIES.len()];
    let stroke = if index < STRATEGIES.len() { Stroke::Solid } else { Stroke::Dashed };
    Look { colour: colour.to_rgba(), width, stroke, mark }
}

/// The look of the lower bound.
pub(super) fn bound() -> Look {
    Look { colour: BLACK.to_rgba(), width: 2, stroke: Stroke::Dashed, mark: Mark::Dot }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_strategies_look_alike() {
        for (index, word) in StrategyChoice::WORDS.iter().enumerate() {
            for other in &StrategyChoice::WORDS[..index] {
                let [a, b] = [strategy(word), strategy(other)];
                assert!(a.colour != b.colour || a.stroke != b.stroke, "{word} and {other}");
            }
        }
    }
}
