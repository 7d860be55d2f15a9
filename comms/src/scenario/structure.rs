//! Every key of the document is one that a scenario has, and every section is a section.

use super::error::Flaw;
use super::key::{Absent, Key};
use super::keys;
use super::problems::Problems;
use super::suggest::{join, nearest_key, valid_in};
use super::tree::{Node, Source, Table, Value};

/// Reports every key that a scenario does not have, and every section that is a plain value.
pub(super) fn check(document: &Node, problems: &mut Problems<'_>) {
    if let Value::Table(table) = &document.value {
        check_table(table, "", "", problems);
    }
}

/// What can stand at a path.
enum Role {
    Value,
    Section,
    List,
    Nothing,
}

/// Checks a table whose path is `path` in the document, and `schema` in the table of keys.
fn check_table(table: &Table, path: &str, schema: &str, problems: &mut Problems<'_>) {
    for (name, (source, node)) in table {
        let section = path;
        let path = join(section, name);
        let schema_path = join(schema, name);
        match role(name, schema, &schema_path) {
            // Some values can also be a list of tables.
            Role::Value => match &node.value {
                Value::List(items) if has_elements(&schema_path) => {
                    check_list(items, &path, &format!("{schema_path}[]"), problems);
                }
                _ => {}
            },
            Role::Section => match &node.value {
                Value::Table(table) => check_table(table, &path, &schema_path, problems),
                found => problems.add(node.source, wrong_type(path, "a table", found)),
            },
            Role::List => match &node.value {
                Value::List(items) => check_list(items, &path, &format!("{schema_path}[]"), problems),
                found => problems.add(node.source, wrong_type(path, "an array of tables", found)),
            },
            Role::Nothing => problems.add_with(*source, || unknown(section, schema, name)),
        }
    }
}

fn check_list(items: &[Node], path: &str, schema: &str, problems: &mut Problems<'_>) {
    for (index, item) in items.iter().enumerate() {
        let path = format!("{path}[{index}]");
        match &item.value {
            Value::Table(table) => check_table(table, &path, schema, problems),
            found => problems.add(item.source, wrong_type(path, "a table", found)),
        }
    }
}

fn role(name: &str, section: &str, path: &str) -> Role {
    if keys::ALL.iter().any(|key| is_named_by_node(key, section)) {
        return Role::Value;
    }
    // A quoted name can hold dots and brackets and must not pass for a path.
    let bare =
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if !bare {
        return Role::Nothing;
    }
    let below = |prefix: &str| keys::ALL.iter().any(|key| key.path.starts_with(prefix));
    if keys::ALL.iter().any(|key| key.path == path) {
        Role::Value
    } else if below(&format!("{path}.")) {
        Role::Section
    } else if has_elements(path) {
        Role::List
    } else {
        Role::Nothing
    }
}

fn has_elements(path: &str) -> bool {
    keys::ALL.iter().any(|key| key.path.strip_prefix(path).is_some_and(|rest| rest.starts_with("[].")))
}

fn is_named_by_node(key: &Key, section: &str) -> bool {
    key.section() == section && key.name().starts_with('<')
}

fn wrong_type(key: String, expected: &'static str, found: &Value) -> Flaw {
    Flaw::WrongType { key, expected, found: found.described() }
}

/// The flaw of a key that is not one, in the section that is `path` in the document and `schema` in the table of keys.
fn unknown(path: &str, schema: &str, name: &str) -> Flaw {
    Flaw::UnknownKey { key: join(path, name), nearest: nearest_key(path, schema, name), valid: valid_in(schema) }
}

/// The flaw of an override whose path leads nowhere.
pub(super) fn unknown_path(path: &str) -> Flaw {
    let (section, name) = path.rsplit_once('.').unwrap_or(("", path));
    let parts = section.split('[').map(|part| part.trim_start_matches(|c: char| c.is_ascii_digit()));
    unknown(section, &parts.collect::<Vec<_>>().join("["), name)
}

/// Gives every key without a value its default. Under what should be a section and is not, there is no place for it.
pub(super) fn fill_in_defaults(document: &mut Node) {
    for key in keys::ALL {
        if let Absent::Default(text) = key.absent
            && document.find(key.path).is_none()
        {
            // The tests hold every default to be a value.
            if let Ok(value) = Node::single(text, Source::Default) {
                document.set(key.path, value).ok();
            }
        }
    }
}
