//! A comparison as one page with pictures, for people who decide which all-reduce to fly.
//!
//! [`Report::of`] makes the page and its figures, one file a figure: completion against payload and against size, its distribution
//! over starts, and of one round what each link carries and when. The page needs no other file and no script; the figures are
//! given by themselves as well, as SVG.

mod axes;
mod by_payload;
mod by_size;
mod by_start;
mod loads;
mod page;
mod palette;
mod plot;
mod timeline;

use thiserror::Error;

use super::round::Round;
use super::simulated::{Compared, Comparison, Field, Outcome};
use super::sizes::BySize;

/// What a report is made of.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The scenario's name.
    pub scenario: &'a str,
    /// The command line that makes the report again.
    pub command: &'a str,
    /// What was compared.
    pub comparison: &'a Comparison,
    /// On what.
    pub field: Field<'a>,
    /// What came of it.
    pub compared: &'a Compared,
    /// What it takes among fewer, if that was looked at.
    pub sizes: Option<&'a BySize>,
    /// A round to look at closely, and its payload in bytes of `f32`; see [`Round::shown`].
    pub round: Option<(u64, &'a Round)>,
}

/// One picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// A word for it that can stand in a file's name.
    pub name: &'static str,
    /// Its headline.
    pub title: String,
    /// What is to be seen, in sentences.
    pub caption: String,
    /// The picture, as SVG.
    pub svg: String,
}

/// A page with its pictures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// One file of HTML that holds the figures.
    pub html: String,
    /// The figures by themselves.
    pub figures: Vec<Figure>,
}

/// A picture that cannot be drawn.
#[derive(Debug, Error)]
#[error("the picture \"{figure}\" cannot be drawn: {reason}")]
pub struct NotDrawn {
    /// Its name.
    pub figure: &'static str,
    /// Why.
    pub reason: String,
}

impl Report {
    /// Draws the figures and writes the page.
    ///
    /// # Errors
    /// [`NotDrawn`] names the figure.
    pub fn of(subject: &Subject<'_>) -> Result<Self, NotDrawn> {
        let figures = [
            by_payload::figure(subject)?,
            by_size::figure(subject)?,
            by_start::figure(subject)?,
            loads::figure(subject)?,
            timeline::figure(subject)?,
        ];
        let figures: Vec<Figure> = figures.into_iter().flatten().collect();
        Ok(Self { html: page::html(subject, &figures), figures })
    }
}

impl Subject<'_> {
    /// How many starts.
    fn starts(&self) -> String {
        match self.comparison.starts.len() {
            1 => "1 start".to_owned(),
            count => format!("{count} starts"),
        }
    }

    /// What came of one strategy with one payload, start by start.
    fn outcomes(&self, strategy: &str, payload: u64) -> &[Outcome] {
        let rows = self.compared.rows.iter().zip(&self.compared.outcomes);
        let mut found = rows.filter(|(row, _)| (row.strategy, row.payload_bytes) == (strategy, payload));
        found.next().map_or(&[], |(_, outcomes)| outcomes)
    }

    /// The strategies, in the order of their rows.
    fn strategies(&self) -> impl Iterator<Item = &'static str> {
        self.comparison.strategies.iter().map(|strategy| strategy.as_str())
    }
}

/// A figure of what was drawn.
fn drawn(
    name: &'static str,
    title: String,
    caption: String,
    svg: Result<String, String>,
) -> Result<Option<Figure>, NotDrawn> {
    let svg = svg.map_err(|reason| NotDrawn { figure: name, reason })?;
    Ok(Some(Figure { name, title, caption, svg }))
}
