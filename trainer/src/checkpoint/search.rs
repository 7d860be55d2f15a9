//! Finding the newest committed state in a run's directory.

use std::fs;
use std::path::{Path, PathBuf};

use starloom_comms::id::{Digest, NodeId, Round};

use super::{ReadError, read, round_of};

/// A checkpoint that was found and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCheckpoint {
    /// Its directory.
    pub directory: PathBuf,
    /// The node that wrote it.
    pub node: NodeId,
    /// The last round in it.
    pub round: Round,
    /// Digest of its common state.
    pub state: Digest,
}

/// What a search came upon.
#[derive(Debug, Default)]
pub struct Found {
    /// The newest checkpoint that is whole.
    pub newest: Option<StoredCheckpoint>,
    /// Newer ones that are not, and why.
    pub damaged: Vec<(PathBuf, ReadError)>,
}

/// The newest valid checkpoint of any node under `run_dir` (`nodes/<node>/checkpoints/round-<round>/`). Newer ones that do
/// not read back are passed over and told of.
#[must_use]
pub fn newest(run_dir: &Path) -> Found {
    let mut candidates = Vec::new();
    for (node, path) in entries(&run_dir.join("nodes")) {
        let Ok(node) = node.parse::<NodeId>() else { continue };
        for (name, path) in entries(&path.join("checkpoints")) {
            if let Some(round) = round_of(&name) {
                candidates.push((round, node.clone(), path));
            }
        }
    }
    // Newest first; among equals in the order of nodes, so that every caller finds the same.
    candidates.sort_by(|(a_round, a_node, _), (b_round, b_node, _)| (b_round, a_node).cmp(&(a_round, b_node)));
    let mut found = Found::default();
    for (_, node, directory) in candidates {
        match read(&directory) {
            Ok(snapshot) => {
                let (round, state) = (snapshot.round, snapshot.digest());
                found.newest = Some(StoredCheckpoint { directory, node, round, state });
                break;
            }
            Err(error) => found.damaged.push((directory, error)),
        }
    }
    found
}

/// The readable entries of a directory by name; none if there is no such directory.
fn entries(path: &Path) -> Vec<(String, PathBuf)> {
    let Ok(entries) = fs::read_dir(path) else { return Vec::new() };
    entries.flatten().filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.path()))).collect()
}
