//! From a roster and a contact plan to a schedule: which strategy, and in which order of the ranks.

mod path;
#[cfg(test)]
mod tests;
mod ways;

use std::collections::BTreeMap;

use thiserror::Error;

use self::ways::Ways;
use super::schedule::Schedule;
use super::strategies::STRATEGIES;
use super::verify::verify;
use crate::contacts::ContactPlan;
use crate::id::{NodeId, Rank};
use crate::scenario::StrategyChoice;
use crate::units::MissionTime;

/// Makes the schedule of an all-reduce over `elements` numbers among `members`, whose ranks are their indices, from
/// `at` on. `relays` are the ranks behind them.
///
/// `auto` takes the first strategy that the contact plan has the contacts for: the ring in the order of the roster,
/// or else a chain; both without relays if that is possible. All nodes with the same arguments get the same schedule.
///
/// # Errors
/// [`PlanError`], naming who cannot reach whom; for `auto` that of the strategy that needs the fewest contacts.
pub fn plan(
    choice: StrategyChoice,
    members: &[NodeId],
    relays: &[NodeId],
    elements: usize,
    plan: &ContactPlan,
    at: MissionTime,
) -> Result<Schedule, PlanError> {
    if members.is_empty() {
        return Err(PlanError::NoMembers);
    }
    let mut outcome = Err(PlanError::NoMembers);
    for over_relays in [false, true] {
        if over_relays && relays.is_empty() {
            break;
        }
        let request = Request { members, relays, over_relays, elements, plan, at };
        for strategy in STRATEGIES {
            if outcome.is_err() && (choice == StrategyChoice::Auto || choice == strategy.choice) {
                outcome = (strategy.plan)(&request);
            }
        }
    }
    debug_assert_eq!(outcome.as_ref().map(verify).unwrap_or(Ok(())), Ok(()));
    outcome
}

/// Why there is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlanError {
    /// There is nobody to plan for.
    #[error("a collective without members")]
    NoMembers,
    /// The strategy needs a lane that never has contact.
    #[error("{from} has no contact to {to} after {at}, also not over relays, which the strategy needs")]
    NoContact {
        /// The sender.
        from: NodeId,
        /// The receiver.
        to: NodeId,
        /// From when on.
        at: MissionTime,
    },
    /// The members fall apart into groups that never have contact.
    #[error("after {at} there is no way from {} to {}, not even over other members", names(reached), names(unreached))]
    Apart {
        /// The first member and whom it reaches, over others too.
        reached: Vec<NodeId>,
        /// The others.
        unreached: Vec<NodeId>,
        /// From when on.
        at: MissionTime,
    },
    /// No path visits each member once.
    #[error(
        "found no chain through all members after {at}: one goes along {}, and {} cannot be put into it",
        names(path),
        names(left)
    )]
    NoChain {
        /// The longest path that was found.
        path: Vec<NodeId>,
        /// Who is not on it.
        left: Vec<NodeId>,
        /// From when on.
        at: MissionTime,
    },
}

fn names(nodes: &[NodeId]) -> String {
    nodes.iter().map(NodeId::as_str).collect::<Vec<_>>().join(", ")
}

/// What a strategy plans for.
pub(super) struct Request<'a> {
    /// The roster, by rank; never empty.
    pub(super) members: &'a [NodeId],
    /// The ranks behind them.
    pub(super) relays: &'a [NodeId],
    /// Whether these may be used.
    over_relays: bool,
    /// Elements of the vector.
    pub(super) elements: usize,
    plan: &'a ContactPlan,
    at: MissionTime,
}

impl Request<'_> {
    /// A closed walk through all members in the order of the roster, over relays where one does not reach the next.
    pub(super) fn circle(&self) -> Result<Vec<Rank>, PlanError> {
        let ways = Ways::new(&self.graph(|_, _| true), self.members.len());
        let members = self.members.len();
        let circle = (0..members).chain((members > 1).then_some(0)).collect::<Vec<_>>();
        let mut walk = self.expand(&circle, &ways)?;
        if members > 1 {
            walk.pop();
        }
        Ok(walk)
    }

    /// A walk that visits each member once, over relays where needed, along links that ever have contact both ways.
    pub(super) fn path(&self) -> Result<Vec<Rank>, PlanError> {
        let ways = Ways::new(&self.graph(|a, b| self.reaches(b, a)), self.members.len());
        let graph = ways.graph();
        let named = |ranks: &[usize]| ranks.iter().map(|&rank| self.members[rank].clone()).collect::<Vec<_>>();
        let others = |ranks: &[usize]| (0..graph.len()).filter(|rank| !ranks.contains(rank)).collect::<Vec<_>>();
        let reached = path::component(&graph, 0);
        if reached.len() < graph.len() {
            let unreached = named(&others(&reached));
            return Err(PlanError::Apart { reached: named(&reached), unreached, at: self.at });
        }
        match path::through_all(&graph) {
            Ok(path) => self.expand(&path, &ways),
            Err(longest) => {
                Err(PlanError::NoChain { path: named(&longest), left: named(&others(&longest)), at: self.at })
            }
        }
    }

    /// Puts the relays between the members of a walk.
    fn expand(&self, walk: &[usize], ways: &Ways) -> Result<Vec<Rank>, PlanError> {
        let rank = |index: usize| Rank(u32::try_from(index).unwrap_or(u32::MAX));
        let mut expanded = vec![rank(walk[0])];
        for pair in walk.windows(2) {
            let Some(between) = ways.between(pair[0], pair[1]) else {
                let (from, to) = (self.members[pair[0]].clone(), self.members[pair[1]].clone());
                return Err(PlanError::NoContact { from, to, at: self.at });
            };
            expanded.extend(between.iter().chain([&pair[1]]).map(|&index| rank(index)));
        }
        Ok(expanded)
    }

    /// Whom each rank ever has contact to, where `also` holds for the two, in ascending order.
    fn graph(&self, also: impl Fn(&NodeId, &NodeId) -> bool) -> Vec<Vec<usize>> {
        let relays = if self.over_relays { self.relays } else { &[] };
        let all: Vec<&NodeId> = self.members.iter().chain(relays).collect();
        let ranks: BTreeMap<&NodeId, usize> = all.iter().copied().zip(0..).collect();
        let neighbours = |&from: &&NodeId| {
            let receivers = self.plan.receivers(from);
            let mut neighbours: Vec<usize> = receivers
                .filter_map(|to| Some((to, *ranks.get(to)?)))
                .filter(|(to, _)| self.reaches(from, to) && also(from, to))
                .map(|(_, rank)| rank)
                .collect();
            neighbours.sort_unstable();
            neighbours
        };
        all.iter().map(neighbours).collect()
    }

    /// Whether `from` ever has contact to `to`.
    fn reaches(&self, from: &NodeId, to: &NodeId) -> bool {
        self.plan.next(from, to, self.at).is_some()
    }
}
