//! A schedule as a list of what happens in it, each thing after what it waits for.
//!
//! Which sums a send takes and which numbers a share is made of follows from the schedule alone, and not from contacts: a
//! [`Course`] finds it out once. When each thing happens is then computed in one pass over the list, for any contacts and any
//! instants at which ranks are ready, as often as somebody asks.

use super::execution::Execution;
use super::flow::Flow;
use super::lane::Cut;
use super::timing::Timing;
use super::tracer::Tracer;
use super::{Burst, CostModel, Prediction};
use crate::collective::frame::Kind;
use crate::collective::schedule::{Schedule, Segment};
use crate::contacts::ContactPlan;
use crate::id::{NodeId, Rank};
use crate::units::{MissionTime, nanos};

/// A schedule in the order in which it can happen.
#[derive(Debug, Clone)]
pub struct Course {
    pub(super) ops: Vec<Op>,
    /// What ops take, by their [`Op::inputs`]: the numbers of other ops.
    pub(super) inputs: Vec<u32>,
    /// Ordered by sender and receiver.
    pub(super) lanes: Vec<(Rank, Rank)>,
    pub(super) ranks: usize,
    pub(super) contributors: usize,
    segments: Vec<Segment>,
    frame_elements: usize,
    /// How often it is gone through.
    pub(super) turns: u32,
}

/// One thing that happens: numbers are sent, or made. Its number stands for them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Op {
    pub(super) segment: u32,
    /// Where its inputs begin and end.
    pub(super) inputs: (u32, u32),
    /// The rank that sends or makes.
    pub(super) rank: Rank,
    /// The lane, of a send.
    pub(super) lane: Option<u32>,
    pub(super) kind: Kind,
    /// Whether the rank's own contribution is in it, or nothing but that it is ready.
    pub(super) own: bool,
    /// Whether the rank has to code before it sends.
    pub(super) coded: bool,
    /// Whether whoever has it then holds a share that everybody needs.
    pub(super) is_root: bool,
}

impl Course {
    /// The course of a sound schedule. Of one that is not, what does not wait for ever.
    #[must_use]
    pub fn of(schedule: &Schedule) -> Self {
        let (ops, inputs, lanes) = Tracer::trace(schedule);
        Self {
            ops,
            inputs,
            lanes,
            ranks: schedule.ranks(),
            contributors: schedule.contributors(),
            segments: schedule.segments().to_vec(),
            frame_elements: schedule.frame_elements,
            turns: schedule.turns(),
        }
    }

    /// Who gets final numbers by an op, if somebody does.
    pub(super) fn receiver(&self, op: &Op) -> Option<Rank> {
        match op.lane {
            Some(lane) => (op.kind == Kind::Final).then(|| self.lanes[lane as usize].1),
            None => Some(op.rank),
        }
    }

    /// What it comes to on contacts, where each of its ranks, which are `nodes`, is ready at its instant.
    ///
    /// # Panics
    /// If there are not as many nodes and instants as ranks.
    #[must_use]
    pub fn predict(
        &self,
        nodes: &[NodeId],
        plan: &ContactPlan,
        ready: &[MissionTime],
        model: &CostModel,
    ) -> Prediction {
        self.follow(nodes, plan, ready, model, None)
    }

    /// The same, with all that lanes send noted in `bursts`.
    pub(super) fn follow(
        &self,
        nodes: &[NodeId],
        plan: &ContactPlan,
        ready: &[MissionTime],
        model: &CostModel,
        bursts: Option<&mut Vec<Burst>>,
    ) -> Prediction {
        assert_eq!((nodes.len(), ready.len()), (self.ranks, self.ranks), "nodes and instants, and ranks");
        let (cuts, coding) = self.frames(model);
        // Segments of large constellations are short.
        let are = |frames: u32| cuts.iter().all(|cut| cut.frames == frames);
        match () {
            () if are(1) => self.execute::<[u64; 1]>(nodes, plan, ready, (&cuts, &coding), bursts),
            // Bursts are runs of frames, which flows know of.
            () if are(2) && bursts.is_none() => self.execute::<[u64; 2]>(nodes, plan, ready, (&cuts, &coding), None),
            () => self.execute::<Flow>(nodes, plan, ready, (&cuts, &coding), bursts),
        }
    }

    /// How each segment is cut into frames, and how many nanoseconds a rank codes for one of them.
    pub(super) fn frames(&self, model: &CostModel) -> (Vec<Cut>, Vec<u64>) {
        let per_frame = model.wire.frame_elements().min(self.frame_elements);
        let cut = |segment: &Segment| Cut::of(model.wire, segment.elements, per_frame);
        let coding = |segment: &Segment| nanos(model.coding(segment.elements.min(per_frame)));
        (self.segments.iter().map(cut).collect(), self.segments.iter().map(coding).collect())
    }

    fn execute<T: Timing>(
        &self,
        nodes: &[NodeId],
        plan: &ContactPlan,
        ready: &[MissionTime],
        (cuts, coding): (&[Cut], &[u64]),
        bursts: Option<&mut Vec<Burst>>,
    ) -> Prediction {
        let mut execution = Execution::<T>::new(self, nodes, plan, ready, (cuts, coding), bursts);
        for _ in 0..self.turns {
            execution.run();
        }
        execution.prediction()
    }
}
