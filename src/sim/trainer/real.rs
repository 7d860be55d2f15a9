//! The real trainer in a simulation: a thread that trains with Burn, and finds the virtual mission around itself.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::Scope;
use std::time::Duration;

use starloom_comms::control::{Report, View};
use starloom_comms::events::{Mission, Phase, What};
use starloom_comms::id::{Attempt, NodeId, Round};
use starloom_comms::net::membership::{Agreed, MembershipError, WrittenCheckpoint};
use starloom_comms::units::MissionTime;
use starloom_trainer::{Exchange, NodeError, Part, Program};

use super::{Reply, Trainer, Word};

/// How many trainers may compute at the same time.
#[derive(Debug)]
pub(in crate::sim) struct Permits {
    free: Mutex<usize>,
    returned: Condvar,
}

impl Permits {
    pub(in crate::sim) fn new(count: usize) -> Arc<Self> {
        Arc::new(Self { free: Mutex::new(count.max(1)), returned: Condvar::new() })
    }

    fn take(&self) {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        *self.returned.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner) -= 1;
    }

    fn give(&self) {
        *self.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.returned.notify_one();
    }
}

/// The world's end of a trainer.
#[derive(Debug)]
pub(in crate::sim) struct Real {
    words: Receiver<Word>,
    replies: Sender<Reply>,
    clock: Arc<AtomicU64>,
}

/// The trainer's end.
#[derive(Debug)]
struct Line {
    words: Sender<Word>,
    replies: Mutex<Receiver<Reply>>,
    clock: Arc<AtomicU64>,
    permits: Arc<Permits>,
}

/// What ends a trainer whose satellite is gone: it unwinds, and nothing of it runs on.
struct Struck;

impl Real {
    /// Starts a trainer. `part` is its part in the job, around which the mission is put.
    pub(in crate::sim) fn start<'scope>(
        scope: &'scope Scope<'scope, '_>,
        program: &'scope dyn Program,
        permits: Arc<Permits>,
        part: impl FnOnce(Arc<dyn Mission>) -> Part + Send + 'scope,
    ) -> Self {
        let (words, from_trainer) = channel();
        let (to_trainer, replies) = channel();
        let clock = Arc::new(AtomicU64::new(0));
        let line = Arc::new(Line { words, replies: Mutex::new(replies), clock: clock.clone(), permits });
        scope.spawn(move || {
            line.permits.take();
            let part = part(line.clone());
            let trained =
                catch_unwind(AssertUnwindSafe(|| program.train(&part, &mut |terms| line.clone().meet(terms))));
            let failure = match trained {
                Ok(Ok(_)) => None,
                Ok(Err(error)) => Some(error.to_string()),
                Err(cause) if cause.is::<Struck>() => None,
                Err(_) => Some("the trainer panicked".to_owned()),
            };
            if let Some(failure) = failure {
                line.say(Word::Fails(failure));
            }
            line.permits.give();
        });
        Self { words: from_trainer, replies: to_trainer, clock }
    }
}

impl Trainer for Real {
    fn next(&mut self) -> Word {
        self.words.recv().unwrap_or_else(|_| Word::Fails("the trainer is gone".to_owned()))
    }

    fn tell(&mut self, now: MissionTime, reply: Reply) {
        self.clock.store(now.0, Ordering::Release);
        // A trainer that has failed has said so.
        self.replies.send(reply).ok();
    }
}

impl Line {
    fn say(&self, word: Word) {
        // A world that is gone does not listen; the next reply that is waited for ends the trainer.
        self.words.send(word).ok();
    }

    /// Waits for a reply, and lets others compute meanwhile.
    fn wait(&self) -> Reply {
        self.permits.give();
        let reply = self.replies.lock().unwrap_or_else(PoisonError::into_inner).recv();
        self.permits.take();
        reply.unwrap_or_else(|_| resume_unwind(Box::new(Struck)))
    }

    fn meet(self: Arc<Self>, terms: starloom_trainer::Terms) -> Result<Box<dyn Exchange>, NodeError> {
        self.say(Word::Meets(terms));
        loop {
            if let Reply::Opened(view) = self.wait() {
                return Ok(Box::new(Seat { line: self, view }));
            }
        }
    }
}

impl Mission for Line {
    fn now(&self) -> MissionTime {
        MissionTime(self.clock.load(Ordering::Acquire))
    }

    /// The world knows how long a satellite computes.
    fn wait(&self, _span: Duration) {}

    fn emit(&self, what: What) {
        self.say(Word::Says(what));
    }

    fn phase(&self, round: Round, attempt: Attempt, phase: Phase) {
        self.say(Word::Enters(round, attempt, phase));
        Self::wait(self);
    }
}

/// A trainer among the others.
struct Seat {
    line: Arc<Line>,
    view: View,
}

impl Exchange for Seat {
    fn roster(&self) -> Vec<NodeId> {
        self.view.members.iter().map(|member| member.id.clone()).collect()
    }

    fn begin(&mut self, _round: Round, samples: u64) {
        self.line.say(Word::Begins(samples));
    }

    fn all_reduce(&mut self, _round: Round, vector: Vec<f32>, samples: u64) -> Result<Agreed, MembershipError> {
        self.line.say(Word::Contributes { vector, samples });
        loop {
            if let Reply::Agreed(agreed) = self.line.wait() {
                self.view = agreed.view.clone();
                return Ok(*agreed);
            }
        }
    }

    fn checkpoint_written(&mut self, checkpoint: WrittenCheckpoint) -> Result<(), MembershipError> {
        self.line.say(Word::Wrote(Box::new(checkpoint)));
        Ok(())
    }

    fn leave(&mut self, report: Report) -> Result<Report, MembershipError> {
        self.line.say(Word::Leaves(report));
        loop {
            if let Reply::Left(report) = self.line.wait() {
                return Ok(report);
            }
        }
    }
}
