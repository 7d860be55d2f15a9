//! When the things of a [`Course`] happen on contacts.

use super::burst::Burst;
use super::course::{Course, Op};
use super::lane::{Cut, Lane};
use super::timing::Timing;
use super::{LaneLoad, Never, Prediction, RankTimes};
use crate::collective::frame::Kind;
use crate::contacts::ContactPlan;
use crate::id::{NodeId, Rank};
use crate::units::MissionTime;

/// A course on its way.
pub(super) struct Execution<'a, T> {
    course: &'a Course,
    nodes: &'a [NodeId],
    ready: &'a [MissionTime],
    /// When each rank goes through it.
    begins: Vec<MissionTime>,
    cuts: &'a [Cut],
    /// Nanoseconds of coding for a frame of each segment.
    coding: &'a [u64],
    lanes: Vec<LaneState<'a>>,
    /// What has happened, and nothing for what never does.
    done: Vec<Option<T>>,
    ranks: Vec<RankState>,
    never: Option<Never>,
    /// What lanes send, where somebody wants to know.
    bursts: Option<&'a mut Vec<Burst>>,
}

struct LaneState<'a> {
    lane: Lane<'a>,
    /// Whether it has sent all that it was to send so far.
    sends: bool,
    /// When its sender, and its receiver, have coded what was before.
    encodes_from: u64,
    decodes_from: u64,
}

#[derive(Clone, Copy)]
struct RankState {
    gathers: Option<MissionTime>,
    done: MissionTime,
}

impl<'a, T: Timing> Execution<'a, T> {
    pub(super) fn new(
        course: &'a Course,
        nodes: &'a [NodeId],
        plan: &'a ContactPlan,
        ready: &'a [MissionTime],
        (cuts, coding): (&'a [Cut], &'a [u64]),
        bursts: Option<&'a mut Vec<Burst>>,
    ) -> Self {
        let lane = |(from, to): &(Rank, Rank)| {
            let lane = Lane::new(plan.contacts(&nodes[from.index()], &nodes[to.index()]));
            LaneState { lane, sends: true, encodes_from: 0, decodes_from: 0 }
        };
        Self {
            course,
            nodes,
            ready,
            begins: Vec::new(),
            cuts,
            coding,
            lanes: course.lanes.iter().map(lane).collect(),
            done: Vec::with_capacity(course.ops.len()),
            ranks: ready.iter().map(|&ready| RankState { gathers: None, done: ready }).collect(),
            never: None,
            bursts,
        }
    }

    /// Goes through the course, once more with what the time before has left.
    pub(super) fn run(&mut self) {
        let course = self.course;
        self.done.clear();
        self.begins = self.ranks.iter().map(|rank| rank.done).collect();
        for op in &course.ops {
            let happens = self.happens(op);
            self.done.push(happens);
        }
    }

    pub(super) fn prediction(self) -> Prediction {
        let done = self.ranks.iter().take(self.course.contributors).map(|rank| rank.done).max();
        let load = |(&(from, to), state): (&(Rank, Rank), &LaneState<'_>)| LaneLoad {
            from,
            to,
            bytes: state.lane.bytes,
            frames: state.lane.frames,
            start: state.lane.began().map_or(MissionTime::NEVER, MissionTime),
            end: MissionTime(state.lane.free()),
            busy_nanos: state.lane.busy_nanos,
        };
        let lanes = self.course.lanes.iter().zip(&self.lanes).map(load).collect();
        let times = |(rank, &ready): (&RankState, &MissionTime)| RankTimes {
            gathers: rank.gathers.unwrap_or(ready),
            done: rank.done,
        };
        let ranks = self.ranks.iter().zip(self.ready).map(times).collect();
        Prediction { completes: self.never.map_or(Ok(done.unwrap_or_default()), Err), ranks, lanes }
    }

    /// When an op has happened, if it ever does.
    fn happens(&mut self, op: &Op) -> Option<T> {
        let ready = self.taken(op)?;
        let coding = self.coding[op.segment as usize];
        let worked = |ready: &T, free: &mut u64| if coding > 0 { ready.worked(coding, free) } else { ready.clone() };
        let Some(lane) = op.lane else {
            // Whoever makes numbers decodes them as all others do. To be sent they are encoded for their lanes.
            let usable = worked(&ready, &mut 0).last();
            self.store(op, op.rank.index(), ready.first(), usable);
            return Some(ready);
        };
        let (from, to) = self.course.lanes[lane as usize];
        let state = &mut self.lanes[lane as usize];
        if !state.sends {
            return None;
        }
        let cut = self.cuts[op.segment as usize];
        let ready = if op.coded { worked(&ready, &mut state.encodes_from) } else { ready };
        let arrived = match &mut self.bursts {
            Some(bursts) => ready.carried(&mut state.lane, cut, |run| {
                bursts.push(Burst::of(run, (from, to), op.segment, op.kind));
            }),
            None => ready.carried(&mut state.lane, cut, |_| {}),
        };
        let Some(arrived) = arrived else {
            state.sends = false;
            let (from, to) = (self.nodes[from.index()].clone(), self.nodes[to.index()].clone());
            self.never.get_or_insert(Never { from, to });
            return None;
        };
        if op.kind == Kind::Final {
            let usable = worked(&arrived, &mut self.lanes[lane as usize].decodes_from).last();
            self.store(op, to.index(), arrived.first(), usable);
        }
        Some(arrived)
    }

    /// When all is there that an op takes.
    fn taken(&self, op: &Op) -> Option<T> {
        let frames = self.cuts[op.segment as usize].frames;
        let mut taken = op.own.then(|| T::at_once(frames, self.begins[op.rank.index()]));
        for &input in &self.course.inputs[op.inputs.0 as usize..op.inputs.1 as usize] {
            let input = self.done[input as usize].as_ref()?;
            taken = Some(taken.map_or_else(|| input.clone(), |taken| taken.and(input)));
        }
        taken
    }

    /// Takes note of final numbers, which a rank can use from `usable` on.
    fn store(&mut self, op: &Op, rank: usize, first: MissionTime, usable: MissionTime) {
        let rank = &mut self.ranks[rank];
        rank.gathers = Some(rank.gathers.map_or(first, |known| known.min(first)));
        if op.is_root {
            rank.done = rank.done.max(usable);
        }
    }
}
