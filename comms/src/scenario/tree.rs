//! A parsed document in which every value knows where it was written.

use std::collections::BTreeMap;
use std::fmt;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Where a key or a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// The byte of the text at which it starts.
    Text(usize),
    /// An override, by its index.
    Override(usize),
    /// The default.
    Default,
}

/// A value and where it was written.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) source: Source,
    pub(super) value: Value,
}

#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(String),
    Integer(i128),
    Number(f64),
    Flag(bool),
    Date(String),
    List(Vec<Node>),
    Table(Table),
}

/// The entries of a table: where each key was written, and its value.
pub(super) type Table = BTreeMap<String, (Source, Node)>;

/// One step of a path: into a table, or into a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step<'a> {
    Entry(&'a str),
    Item(usize),
}

impl Node {
    /// An empty table.
    pub(super) const fn table(source: Source) -> Self {
        Self { source, value: Value::Table(Table::new()) }
    }

    /// The document in `text`.
    pub(super) fn document(text: &str) -> Result<Self, toml::de::Error> {
        let document = DeTable::parse(text)?;
        let source = Source::Text(0);
        Ok(Self { source, value: Value::Table(table(document.get_ref(), Source::Text)) })
    }

    /// The single value in `text`, all of it from `source`.
    pub(super) fn single(text: &str, source: Source) -> Result<Self, toml::de::Error> {
        Ok(node(&DeValue::parse(text)?, |_| source))
    }

    /// The value at a path like `faults[1].at.round`.
    pub(super) fn find(&self, path: &str) -> Option<&Self> {
        steps(path)?.into_iter().try_fold(self, |at, step| match (step, &at.value) {
            (Step::Entry(key), Value::Table(table)) => table.get(key).map(|(_, node)| node),
            (Step::Item(index), Value::List(items)) => items.get(index),
            _ => None,
        })
    }

    /// Sets the value at a path, with the tables on the way there.
    pub(super) fn set(&mut self, path: &str, value: Self) -> Result<(), NoWay> {
        let source = value.source;
        let mut at = self;
        for step in steps(path).ok_or(NoWay::Path)? {
            at = match (step, &mut at.value) {
                (Step::Entry(key), Value::Table(table)) => {
                    &mut table.entry(key.to_owned()).or_insert_with(|| (source, Self::table(source))).1
                }
                (Step::Item(index), Value::List(items)) => items.get_mut(index).ok_or(NoWay::Element)?,
                _ => return Err(NoWay::Path),
            };
        }
        *at = value;
        Ok(())
    }
}

/// Why a value cannot be set at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoWay {
    /// It goes through what is no table and no list.
    Path,
    /// A list on the way has no such element.
    Element,
}

impl Value {
    /// The type, as an error names it.
    const fn type_name(&self) -> &'static str {
        match self {
            Self::Text(_) => "the string",
            Self::Integer(_) => "the integer",
            Self::Number(_) => "the float",
            Self::Flag(_) => "the boolean",
            Self::Date(_) => "the date",
            Self::List(_) => "an array",
            Self::Table(_) => "a table",
        }
    }

    /// The type with the value, as an error names what it found.
    pub(super) fn described(&self) -> String {
        match self {
            Self::List(_) | Self::Table(_) => self.type_name().to_owned(),
            _ => format!("{} {self}", self.type_name()),
        }
    }
}

/// Shows the value as TOML writes it, and of a list or a table the type alone.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => Excerpt(text).fmt(f),
            Self::Integer(integer) => integer.fmt(f),
            Self::Number(number) => write!(f, "{number:?}"),
            Self::Flag(flag) => flag.fmt(f),
            Self::Date(date) => f.write_str(date),
            Self::List(_) | Self::Table(_) => f.write_str(self.type_name()),
        }
    }
}

/// A text in quotes, cut off where it is too long for a message.
pub(super) struct Excerpt<'a>(pub(super) &'a str);

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 80;
        match self.0.char_indices().nth(LONGEST) {
            Some((end, _)) => write!(f, "{:?}…", &self.0[..end]),
            None => write!(f, "{:?}", self.0),
        }
    }
}

fn table(table: &DeTable<'_>, source: impl Fn(usize) -> Source + Copy) -> Table {
    table
        .iter()
        .map(|(key, value)| (key.get_ref().clone().into_owned(), (source(key.span().start), node(value, source))))
        .collect()
}

fn node(value: &Spanned<DeValue<'_>>, source: impl Fn(usize) -> Source + Copy) -> Node {
    let typed = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.clone().into_owned()),
        DeValue::Integer(digits) => Value::Integer(integer(digits.as_str(), digits.radix())),
        DeValue::Float(digits) => Value::Number(digits.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Datetime(date) => Value::Date(date.to_string()),
        DeValue::Array(items) => Value::List(items.iter().map(|item| node(item, source)).collect()),
        DeValue::Table(entries) => Value::Table(table(entries, source)),
    };
    Node { source: source(value.span().start), value: typed }
}

/// An integer of any length; one beyond 128 bits becomes the farthest that there is, which is out of every range.
fn integer(digits: &str, radix: u32) -> i128 {
    let farthest = if digits.starts_with('-') { i128::MIN } else { i128::MAX };
    i128::from_str_radix(digits, radix).unwrap_or(farthest)
}

/// The steps of `a.b[2].c`; nothing if a bracket is out of place.
fn steps(path: &str) -> Option<Vec<Step<'_>>> {
    let mut steps = Vec::new();
    for part in path.split('.') {
        let (key, mut items) = part.find('[').map_or((part, ""), |at| part.split_at(at));
        steps.push(Step::Entry(key));
        while let Some(rest) = items.strip_prefix('[') {
            let (index, after) = rest.split_once(']')?;
            steps.push(Step::Item(index.parse().ok()?));
            items = after;
        }
        if key.is_empty() || !items.is_empty() {
            return None;
        }
    }
    Some(steps)
}
