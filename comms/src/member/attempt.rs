//! One attempt at a round, from its opening to its end at this node.
//!
//! ```text
//! Waiting ──contribution──► Running ──machine complete──► Complete ──Commit──► (applied)
//!    └─────────────────────────┴── lost or bad frames ──► Failed
//! ```
//!
//! Whatever its stage, an attempt is void when another one is opened. What is complete is proposed, and a proposal is
//! a promise: the result is kept, also when a lane breaks later and the attempt is reported as failed, because the
//! others may all have what they need and the aggregator may have committed it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;

use crate::codec::Wire;
use crate::collective::{Completed, Contribution, Frame, FrameError, Machine, MachineEvent, Residual, RoundPlan, Tag};
use crate::control::{NodeMessage, Proposal, View};
use crate::id::{Attempt as Number, Digest, NodeId, Rank, Round};
use crate::member::event::Milestone;

/// An attempt that is open at this node.
#[derive(Debug)]
pub(super) struct Attempt {
    tag: Tag,
    rank: Rank,
    plan: Arc<RoundPlan>,
    /// The lanes that this node needs.
    destinations: BTreeMap<NodeId, SocketAddr>,
    stage: Stage,
    failure: Option<Failure>,
}

/// Why an attempt cannot complete, and whose doing it is if it is one peer's.
#[derive(Debug)]
struct Failure {
    peer: Option<NodeId>,
    reason: String,
}

#[derive(Debug)]
enum Stage {
    Waiting,
    Running(Box<Run>),
    /// Its numbers are nowhere.
    RunningElsewhere {
        samples: u64,
        reached: VecDeque<Milestone>,
    },
    Complete {
        sent_to: BTreeSet<NodeId>,
        proposal: Proposal,
        outcome: Outcome,
    },
    /// All that is to be carried has been.
    Carried {
        sent_to: BTreeSet<NodeId>,
        residual: Option<Residual>,
    },
    Failed {
        spare: Vec<f32>,
    },
}

/// What an attempt has come to at this node.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) completed: Completed,
    /// What this node has lost and keeps, once the attempt is committed.
    pub(super) residual: Option<Residual>,
}

#[derive(Debug)]
struct Run {
    machine: Machine,
    /// The peers that a frame has been polled for: what their lanes lose breaks the attempt.
    sent_to: BTreeSet<NodeId>,
    refused: Option<String>,
    samples: u64,
}

impl Attempt {
    /// Opens an attempt of `round`. `rank` is this node's in `view`, `plan` is the view's.
    pub(super) fn open(view: &View, round: Round, number: Number, rank: Rank, plan: Arc<RoundPlan>) -> Self {
        let tag = Tag { view: view.id, round, attempt: number };
        let address = |to: Rank| view.rank(to).map(|member| member.address);
        let destinations = plan.destinations(rank).filter_map(|(to, node)| Some((node.clone(), address(to)?)));
        Self { tag, rank, destinations: destinations.collect(), plan, stage: Stage::Waiting, failure: None }
    }

    pub(super) const fn tag(&self) -> Tag {
        self.tag
    }

    /// Whether it waits for the contribution.
    pub(super) const fn is_waiting(&self) -> bool {
        matches!(self.stage, Stage::Waiting)
    }

    /// Whether frames travel.
    pub(super) const fn is_running(&self) -> bool {
        matches!(self.stage, Stage::Running(_) | Stage::RunningElsewhere { .. })
    }

    /// The peers that this node sends to, with their addresses.
    pub(super) const fn destinations(&self) -> &BTreeMap<NodeId, SocketAddr> {
        &self.destinations
    }

    /// Begins to run, with `spare` for the result. Gives the reason if the contribution itself is refused: the node then
    /// takes part with no samples.
    pub(super) fn begin(&mut self, contribution: &Contribution, wire: Wire, spare: Option<Vec<f32>>) -> Option<String> {
        let machine = Machine::new(self.plan.schedule.clone(), self.rank, self.tag, wire, contribution, spare);
        let refused = machine.refusal().map(ToString::to_string);
        let samples = if refused.is_some() { 0 } else { contribution.samples() };
        let run = Run { machine, sent_to: BTreeSet::new(), refused: refused.clone(), samples };
        self.stage = Stage::Running(Box::new(run));
        refused
    }

    /// Begins to run as a relay, which keeps what it loses if there is a residual to begin with.
    pub(super) fn begin_to_carry(&mut self, wire: Wire, residual: Option<&Residual>) {
        let machine = Machine::relay(self.plan.schedule.clone(), self.rank, self.tag, wire, residual);
        let run = Run { machine, sent_to: BTreeSet::new(), refused: None, samples: 0 };
        self.stage = Stage::Running(Box::new(run));
    }

    /// Begins to run where others know of: what comes of it is [noted](Self::note).
    pub(super) fn begin_elsewhere(&mut self, samples: u64) {
        self.stage = Stage::RunningElsewhere { samples, reached: VecDeque::new() };
    }

    /// Notes how far an attempt is that runs elsewhere.
    pub(super) fn note(&mut self, step: Milestone) {
        if let Stage::RunningElsewhere { reached, .. } = &mut self.stage {
            reached.push_back(step);
        }
    }

    /// Gives a frame of this attempt to the machine. One from a stranger, or after the end, is dropped.
    pub(super) fn handle_frame(&mut self, from: &NodeId, frame: Frame) -> Result<(), FrameError> {
        let rank = self.rank_of(from);
        match (&mut self.stage, rank) {
            (Stage::Running(run), Some(rank)) => run.machine.handle_frame(rank, frame),
            _ => Ok(()),
        }
    }

