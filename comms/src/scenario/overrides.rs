//! Values that are given beside the text, as `--set training.rounds=5` does.

use super::error::Flaw;
use super::keys;
use super::problems::Problems;
use super::structure::unknown_path;
use super::tree::{NoWay, Node, Source, Value};

/// Sets each override in the document, the later ones last. Whether its key is one is for the check of the structure,
/// which sees overrides and text alike.
pub(super) fn apply(document: &mut Node, overrides: &[(String, String)], problems: &mut Problems<'_>) {
    for (index, (key, value)) in overrides.iter().enumerate() {
        let source = Source::Override(index);
        match parse(key, value, source) {
            Ok(node) => match document.set(key, node) {
                Ok(()) => {}
                Err(NoWay::Path) => problems.add(source, unknown_path(key)),
                Err(NoWay::Element) => problems.add(source, Flaw::NoElement { key: key.clone() }),
            },
            Err(error) => problems.add(source, Flaw::Syntax { message: error.message().to_owned() }),
        }
    }
}

/// A value as TOML writes it, or a bare word, which stands for a string.
fn parse(key: &str, value: &str, source: Source) -> Result<Node, toml::de::Error> {
    let bare = Node { source, value: Value::Text(value.to_owned()) };
    let value = value.trim();
    let quoted = value.starts_with(['"', '\'']);
    if !quoted && names_a_text(key) {
        return Ok(bare);
    }
    match Node::single(value, source) {
        Ok(node) => Ok(node),
        Err(_) if !quoted && !value.starts_with(['[', '{']) => Ok(bare),
        Err(error) => Err(error),
    }
}

/// Whether a key's value is a string in any case, so that `name=2026` need no quotes.
fn names_a_text(path: &str) -> bool {
    let section = path.rsplit_once('.').map_or("", |(section, _)| section);
    keys::ALL.iter().any(|key| {
        key.kind.is_text() && (key.path == path || (key.name().starts_with('<') && key.section() == section))
    })
}
