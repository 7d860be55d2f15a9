//! What is known of a key of the scenario: its kind of value, unit, range and default.

use std::fmt;

/// A key. The one table of them is in [`keys`](super::keys); reading, suggestions and the reference all follow it.
#[derive(Debug)]
pub(super) struct Key {
    /// Dotted path. `[]` stands for any element of a list, `<node>` for any node's name.
    pub(super) path: &'static str,
    /// Unit of a number, empty if it has none.
    pub(super) unit: &'static str,
    /// What it accepts.
    pub(super) kind: Kind,
    /// What holds without it.
    pub(super) absent: Absent,
    /// What it stands for, as the reference says it.
    pub(super) meaning: &'static str,
}

impl Key {
    /// The name within its section.
    pub(super) fn name(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or(self.path)
    }

    /// The path of its section, empty for a key of the document itself.
    pub(super) fn section(&self) -> &'static str {
        self.path.rsplit_once('.').map_or("", |(section, _)| section)
    }

    /// What a scenario has to have for the key to mean anything; nothing if it means the same in any.
    pub(super) fn belongs_to(&self) -> Option<Space> {
        match self.section() {
            "mesh" => Some(Space::Mesh),
            "constellation" | "links" | "links.rate_step[]" | "ground.stations[]" => Some(Space::Orbits),
            "ground" => match self.name() {
                "rate_mbps" => None,
                "delay_ms" => Some(Space::Mesh),
                _ => Some(Space::Orbits),
            },
            _ => None,
        }
    }

    /// The path, with the element that it is in.
    pub(super) fn path_in(&self, element: Element<'_>) -> String {
        match element {
            Element::Only => self.path.to_owned(),
            Element::Item(index) => self.path.replacen("[]", &format!("[{index}]"), 1),
            Element::Node(name) => self.path.replacen("<node>", name, 1),
        }
    }
}

/// What says who sees whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    /// `[mesh]`.
    Mesh,
    /// `[constellation]`.
    Orbits,
}

/// Which of the values is meant, where a key can have several.
#[derive(Debug, Clone, Copy)]
pub(super) enum Element<'a> {
    /// There is but one.
    Only,
    /// That in this element of a list.
    Item(usize),
    /// That of this node.
    Node(&'a str),
}

/// What a key accepts.
#[derive(Debug)]
pub(super) enum Kind {
    /// An integer, `least..=most`.
    Integer(u64, u64),
    /// An integer or a float in an interval.
    Number(Low, High),
    /// Bytes as an integer, or as a text with a unit, `least..=most`.
    Size(u64, u64),
    /// One of these words.
    Word(&'static [&'static str]),
    /// True or false.
    Flag,
    /// A text that can name a directory.
    Name,
    /// A text of 1 to 64 characters.
    Text,
    /// A path.
    Path,
    /// A file, by its path, or what could stand in it.
    Document,
    /// An instant in UTC.
    Instant,
    /// Names of nodes.
    Names,
    /// The name of a node, of the station or of the aggregator.
    Peer,
    /// An IP address.
    Address,
}

/// The lower edge of an interval.
#[derive(Debug, Clone, Copy)]
pub(super) enum Low {
    /// This and more.
    AtLeast(f64),
    /// More than this.
    Above(f64),
}

/// The upper edge of an interval.
#[derive(Debug, Clone, Copy)]
pub(super) enum High {
    /// This and less.
    AtMost(f64),
    /// Less than this.
    Below(f64),
}

/// What holds without a key.
#[derive(Debug)]
pub(super) enum Absent {
    /// The scenario is refused.
    Required,
    /// This value, in TOML.
    Default(&'static str),
    /// What the key is about is off.
    Unset,
}

impl Kind {
    /// Whether a value is written as a text.
    pub(super) const fn is_text(&self) -> bool {
        !matches!(self, Self::Integer(..) | Self::Number(..) | Self::Flag | Self::Names)
    }

    /// The type of its values, as an error names it.
    pub(super) const fn expected(&self) -> &'static str {
        match self {
            Self::Integer(..) => "an integer",
            Self::Number(..) => "a number",
            Self::Size(..) => "a size like \"4 MiB\"",
            Self::Flag => "true or false",
            Self::Instant => "a time like 2026-01-01T00:00:00Z",
            Self::Names => "an array of names like [\"sat-0\", \"sat-[4-7]\"]",
            Self::Word(_) | Self::Name | Self::Text | Self::Path | Self::Document | Self::Peer | Self::Address => {
                "a string"
            }
        }
    }

    /// Whether a finite number is in its range.
    pub(super) fn admits(&self, number: f64) -> bool {
        let Self::Number(low, high) = self else { return false };
        let above = match *low {
            Low::AtLeast(edge) => number >= edge,
            Low::Above(edge) => number > edge,
        };
        let below = match *high {
            High::AtMost(edge) => number <= edge,
            High::Below(edge) => number < edge,
        };
        above && below
    }
}

/// The range, as errors and the reference say it.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(Low::AtLeast(least), High::AtMost(most)) => write!(f, "{least} to {most}"),
            Self::Number(low, high) => {
                match low {
                    Low::AtLeast(edge) => write!(f, "at least {edge}")?,
                    Low::Above(edge) => write!(f, "above {edge}")?,
                }
                match high {
                    High::AtMost(edge) => write!(f, " and at most {edge}"),
                    High::Below(edge) => write!(f, " and below {edge}"),
                }
            }
            Self::Integer(least, most) | Self::Size(least, most) => write!(f, "{least} to {most}"),
            Self::Word(words) => f.write_str(&quoted(words)),
            Self::Flag => f.write_str("`true`, `false`"),
            Self::Name => f.write_str("1 to 64 letters, digits, `-`, `_` and `.`, a letter or digit first"),
            Self::Text => f.write_str("1 to 64 characters"),
            Self::Path => f.write_str("a path"),
            Self::Document => f.write_str("a path relative to the scenario's file, or the lines themselves"),
            Self::Instant => f.write_str("a time like 2026-01-01T00:00:00Z"),
            Self::Names => f.write_str("names like `sat-0` and `sat-[4-7,9]`"),
            Self::Peer => f.write_str("a name"),
            Self::Address => f.write_str("an IPv4 or IPv6 address"),
        }
    }
}

/// Words as a list in a sentence.
pub(super) fn quoted<T: AsRef<str>>(words: &[T]) -> String {
    words.iter().map(|word| format!("`{}`", word.as_ref())).collect::<Vec<_>>().join(", ")
}
