//! Which checkpoints this node holds, and which of them it must bring to the ground.
//!
//! A checkpoint is written by every member; the aggregator gives custody of it to one. A custodian delivers one
//! checkpoint at a time, in the order in which custody was given, and says how it ended. Everything that it has said
//! is said again after a lost connection, because an aggregator that was restarted may not have heard it.

use std::collections::{BTreeMap, VecDeque};

use crate::control::NodeMessage;
use crate::id::{Digest, Round};
use crate::limits::MAX_HELD_CHECKPOINTS;

/// A checkpoint that is complete and verified on the ground.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landing {
    /// Digest of `model.safetensors`.
    pub digest: Digest,
    /// Its size.
    pub bytes: u64,
    /// Where it lies, relative to the ground store.
    pub path: String,
}

/// What follows from an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Tell the aggregator.
    Say(Word),
    /// Begin to deliver.
    Deliver(Round),
    /// The checkpoint will not be asked for again.
    Forget(Round),
}

/// What a custodian says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    Written(Round, Digest),
    Landed(Round, Landing),
    Failed(Round, String),
}

impl From<Word> for NodeMessage {
    fn from(word: Word) -> Self {
        match word {
            Word::Written(round, state) => Self::CheckpointWritten { round, state },
            Word::Landed(round, Landing { digest, bytes, path }) => Self::Landed { round, digest, bytes, path },
            Word::Failed(round, reason) => Self::CustodyFailed { round, reason },
        }
    }
}

#[derive(Debug)]
enum Duty {
    /// Another member delivers it, or nobody yet.
    None,
    Queued,
    Delivering,
    Landed(Landing),
    Failed(String),
}

#[derive(Debug)]
struct Held {
    state: Digest,
    duty: Duty,
}

/// The catalogue of one node.
#[derive(Debug, Default)]
pub(super) struct Custody {
    held: BTreeMap<Round, Held>,
    queue: VecDeque<Round>,
}

impl Custody {
    /// The committed state of `round` is on this node's disk.
    pub(super) fn written(&mut self, round: Round, state: Digest) -> Vec<Step> {
        self.held.insert(round, Held { state, duty: Duty::None });
        let mut steps = vec![Step::Say(Word::Written(round, state))];
        while self.held.len() > MAX_HELD_CHECKPOINTS {
            let idle = |held: &Held| !matches!(held.duty, Duty::Queued | Duty::Delivering);
            let Some(oldest) = self.held.iter().find(|(_, held)| idle(held)).map(|(&round, _)| round) else { break };
            self.held.remove(&oldest);
            steps.push(Step::Forget(oldest));
        }
        steps
    }

    /// The aggregator gives custody of `round`.
    pub(super) fn take(&mut self, round: Round) -> Vec<Step> {
        let Some(held) = self.held.get_mut(&round) else {
            return vec![Step::Say(Word::Failed(round, "this node holds no checkpoint of that round".into()))];
        };
        match &held.duty {
            Duty::Queued | Duty::Delivering => Vec::new(),
            Duty::Landed(landing) => vec![Step::Say(Word::Landed(round, landing.clone()))],
            Duty::None | Duty::Failed(_) => {
                held.duty = Duty::Queued;
                self.queue.push_back(round);
                self.next().into_iter().collect()
            }
        }
    }

    /// The station holds the checkpoint of `round`.
    pub(super) fn landed(&mut self, round: Round, landing: Landing) -> Vec<Step> {
        self.end(round, Duty::Landed(landing.clone()), Word::Landed(round, landing))
    }

    /// The checkpoint of `round` cannot be delivered from here.
    pub(super) fn failed(&mut self, round: Round, reason: String) -> Vec<Step> {
        self.end(round, Duty::Failed(reason.clone()), Word::Failed(round, reason))
    }

