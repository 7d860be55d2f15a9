//! A node of the test world: a member, and a trainer that computes the same as its twins.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use starloom_comms::collective::{Contribution, RoundPlanner};
use starloom_comms::control::{DataInfo, Holding, Report, Then};
use starloom_comms::id::{Digest, NodeId, Round};
use starloom_comms::member::{Agreed, Event, History, Landing, Member, Numbers, Part, Settings};

/// What the trainer is busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// Waits for the first view.
    Joining,
    /// Computes its contribution to a round.
    Computing(Round),
    /// Waits for the commit of a round.
    Contributed(Round),
    /// Writes the last checkpoint.
    Writing(Round),
    /// Evaluates before it leaves.
    Evaluating(Round),
    /// Waits for its release.
    Leaving,
}

pub(crate) struct Node {
    pub(crate) id: NodeId,
    pub(crate) index: u64,
    pub(crate) member: Member,
    pub(crate) work: Work,
    /// What it has applied: the mean and the history after it.
    pub(crate) applied: Vec<(Agreed, Digest)>,
    pub(crate) delivering: Option<Round>,
    pub(crate) left: bool,
    pub(crate) is_relay: bool,
    elements: usize,
}

impl Node {
    /// A node that trains, on vectors of so many elements; a relay if there are none.
    pub(crate) fn new(index: u32, elements: Option<usize>, planner: RoundPlanner) -> Self {
        let data = DataInfo { samples: 1000, holding: Holding::Shared };
        let part = elements.map_or(Part::Relay, |elements| Part::Train { data, elements, exempt: 0 });
        let id = NodeId::satellite(index);
        let settings = Settings {
            node: id.clone(),
            address: ([127, 0, 0, 1], 1).into(),
            part,
            numbers: Numbers::Here,
            planner,
            patience: Duration::from_secs(60),
        };
        let member = Member::new(settings, History::at(Round(0), Digest::default()), Duration::ZERO);
        let index = u64::from(index);
        Self {
            id,
            index,
            member,
            work: Work::Joining,
            applied: Vec::new(),
            delivering: None,
            left: false,
            is_relay: elements.is_none(),
            elements: elements.unwrap_or_default(),
        }
    }

    /// A relay leaves as soon as it may.
    pub(crate) fn leave(&mut self) -> Option<Event> {
        self.is_relay.then(|| Event::Leave(Report::default()))
    }

    /// What the trainer does next, if it has anything to do.
    pub(crate) fn train(&mut self) -> Option<Event> {
        match self.work {
            Work::Joining | Work::Contributed(_) | Work::Leaving => None,
            Work::Computing(round) => {
                self.work = Work::Contributed(round);
                let vector = Arc::new(contribution(self.index, round, self.elements));
                Some(Event::Contribution(Contribution::new(vector, samples(self.index, round))))
            }
            Work::Writing(round) => {
                self.work = Work::Evaluating(round);
                Some(Event::CheckpointWritten { round, state: Digest::of(b"state") })
            }
            Work::Evaluating(round) => {
                self.work = Work::Leaving;
                Some(Event::Leave(Report { committed: round, ..Report::default() }))
            }
        }
    }

    pub(crate) fn is_training(&self) -> bool {
        matches!(self.work, Work::Computing(_) | Work::Writing(_) | Work::Evaluating(_))
    }

    /// The station has it all.
    pub(crate) fn land(&mut self) -> Option<Event> {
        let round = self.delivering.take()?;
        let landing = Landing { digest: Digest::of(b"model"), bytes: 5, path: "model.safetensors".into() };
        Some(Event::Landed { round, landing })
    }

    pub(crate) fn apply(&mut self, agreed: Agreed) {
        assert_eq!(self.work, Work::Contributed(agreed.round), "{} gets what it did not contribute to", self.id);
        check_mean(&agreed, self.elements);
        self.work = match agreed.then {
            Then::Continue => Work::Computing(agreed.round.next()),
            Then::Finish => Work::Writing(agreed.round),
        };
        let history = agreed.history;
        self.applied.push((agreed, history));
    }
}

/// The mean is the naive one over those whom the commit names, as exactly as half precision can be.
fn check_mean(agreed: &Agreed, elements: usize) {
    let mut expected = vec![0.0_f64; elements];
    let mut total = 0;
    for (id, weight) in agreed.contributors.iter() {
        let index = id.as_str().trim_start_matches("sat-").parse().expect("a satellite");
        assert_eq!(*weight, samples(index, agreed.round));
        for (sum, value) in expected.iter_mut().zip(contribution(index, agreed.round, elements)) {
            *sum += f64::from(value) * *weight as f64;
        }
        total += weight;
    }
    for (got, sum) in agreed.mean.iter().zip(expected) {
        let mean = sum / total as f64;
        assert!((f64::from(*got) - mean).abs() < 0.02, "{got} is not {mean} in round {}", agreed.round);
    }
}

/// Between -4 and 4, and different for every node and round.
fn contribution(index: u64, round: Round, elements: usize) -> Vec<f32> {
    (0..elements as u64).map(|i| ((index * 31 + round.0 * 17 + i * 7) % 65) as f32 / 8.0 - 4.0).collect()
}

fn samples(index: u64, round: Round) -> u64 {
    8 + (index + round.0) % 5
}

/// Sequences of digests by node, for the laws.
pub(crate) fn digests(nodes: &BTreeMap<NodeId, Node>) -> impl Iterator<Item = (&NodeId, Vec<(Digest, Digest)>)> {
    nodes.iter().filter(|(_, node)| !node.is_relay).map(|(id, node)| {
        (id, node.applied.iter().map(|(agreed, history)| (agreed.digest, *history)).collect::<Vec<_>>())
    })
}
