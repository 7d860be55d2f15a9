//! One of several all-reduces: what each frame of it still waits for.

use super::lane::{Place, Queue};
use super::{Concurrent, Outcome};
use crate::collective::cost::burst::{Burst, Run};
use crate::collective::cost::course::{Course, Op};
use crate::collective::cost::lane::Cut;
use crate::collective::cost::{CostModel, Never};
use crate::id::{NodeId, Rank};
use crate::units::MissionTime;

/// An all-reduce on its way. Its ops are counted through all turns: those of the second come after those of the first.
pub(super) struct Job {
    course: Course,
    start: MissionTime,
    cuts: Vec<Cut>,
    /// Nanoseconds of coding for a frame of each segment.
    coding: Vec<u64>,
    /// Where the frames of each op of a turn begin, and how many a turn has.
    firsts: Vec<usize>,
    /// For each frame how much it waits for.
    waits: Vec<u32>,
    /// For each op of a turn what takes it.
    takers: Vec<Vec<u32>>,
    /// For each rank the ops of a turn that take what it has itself.
    own: Vec<Vec<u32>>,
    /// For each lane of the course the shared lane, and the queue there.
    queues: Vec<(usize, usize)>,
    /// For each op where its frames begin in its queue.
    places: Vec<usize>,
    /// For each op until when its rank decodes what it makes there.
    decodes: Vec<u64>,
    ranks: Vec<RankState>,
    never: Option<(Rank, Rank)>,
    bursts: Vec<Burst>,
    /// For each lane of the course its last burst.
    last: Vec<Option<usize>>,
}

#[derive(Clone)]
struct RankState {
    /// How many frames of shares that everybody needs it gets in a turn.
    roots: u32,
    turns: Vec<Turn>,
}

/// How far a rank has come in a turn. Who is ahead sends frames of the next turn before this one is over.
#[derive(Clone)]
struct Turn {
    /// How many frames it is still without.
    without: u32,
    /// When it has the others.
    done: u64,
}

/// Final numbers that a rank gets.
pub(super) struct Numbers {
    pub(super) rank: Rank,
    /// The lane and queue over which they come; nothing if the rank makes them.
    pub(super) lane: Option<(usize, usize)>,
    /// How long it decodes a frame.
    pub(super) coding: u64,
}

impl Job {
    /// The job of a number; `join` makes a queue one of the shared lane between two ranks, and says where it is.
    pub(super) fn new(
        number: usize,
        concurrent: &Concurrent<'_>,
        model: &CostModel,
        mut join: impl FnMut(Rank, Rank, Queue) -> (usize, usize),
    ) -> Self {
        let course = Course::of(concurrent.schedule);
        let (cuts, coding) = course.frames(model);
        let mut queues: Vec<Queue> = course.lanes.iter().map(|_| Queue::of(number)).collect();
        let mut places = Vec::new();
        for turn in 0..course.turns as usize {
            for (index, op) in course.ops.iter().enumerate() {
                let segment = op.segment as usize;
                let coding = if op.coded { coding[segment] } else { 0 };
                let number = turn * course.ops.len() + index;
                let place = op.lane.map(|lane| queues[lane as usize].push(number, cuts[segment], coding));
                places.push(place.unwrap_or_default());
            }
        }
        let queues = course.lanes.iter().zip(queues).map(|(&(from, to), queue)| join(from, to, queue)).collect();
        let mut job = Self {
            start: concurrent.start,
            firsts: Vec::with_capacity(course.ops.len() + 1),
            waits: Vec::new(),
            takers: vec![Vec::new(); course.ops.len()],
            own: vec![Vec::new(); course.ranks],
            decodes: vec![0; places.len()],
            ranks: vec![RankState { roots: 0, turns: Vec::new() }; course.ranks],
            never: None,
            bursts: Vec::new(),
            last: vec![None; course.lanes.len()],
            course,
            cuts,
            coding,
            queues,
            places,
        };
        job.wait();
        job
    }

    /// Finds out what waits for what.
    fn wait(&mut self) {
        for (number, op) in (0..).zip(&self.course.ops) {
            let frames = self.cuts[op.segment as usize].frames;
            let inputs = &self.course.inputs[op.inputs.0 as usize..op.inputs.1 as usize];
            self.firsts.push(self.waits.len());
            let count = inputs.len() + usize::from(op.own);
            self.waits.extend((0..frames).map(|_| u32::try_from(count).unwrap_or(u32::MAX)));
            inputs.iter().for_each(|&input| self.takers[input as usize].push(number));
            if op.own {
                self.own[op.rank.index()].push(number);
            }
            if let Some(rank) = self.course.receiver(op).filter(|_| op.is_root) {
                self.ranks[rank.index()].roots += frames;
            }
        }
        self.firsts.push(self.waits.len());
        self.waits = self.waits.repeat(self.course.turns as usize);
        for rank in &mut self.ranks {
            rank.turns = vec![Turn { without: rank.roots, done: self.start.0 }; self.course.turns as usize];
        }
    }

    pub(super) const fn start(&self) -> u64 {
        self.start.0
    }

