//! Lets every rank of a schedule do what it can, to find out what waits for what.

use std::collections::VecDeque;
use std::ops::Range;

use smallvec::SmallVec;

use super::course::Op;
use crate::collective::frame::Kind;
use crate::collective::schedule::{Action, Schedule, Step};
use crate::id::Rank;

/// Goes through a schedule.
pub(super) struct Tracer<'a> {
    schedule: &'a Schedule,
    ops: Vec<Op>,
    inputs: Vec<u32>,
    lanes: Vec<LaneState>,
    ranks: Vec<RankState>,
    /// The shares of each segment that everybody needs, in order.
    roots: Vec<Vec<u32>>,
}

struct LaneState {
    from: Rank,
    to: Rank,
    /// What is to be sent and received, in order.
    sends: VecDeque<Take>,
    receives: VecDeque<Step>,
    /// What has arrived and not been received.
    arrived: VecDeque<u32>,
}

struct RankState {
    /// The lanes to it, and those from it.
    incoming: Vec<usize>,
    outgoing: Range<usize>,
    /// The steps that wait for nothing but what they are made of.
    makes: Vec<Take>,
    segments: Vec<SegmentState>,
}

#[derive(Default)]
struct SegmentState {
    /// Partial sums that have come, by their places.
    partials: Held,
    /// Final numbers that are there.
    shares: Held,
}

/// A step, and where the partial sums begin that it takes; nothing if it is the first to take any.
#[derive(Clone, Copy)]
struct Take {
    step: Step,
    begin: Option<u32>,
}

/// Numbers of ops by place or share. Mostly there is one.
#[derive(Default)]
struct Held(SmallVec<[(u32, u32); 2]>);

impl<'a> Tracer<'a> {
    /// The ops of a schedule, what they take, and its lanes.
    pub(super) fn trace(schedule: &'a Schedule) -> (Vec<Op>, Vec<u32>, Vec<(Rank, Rank)>) {
        let mut tracer = Self::new(schedule);
        tracer.run();
        let lanes = tracer.lanes.iter().map(|lane| (lane.from, lane.to)).collect();
        (tracer.ops, tracer.inputs, lanes)
    }

    fn new(schedule: &'a Schedule) -> Self {
        let ranks = (0..).map(Rank).take(schedule.ranks());
        let mut lanes: Vec<LaneState> = Vec::new();
        let mut states: Vec<RankState> = Vec::with_capacity(schedule.ranks());
        let mut incoming: Vec<Vec<usize>> = vec![Vec::new(); schedule.ranks()];
        let mut transfers = 0;
        for rank in ranks.clone() {
            let begin = lanes.len();
            for to in schedule.destinations(rank) {
                incoming[to.index()].push(lanes.len());
                let (sends, receives, arrived) = (VecDeque::new(), VecDeque::new(), VecDeque::new());
                lanes.push(LaneState { from: rank, to, sends, receives, arrived });
            }
            let mut segments: Vec<SegmentState> = Vec::new();
            segments.resize_with(schedule.segments().len(), SegmentState::default);
            let mut state =
                RankState { incoming: Vec::new(), outgoing: begin..lanes.len(), makes: Vec::new(), segments };
            let mut ends: Vec<Option<u32>> = vec![None; schedule.segments().len()];
            for &step in schedule.program(rank) {
                let end = &mut ends[step.segment as usize];
                let take = Take { step, begin: *end };
                if matches!(step.action, Action::Finalize | Action::Send { kind: Kind::Partial, .. }) {
                    *end = Some(step.after);
                }
                match step.action {
                    Action::Send { to, .. } => {
                        let at = lanes[begin..].binary_search_by_key(&to, |lane| lane.to);
                        at.into_iter().for_each(|at| lanes[begin + at].sends.push_back(take));
                        transfers += 1;
                    }
                    Action::Finalize | Action::Merge => state.makes.push(take),
                    Action::ReceiveReduce { .. } | Action::ReceiveStore { .. } => {}
                }
            }
            states.push(state);
        }
        for (rank, (state, incoming)) in ranks.zip(states.iter_mut().zip(incoming)) {
            state.incoming = incoming;
            // Who sends to a rank comes in the order of ranks.
            for &step in schedule.program(rank) {
                if let Action::ReceiveReduce { from } | Action::ReceiveStore { from } = step.action {
                    let at = state.incoming.binary_search_by_key(&from, |&lane| lanes[lane].from);
                    at.into_iter().for_each(|at| lanes[state.incoming[at]].receives.push_back(step));
                }
            }
        }
        let roots = schedule.shares.iter().map(|shares| shares.roots().collect()).collect();
        Self { schedule, ops: Vec::with_capacity(transfers), inputs: Vec::new(), lanes, ranks: states, roots }
    }

    /// Lets every rank do what it can until nothing moves.
    fn run(&mut self) {
        let mut open: VecDeque<Rank> = (0..).map(Rank).take(self.ranks.len()).collect();
        let mut is_open = vec![true; self.ranks.len()];
        while let Some(rank) = open.pop_front() {
            is_open[rank.index()] = false;
            self.receive(rank);
            self.make(rank);
            for lane in self.ranks[rank.index()].outgoing.clone() {
                let to = self.lanes[lane].to;
                if self.send(lane) && !std::mem::replace(&mut is_open[to.index()], true) {
                    open.push_back(to);
                }
            }
        }
    }

