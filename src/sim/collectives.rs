//! Collectives whose vectors have a size and no numbers: the cost model follows their frames over the contacts that take place.
//!
//! A collective begins when its last rank is ready, as far as this module goes: what earlier ones have sent by then is in the
//! instants that come out. It is void when a rank is lost, or another attempt is opened.

use std::collections::BTreeMap;
use std::sync::Arc;

use starloom_comms::collective::cost::{CostModel, Prediction, predict_from};
use starloom_comms::collective::{Action, Schedule, Tag};
use starloom_comms::contacts::ContactPlan;
use starloom_comms::id::{Digest, NodeId, Rank};
use starloom_comms::units::MissionTime;

/// The collectives that run.
pub(super) struct Collectives {
    contacts: Arc<ContactPlan>,
    model: CostModel,
    running: BTreeMap<Tag, Running>,
    /// What each rank of a schedule sends, as bare `f32`: of the last schedule.
    raw: Option<(Digest, Arc<Vec<u64>>)>,
}

struct Running {
    ranks: Vec<NodeId>,
    ready: BTreeMap<NodeId, MissionTime>,
}

/// What comes of a collective.
pub(super) struct Course {
    pub(super) ranks: Vec<NodeId>,
    pub(super) prediction: Prediction,
    /// What each rank sends: as bare `f32`, and on the wire.
    pub(super) sent: Vec<(u64, u64)>,
}

impl Collectives {
    pub(super) fn new(contacts: ContactPlan, model: CostModel) -> Self {
        Self { contacts: Arc::new(contacts), model, running: BTreeMap::new(), raw: None }
    }

    /// A rank is ready. When all are, this gives what comes of it.
    pub(super) fn ready(
        &mut self,
        tag: Tag,
        node: &NodeId,
        now: MissionTime,
        ranks: impl Iterator<Item = NodeId>,
        schedule: (Digest, &Schedule),
    ) -> Option<Course> {
        let running =
            self.running.entry(tag).or_insert_with(|| Running { ranks: ranks.collect(), ready: BTreeMap::new() });
        running.ready.insert(node.clone(), now);
        if running.ready.len() < running.ranks.len() {
            return None;
        }
        let ready: Vec<MissionTime> = running.ranks.iter().map(|rank| running.ready[rank]).collect();
        let ranks = running.ranks.clone();
        let (digest, schedule) = schedule;
        let prediction = predict_from(schedule, &ranks, &self.contacts, &ready, &self.model);
        let raw = self.raw_of(digest, schedule);
        let mut sent: Vec<(u64, u64)> = raw.iter().map(|raw| (*raw, 0)).collect();
        for lane in &prediction.lanes {
            sent[lane.from.index()].1 += lane.bytes;
        }
        Some(Course { ranks, prediction, sent })
    }

    /// Whether a collective still runs.
    pub(super) fn runs(&self, tag: Tag) -> bool {
        self.running.contains_key(&tag)
    }

    /// Another attempt has begun: those before it are void.
    pub(super) fn opened(&mut self, tag: Tag) {
        let place = |tag: &Tag| (tag.round, tag.attempt, tag.view);
        self.running.retain(|other, _| place(other) >= place(&tag));
    }

    /// A rank is lost, and with it what it takes part in.
    pub(super) fn lose(&mut self, node: &NodeId) {
        self.running.retain(|_, running| !running.ranks.contains(node));
    }

    fn raw_of(&mut self, digest: Digest, schedule: &Schedule) -> Arc<Vec<u64>> {
        match &self.raw {
            Some((known, raw)) if *known == digest => raw.clone(),
            _ => {
                let of = |rank: Rank| {
                    let sends = schedule.program(rank).iter().filter(|step| matches!(step.action, Action::Send { .. }));
                    let elements = sends.map(|step| schedule.segments()[step.segment as usize].elements as u64);
                    elements.sum::<u64>() * size_of::<f32>() as u64
                };
                let raw = Arc::new((0..).map(Rank).take(schedule.ranks()).map(of).collect::<Vec<_>>());
                self.raw = Some((digest, raw.clone()));
                raw
            }
        }
    }
}