    /// Which ranks begin which turns without waiting for anything: all of them the first, and those that get nothing all.
    pub(super) fn begins(&self) -> Vec<(u32, Rank)> {
        let turns = |(rank, state): (u32, &RankState)| {
            let turns = if state.roots == 0 { self.course.turns } else { 1 };
            (0..turns).map(move |turn| (turn, Rank(rank)))
        };
        (0..).zip(&self.ranks).flat_map(turns).collect()
    }

    /// What a rank that goes through a turn makes ready.
    pub(super) fn begun(&mut self, turn: u32, rank: Rank) -> Vec<(usize, u32)> {
        let mut ready = Vec::new();
        for index in 0..self.own[rank.index()].len() {
            let op = self.own[rank.index()][index] as usize;
            for frame in 0..self.cuts[self.course.ops[op].segment as usize].frames {
                ready.extend(self.less(turn as usize, op, frame));
            }
        }
        ready
    }

    /// What a frame of an op that is there makes ready.
    pub(super) fn done(&mut self, op: usize, frame: u32) -> Vec<(usize, u32)> {
        let (turn, op) = (op / self.course.ops.len(), op % self.course.ops.len());
        let mut ready = Vec::new();
        for index in 0..self.takers[op].len() {
            ready.extend(self.less(turn, self.takers[op][index] as usize, frame));
        }
        ready
    }

    /// A frame of an op of a turn waits for one thing less: names it if that was the last.
    fn less(&mut self, turn: usize, op: usize, frame: u32) -> Option<(usize, u32)> {
        let per_turn = self.firsts.last().copied().unwrap_or_default();
        let waits = &mut self.waits[turn * per_turn + self.firsts[op] + frame as usize];
        *waits -= 1;
        (*waits == 0).then_some((turn * self.course.ops.len() + op, frame))
    }

    /// Where a frame queues, if it is to be sent.
    pub(super) fn place(&self, op: usize, frame: u32) -> Option<Place> {
        let (lane, queue) = self.queues[self.op(op).lane? as usize];
        Some(Place { lane, queue, position: self.places[op] + frame as usize })
    }

    /// Who gets final numbers by an op, if somebody does.
    pub(super) fn numbers(&self, op: usize) -> Option<Numbers> {
        let op = self.op(op);
        let rank = self.course.receiver(op)?;
        let lane = op.lane.map(|lane| self.queues[lane as usize]);
        Some(Numbers { rank, lane, coding: self.coding[op.segment as usize] })
    }

    /// When a rank has decoded a frame of what it made itself.
    pub(super) fn decoded(&mut self, op: usize, ready: u64) -> u64 {
        let coding = self.coding[self.op(op).segment as usize];
        self.decodes[op] = ready.max(self.decodes[op]) + coding;
        self.decodes[op]
    }

    /// Takes note of a frame of final numbers, which a rank can use from `usable` on: which turn it goes on with, and when.
    pub(super) fn stored(&mut self, op: usize, rank: Rank, usable: u64) -> Option<(u32, u64)> {
        if !self.op(op).is_root {
            return None;
        }
        let number = op / self.course.ops.len();
        let turns = &mut self.ranks[rank.index()].turns;
        let turn = &mut turns[number];
        turn.done = turn.done.max(usable);
        turn.without -= 1;
        let next = (turn.without == 0 && number + 1 < turns.len()).then_some(number + 1)?;
        let done = turns[..next].iter().map(|turn| turn.done).max()?;
        Some((u32::try_from(next).ok()?, done))
    }

    /// Takes note of a frame that has left, right behind another one of its op or not.
    pub(super) fn sent(&mut self, op: usize, run: Run, follows: bool) {
        let &Op { lane, segment, kind, .. } = self.op(op);
        let Some(lane) = lane.map(|lane| lane as usize) else { return };
        if let Some(burst) = self.last[lane].filter(|_| follows).map(|last| &mut self.bursts[last])
            && run.start == burst.sent.0
            && run.busy_nanos * u64::from(burst.frames) == burst.busy_nanos
        {
            burst.sent = MissionTime(run.sent);
            burst.arrival = MissionTime(run.arrival);
            burst.frames += run.frames;
            burst.bytes += run.bytes;
            burst.busy_nanos += run.busy_nanos;
            return;
        }
        self.last[lane] = Some(self.bursts.len());
        self.bursts.push(Burst::of(run, self.course.lanes[lane], segment, kind));
    }

    /// Takes note of a frame that never leaves.
    pub(super) fn waits_for_ever(&mut self, op: usize) {
        if let Some(lane) = self.op(op).lane {
            self.never.get_or_insert(self.course.lanes[lane as usize]);
        }
    }

    /// What it came to.
    pub(super) fn outcome(mut self, nodes: &[NodeId]) -> Outcome {
        self.bursts.sort_by_key(|burst| (burst.from, burst.to, burst.start));
        let contributors = self.ranks.iter().take(self.course.contributors);
        let done = contributors.flat_map(|rank| &rank.turns).map(|turn| turn.done).max();
        let never =
            |(from, to): (Rank, Rank)| Never { from: nodes[from.index()].clone(), to: nodes[to.index()].clone() };
        let completes = self.never.map_or(Ok(done.map_or(self.start, MissionTime)), |lane| Err(never(lane)));
        Outcome { completes, bursts: self.bursts }
    }

    fn op(&self, op: usize) -> &Op {
        &self.course.ops[op % self.course.ops.len()]
    }
}
