//! What stands in for the all-reduce: an attempt completes when all of its view have entered it.

use std::collections::{BTreeMap, BTreeSet};

use starloom_comms::control::View;
use starloom_comms::id::{Attempt, Digest, NodeId, Round, ViewId};

use crate::dice::Dice;

pub(crate) type Key = (ViewId, Round, Attempt);

/// All attempts at all rounds.
#[derive(Debug, Default)]
pub(crate) struct Collective {
    entered: BTreeMap<Key, BTreeMap<NodeId, Vec<u64>>>,
    /// Attempts that miss frames of a member that died.
    broken: BTreeSet<Key>,
}

impl Collective {
    pub(crate) fn enter(&mut self, key: Key, node: &NodeId, samples: Vec<u64>) {
        self.entered.entry(key).or_default().insert(node.clone(), samples);
    }

    /// The digest of the agreed mean, once all of the attempt's view have entered it.
    pub(crate) fn complete(&self, key: Key, view: &View) -> Option<Digest> {
        let entered = self.entered.get(&key)?;
        let all = view.members.iter().all(|member| entered.contains_key(&member.id));
        (all && !self.broken.contains(&key)).then(|| digest(key, entered))
    }

    /// The samples of each contribution in the mean with this digest.
    pub(crate) fn contributions(&self, agreed: Digest) -> Option<&BTreeMap<NodeId, Vec<u64>>> {
        self.entered.iter().find(|(key, entered)| digest(**key, entered) == agreed).map(|(_, entered)| entered)
    }

    /// A member dies: what it still had to send may be missing.
    pub(crate) fn died(&mut self, node: &NodeId, dice: &mut Dice) {
        for (key, entered) in &self.entered {
            if entered.contains_key(node) && dice.one_in(2) {
                self.broken.insert(*key);
            }
        }
    }
}

/// It depends on every contribution and on the attempt's place.
fn digest(key: Key, entered: &BTreeMap<NodeId, Vec<u64>>) -> Digest {
    Digest::of(format!("{key:?} {entered:?}").as_bytes())
}
