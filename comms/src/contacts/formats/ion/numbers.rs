//! Which number is which node.

use std::collections::BTreeMap;

use thiserror::Error;

use super::error::IonError;
use super::field::{fields, whole};
use crate::contacts::ContactPlan;
use crate::id::NodeId;

/// Which number of ION is which node, one to one. Numbers are from 1 to 2^64 - 1.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeNumbers {
    nodes: BTreeMap<u64, NodeId>,
    numbers: BTreeMap<NodeId, u64>,
}

/// Why a node cannot have a number.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TakenNumber {
    /// ION has no node 0.
    #[error("the node {node} cannot have the number 0: numbers are from 1 on")]
    Zero {
        /// The node.
        node: NodeId,
    },
    /// The number is that of another node.
    #[error("the number {number} cannot be {node}: it is {other}")]
    Number {
        /// The number.
        number: u64,
        /// The node that should have it.
        node: NodeId,
        /// The node that has it.
        other: NodeId,
    },
    /// The node has another number.
    #[error("{node} cannot have the number {number}: it has {other}")]
    Node {
        /// The node.
        node: NodeId,
        /// The number that it should have.
        number: u64,
        /// The number that it has.
        other: u64,
    },
}

impl NodeNumbers {
    /// Gives a node its number.
    ///
    /// # Errors
    /// [`TakenNumber`] if the number is 0 or that of another node, or the node has another number.
    pub fn insert(&mut self, number: u64, node: NodeId) -> Result<(), TakenNumber> {
        if number == 0 {
            return Err(TakenNumber::Zero { node });
        }
        if let Some(other) = self.nodes.get(&number).filter(|other| **other != node) {
            return Err(TakenNumber::Number { number, node, other: other.clone() });
        }
        if let Some(&other) = self.numbers.get(&node).filter(|other| **other != number) {
            return Err(TakenNumber::Node { node, number, other });
        }
        self.nodes.insert(number, node.clone());
        self.numbers.insert(node, number);
        Ok(())
    }

    /// These numbers, and one for every other node of a plan: a node that is called as a number has that one if it is free, the
    /// others have the lowest that are free, short names first (`sat-2` before `sat-10`).
    #[must_use]
    pub fn with_all_of(&self, plan: &ContactPlan) -> Self {
        let mut all = self.clone();
        let mut unnumbered: Vec<_> = plan.nodes().into_iter().filter(|node| self.number(node).is_none()).collect();
        unnumbered.retain(|node| {
            let own = whole(node.as_str());
            own.is_none_or(|number| all.insert(number, (*node).clone()).is_err())
        });
        unnumbered.sort_by_key(|node| (node.as_str().len(), *node));
        let mut free = 1;
        for node in unnumbered {
            while all.insert(free, node.clone()).is_err() {
                free += 1;
            }
        }
        all
    }

    /// The number of a node.
    #[must_use]
    pub fn number(&self, node: &NodeId) -> Option<u64> {
        self.numbers.get(node).copied()
    }

    /// The node of a number.
    #[must_use]
    pub fn node(&self, number: u64) -> Option<&NodeId> {
        self.nodes.get(&number)
    }

    /// Every number with its node, in the order of the numbers.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &NodeId)> {
        self.nodes.iter().map(|(number, node)| (*number, node))
    }

    /// Whether no node has a number.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// What the comments `# node NUMBER NAME` of a plan say.
    pub(super) fn named_in(text: &str) -> Result<Self, IonError> {
        let mut numbers = Self::default();
        for (line, text) in (1..).zip(text.lines()) {
            let mut fields = fields(line, text);
            if [fields.next(), fields.next()].map(|field| field.map_or("", |field| field.text)) != ["#", "node"] {
                continue;
            }
            let (Some(number), Some(name), None) = (fields.next(), fields.next(), fields.next()) else { continue };
            // Words are prose, a number is meant.
            if number.text.bytes().all(|byte| byte.is_ascii_digit()) {
                let node = name.text.parse::<NodeId>();
                let node = node.map_err(|mut error| {
                    error.text = name.shown();
                    name.refuse(error)
                })?;
                numbers
                    .insert(number.number("node number", 1, u64::MAX)?, node)
                    .map_err(|error| number.refuse(error))?;
            }
        }
        Ok(numbers)
    }
}