    /// The next frame for `to`, if there is one yet.
    pub(super) fn poll_transmit(&mut self, to: &NodeId) -> Option<Frame> {
        let rank = self.rank_of(to)?;
        let Stage::Running(run) = &mut self.stage else { return None };
        let frame = run.machine.poll_transmit(rank)?;
        if !run.sent_to.contains(to) {
            run.sent_to.insert(to.clone());
        }
        Some(frame)
    }

    /// What the machine reached since it was last asked.
    pub(super) fn progress(&mut self) -> Option<Milestone> {
        let step = match &mut self.stage {
            Stage::Running(run) => match run.machine.poll_event()? {
                MachineEvent::EnteredGather => Milestone::Gather,
                MachineEvent::Complete => Milestone::Complete,
            },
            Stage::RunningElsewhere { reached, .. } => reached.pop_front()?,
            _ => return None,
        };
        if step == Milestone::Complete {
            self.complete();
        }
        Some(step)
    }

    /// Whether losing frames on the lane to `peer` breaks the attempt.
    pub(super) fn has_sent_to(&self, peer: &NodeId) -> bool {
        match &self.stage {
            Stage::Running(run) => run.sent_to.contains(peer),
            Stage::RunningElsewhere { .. } => self.destinations.contains_key(peer),
            Stage::Complete { sent_to, .. } | Stage::Carried { sent_to, .. } => sent_to.contains(peer),
            Stage::Waiting | Stage::Failed { .. } => false,
        }
    }

    /// Whether losing frames on the lane from `peer` breaks the attempt.
    pub(super) fn awaits(&self, peer: &NodeId) -> bool {
        match (&self.stage, self.rank_of(peer)) {
            (Stage::Running(run), Some(rank)) => run.machine.awaits(rank),
            (Stage::RunningElsewhere { .. }, Some(rank)) => self.plan.schedule.sources(self.rank).contains(&rank),
            _ => false,
        }
    }

    /// Whether it cannot complete without a lane to `peer`.
    pub(super) fn must_send_to(&self, peer: &NodeId) -> bool {
        self.is_running() && self.destinations.contains_key(peer)
    }

    /// Gives the attempt up. False if it had failed before.
    pub(super) fn fail(&mut self, peer: Option<NodeId>, reason: String) -> bool {
        if self.failure.is_some() {
            return false;
        }
        self.failure = Some(Failure { peer, reason });
        if self.proposal().is_none() {
            let spare = std::mem::replace(&mut self.stage, Stage::Waiting).into_spare().unwrap_or_default();
            self.stage = Stage::Failed { spare };
        }
        true
    }

    /// The report of its failure.
    pub(super) fn failure(&self) -> Option<NodeMessage> {
        let Failure { peer, reason } = self.failure.as_ref()?;
        let Tag { view, round, attempt } = self.tag;
        Some(NodeMessage::AttemptFailed { view, round, attempt, peer: peer.clone(), reason: reason.clone() })
    }

    /// What it proposes, once it is complete.
    pub(super) fn proposal(&self) -> Option<&Proposal> {
        match &self.stage {
            Stage::Complete { proposal, .. } => Some(proposal),
            _ => None,
        }
    }

    /// Its result, once it is complete.
    pub(super) fn into_outcome(self) -> Option<Outcome> {
        match self.stage {
            Stage::Complete { outcome, .. } => Some(outcome),
            _ => None,
        }
    }

    /// What a relay has lost and keeps, once all is carried.
    pub(super) fn into_residual(self) -> Option<Residual> {
        match self.stage {
            Stage::Carried { residual, .. } => residual,
            _ => None,
        }
    }

    /// The buffer of an attempt that is void.
    pub(super) fn into_spare(self) -> Option<Vec<f32>> {
        self.stage.into_spare()
    }

    fn complete(&mut self) {
        let (sent_to, refused, samples, outcome) = match std::mem::replace(&mut self.stage, Stage::Waiting) {
            Stage::Running(run) => {
                let Run { mut machine, sent_to, refused, samples } = *run;
                let residual = machine.take_residual();
                if self.plan.schedule.is_relay(self.rank) {
                    self.stage = Stage::Carried { sent_to, residual };
                    return;
                }
                (sent_to, refused, samples, Outcome { completed: machine.finish(), residual })
            }
            Stage::RunningElsewhere { samples, .. } => {
                let sent_to = self.destinations.keys().cloned().collect();
                if self.plan.schedule.is_relay(self.rank) {
                    self.stage = Stage::Carried { sent_to, residual: None };
                    return;
                }
                let digest = self.digest_of_nothing();
                let completed = Completed { mean: Vec::new(), digest, samples: 0, raw_bytes: 0, wire_bytes: 0 };
                (sent_to, None, samples, Outcome { completed, residual: None })
            }
            other => return self.stage = other,
        };
        let Tag { view, round, attempt } = self.tag;
        let proposal = Proposal { view, round, attempt, digest: outcome.completed.digest, samples, refused };
        self.stage = Stage::Complete { sent_to, proposal, outcome };
    }

    /// What all ranks agree on where there are no numbers: that they ran the same attempt.
    fn digest_of_nothing(&self) -> Digest {
        let Tag { view, round, attempt } = self.tag;
        Digest::of(format!("{view}/{round}/{attempt}").as_bytes())
    }

    fn rank_of(&self, node: &NodeId) -> Option<Rank> {
        self.plan.rank(node)
    }
}

impl Stage {
    fn into_spare(self) -> Option<Vec<f32>> {
        match self {
            Self::Waiting | Self::RunningElsewhere { .. } | Self::Carried { .. } => None,
            Self::Running(run) => Some(run.machine.into_spare()),
            Self::Complete { outcome, .. } => Some(outcome.completed.mean),
            Self::Failed { spare } => Some(spare),
        }
    }
}
