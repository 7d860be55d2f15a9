//! The plan of a round: what all its attempts with one roster go by.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::Planned;
use crate::collective::schedule::Schedule;
use crate::control::{PlanStamp, View};
use crate::id::{NodeId, Rank};
use crate::units::MissionTime;

/// The schedule of an attempt, whose ranks are whose, and what is expected of it.
#[derive(Debug)]
pub struct RoundPlan {
    /// For when it was made, and its digest.
    pub stamp: PlanStamp,
    /// What every rank does.
    pub schedule: Arc<Schedule>,
    /// How long it takes from the stamp's instant on, if all are ready then.
    pub predicted: Duration,
    /// Until when it has to be completed for its contacts to be good for it.
    pub(super) lasts_until: MissionTime,
    /// What it takes if they are not, once that is known.
    pub(super) expected: OnceLock<Duration>,
    /// The roster that it was made for.
    view: View,
    ranks: Vec<NodeId>,
    /// All of them by name.
    by_name: Vec<Rank>,
    /// Whom each sends to.
    destinations: Vec<Vec<Rank>>,
}

impl RoundPlan {
    pub(super) fn new(view: &View, planned: Planned, at: MissionTime, lasts_until: MissionTime) -> Self {
        let schedule = planned.schedule;
        let ranks: Vec<NodeId> = view.ranks().map(|member| member.id.clone()).collect();
        let mut by_name: Vec<Rank> = (0..).map(Rank).take(ranks.len()).collect();
        by_name.sort_by_key(|rank| &ranks[rank.index()]);
        Self {
            stamp: PlanStamp { at, schedule: schedule.digest() },
            predicted: planned.completes.since(at),
            lasts_until,
            expected: OnceLock::new(),
            view: view.clone(),
            destinations: (0..).map(Rank).take(ranks.len()).map(|rank| schedule.destinations(rank)).collect(),
            ranks,
            by_name,
            schedule: Arc::new(schedule),
        }
    }

    /// The nodes by rank: members, then relays.
    #[must_use]
    pub fn ranks(&self) -> &[NodeId] {
        &self.ranks
    }

    /// The rank of a node; nothing if it has none.
    #[must_use]
    pub fn rank(&self, node: &NodeId) -> Option<Rank> {
        let place = self.by_name.binary_search_by_key(&node, |rank| &self.ranks[rank.index()]).ok()?;
        Some(self.by_name[place])
    }

    /// The ranks that one sends to, as [`Schedule::destinations`], and the nodes that these are.
    pub fn destinations(&self, rank: Rank) -> impl Iterator<Item = (Rank, &NodeId)> {
        let ranks = self.destinations.get(rank.index()).map_or(&[][..], Vec::as_slice);
        ranks.iter().map(|rank| (*rank, &self.ranks[rank.index()]))
    }

    pub(super) fn is_for(&self, view: &View, elements: usize) -> bool {
        self.schedule.elements() == elements && self.view.has_ranks_of(view)
    }
}
