//! How long any exact all-reduce takes at least: a bound from below, whatever the schedule.
//!
//! A contact plan, the members, the length of the encoded vector and an instant to begin at are all that it takes. What comes out
//! holds for every strategy, over relays or not, so it tells how much better than a given schedule another one could be
//! at best. It says as well which of its arguments counts, and so what would have to be better for anything to be faster.
//!
//! ```
//! # use std::time::Duration;
//! use starloom_comms::collective::bound::{Limit, lower_bound};
//! use starloom_comms::contacts::{Contact, ContactPlan};
//! use starloom_comms::id::NodeId;
//! use starloom_comms::units::{BitsPerSecond, MissionTime};
//!
//! let [a, b] = [0, 1].map(NodeId::satellite);
//! let always = Contact {
//!     start: MissionTime::ZERO,
//!     end: MissionTime::NEVER,
//!     rate: BitsPerSecond(8_000_000).into(),
//!     light_time: Duration::from_millis(10).into(),
//! };
//! let plan = ContactPlan::new([(a.clone(), b.clone(), always.clone()), (b.clone(), a.clone(), always)])?;
//! let bound = lower_bound(&plan, &[a.clone(), b.clone()], 1_000_000, MissionTime::ZERO).expect("they reach each other");
//! assert_eq!(bound.time, Duration::from_millis(1_010));
//! assert!(matches!(bound.limit, Limit::Into { .. }));
//! # Ok::<(), starloom_comms::contacts::InvalidContact>(())
//! ```
//!
//! # What is bounded
//!
//! At the start each member has its contribution and nobody else knows anything of it; at the end each has the mean.
//! Whoever takes part may store, add up and pass on what it likes. Computing, headers and the bookkeeping of links take no time,
//! so nothing that takes some can be faster. Frames hold elements, and an element of a frame stands for that element of some
//! contributions, as in every [`Schedule`](super::Schedule).
//!
//! The arguments, each with its proof, are in `docs/lower-bound.md`; in the order of their files:
//!
//! | file | why not earlier |
//! |---|---|
//! | `reach.rs` | word from each member has to come to each other |
//! | `ends.rs` | a whole vector that depends on it has to get out of each member and into each other |
//! | `cut.rs` | and across every cut between members |
//! | `capacity.rs` | 2 (N - 1) vectors have to be carried somewhere, and 2 M of them around any M members |
//!
//! Each of them is a condition that an end of the all-reduce has to meet, and once met it stays met; so each can raise the earliest
//! end that the others leave possible, and the last such end is the bound.

mod capacity;
mod cut;
mod end;
mod ends;
mod flow;
mod lanes;
mod reach;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::time::Duration;

use self::end::End;
use self::lanes::{BYTE, Lanes};
use self::reach::{NEVER, earliest};
use crate::contacts::ContactPlan;
use crate::contacts::routing::{ContactGraph, Search};
use crate::id::NodeId;
use crate::limits::{MAX_BOUND_BYTES, MAX_BOUND_SOURCES};
use crate::units::MissionTime;

/// How long any exact all-reduce of `bytes` among `members` takes that begins at `start`, at least; nothing if none completes
/// within `plan`. Every node of the plan may relay. For several lengths or starts, make [`Bounds`] once.
#[must_use]
pub fn lower_bound(plan: &ContactPlan, members: &[NodeId], bytes: u64, start: MissionTime) -> Option<LowerBound> {
    Bounds::new(plan, members).at(bytes, start)
}

/// What no schedule is faster than.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LowerBound {
    /// From the start until the last member can have the mean at the earliest, in whole nanoseconds.
    pub time: Duration,
    /// The argument that says so; the first of them, where several do.
    pub limit: Limit,
}

/// Why an all-reduce does not take less time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Limit {
    /// Nothing has to go anywhere: there is no other member.
    Nothing,
    /// Light and the waiting for contacts: word from one member is not at another any earlier.
    Reach {
        /// Whose contribution it is.
        from: NodeId,
        /// Who has to hear of it.
        to: NodeId,
    },
    /// The lanes into a member: since word from another one can have come to their senders, they have not delivered a vector.
    Into {
        /// Whose contribution it is.
        from: NodeId,
        /// Whose lanes they are.
        to: NodeId,
    },
    /// The lanes out of a member: they have not taken a vector that can still get to another one.
    OutOf {
        /// Whose lanes they are.
        from: NodeId,
        /// Who has to hear of it.
        to: NodeId,
    },
    /// A cut somewhere between two members: its lanes have not delivered a vector that is of use.
    Cut {
        /// A member on the side that they leave.
        from: NodeId,
        /// A member on the side that they enter.
        to: NodeId,
        /// All lanes from one side to the other, by sender and receiver.
        lanes: Vec<(NodeId, NodeId)>,
    },
    /// The lanes of a group of members, taken together: they have not delivered twice as many vectors as the group has members, or
    /// members but one if it is all of them.
    Capacity {
        /// How many members the group has.
        members: usize,
    },
}

