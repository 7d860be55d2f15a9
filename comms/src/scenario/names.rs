//! Many names in few words: `sat-[0-3,7]`, as in Slurm's host lists.

use super::reader::NODE_NAME;
use crate::id::NodeId;
use crate::limits::MAX_NODES;

/// The names that a text stands for: one name, or one with a list of numbers and ranges in brackets.
///
/// # Errors
/// What is wrong with it, and what would be right.
pub(super) fn expand(text: &str) -> Result<Vec<NodeId>, String> {
    let Some((prefix, rest)) = text.split_once('[') else { return Ok(vec![name(text)?]) };
    let unclear = || "names with numbers look like `sat-[0-3,7]`".to_owned();
    let (numbers, suffix) = rest.split_once(']').ok_or_else(unclear)?;
    let mut names = Vec::new();
    for part in numbers.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let number = |text: &str| text.trim().parse::<u32>().map_err(|_| unclear());
        let (first, last) = (number(first)?, number(last)?);
        if first > last {
            return Err(format!("the range {first}-{last} runs backwards"));
        }
        if last - first >= MAX_NODES || names.len() >= MAX_NODES as usize {
            return Err(format!("there are at most {MAX_NODES} names"));
        }
        for number in first..=last {
            names.push(name(&format!("{prefix}{number}{suffix}"))?);
        }
    }
    Ok(names)
}

fn name(text: &str) -> Result<NodeId, String> {
    text.parse().map_err(|_| NODE_NAME.to_owned())
}

/// A name from a catalogue or a table as that of a node: what a node's name cannot have becomes a hyphen.
pub(super) fn node_named(text: &str) -> Option<NodeId> {
    let plain = |char: char| if char.is_ascii_alphanumeric() { char.to_ascii_lowercase() } else { '-' };
    text.chars().map(plain).collect::<String>().trim_matches('-').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_stand_for_numbers_and_ranges() {
        let expanded = |text| expand(text).map(|names| names.iter().map(NodeId::to_string).collect::<Vec<_>>());
        assert_eq!(expanded("sat-3").unwrap(), ["sat-3"]);
        assert_eq!(expanded("sat-[0-2,7, 9]").unwrap(), ["sat-0", "sat-1", "sat-2", "sat-7", "sat-9"]);
        assert_eq!(expanded("a[1]b").unwrap(), ["a1b"]);
        for bad in ["sat-[", "sat-[]", "sat-[3-1]", "sat-[0-99999]", "Sat-[1]", "sat-[x]", "", "sat-[1-2-3]"] {
            assert!(expand(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_catalogue_name_becomes_a_node() {
        for (text, name) in
            [("STARLINK-1007", "starlink-1007"), ("(VELOX-CI)", "velox-ci"), ("punta_arenas", "punta-arenas")]
        {
            assert_eq!(node_named(text).map(|node| node.to_string()).as_deref(), Some(name));
        }
        assert_eq!(node_named("()"), None);
    }
}
