//! Who begins, and with what: nodes join until all are there or time is up.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use starloom_comms::control::{Holding, Join, Member, Proposal, View};
use starloom_comms::events::{LossKind, What};
use starloom_comms::id::{Attempt, Digest, NodeId, Round};

use super::event::{Command, Session};
use super::record::Record;
use super::{Engine, Stage};

/// Introductions, before they are acted upon.
#[derive(Debug, Clone)]
pub(super) struct Gathering {
    until: Duration,
    occasion: Occasion,
    pub(super) joins: BTreeMap<NodeId, Join>,
    /// The relays that are there, and where they listen.
    pub(super) relays: BTreeMap<NodeId, SocketAddr>,
}

/// Why nodes gather.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Occasion {
    /// A job begins.
    Start,
    /// A job goes on from a checkpoint, in fresh processes.
    Resume,
    /// The aggregator was restarted; its members still run.
    Restart,
}

impl Gathering {
    pub(super) const fn fresh(until: Duration) -> Self {
        Self::on(Occasion::Start, until)
    }

    pub(super) const fn on(occasion: Occasion, until: Duration) -> Self {
        Self { until, occasion, joins: BTreeMap::new(), relays: BTreeMap::new() }
    }

    pub(super) const fn until(&self) -> Duration {
        self.until
    }

    pub(super) fn forget(&mut self, node: &NodeId) {
        self.joins.remove(node);
        self.relays.remove(node);
    }

    /// A collective has completed while nobody was there to hear of it.
    pub(super) fn proposed(&mut self, node: &NodeId, proposal: Proposal) {
        if let Some(join) = self.joins.get_mut(node) {
            join.pending = Some(proposal);
        }
    }
}

/// What all members must have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Terms {
    elements: u64,
    holding: Holding,
    /// Samples of shared data; private data may differ.
    samples: Option<u64>,
    committed: Round,
    history: Digest,
}

impl Terms {
    pub(super) fn of(join: &Join) -> Self {
        let samples = (join.data.holding == Holding::Shared).then_some(join.data.samples);
        let Join { elements, committed, history, .. } = *join;
        Self { elements, holding: join.data.holding, samples, committed, history }
    }

    /// Where `node`'s terms differ from these, with both values.
    pub(super) fn objection(&self, node: &NodeId, theirs: &Self) -> Option<String> {
        let Self { elements, holding, samples, committed, history } = *self;
        let differs = |what: &str, theirs: &dyn std::fmt::Debug, ours: &dyn std::fmt::Debug| {
            Some(format!("{node} has {what} {theirs:?}, the job has {ours:?}"))
        };
        if theirs.elements != elements {
            differs("a vector of elements", &theirs.elements, &elements)
        } else if theirs.holding != holding {
            differs("a holding of data that is", &theirs.holding, &holding)
        } else if theirs.samples != samples {
            differs("samples", &theirs.samples.unwrap_or(0), &samples.unwrap_or(0))
        } else if theirs.committed != committed {
            differs("the state of round", &theirs.committed.0, &committed.0)
        } else if theirs.history != history {
            differs("a history of digest", &theirs.history, &history)
        } else {
            None
        }
    }
}

impl Engine {
    /// A node joins before the job begins, or goes on.
    pub(super) fn joined_early(&mut self, now: Duration, node: &NodeId, session: Session, join: Join) {
        let Stage::Gathering(gathering) = &mut self.stage else { return };
        if gathering.occasion == Occasion::Restart && !self.durable.is_member(node) {
            let names = self.names();
            return self.refuse(session, format!("{node} is no member any more; the job goes on with {names}"));
        }
        gathering.joins.insert(node.clone(), join);
        self.seat(now, node, session);
    }

    /// Notes who came, and goes on when all are there.
    pub(super) fn seat(&mut self, now: Duration, node: &NodeId, session: Session) {
        if let Some(old) = self.seats.take(node, session, now) {
            self.out.push(Command::Close { session: old });
        }
        let Stage::Gathering(gathering) = &self.stage else { return };
        let expected = match gathering.occasion {
            Occasion::Restart => (self.durable.view.members.len(), self.durable.view.relays.len()),
            Occasion::Start | Occasion::Resume => (self.rules.nodes.len(), self.rules.relays.len()),
        };
        if (gathering.joins.len(), gathering.relays.len()) == expected {
            self.gathered(now);
        }
    }

