//! Collectives whose vectors have a size and no numbers: the cost model follows their frames over the contacts that take place.
//!
//! A collective is computed when its last rank is ready: from the instants at which each rank was ready come those at which each
//! has the mean. It is void when a rank is lost, or another attempt is opened.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use starloom_comms::collective::cost::{CostModel, Course, LaneLoad, Prediction};
use starloom_comms::collective::{Action, Schedule, Tag};
use starloom_comms::contacts::ContactPlan;
use starloom_comms::control::{AggregatorMessage, PlanStamp, Then, View};
use starloom_comms::id::{Attempt, Digest, NodeId, Rank, Round};
use starloom_comms::member::Milestone;
use starloom_comms::units::MissionTime;

use super::lanes::Account;
use super::world::{Happening, World};

/// The collectives that run.
pub(super) struct Collectives {
    contacts: Arc<ContactPlan>,
    model: CostModel,
    /// Attempts that nodes have been told of.
    opened: BTreeMap<Tag, (View, PlanStamp)>,
    running: BTreeMap<Tag, Running>,
    /// The last schedule.
    known: Option<Known>,
}

/// What is known of a schedule.
struct Known {
    digest: Digest,
    course: Course,
    /// What each rank sends, as bare `f32`.
    raw: Vec<u64>,
}

struct Running {
    ranks: Vec<NodeId>,
    ready: BTreeMap<NodeId, MissionTime>,
}

/// What comes of a collective.
pub(super) struct Outcome {
    pub(super) ranks: Vec<NodeId>,
    pub(super) prediction: Prediction,
    /// What each rank sends: as bare `f32`, and on the wire.
    pub(super) sent: Vec<(u64, u64)>,
}

impl Collectives {
    pub(super) fn new(contacts: ContactPlan, model: CostModel) -> Self {
        Self { contacts: Arc::new(contacts), model, opened: BTreeMap::new(), running: BTreeMap::new(), known: None }
    }

    /// A rank is ready. When all are, this gives what comes of it.
    pub(super) fn ready(&mut self, tag: Tag, node: &NodeId, now: MissionTime, schedule: &Schedule) -> Option<Outcome> {
        let (view, planned) = self.opened.get(&tag)?;
        let (digest, ranks) = (planned.schedule, view.ranks().map(|member| member.id.clone()));
        let running =
            self.running.entry(tag).or_insert_with(|| Running { ranks: ranks.collect(), ready: BTreeMap::new() });
        running.ready.insert(node.clone(), now);
        if running.ready.len() < running.ranks.len() {
            return None;
        }
        let ready: Vec<MissionTime> = running.ranks.iter().map(|rank| running.ready[rank]).collect();
        let ranks = running.ranks.clone();
        if self.known.as_ref().is_none_or(|known| known.digest != digest) {
            self.known = Some(Known { digest, course: Course::of(schedule), raw: raw_of(schedule) });
        }
        let known = self.known.as_ref()?;
        let prediction = known.course.predict(&ranks, &self.contacts, &ready, &self.model);
        let mut sent: Vec<(u64, u64)> = known.raw.iter().map(|raw| (*raw, 0)).collect();
        for lane in &prediction.lanes {
            sent[lane.from.index()].1 += lane.bytes;
        }
        Some(Outcome { ranks, prediction, sent })
    }

    /// Whether a collective still runs.
    pub(super) fn runs(&self, tag: Tag) -> bool {
        self.running.contains_key(&tag)
    }

    /// A node is told by `message` that an attempt has begun: those before it are void.
    pub(super) fn opened(&mut self, message: &AggregatorMessage) -> Option<Tag> {
        let (view, round, attempt, planned) = match message {
            AggregatorMessage::Open { view, round, attempt, planned, .. } => (view, *round, *attempt, *planned),
            AggregatorMessage::Commit { round, view, then: Then::Continue, next: Some(next), .. } => {
                (view, round.next(), Attempt(0), *next)
            }
            _ => return None,
        };
        let tag = Tag { view: view.id, round, attempt };
        if !self.opened.contains_key(&tag) {
            let place = |tag: &Tag| (tag.round, tag.attempt, tag.view);
            self.running.retain(|other, _| place(other) >= place(&tag));
            self.opened.retain(|other, _| place(other) >= place(&tag));
            self.opened.insert(tag, (view.clone(), planned));
        }
        Some(tag)
    }

    /// The roster and the plan of an attempt that is not void.
    fn opening(&self, tag: Tag) -> Option<&(View, PlanStamp)> {
        self.opened.get(&tag)
    }

    /// A rank is lost, and with it what it takes part in.
    pub(super) fn lose(&mut self, node: &NodeId) {
        self.running.retain(|_, running| !running.ranks.contains(node));
    }
}

impl World<'_> {
    /// Where vectors are sizes: a node is ready for the collective.
    pub(super) fn run_elsewhere(&mut self, id: &NodeId, round: Round, attempt: Attempt) {
        let (Some(collectives), Some(node)) = (&mut self.collectives, self.nodes.get(id).filter(|node| node.lives()))
        else {
            return;
        };
        let Some(tag) = node.opening.filter(|tag| (tag.round, tag.attempt) == (round, attempt)) else { return };
        let Some((view, planned)) = collectives.opening(tag) else { return };
        let Ok(plan) = self.planner.at(view, self.elements, planned.at) else { return };
        let Some(course) = collectives.ready(tag, id, self.now, &plan.schedule) else { return };
        let Ok(completes) = course.prediction.completes else { return };
        for lane in &course.prediction.lanes {
            let (from, to) = (&course.ranks[lane.from.index()], &course.ranks[lane.to.index()]);
            let LaneLoad { start, end, frames, bytes, busy_nanos, .. } = *lane;
            self.lanes.note(
                from,
                to,
                tag,
                Account { start, end, busy: Duration::from_nanos(busy_nanos), frames, bytes },
            );
        }
        for (index, (rank, times)) in course.ranks.iter().zip(&course.prediction.ranks).enumerate() {
            let done = if plan.schedule.is_relay(Rank(index as u32)) { completes } else { times.done };
            let (gathers, done) = (times.gathers.max(self.now), done.max(self.now));
            self.agenda.plan(gathers.min(done), Happening::Progress(rank.clone(), tag, Milestone::Gather, (0, 0)));
            self.agenda.plan(done, Happening::Progress(rank.clone(), tag, Milestone::Complete, course.sent[index]));
        }
    }
}

/// What each rank of a schedule sends, as bare `f32`.
fn raw_of(schedule: &Schedule) -> Vec<u64> {
    let of = |rank: Rank| {
        let sends = schedule.program(rank).iter().filter(|step| matches!(step.action, Action::Send { .. }));
        let elements = sends.map(|step| schedule.segments()[step.segment as usize].elements as u64);
        elements.sum::<u64>() * size_of::<f32>() as u64
    };
    (0..).map(Rank).take(schedule.ranks()).map(of).collect()
}
