//! A schedule at work on flows of frames.

use std::collections::VecDeque;
use std::ops::Range;

use smallvec::SmallVec;

use super::burst::Burst;
use super::flow::Flow;
use super::lane::{Cut, Lane};
use super::{CostModel, LaneLoad, Never, Prediction, RankTimes};
use crate::collective::frame::Kind;
use crate::collective::schedule::{Action, Schedule, Step};
use crate::contacts::ContactPlan;
use crate::id::{NodeId, Rank};
use crate::units::MissionTime;

/// The state of all ranks and lanes.
pub(super) struct Execution<'a> {
    schedule: &'a Schedule,
    nodes: &'a [NodeId],
    ranks: Vec<RankState>,
    /// Ordered by sender and receiver.
    lanes: Vec<LaneState<'a>>,
    cuts: Vec<Cut>,
    /// The shares of each segment that everybody needs, in order.
    roots: Vec<Vec<u32>>,
    /// Nanoseconds of coding for a full frame.
    coding: u64,
    never: Option<Never>,
    /// What lanes send, where somebody wants to know.
    bursts: Option<Vec<Burst>>,
}

struct LaneState<'a> {
    from: Rank,
    to: Rank,
    lane: Lane<'a>,
    /// What is to be sent, in order.
    sends: Steps,
    /// What is to be received, in order.
    receives: Steps,
    /// What has arrived and not been received.
    arrived: VecDeque<Flow>,
}

/// Steps that are taken one after the other.
#[derive(Default)]
struct Steps {
    steps: Vec<Step>,
    taken: usize,
}

struct RankState {
    ready: MissionTime,
    /// The lanes to it, and those from it.
    incoming: Vec<usize>,
    outgoing: Range<usize>,
    /// The steps that wait for nothing but what they are made of.
    makes: Vec<Step>,
    segments: Vec<SegmentState>,
    gathers: Option<MissionTime>,
    done: MissionTime,
}

#[derive(Default)]
struct SegmentState {
    /// Partial sums that have come, by their places.
    partials: Held,
    /// Where the groups end that leave one after the other.
    ends: SmallVec<[u32; 2]>,
    /// Final numbers that are there.
    shares: Held,
}

/// Flows by number. Mostly there is one.
#[derive(Default)]
struct Held(SmallVec<[(u32, Flow); 1]>);

impl<'a> Execution<'a> {
    pub(super) fn new(
        schedule: &'a Schedule,
        nodes: &'a [NodeId],
        plan: &'a ContactPlan,
        ready: &[MissionTime],
        model: &CostModel,
    ) -> Self {
        let mut ranks: Vec<RankState> =
            (0..).map(Rank).zip(ready).map(|(rank, &ready)| RankState::new(schedule, rank, ready)).collect();
        let mut lanes: Vec<LaneState<'_>> = Vec::new();
        for rank in (0..).map(Rank).take(ranks.len()) {
            let begin = lanes.len();
            for to in schedule.destinations(rank) {
                let contacts = plan.contacts(&nodes[rank.index()], &nodes[to.index()]);
                ranks[to.index()].incoming.push(lanes.len());
                let (sends, receives) = (Steps::default(), Steps::default());
                let lane = Lane::new(contacts);
                lanes.push(LaneState { from: rank, to, lane, sends, receives, arrived: VecDeque::new() });
            }
            ranks[rank.index()].outgoing = begin..lanes.len();
            for &step in schedule.program(rank) {
                if let Action::Send { to, .. } = step.action {
                    let at = lanes[begin..].binary_search_by_key(&to, |lane| lane.to);
                    at.into_iter().for_each(|at| lanes[begin + at].sends.steps.push(step));
                }
            }
        }
        for (rank, state) in (0..).map(Rank).zip(&ranks) {
            // Who sends to a rank comes in the order of ranks.
            for &step in schedule.program(rank) {
                if let Action::ReceiveReduce { from } | Action::ReceiveStore { from } = step.action {
                    let at = state.incoming.binary_search_by_key(&from, |&lane| lanes[lane].from);
                    at.into_iter().for_each(|at| lanes[state.incoming[at]].receives.steps.push(step));
                }
            }
        }
        let per_frame = schedule.frame_elements(model.wire);
        let cuts = schedule.segments().iter().map(|segment| Cut::of(model.wire, segment.elements, per_frame)).collect();
        let full = (per_frame * size_of::<f32>()) as u64;
        let coding = model.coding.map_or(0, |speed| full.saturating_mul(1_000_000_000) / speed.max(1));
        let roots = schedule.shares.iter().map(|shares| shares.roots().collect()).collect();
        Self { schedule, nodes, ranks, lanes, cuts, roots, coding, never: None, bursts: None }
    }

