//! A rank's program, cut along its two orders: by lane and by segment.

use std::collections::BTreeMap;
use std::ops::Range;

use super::super::frame::Kind;
use super::super::schedule::{Action, Schedule};
use crate::id::Rank;

/// A rank's program in the form that a machine looks it up in.
#[derive(Debug)]
pub(super) struct Recipe {
    /// What comes from each peer, in order.
    pub(super) inbound: BTreeMap<Rank, Vec<Receive>>,
    /// What goes to each peer, in order.
    pub(super) outbound: BTreeMap<Rank, Vec<Send>>,
    /// What happens to each segment.
    pub(super) segments: Vec<SegmentRecipe>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Receive {
    pub(super) segment: u32,
    pub(super) kind: Kind,
    /// Its place among the receives of the segment.
    pub(super) index: u32,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Send {
    pub(super) segment: u32,
    pub(super) kind: Kind,
    /// For a partial sum, which group of the segment it hands on.
    pub(super) group: u32,
}

#[derive(Debug, Clone, Default)]
pub(super) struct SegmentRecipe {
    /// What leaves the rank's hold of the segment, in order.
    pub(super) groups: Vec<Group>,
    /// How many peers get the final mean from this rank.
    pub(super) final_sends: u32,
    /// Whether the final mean comes here, or is made here.
    pub(super) gets_mean: bool,
}

/// Partial sums that are added up and leave together. The first group of a segment has the rank's own contribution in
/// it.
#[derive(Debug, Clone)]
pub(super) struct Group {
    /// The receives in it, by index.
    pub(super) receives: Range<u32>,
    /// Where it goes.
    pub(super) goes: Goes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Goes {
    /// To a peer, as a partial sum.
    On,
    /// Into the final mean, here.
    IntoMean,
}

impl Recipe {
    /// The recipe of `rank`, one of the ranks of a sound `schedule`.
    pub(super) fn of(schedule: &Schedule, rank: Rank) -> Self {
        let mut segments = vec![SegmentRecipe::default(); schedule.segments().len()];
        let mut inbound: BTreeMap<Rank, Vec<Receive>> = BTreeMap::new();
        let mut outbound: BTreeMap<Rank, Vec<Send>> = BTreeMap::new();
        for step in schedule.program(rank) {
            let recipe = &mut segments[step.segment as usize];
            recipe.gets_mean |= matches!(step.action, Action::ReceiveStore { .. } | Action::Finalize);
            let mut receive = |from, kind| {
                let receive = Receive { segment: step.segment, kind, index: step.after };
                inbound.entry(from).or_default().push(receive);
            };
            match step.action {
                Action::ReceiveReduce { from } => receive(from, Kind::Partial),
                Action::ReceiveStore { from } => receive(from, Kind::Final),
                Action::Finalize => {
                    recipe.close_group(step.after, Goes::IntoMean);
                }
                Action::Send { to, kind } => {
                    let group = match kind {
                        Kind::Partial => recipe.close_group(step.after, Goes::On),
                        Kind::Final => {
                            recipe.final_sends += 1;
                            0
                        }
                    };
                    outbound.entry(to).or_default().push(Send { segment: step.segment, kind, group });
                }
            }
        }
        Self { inbound, outbound, segments }
    }
}

impl SegmentRecipe {
    /// The group that the receive at `index` belongs to, and its number.
    pub(super) fn group_of(&self, index: u32) -> Option<(u32, &Group)> {
        (0..).zip(&self.groups).find(|(_, group)| group.receives.contains(&index))
    }

    /// Whether partial sums are added to each other here, or made into the mean.
    pub(super) fn adds_up(&self) -> bool {
        self.groups.iter().any(|group| group.receives.len() > 1 || group.goes == Goes::IntoMean)
    }

    fn close_group(&mut self, after: u32, goes: Goes) -> u32 {
        let start = self.groups.last().map_or(0, |group| group.receives.end);
        self.groups.push(Group { receives: start..after, goes });
        u32::try_from(self.groups.len() - 1).unwrap_or(u32::MAX)
    }
}
