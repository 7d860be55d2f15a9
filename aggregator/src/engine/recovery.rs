//! After a restart: what members hold, against what the journal says.
//!
//! Nothing was said to anybody that is not in the journal, so a member holds at most one commit less than the
//! journal, never more, unless the journal was damaged. What members hold beyond it was not agreed: it is agreed if
//! all of them hold the same for the same attempt, and rolled back otherwise.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use starloom_comms::control::{AggregatorMessage, Join, Proposal};
use starloom_comms::events::LossKind;
use starloom_comms::id::{Attempt, Digest, NodeId, Round};
use thiserror::Error;

use super::durable::{Durable, Progress};
use super::event::{Command, Session};
use super::gathering::{Gathering, Occasion};
use super::record::Record;
use super::rules::Rules;
use super::{Engine, Stage};

/// Why a job cannot be resumed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the run cannot be resumed from round {wanted}: its journal has committed round {committed}")]
pub struct ResumeError {
    /// The round whose state the nodes were given.
    pub wanted: Round,
    /// The last round that the journal knows, up to `wanted`.
    pub committed: Round,
}

/// What a member's introduction says, against the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Standing {
    /// It has applied every commit.
    Current,
    /// It lacks the last commit, and holds what it needs to apply it.
    Behind,
    /// It has applied more than the journal knows.
    Ahead(Round, Digest),
    /// It cannot be one of ours.
    Foreign(String),
}

impl Engine {
    /// The engine of a job whose aggregator was restarted while its nodes went on. It waits for the members to join
    /// again. Without a roster in the journal the job has not begun, and begins.
    #[must_use]
    pub fn recover(rules: Rules, now: Duration, records: &[Record]) -> Self {
        let durable = Durable::replay(rules.samples_per_node, records, None);
        let stage = match durable.progress {
            Progress::Nothing => return Self::new(rules, now),
            Progress::Over(_) => Stage::Ending,
            Progress::Rounds | Progress::Released => {
                Stage::Gathering(Gathering::on(Occasion::Restart, now + rules.suspect_after))
            }
        };
        Self::with(rules, durable, stage, now)
    }

    /// The engine of a job that goes on from the state of round `from`, in fresh processes: commits after it are void.
    ///
    /// # Errors
    /// [`ResumeError`] if the journal does not reach `from`.
    pub fn resume(rules: Rules, now: Duration, records: &[Record], from: Round) -> Result<Self, ResumeError> {
        let mut durable = Durable::replay(rules.samples_per_node, records, Some(from));
        if durable.committed() != from {
            return Err(ResumeError { wanted: from, committed: durable.committed() });
        }
        durable.progress = Progress::Nothing;
        let stage = Stage::Gathering(Gathering::on(Occasion::Resume, now + rules.join_deadline));
        Ok(Self::with(rules, durable, stage, now))
    }

    /// The members that come back after a restart are there.
    pub(super) fn take_over(
        &mut self,
        now: Duration,
        joins: BTreeMap<NodeId, Join>,
        relays: &BTreeMap<NodeId, SocketAddr>,
    ) {
        self.adopt(&joins);
        self.take_over_relays(relays);
        let mut behind = Vec::new();
        for node in self.durable.view.members.clone().iter().map(|member| member.id.clone()) {
            match joins.get(&node).map(|join| self.standing(&node, join)) {
                Some(Standing::Current) => {}
                Some(Standing::Behind) => behind.push(node),
                Some(Standing::Foreign(reason)) => self.remove(&node, LossKind::Refused, Some(reason)),
                Some(Standing::Ahead(round, _)) => {
                    let committed = self.durable.committed();
                    let reason = format!(
                        "{node} has applied round {round}, which most members and the journal lack: they are at round {committed}"
                    );
                    self.remove(&node, LossKind::Refused, Some(reason));
                }
                // A member that was released may have left in the meantime.
                None if self.durable.progress == Progress::Released => {}
                None => self.remove(&node, LossKind::Absence, None),
            }
        }
        for node in &behind {
            self.send_last_commit(node);
        }
        if self.durable.progress == Progress::Released {
            self.release(now);
        } else if self.durable.is_finishing(self.rules.rounds) {
            self.await_landing(now);
        } else if self.are_too_few() {
            self.give_up(self.too_few());
        } else {
            self.take_up_round(now, &joins);
        }
    }