    /// The same execution with all bursts kept.
    pub(super) fn recorded(self) -> Self {
        Self { bursts: Some(Vec::new()), ..self }
    }

    /// What was kept, ordered by sender, receiver and time.
    pub(super) fn take_bursts(&mut self) -> Vec<Burst> {
        let mut bursts = self.bursts.take().unwrap_or_default();
        bursts.sort_by_key(|burst| (burst.from, burst.to, burst.start));
        bursts
    }

    /// Lets every rank do what it can until nothing moves.
    pub(super) fn run(&mut self) {
        let mut open: VecDeque<Rank> = (0..).map(Rank).take(self.ranks.len()).collect();
        let mut is_open = vec![true; self.ranks.len()];
        while let Some(rank) = open.pop_front() {
            is_open[rank.index()] = false;
            self.advance(rank, |to| {
                if !std::mem::replace(&mut is_open[to.index()], true) {
                    open.push_back(to);
                }
            });
        }
    }

    pub(super) fn prediction(self) -> Prediction {
        let done = self.ranks.iter().take(self.schedule.contributors()).map(|rank| rank.done).max();
        let load = |state: &LaneState<'_>| LaneLoad {
            from: state.from,
            to: state.to,
            bytes: state.lane.bytes,
            frames: state.lane.frames,
            start: state.lane.began().map_or(MissionTime::NEVER, MissionTime),
            end: MissionTime(state.lane.free()),
            busy_nanos: state.lane.busy_nanos,
        };
        let lanes = self.lanes.iter().map(load).collect();
        let times = |rank: &RankState| RankTimes { gathers: rank.gathers.unwrap_or(rank.ready), done: rank.done };
        let ranks = self.ranks.iter().map(times).collect();
        Prediction { completes: self.never.map_or(Ok(done.unwrap_or_default()), Err), ranks, lanes }
    }

    /// Does what a rank can do, and names the ranks that something has come to.
    fn advance(&mut self, rank: Rank, mut reached: impl FnMut(Rank)) {
        for index in 0..self.ranks[rank.index()].incoming.len() {
            self.receive(rank, index);
        }
        self.make(rank);
        for lane in self.ranks[rank.index()].outgoing.clone() {
            if self.send(rank, lane) {
                reached(self.lanes[lane].to);
            }
        }
    }

    fn receive(&mut self, rank: Rank, index: usize) {
        let state = &mut self.ranks[rank.index()];
        let lane = &mut self.lanes[state.incoming[index]];
        while let Some(flow) = lane.arrived.pop_front() {
            let Some(step) = lane.receives.take() else { return };
            if let Action::ReceiveStore { .. } = step.action {
                let decoded = if self.coding == 0 { flow.last() } else { flow.worked(self.coding).last() };
                state.store(step, flow, decoded, &self.roots);
            } else {
                state.segments[step.segment as usize].partials.insert(step.after, flow);
            }
        }
    }

    /// Makes the shares whose parts are there.
    fn make(&mut self, rank: Rank) {
        loop {
            let state = &self.ranks[rank.index()];
            let possible =
                state.makes.iter().enumerate().find_map(|(index, step)| Some((index, self.made(rank, *step)?)));
            let Some((index, flow)) = possible else { return };
            let state = &mut self.ranks[rank.index()];
            let step = state.makes.swap_remove(index);
            let made = flow.last();
            state.store(step, flow, made, &self.roots);
        }
    }

    fn made(&self, rank: Rank, step: Step) -> Option<Flow> {
        match step.action {
            Action::Merge => {
                let shares = &self.ranks[rank.index()].segments[step.segment as usize].shares;
                let mut parts = self.schedule.shares(step.segment).parts(step.share).iter();
                let first = shares.get(*parts.next()?)?.clone();
                let all = parts.try_fold(first, |all, part| Some(all.and(shares.get(*part)?)))?;
                Some(all.worked(self.coding))
            }
            _ => self.sum(rank, step),
        }
    }

    /// When the sum is there that a partial send or a finalize takes.
    fn sum(&self, rank: Rank, step: Step) -> Option<Flow> {
        let state = &self.ranks[rank.index()];
        let segment = &state.segments[step.segment as usize];
        let begin = segment.ends.iter().copied().filter(|end| *end < step.after).max().unwrap_or_default();
        let is_first = segment.ends.first() == Some(&step.after);
        let mut sum = None;
        if is_first && !self.schedule.is_relay(rank) {
            sum = Some(Flow::at_once(self.cuts[step.segment as usize].frames, state.ready));
        }
        for place in begin..step.after {
            let flow = segment.partials.get(place)?;
            sum = Some(sum.map_or_else(|| flow.clone(), |sum| sum.and(flow)));
        }
        // What a relay passes on it does not look at.
        let passes_on = sum.is_some() && step.after - begin == 1 && self.schedule.is_relay(rank);
        let sum = sum.unwrap_or_else(|| Flow::at_once(self.cuts[step.segment as usize].frames, state.ready));
        Some(if passes_on || self.coding == 0 { sum } else { sum.worked(self.coding) })
    }

    /// Sends what a lane can; says whether that is anything.
    fn send(&mut self, rank: Rank, index: usize) -> bool {
        let mut moved = false;
        while let Some(step) = self.lanes[index].sends.next() {
            let ready = match step.action {
                Action::Send { kind: Kind::Partial, .. } => self.sum(rank, step),
                _ => self.ranks[rank.index()].segments[step.segment as usize].shares.get(step.share).cloned(),
            };
            let Some(ready) = ready else { break };
            let lane = &mut self.lanes[index];
            let to = lane.to;
            let cut = self.cuts[step.segment as usize];
            let arrived = match (&mut self.bursts, step.action) {
                (Some(bursts), Action::Send { kind, .. }) => lane.lane.carry_told(&ready, cut, |run| {
                    bursts.push(Burst::of(run, (rank, to), step.segment, kind));
                }),
                _ => lane.lane.carry(&ready, cut),
            };
            let Some(arrived) = arrived else {
                let (from, to) = (self.nodes[rank.index()].clone(), self.nodes[to.index()].clone());
                self.never.get_or_insert(Never { from, to });
                lane.sends.give_up();
                break;
            };
            lane.sends.take();
            lane.arrived.push_back(arrived);
            moved = true;
        }
        moved
    }
}