    /// Everything that was said, for an aggregator that may have forgotten it.
    pub(super) fn repeat(&self) -> impl Iterator<Item = Word> + '_ {
        self.held.iter().flat_map(|(&round, held)| {
            let outcome = match &held.duty {
                Duty::None | Duty::Queued | Duty::Delivering => None,
                Duty::Landed(landing) => Some(Word::Landed(round, landing.clone())),
                Duty::Failed(reason) => Some(Word::Failed(round, reason.clone())),
            };
            std::iter::once(Word::Written(round, held.state)).chain(outcome)
        })
    }

    fn end(&mut self, round: Round, duty: Duty, word: Word) -> Vec<Step> {
        match self.held.get_mut(&round) {
            Some(held) if matches!(held.duty, Duty::Delivering) => held.duty = duty,
            _ => return Vec::new(),
        }
        let mut steps = vec![Step::Say(word)];
        steps.extend(self.next());
        steps
    }

    fn next(&mut self) -> Option<Step> {
        if self.held.values().any(|held| matches!(held.duty, Duty::Delivering)) {
            return None;
        }
        let round = self.queue.pop_front()?;
        self.held.get_mut(&round)?.duty = Duty::Delivering;
        Some(Step::Deliver(round))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn landing() -> Landing {
        Landing { digest: Digest::of(b"model"), bytes: 5, path: "quickstart/10".into() }
    }

    fn custody_of(rounds: &[u64]) -> Custody {
        let mut custody = Custody::default();
        for &round in rounds {
            custody.written(Round(round), Digest::of(&round.to_le_bytes()));
        }
        custody
    }

    #[test]
    fn one_checkpoint_is_delivered_at_a_time() {
        let mut custody = custody_of(&[10, 20]);
        assert_eq!(custody.take(Round(10)), [Step::Deliver(Round(10))]);
        assert_eq!(custody.take(Round(20)), []);
        assert_eq!(
            custody.landed(Round(10), landing()),
            [Step::Say(Word::Landed(Round(10), landing())), Step::Deliver(Round(20))]
        );
        let reason = || "the file is gone".to_owned();
        assert_eq!(custody.failed(Round(20), reason()), [Step::Say(Word::Failed(Round(20), reason()))]);
        assert_eq!(custody.take(Round(20)), [Step::Deliver(Round(20))], "custody may be given again");
    }

    #[test]
    fn custody_of_what_is_not_held_is_declined() {
        let mut custody = custody_of(&[10]);
        assert!(matches!(&custody.take(Round(20))[..], [Step::Say(Word::Failed(Round(20), _))]));
    }

    #[test]
    fn custody_given_twice_is_one_delivery() {
        let mut custody = custody_of(&[10]);
        assert_eq!(custody.take(Round(10)), [Step::Deliver(Round(10))]);
        assert_eq!(custody.take(Round(10)), []);
        custody.landed(Round(10), landing());
        assert_eq!(custody.take(Round(10)), [Step::Say(Word::Landed(Round(10), landing()))]);
    }

    #[test]
    fn what_was_said_is_said_again_to_a_restarted_aggregator() {
        let mut custody = custody_of(&[10, 20]);
        custody.take(Round(10));
        custody.landed(Round(10), landing());
        let words: Vec<Word> = custody.repeat().collect();
        assert_eq!(
            words,
            [
                Word::Written(Round(10), Digest::of(&10_u64.to_le_bytes())),
                Word::Landed(Round(10), landing()),
                Word::Written(Round(20), Digest::of(&20_u64.to_le_bytes())),
            ]
        );
    }

    #[test]
    fn old_checkpoints_are_forgotten_but_not_those_on_their_way() {
        let mut custody = custody_of(&[1]);
        custody.take(Round(1));
        let mut forgotten = Vec::new();
        for round in 2..=MAX_HELD_CHECKPOINTS as u64 + 2 {
            let steps = custody.written(Round(round), Digest::default());
            forgotten.extend(steps.into_iter().filter(|step| matches!(step, Step::Forget(_))));
        }
        assert_eq!(forgotten, [Step::Forget(Round(2)), Step::Forget(Round(3))]);
    }
}
