//! Reads single values out of a document, each by the kind and range of its key.

mod quantities;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::documents;
use super::error::Flaw;
use super::key::{Absent, Element, Key, Kind};
use super::keys;
use super::names;
use super::problems::Problems;
use super::suggest::nearest_word;
use super::tree::{Excerpt, Node, Source, Value};
use crate::id::NodeId;

pub(super) const NODE_NAME: &str =
    "a node's name has 1 to 63 lower-case letters, digits and inner hyphens, like `sat-0`";

/// Reads values. What cannot be read is reported and is `None`; a key that may be absent and is, is `None` alone.
pub(super) struct Reader<'a, 'p> {
    document: &'a Node,
    problems: &'a mut Problems<'p>,
    element: Element<'a>,
}

impl<'a, 'p> Reader<'a, 'p> {
    pub(super) const fn new(document: &'a Node, problems: &'a mut Problems<'p>) -> Self {
        Self { document, problems, element: Element::Only }
    }

    /// The same for the values of one element.
    pub(super) const fn of(&mut self, element: Element<'a>) -> Reader<'_, 'p> {
        Reader { document: self.document, problems: self.problems, element }
    }

    /// The value at a path that has no key of its own: a section or a list.
    pub(super) fn section(&self, path: &str) -> Option<&'a Value> {
        self.document.find(path).map(|node| &node.value)
    }

    /// Whether the key was written, or is there by default only.
    pub(super) fn is_written(&self, key: &Key) -> bool {
        self.document.find(&key.path_in(self.element)).is_some_and(|node| node.source != Source::Default)
    }

    /// Whether a section was written.
    pub(super) fn has_section(&self, path: &str) -> bool {
        self.document.find(path).is_some_and(|node| node.source != Source::Default)
    }

    /// Reports a key that means nothing beside a section.
    pub(super) fn misplaced(&mut self, path: &str, section: &str) {
        let value = self.document.find(path).map(|node| node.value.to_string()).unwrap_or_default();
        let reason = format!("the key has no meaning in a scenario with {section}; leave it out");
        self.report(path, Flaw::Malformed { key: path.to_owned(), value, reason });
    }

    /// Reports a flaw of the value at `path`.
    pub(super) fn report(&mut self, path: &str, flaw: Flaw) {
        let source = self.document.find(path).map_or(Source::Default, |node| node.source);
        self.problems.add(source, flaw);
    }

    pub(super) fn integer<T: TryFrom<u64>>(&mut self, key: &Key) -> Option<T> {
        let Value::Integer(found) = &self.node(key)?.value else { return self.wrong_type(key) };
        let Kind::Integer(least, most) = key.kind else { return None };
        let inside = u64::try_from(*found).ok().filter(|value| (least..=most).contains(value));
        match inside.and_then(|value| T::try_from(value).ok()) {
            Some(value) => Some(value),
            None => self.out_of_range(key, found.to_string()),
        }
    }

    pub(super) fn number(&mut self, key: &Key) -> Option<f64> {
        let found = &self.node(key)?.value;
        #[expect(clippy::cast_precision_loss, reason = "integers beyond 2^53 are out of every range")]
        let number = match found {
            Value::Number(number) => *number,
            Value::Integer(integer) => *integer as f64,
            _ => return self.wrong_type(key),
        };
        if key.kind.admits(number) { Some(number) } else { self.out_of_range(key, found.to_string()) }
    }

    /// Names of nodes, each once; nothing without the key.
    pub(super) fn names(&mut self, key: &Key) -> Option<Option<Vec<NodeId>>> {
        let Some(node) = self.document.find(&key.path_in(self.element)) else { return Some(None) };
        let Value::List(items) = &node.value else { return self.wrong_type(key) };
        let mut found = Vec::new();
        for item in items {
            let Value::Text(text) = &item.value else { return self.wrong_type(key) };
            match names::expand(text) {
                Ok(names) => found.extend(names),
                Err(reason) => return self.malformed(key, text, reason),
            }
        }
        found.sort();
        found.dedup();
        Some(Some(found))
    }

    /// The text of a file, whose path begins at `base`, or the one that is written in its place.
    pub(super) fn document(&mut self, key: &Key, base: &Path) -> Option<String> {
        let text = self.text(key)?;
        match documents::text(text, base) {
            Ok(document) => Some(document.into_owned()),
            Err(reason) => self.malformed(key, text, reason),
        }
    }

    /// Reports what is wrong with a document.
    pub(super) fn refuse_document<T>(&mut self, key: &Key, reason: String) -> Option<T> {
        let shown = match self.document.find(key.path).map(|node| &node.value) {
            Some(Value::Text(text)) if !text.contains('\n') => Excerpt(text).to_string(),
            Some(Value::Text(text)) => format!("({} lines)", text.lines().count()),
            Some(value) => value.to_string(),
            None => "(not set)".to_owned(),
        };
        self.flaw(key, Flaw::Malformed { key: key.path.to_owned(), value: shown, reason })
    }

    /// Reports what is wrong with one value of a key.
    pub(super) fn refuse<T>(&mut self, key: &Key, value: &str, reason: impl Into<String>) -> Option<T> {
        self.malformed(key, value, reason)
    }

    pub(super) fn flag(&mut self, key: &Key) -> Option<bool> {
        let Value::Flag(flag) = self.node(key)?.value else { return self.wrong_type(key) };
        Some(flag)
    }

    /// One of the words of the key.
    pub(super) fn word<T: FromStr>(&mut self, key: &Key) -> Option<T> {
        self.chosen(key).and_then(|word| word.parse().ok())
    }

    /// One of the words of the key, as it stands.
    pub(super) fn chosen(&mut self, key: &Key) -> Option<&'a str> {
        let Kind::Word(accepted) = key.kind else { return None };
        let text = self.text(key)?;
        if accepted.contains(&text) {
            return Some(text);
        }
        let (value, nearest) = (Excerpt(text).to_string(), nearest_word(text, accepted));
        self.flaw(key, Flaw::UnknownWord { key: key.path_in(self.element), value, accepted, nearest })
    }

    /// A text that can name a directory.
    pub(super) fn name(&mut self, key: &Key) -> Option<String> {
        let text = self.text(key)?;
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let fits = (1..=64).contains(&text.len())
            && text.as_bytes()[0].is_ascii_alphanumeric()
            && text.bytes().all(inner)
            && !text.ends_with('.');
        if fits {
            Some(text.to_owned())
        } else {
            self.malformed(key, text, format!("it names a directory: {}", key.kind))
        }
    }

    /// A text of 1 to 64 characters, none of them for control.
    pub(super) fn label(&mut self, key: &Key) -> Option<String> {
        let text = self.text(key)?;
        let fits = (1..=64).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        if fits { Some(text.to_owned()) } else { self.malformed(key, text, format!("it has {}", key.kind)) }
    }

    pub(super) fn path(&mut self, key: &Key) -> Option<PathBuf> {
        match self.text(key)? {
            "" => self.malformed(key, "", "a path has a character at least; leave the key out for none"),
            text => Some(PathBuf::from(text)),
        }
    }

    pub(super) fn peer(&mut self, key: &Key) -> Option<NodeId> {
        let text = self.text(key)?;
        match text.parse() {
            Ok(id) => Some(id),
            Err(_) => self.malformed(key, text, NODE_NAME),
        }
    }

    /// The entries of a table from nodes to paths; empty without the table.
    pub(super) fn paths_by_node(&mut self, section: &str) -> Option<BTreeMap<NodeId, PathBuf>> {
        let Some(Value::Table(entries)) = self.section(section) else { return Some(BTreeMap::new()) };
        let read: Vec<_> = entries
            .iter()
            .map(|(name, (source, _))| {
                let Ok(node) = name.parse::<NodeId>() else {
                    let (value, reason) = (Excerpt(name).to_string(), NODE_NAME.to_owned());
                    self.problems.add(*source, Flaw::Malformed { key: section.to_owned(), value, reason });
                    return None;
                };
                Some((node, self.of(Element::Node(name)).path(&keys::PRIVATE_PATH)?))
            })
            .collect();
        read.into_iter().collect()
    }

    pub(super) fn address(&mut self, key: &Key) -> Option<IpAddr> {
        let text = self.text(key)?;
        match text.parse() {
            Ok(address) => Some(address),
            Err(_) => {
                self.malformed(key, text, "an address is IPv4 or IPv6, like 127.0.0.1 or ::1; names are not looked up")
            }
        }
    }

    fn text(&mut self, key: &Key) -> Option<&'a str> {
        let Value::Text(text) = &self.node(key)?.value else { return self.wrong_type(key) };
        Some(text)
    }

    /// The value of a key; one that must be there and is not is reported.
    fn node(&mut self, key: &Key) -> Option<&'a Node> {
        let path = key.path_in(self.element);
        let found = self.document.find(&path);
        if found.is_none() && matches!(key.absent, Absent::Required) {
            return self.missing(key);
        }
        found
    }

    /// Reports a key that must be there and is not.
    pub(super) fn missing<T>(&mut self, key: &Key) -> Option<T> {
        let path = key.path_in(self.element);
        let parents = path.match_indices('.').map(|(dot, _)| &path[..dot]);
        let source = match parents.filter_map(|parent| self.document.find(parent)).next_back() {
            Some(Node { value: Value::Table(_), source }) => *source,
            // What should be a section and is not has been reported for that.
            Some(_) => return None,
            None => Source::Default,
        };
        self.problems.add(source, Flaw::Missing { key: path, meaning: key.meaning });
        None
    }

    /// Reports a key that cannot stand beside another.
    pub(super) fn one_too_many<T>(&mut self, key: &Key, other: &Key) -> Option<T> {
        let [(path, value), (other, other_value)] = [key, other].map(|key| {
            let path = key.path_in(self.element);
            let value = self.document.find(&path).map(|node| node.value.to_string()).unwrap_or_default();
            (path, value)
        });
        let remedy = "keep one of the two".to_owned();
        let relation = "cannot stand beside";
        self.report(&path.clone(), Flaw::Relation { key: path, value, relation, other, other_value, remedy });
        None
    }

    fn wrong_type<T>(&mut self, key: &Key) -> Option<T> {
        let found = self.document.find(&key.path_in(self.element))?.value.described();
        self.flaw(key, Flaw::WrongType { key: key.path_in(self.element), expected: key.kind.expected(), found })
    }

    fn out_of_range<T>(&mut self, key: &Key, value: String) -> Option<T> {
        let range = format!("{} {}", key.kind, key.unit).trim_end().to_owned();
        self.flaw(key, Flaw::OutOfRange { key: key.path_in(self.element), value, range })
    }

    fn malformed<T>(&mut self, key: &Key, text: &str, reason: impl Into<String>) -> Option<T> {
        let (value, reason) = (Excerpt(text).to_string(), reason.into());
        self.flaw(key, Flaw::Malformed { key: key.path_in(self.element), value, reason })
    }

    fn flaw<T>(&mut self, key: &Key, flaw: Flaw) -> Option<T> {
        self.report(&key.path_in(self.element), flaw);
        None
    }
}
