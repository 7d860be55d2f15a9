//! Several all-reduces at once, which share lanes.
//!
//! [`predict_concurrent`] follows schedules frame by frame in time. Where several of them have frames that are ready for a lane, it
//! takes one of each in turn; within a schedule frames leave in the order of its sends, as [`predict`](super::predict) has
//! it, and one schedule alone comes to the same. Which frame is next depends on when the others are ready, so nothing can be
//! said of a whole segment at once: the cost grows with the frames.

mod job;
mod lane;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use self::job::Job;
use self::lane::SharedLane;
use super::{Burst, CostModel, Never};
use crate::collective::schedule::Schedule;
use crate::contacts::ContactPlan;
use crate::id::{NodeId, Rank};
use crate::units::MissionTime;

/// One of several all-reduces at once.
#[derive(Debug, Clone, Copy)]
pub struct Concurrent<'a> {
    /// A sound schedule.
    pub schedule: &'a Schedule,
    /// Who its ranks are.
    pub nodes: &'a [NodeId],
    /// When all of them are ready.
    pub start: MissionTime,
}

/// What one of several all-reduces at once comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// When every contributing rank has the whole mean, or who waits for ever.
    pub completes: Result<MissionTime, Never>,
    /// What its lanes sent for it, ordered by sender, receiver and time. Frames of another one end a burst.
    pub bursts: Vec<Burst>,
}

/// Predicts all-reduces that run at once, in their order.
///
/// # Panics
/// If one of them has not as many nodes as ranks.
#[must_use]
pub fn predict_concurrent(all: &[Concurrent<'_>], plan: &ContactPlan, model: &CostModel) -> Vec<Outcome> {
    let mut lanes: Vec<SharedLane<'_>> = Vec::new();
    let mut known: BTreeMap<(&NodeId, &NodeId), usize> = BTreeMap::new();
    let mut jobs = Vec::with_capacity(all.len());
    for (number, concurrent) in all.iter().enumerate() {
        assert_eq!(concurrent.nodes.len(), concurrent.schedule.ranks(), "nodes and ranks");
        let job = Job::new(number, concurrent, model, |from, to, queue| {
            let ends = (&concurrent.nodes[from.index()], &concurrent.nodes[to.index()]);
            let lane = *known.entry(ends).or_insert_with(|| {
                lanes.push(SharedLane::new(plan.contacts(ends.0, ends.1)));
                lanes.len() - 1
            });
            (lane, lanes[lane].join(queue))
        });
        jobs.push(job);
    }
    let mut execution = Execution { jobs, lanes, agenda: BinaryHeap::new() };
    execution.run();
    let outcome = |(job, concurrent): (Job, &Concurrent<'_>)| job.outcome(concurrent.nodes);
    execution.jobs.into_iter().zip(all).map(outcome).collect()
}

/// What happens next; of what happens at the same instant, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A rank of a job goes through its schedule, for the first time or again.
    Begins { job: usize, turn: u32, rank: Rank },
    /// A frame of an op is there.
    Done { job: usize, op: usize, frame: u32 },
    /// A lane may have something to send.
    Sends { lane: usize },
}

struct Execution<'a> {
    jobs: Vec<Job>,
    lanes: Vec<SharedLane<'a>>,
    agenda: BinaryHeap<Reverse<(u64, Event)>>,
}

impl Execution<'_> {
    fn run(&mut self) {
        for job in 0..self.jobs.len() {
            for (turn, rank) in self.jobs[job].begins() {
                self.at(self.jobs[job].start(), Event::Begins { job, turn, rank });
            }
        }
        while let Some(Reverse((now, event))) = self.agenda.pop() {
            match event {
                Event::Begins { job, turn, rank } => {
                    let begun = self.jobs[job].begun(turn, rank);
                    begun.into_iter().for_each(|(op, frame)| self.ready(now, job, op, frame));
                }
                Event::Done { job, op, frame } => self.done(now, job, op, frame),
                Event::Sends { lane } => self.sends(now, lane),
            }
        }
    }

    fn at(&mut self, at: u64, event: Event) {
        self.agenda.push(Reverse((at, event)));
    }

    /// All is there that a frame of an op takes.
    fn ready(&mut self, now: u64, job: usize, op: usize, frame: u32) {
        let Some(place) = self.jobs[job].place(op, frame) else {
            return self.at(now, Event::Done { job, op, frame });
        };
        for encoded in self.lanes[place.lane].ready(place, now) {
            self.at(encoded, Event::Sends { lane: place.lane });
        }
    }

    fn done(&mut self, now: u64, job: usize, op: usize, frame: u32) {
        for (op, frame) in self.jobs[job].done(op, frame) {
            self.ready(now, job, op, frame);
        }
        let Some(numbers) = self.jobs[job].numbers(op) else { return };
        let usable = match numbers.lane {
            Some((lane, queue)) => self.lanes[lane].decoded(queue, now, numbers.coding),
            None => self.jobs[job].decoded(op, now),
        };
        if let Some((turn, at)) = self.jobs[job].stored(op, numbers.rank, usable) {
            self.at(at, Event::Begins { job, turn, rank: numbers.rank });
        }
    }

    /// Lets a lane send one frame, if it is free and one is ready.
    fn sends(&mut self, now: u64, lane: usize) {
        let Some(sent) = self.lanes[lane].send(now) else { return };
        let job = &mut self.jobs[sent.job];
        match sent.run {
            Some(run) => {
                job.sent(sent.op, run, sent.follows);
                self.at(run.arrival, Event::Done { job: sent.job, op: sent.op, frame: sent.frame });
                self.at(run.sent, Event::Sends { lane });
            }
            // The other jobs may have shorter frames.
            None => {
                job.waits_for_ever(sent.op);
                self.at(now, Event::Sends { lane });
            }
        }
    }
}
