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
    /// The share, for final numbers.
    pub(super) share: u32,
    /// Its place among the partial sums of the segment, for one of them.
    pub(super) index: u32,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Send {
    pub(super) segment: u32,
    pub(super) kind: Kind,
    /// The share, for final numbers.
    pub(super) share: u32,
    /// For a partial sum, which group of the segment it hands on.
    pub(super) group: u32,
}

#[derive(Debug, Clone, Default)]
pub(super) struct SegmentRecipe {
    /// What leaves the rank's hold of the segment, in order.
    pub(super) groups: Vec<Group>,
    /// Partial sums that come.
    pub(super) partials: u32,
    /// How often final numbers are needed after they have come or been made: to be sent, merged and added up.
    pub(super) uses: BTreeMap<u32, u32>,
    /// The shares that are merged here, with their parts.
    pub(super) merges: Vec<(u32, Vec<u32>)>,
    /// The shares that are added up here, in order; none at a relay.
    pub(super) roots: Vec<u32>,
    /// Whether the segment's mean is one share.
    pub(super) is_one: bool,
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
    /// Into final numbers, here.
    Into {
        /// Which share.
        share: u32,
    },
}

impl Recipe {
    /// The recipe of `rank`, one of the ranks of a sound `schedule`.
    pub(super) fn of(schedule: &Schedule, rank: Rank) -> Self {
        let mut segments: Vec<_> =
            (0..).take(schedule.segments().len()).map(|segment| SegmentRecipe::of(schedule, rank, segment)).collect();
        let mut inbound: BTreeMap<Rank, Vec<Receive>> = BTreeMap::new();
        let mut outbound: BTreeMap<Rank, Vec<Send>> = BTreeMap::new();
        for step in schedule.program(rank) {
            let (segment, share) = (step.segment, step.share);
            let recipe = &mut segments[segment as usize];
            let mut receive = |from, kind| {
                let receive = Receive { segment, kind, share, index: step.after };
                inbound.entry(from).or_default().push(receive);
            };
            match step.action {
                Action::ReceiveReduce { from } => {
                    receive(from, Kind::Partial);
                    recipe.partials += 1;
                }
                Action::ReceiveStore { from } => receive(from, Kind::Final),
                Action::Finalize => {
                    recipe.close_group(step.after, Goes::Into { share });
                }
                Action::Merge => {
                    let parts = schedule.shares(segment).parts(share).to_vec();
                    parts.iter().for_each(|part| *recipe.uses.entry(*part).or_default() += 1);
                    recipe.merges.push((share, parts));
                }
                Action::Send { to, kind } => {
                    let group = match kind {
                        Kind::Partial => recipe.close_group(step.after, Goes::On),
                        Kind::Final => {
                            *recipe.uses.entry(share).or_default() += 1;
                            0
                        }
                    };
                    outbound.entry(to).or_default().push(Send { segment, kind, share, group });
                }
            }
        }
        if !schedule.is_exact() {
            for (segment, recipe) in (0..).zip(&mut segments) {
                let receives = inbound.values().flatten().filter(|receive| receive.segment == segment);
                recipe.leave_out(&receives.map(|receive| receive.share).collect::<Vec<_>>());
            }
        }
        Self { inbound, outbound, segments }
    }
}

impl SegmentRecipe {
    fn of(schedule: &Schedule, rank: Rank, segment: u32) -> Self {
        let shares = schedule.shares(segment);
        let roots: Vec<u32> = if schedule.is_relay(rank) { Vec::new() } else { shares.roots().collect() };
        let uses = roots.iter().map(|root| (*root, 1)).collect();
        Self { roots, uses, is_one: shares.is_one(), ..Self::default() }
    }

    /// The group that the receive at `index` belongs to, and its number.
    pub(super) fn group_of(&self, index: u32) -> Option<(u32, &Group)> {
        (0..).zip(&self.groups).find(|(_, group)| group.receives.contains(&index))
    }

    /// The share that is made of the own contribution alone.
    pub(super) fn own_share(&self) -> Option<u32> {
        match self.groups.first()? {
            Group { receives, goes: Goes::Into { share } } if receives.is_empty() => Some(*share),
            _ => None,
        }
    }

    /// Whether partial sums are added to each other here, or made into final numbers.
    pub(super) fn adds_up(&self) -> bool {
        self.groups.iter().any(|group| group.receives.len() > 1 || matches!(group.goes, Goes::Into { .. }))
    }

    /// Adds up only those shares that come, and the own one.
    fn leave_out(&mut self, comes: &[u32]) {
        let own = self.own_share();
        let Self { roots, uses, .. } = self;
        roots.retain(|root| {
            let is_there = Some(*root) == own || comes.contains(root);
            if !is_there {
                uses.remove(root);
            }
            is_there
        });
    }

    fn close_group(&mut self, after: u32, goes: Goes) -> u32 {
        let start = self.groups.last().map_or(0, |group| group.receives.end);
        self.groups.push(Group { receives: start..after, goes });
        u32::try_from(self.groups.len() - 1).unwrap_or(u32::MAX)
    }
}