    /// All are there, or time is up.
    pub(super) fn gathered(&mut self, now: Duration) {
        let Stage::Gathering(gathering) = &mut self.stage else { return };
        let (joins, relays) = (std::mem::take(&mut gathering.joins), std::mem::take(&mut gathering.relays));
        match gathering.occasion {
            Occasion::Restart => self.take_over(now, joins, &relays),
            occasion => self.begin(now, occasion, joins, &relays),
        }
    }

    fn begin(
        &mut self,
        now: Duration,
        occasion: Occasion,
        mut joins: BTreeMap<NodeId, Join>,
        relays: &BTreeMap<NodeId, SocketAddr>,
    ) {
        let Some(terms) = self.terms(occasion, &joins) else {
            let reason = match occasion {
                Occasion::Resume => format!("no node has joined with the state of round {}", self.durable.committed()),
                Occasion::Start | Occasion::Restart => "no node has joined in time".into(),
            };
            return self.give_up(reason);
        };
        let mut absent = Vec::new();
        for node in self.rules.nodes.clone() {
            let Some(join) = joins.get(&node) else {
                absent.push((node, LossKind::Absence));
                continue;
            };
            if let Some(reason) = terms.objection(&node, &Terms::of(join)) {
                self.warn(format!("refused: {reason}"));
                self.dismiss(&node, Some(reason));
                joins.remove(&node);
                absent.push((node, LossKind::Refused));
            }
        }
        let away = self.rules.relays.iter().filter(|relay| !relays.contains_key(relay));
        absent.extend(away.map(|relay| (relay.clone(), LossKind::Absence)));
        let member = |id: &NodeId, address| Member { id: id.clone(), address };
        let members = self.rules.nodes.iter().filter_map(|node| Some(member(node, joins.get(node)?.address))).collect();
        let relays = self.rules.relays.iter().filter_map(|node| Some(member(node, *relays.get(node)?))).collect();
        let view = View { id: self.durable.view.id.next(), members, relays };
        let Terms { elements, committed: base, history, .. } = terms;
        // Nodes of a job whose journal is gone have seen attempts that this aggregator has not.
        let seen = joins.values().filter_map(|join| join.attempt).max();
        let data = joins.into_iter().map(|(node, join)| (node, join.data)).collect();
        let names = absent.iter().map(|(node, _)| node.clone()).collect();
        self.record(Record::Opened { base, history, elements, data, view, absent: names });
        for (lost, how) in absent {
            self.emit(What::NodeLost { lost, round: base.next(), how, samples: 0 });
        }
        self.emit_view();
        if self.are_too_few() {
            self.give_up(self.too_few());
        } else {
            // Also where no round is left: the opening is what a joining node waits for, and it knows the last round.
            let (round, attempt) = (base.next(), seen.map_or(Attempt(0), Attempt::next));
            let plan = match self.plan(now, &self.durable.view) {
                Ok(plan) => plan,
                Err(error) => return self.give_up_unplanned(round, &error),
            };
            self.begin_round(now, attempt, Some(plan.stamp));
            self.announce_attempt();
            self.emit_plan(now, round, attempt, &plan);
            if self.durable.is_finishing(self.rules.rounds) {
                self.await_landing(now);
            }
        }
    }

    /// What most nodes have in common; of several such groups the one with the first node of the scenario.
    fn terms(&self, occasion: Occasion, joins: &BTreeMap<NodeId, Join>) -> Option<Terms> {
        let mut groups: Vec<(Terms, usize)> = Vec::new();
        let state = (self.durable.committed(), self.durable.history.digest());
        for terms in self.rules.nodes.iter().filter_map(|node| joins.get(node)).map(Terms::of) {
            if occasion == Occasion::Resume && (terms.committed, terms.history) != state {
                continue;
            }
            match groups.iter_mut().find(|(known, _)| *known == terms) {
                Some((_, count)) => *count += 1,
                None => groups.push((terms, 1)),
            }
        }
        groups.into_iter().rev().max_by_key(|(_, count)| *count).map(|(terms, _)| terms)
    }
}