    /// A member comes back on another connection before its old one was seen to break.
    pub(super) fn joined_again(&mut self, now: Duration, node: &NodeId, session: Session, join: &Join) {
        let standing = self.standing(node, join);
        if let Some(old) = self.seats.take(node, session, now) {
            self.out.push(Command::Close { session: old });
        }
        // What it was asked may have gone down with its old connection; what it has written it says again.
        self.custody.lost(node);
        match standing {
            Standing::Current => {}
            Standing::Behind => self.send_last_commit(node),
            Standing::Foreign(reason) => return self.expel(now, node, reason),
            Standing::Ahead(round, _) => {
                let committed = self.durable.committed();
                let reason = format!("{node} says it has applied round {round}; the job is at round {committed}");
                return self.expel(now, node, reason);
            }
        }
        match &mut self.stage {
            Stage::Leaving(_) => self.send(node, AggregatorMessage::Release),
            Stage::Running(open) => {
                if let Some(pending) = join.pending.clone().filter(|_| standing == Standing::Current) {
                    open.propose(node, pending);
                }
                if open.proposals.contains_key(node) {
                    self.decide(now);
                } else if standing == Standing::Current {
                    self.send_first_opening(now, node, join);
                    self.retry_at_once(now, format!("{node} has connected again"));
                } else if let Some(opening) = self.opening().filter(|_| self.attempt_is_announced()) {
                    self.send(node, opening);
                }
            }
            _ => {}
        }
    }

    /// Takes over what most members have applied if the journal lost it.
    fn adopt(&mut self, joins: &BTreeMap<NodeId, Join>) {
        let mut groups: BTreeMap<(Round, Digest), usize> = BTreeMap::new();
        for (node, join) in joins {
            if let Standing::Ahead(round, history) = self.standing(node, join) {
                *groups.entry((round, history)).or_default() += 1;
            }
        }
        let most = groups.into_iter().max_by_key(|(_, count)| *count);
        let Some(((round, history), _)) = most.filter(|(_, count)| count * 2 > joins.len()) else { return };
        let committed = self.durable.committed();
        self.record(Record::Adopted { round, history });
        self.warn(format!(
            "the journal ends at round {committed} and the members have applied round {round}: its damaged tail held \
             the rounds between, whose samples are counted as they were issued"
        ));
    }

    fn take_up_round(&mut self, now: Duration, joins: &BTreeMap<NodeId, Join>) {
        let round = self.durable.committed().next();
        let present = |node: &NodeId| joins.get(node).filter(|join| join.committed.next() == round);
        let members: Vec<NodeId> = self.durable.view.members.iter().map(|member| member.id.clone()).collect();
        let pending: BTreeMap<&NodeId, &Proposal> =
            members.iter().filter_map(|node| Some((node, present(node)?.pending.as_ref()?))).collect();
        let seen = members
            .iter()
            .filter_map(present)
            .flat_map(|join| [join.attempt, join.pending.as_ref().map(|p| p.attempt)]);
        let highest = seen.flatten().max().unwrap_or_default();
        self.begin_round(now, highest, None);
        let Stage::Running(open) = &mut self.stage else { return };
        for (node, proposal) in pending {
            open.propose(node, proposal.clone());
        }
        if open.is_complete() {
            return self.decide(now);
        }
        for node in &members {
            if let Some(join) = present(node) {
                self.send_first_opening(now, node, join);
            }
        }
        self.retry_at_once(now, "the aggregator was restarted".into());
    }

    /// Before its first commit a node learns from the first opening to whom samples are issued, so it must have it.
    fn send_first_opening(&mut self, now: Duration, node: &NodeId, join: &Join) {
        if join.committed != self.durable.base || join.attempt.is_some() {
            return;
        }
        if let Some(view) = self.durable.accounts.issued_to.clone()
            && let Ok(plan) = self.plan(now, &view)
        {
            let (round, attempt, elements) = (join.committed.next(), Attempt(0), self.durable.elements);
            self.send(node, AggregatorMessage::Open { view, round, attempt, elements, planned: plan.stamp });
        }
    }

    fn send_last_commit(&mut self, node: &NodeId) {
        if let Some(commit) = self.durable.last.clone() {
            self.send(node, commit.into());
        }
    }

    /// Whether members were told of the open attempt by an opening, not by the commit before it.
    fn attempt_is_announced(&self) -> bool {
        matches!(&self.stage, Stage::Running(open) if open.is_running() && open.attempt > Attempt(0))
    }

    fn standing(&self, node: &NodeId, join: &Join) -> Standing {
        let durable = &self.durable;
        let (elements, data) = (durable.elements, durable.data.get(node).copied());
        if join.elements != elements || data != Some(join.data) {
            let reason = format!(
                "{node} came back with {} elements and {:?}; it began with {elements} elements and {data:?}",
                join.elements, join.data
            );
            return Standing::Foreign(reason);
        }
        let (committed, history) = (durable.committed(), durable.history.digest());
        if (join.committed, join.history) == (committed, history) {
            return Standing::Current;
        }
        if join.committed > committed {
            return Standing::Ahead(join.committed, join.history);
        }
        let lacks_last = durable.last.as_ref().is_some_and(|last| {
            join.committed.next() == last.round
                && join.history == durable.previous
                && join.pending.as_ref().is_some_and(|held| (held.round, held.digest) == (last.round, last.digest))
        });
        if lacks_last {
            return Standing::Behind;
        }
        Standing::Foreign(format!(
            "{node} is at round {} with history {:?}; the job is at round {committed} with history {history:?}",
            join.committed, join.history
        ))
    }
}
