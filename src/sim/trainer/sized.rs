//! A trainer that knows only sizes: so many samples, so many elements, checkpoints of so many bytes.

use std::collections::VecDeque;
use std::path::PathBuf;

use starloom_comms::control::{DataInfo, Holding, Report, Then};
use starloom_comms::custody::{Checkpoint, Manifest};
use starloom_comms::events::{Phase, What};
use starloom_comms::id::{Attempt, Digest, Round};
use starloom_comms::member::Agreed;
use starloom_comms::net::membership::WrittenCheckpoint;
use starloom_comms::scenario::Scenario;
use starloom_comms::units::MissionTime;
use starloom_trainer::Terms;

use super::{Reply, Trainer, Word};

/// Of data that is nowhere, so much that no round runs out of it.
const SAMPLES: u64 = 1 << 40;

/// A trainer without numbers.
#[derive(Debug)]
pub(in crate::sim) struct Sized {
    job: String,
    payload: u64,
    per_round: u64,
    every: u64,
    chunk: u64,
    words: VecDeque<Word>,
}

impl Sized {
    /// The trainer of one of the scenario's nodes; its vectors have `job.payload` bytes.
    pub(in crate::sim) fn new(scenario: &Scenario, job: &str) -> Self {
        let training = &scenario.training;
        let per_step = u64::from(training.batch_size).saturating_mul(u64::from(training.accumulation));
        let per_round = per_step.saturating_mul(u64::from(training.inner_steps));
        let payload = scenario.job.payload.0;
        let elements = usize::try_from(payload / size_of::<f32>() as u64).unwrap_or(usize::MAX);
        let data = DataInfo { samples: SAMPLES, holding: Holding::Shared };
        let terms = Terms { data, elements, exempt: 0, committed: Round(0), history: Digest::default() };
        Self {
            job: job.to_owned(),
            payload,
            per_round,
            every: scenario.checkpoint.every_rounds,
            chunk: scenario.checkpoint.chunk.0,
            words: VecDeque::from([Word::Meets(terms)]),
        }
    }

    fn begin(&mut self, round: Round) {
        let samples = self.per_round;
        self.words.extend([
            Word::Enters(round, Attempt(0), Phase::Compute),
            Word::Begins(samples),
            Word::Contributes { vector: Vec::new(), samples },
        ]);
    }

    fn apply(&mut self, agreed: &Agreed) {
        let (round, last) = (agreed.round, agreed.then == Then::Finish);
        if last || self.every != 0 && round.0.is_multiple_of(self.every) {
            self.checkpoint(round, agreed.history);
        }
        if last {
            let state = agreed.history;
            self.words.push_back(Word::Leaves(Report { committed: round, state, ..Report::default() }));
        } else {
            self.begin(round.next());
        }
    }

    /// The state is what has been agreed.
    fn checkpoint(&mut self, round: Round, state: Digest) {
        self.words.push_back(Word::Enters(round, Attempt(0), Phase::Checkpoint));
        let checkpoint = Checkpoint { job: self.job.clone(), round, state };
        match Manifest::of_size(checkpoint, "model.safetensors", self.payload, self.chunk) {
            Ok(manifest) => {
                let bytes = self.payload;
                self.words.push_back(Word::Says(What::CheckpointWritten { round, state, bytes }));
                let file = PathBuf::new();
                self.words.push_back(Word::Wrote(Box::new(WrittenCheckpoint { round, state, manifest, file })));
            }
            Err(error) => {
                let message = format!("checkpoint of round {round}: {error}");
                self.words.push_back(Word::Says(What::Warning { message }));
            }
        }
    }
}

impl Trainer for Sized {
    fn next(&mut self) -> Word {
        self.words.pop_front().unwrap_or_else(|| Word::Fails("it has nothing left to do".to_owned()))
    }

    fn tell(&mut self, _now: MissionTime, reply: Reply) {
        match reply {
            Reply::GoOn | Reply::Left(_) => {}
            Reply::Opened(_) => self.begin(Round(1)),
            Reply::Agreed(agreed) => self.apply(&agreed),
        }
    }
}