/// A contact plan laid out for lower bounds among the same members.
#[derive(Debug, Clone)]
pub struct Bounds<'a> {
    graph: ContactGraph,
    lanes: Lanes<'a>,
    /// Numbers of the graph, in the order of the names.
    members: Vec<u32>,
    /// Nodes that take no part.
    lost: Vec<u32>,
    /// Whether some of several members have no contact at all.
    apart: bool,
}

impl<'a> Bounds<'a> {
    /// Bounds for `members`, where every other node of `plan` may relay.
    #[must_use]
    pub fn new(plan: &'a ContactPlan, members: &[NodeId]) -> Self {
        Self::among(plan, members, |_| true)
    }

    /// Bounds for `members`, where of all other nodes of `plan` only `relays` may relay.
    #[must_use]
    pub fn with_relays(plan: &'a ContactPlan, members: &[NodeId], relays: &[NodeId]) -> Self {
        let relays: BTreeSet<_> = relays.iter().collect();
        Self::among(plan, members, |node| relays.contains(node))
    }

    fn among(plan: &'a ContactPlan, members: &[NodeId], may_relay: impl Fn(&NodeId) -> bool) -> Self {
        let graph = ContactGraph::new(plan);
        let named: BTreeSet<_> = members.iter().collect();
        let members: Vec<u32> = named.iter().filter_map(|member| graph.index(member)).collect();
        let takes_part: Vec<bool> = graph.nodes().iter().map(|node| named.contains(node) || may_relay(node)).collect();
        let lost = (0..).zip(&takes_part).filter(|(_, takes_part)| !**takes_part).map(|(node, _)| node).collect();
        let lanes = Lanes::new(plan, &graph, &takes_part);
        let apart = named.len() > 1 && members.len() < named.len();
        Self { graph, lanes, members, lost, apart }
    }

    /// How long any exact all-reduce takes that begins at `start`, at least, if the encoded vector has `bytes`; nothing if
    /// none completes within the plan.
    ///
    /// Of more than [`MAX_BOUND_SOURCES`] members the arguments about pairs look at evenly many, so the bound may be lower than it
    /// could be. Of more than [`MAX_BOUND_BYTES`] it is that of so many.
    #[must_use]
    pub fn at(&self, bytes: u64, start: MissionTime) -> Option<LowerBound> {
        let mut end = End::new(start.0, self.lanes.horizon);
        if self.apart {
            return None;
        }
        if self.members.len() > 1 {
            let question = Question::new(self, bytes.min(MAX_BOUND_BYTES), start);
            question.reach(&mut end)?;
            if question.need > 0 {
                ends::into_receivers(&question, &mut end)?;
                ends::out_of_senders(&question, &mut end)?;
                cut::across(&question, &mut end)?;
                capacity::of_groups(&question, &mut end)?;
            }
        }
        Some(LowerBound { time: MissionTime(end.at).since(start), limit: end.limit })
    }
}

/// What all arguments are about.
struct Question<'a> {
    graph: &'a ContactGraph,
    lanes: &'a Lanes<'a>,
    members: &'a [u32],
    /// The members whose pairs with others are looked at; the first member is the first of them.
    sources: Vec<Source>,
    start: u64,
    /// A vector, in the unit of capacities.
    need: u128,
}

/// A member, and when word from it can be at each node.
struct Source {
    node: u32,
    earliest: Vec<u64>,
}

impl<'a> Question<'a> {
    fn new(bounds: &'a Bounds<'a>, bytes: u64, start: MissionTime) -> Self {
        let Bounds { graph, lanes, members, lost, .. } = bounds;
        let mut search = Search::new(graph);
        let heard = |node| Source { node, earliest: earliest(&mut search, lanes.nodes(), node, start.0, lost) };
        let sources = evenly(members, MAX_BOUND_SOURCES).map(heard).collect();
        Self { graph, lanes, members, sources, start: start.0, need: u128::from(bytes) * BYTE }
    }

    /// Raises the end until word from each member can be at each other; nothing if it never can.
    fn reach(&self, end: &mut End) -> Option<()> {
        for Source { node: from, earliest } in &self.sources {
            for to in self.members {
                let at = Some(earliest[*to as usize]).filter(|at| *at != NEVER)?;
                end.raise_to(at, || Limit::Reach { from: self.name(*from), to: self.name(*to) });
            }
        }
        Some(())
    }

    fn name(&self, node: u32) -> NodeId {
        self.graph.nodes()[node as usize].clone()
    }
}

/// At most so many of `all`, evenly spread, the first of them among these.
fn evenly(all: &[u32], most: usize) -> impl Iterator<Item = u32> {
    let count = all.len().min(most);
    (0..count).map(move |place| all[place * all.len() / count])
}