impl RankState {
    fn new(schedule: &Schedule, rank: Rank, ready: MissionTime) -> Self {
        let mut segments: Vec<SegmentState> = Vec::new();
        segments.resize_with(schedule.segments().len(), SegmentState::default);
        let (incoming, outgoing, makes) = (Vec::new(), 0..0, Vec::new());
        let mut state = Self { ready, incoming, outgoing, makes, segments, gathers: None, done: ready };
        for &step in schedule.program(rank) {
            if matches!(step.action, Action::Finalize | Action::Merge) {
                state.makes.push(step);
            }
            if matches!(step.action, Action::Finalize | Action::Send { kind: Kind::Partial, .. }) {
                state.segments[step.segment as usize].ends.push(step.after);
            }
        }
        state
    }

    /// Takes note of final numbers, which the rank can use from `usable` on.
    fn store(&mut self, step: Step, flow: Flow, usable: MissionTime, roots: &[Vec<u32>]) {
        let first = flow.first();
        self.gathers = Some(self.gathers.map_or(first, |known| known.min(first)));
        if roots[step.segment as usize].binary_search(&step.share).is_ok() {
            self.done = self.done.max(usable);
        }
        self.segments[step.segment as usize].shares.insert(step.share, flow);
    }
}

impl Steps {
    fn next(&self) -> Option<Step> {
        self.steps.get(self.taken).copied()
    }

    fn take(&mut self) -> Option<Step> {
        let step = self.next();
        self.taken += 1;
        step
    }

    /// None of the others will be taken.
    fn give_up(&mut self) {
        self.taken = self.steps.len();
    }
}

impl Held {
    fn get(&self, number: u32) -> Option<&Flow> {
        let at = self.0.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        Some(&self.0[at].1)
    }

    fn insert(&mut self, number: u32, flow: Flow) {
        match self.0.binary_search_by_key(&number, |(number, _)| *number) {
            Ok(at) => self.0[at].1 = flow,
            Err(at) => self.0.insert(at, (number, flow)),
        }
    }
}
