//! The nearest valid key or word to one that is not.

use std::collections::BTreeSet;

use super::key::Key;
use super::keys;

/// Likeness (0 to 1) from which a name in the same place counts as meant.
const LIKE: f64 = 0.8;
/// Likeness from which a name in another section does.
const LIKE_ELSEWHERE: f64 = 0.92;

/// The names that are valid in `section` (a path with `[]` for any element of a list).
pub(super) fn valid_in(section: &str) -> Vec<&'static str> {
    keys::ALL.iter().filter_map(|key| child_of(key, section)).collect::<BTreeSet<_>>().into_iter().collect()
}

/// The path of the valid key that `name` resembles: one of its own section, which is `path` in the document and
/// `schema` in the table of keys, or else one of another.
pub(super) fn nearest_key(path: &str, schema: &str, name: &str) -> Option<String> {
    let here = nearest(name, valid_in(schema).into_iter(), LIKE).map(|found| join(path, found));
    here.or_else(|| {
        let elsewhere = keys::ALL.iter().map(|key| key.name()).filter(|name| !name.starts_with('<'));
        let found = nearest(name, elsewhere, LIKE_ELSEWHERE)?;
        keys::ALL.iter().find(|key| key.name() == found).map(|key| key.path.to_owned())
    })
}

/// The word that `text` resembles.
pub(super) fn nearest_word(text: &str, words: &'static [&'static str]) -> Option<&'static str> {
    nearest(text, words.iter().copied(), LIKE)
}

/// The path of `name` in `section`.
pub(super) fn join(section: &str, name: &str) -> String {
    if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") }
}

fn nearest(text: &str, candidates: impl Iterator<Item = &'static str>, like: f64) -> Option<&'static str> {
    // A long text resembles no key, and comparing it takes time by its length.
    const LONGEST: usize = 64;
    if text.len() > LONGEST {
        return None;
    }
    let text = text.to_lowercase();
    candidates
        .map(|candidate| (likeness(&text, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= like)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

/// Equal but for a unit or an ending scores high by Jaro-Winkler, swapped and missing letters by both.
fn likeness(a: &str, b: &str) -> f64 {
    strsim::jaro_winkler(a, b).max(strsim::normalized_damerau_levenshtein(a, b))
}

/// The name below `section` that leads to `key`, without the brackets of a list.
fn child_of(key: &Key, section: &str) -> Option<&'static str> {
    let below = if section.is_empty() { key.path } else { key.path.strip_prefix(section)?.strip_prefix('.')? };
    let name = below.split('.').next()?;
    Some(name.strip_suffix("[]").unwrap_or(name)).filter(|name| !name.starts_with('<'))
}