    fn receive(&mut self, rank: Rank) {
        let state = &mut self.ranks[rank.index()];
        for &lane in &state.incoming {
            let lane = &mut self.lanes[lane];
            while let Some(op) = lane.arrived.pop_front() {
                let Some(step) = lane.receives.pop_front() else { break };
                let segment = &mut state.segments[step.segment as usize];
                if let Action::ReceiveStore { .. } = step.action {
                    segment.shares.insert(step.share, op);
                    self.ops[op as usize].is_root =
                        self.roots[step.segment as usize].binary_search(&step.share).is_ok();
                } else {
                    segment.partials.insert(step.after, op);
                }
            }
        }
    }

    /// Makes the shares whose parts are there.
    fn make(&mut self, rank: Rank) {
        let mut index = 0;
        while let Some(&take) = self.ranks[rank.index()].makes.get(index) {
            let Some(mut op) = self.made(rank, take) else {
                index += 1;
                continue;
            };
            self.ranks[rank.index()].makes.swap_remove(index);
            let Step { segment, share, .. } = take.step;
            op.is_root = self.roots[segment as usize].binary_search(&share).is_ok();
            let number = self.add(op);
            self.ranks[rank.index()].segments[segment as usize].shares.insert(share, number);
            // What could not be made before may be now.
            index = 0;
        }
    }

    fn made(&mut self, rank: Rank, take: Take) -> Option<Op> {
        let Step { segment, share, action, .. } = take.step;
        if action != Action::Merge {
            return self.sum(rank, take);
        }
        let shares = &self.ranks[rank.index()].segments[segment as usize].shares;
        let parts = self.schedule.shares(segment).parts(share);
        let begin = self.inputs.len();
        for part in parts {
            let Some(op) = shares.get(*part) else {
                self.inputs.truncate(begin);
                return None;
            };
            self.inputs.push(op);
        }
        Some(self.op(rank, segment, begin))
    }

    /// The sum that a partial send or a finalize takes, if all of it is there.
    fn sum(&mut self, rank: Rank, Take { step, begin }: Take) -> Option<Op> {
        let segment = &self.ranks[rank.index()].segments[step.segment as usize];
        let places = begin.unwrap_or_default()..step.after;
        let taken = self.inputs.len();
        for place in places {
            let Some(op) = segment.partials.get(place) else {
                self.inputs.truncate(taken);
                return None;
            };
            self.inputs.push(op);
        }
        let (is_relay, count) = (self.schedule.is_relay(rank), self.inputs.len() - taken);
        let own = (begin.is_none() && !is_relay) || count == 0;
        // What a relay passes on it does not look at.
        Some(Op { own, coded: !(is_relay && count == 1), ..self.op(rank, step.segment, taken) })
    }

    /// Sends what a lane can; says whether that is anything.
    fn send(&mut self, index: usize) -> bool {
        let mut moved = false;
        while let Some(&take) = self.lanes[index].sends.front() {
            let (rank, Step { segment, share, action, .. }) = (self.lanes[index].from, take.step);
            let op = match action {
                Action::Send { kind: Kind::Partial, .. } => self.sum(rank, take),
                _ => self.ranks[rank.index()].segments[segment as usize].shares.get(share).map(|held| {
                    self.inputs.push(held);
                    let op = self.op(rank, segment, self.inputs.len() - 1);
                    // What has come is passed on as it is.
                    Op { kind: Kind::Final, coded: self.ops[held as usize].lane.is_none(), ..op }
                }),
            };
            let Some(op) = op else { break };
            let number = self.add(Op { lane: u32::try_from(index).ok(), ..op });
            let lane = &mut self.lanes[index];
            lane.sends.pop_front();
            lane.arrived.push_back(number);
            moved = true;
        }
        moved
    }

    /// An op of the inputs from `begin` on.
    fn op(&self, rank: Rank, segment: u32, begin: usize) -> Op {
        let [begin, end] = [begin, self.inputs.len()].map(|at| u32::try_from(at).unwrap_or(u32::MAX));
        let (kind, inputs) = (Kind::Partial, (begin, end));
        Op { segment, inputs, rank, lane: None, kind, own: false, coded: true, is_root: false }
    }

    fn add(&mut self, op: Op) -> u32 {
        self.ops.push(op);
        u32::try_from(self.ops.len() - 1).unwrap_or(u32::MAX)
    }
}

impl Held {
    fn get(&self, number: u32) -> Option<u32> {
        let at = self.0.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        Some(self.0[at].1)
    }

    fn insert(&mut self, number: u32, op: u32) {
        match self.0.binary_search_by_key(&number, |(number, _)| *number) {
            Ok(at) => self.0[at].1 = op,
            Err(at) => self.0.insert(at, (number, op)),
        }
    }
}
