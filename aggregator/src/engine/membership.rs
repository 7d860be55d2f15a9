//! Losses, refusals, and nodes that come late.

use std::time::Duration;

use starloom_comms::control::{AggregatorMessage, Join, View};
use starloom_comms::events::{LossKind, What};
use starloom_comms::id::{NodeId, Round};

use super::event::{Command, Session};
use super::record::Record;
use super::{Engine, Stage};

impl Engine {
    /// A node has introduced itself.
    pub(super) fn joined(&mut self, now: Duration, node: &NodeId, session: Session, join: Join) {
        if matches!(self.stage, Stage::Ending | Stage::Over) {
            return self.refuse(session, "the job is over".into());
        }
        if !self.rules.nodes.contains(node) {
            return self.refuse(session, format!("{node} is not a node of this scenario"));
        }
        match &self.stage {
            Stage::Gathering(_) => self.joined_early(now, node, session, join),
            _ if !self.durable.is_member(node) => {
                let reason = if self.durable.lost.contains(node) {
                    format!("{node} was lost, and a lost node cannot come back; the job goes on with {}", self.names())
                } else {
                    format!("the job began without {node}, with {}", self.names())
                };
                self.refuse(session, reason);
            }
            _ if self.seats.session(node).is_none() => self.refuse(session, format!("{node} has left the job")),
            _ => self.joined_again(now, node, session, &join),
        }
    }

    /// Tells a connection that its node is not a member, and closes it.
    pub(super) fn refuse(&mut self, session: Session, reason: String) {
        self.out.push(Command::Send { session, message: AggregatorMessage::Refused { reason } });
        self.out.push(Command::Close { session });
    }

    /// A member is gone; the job reacts to it.
    pub(super) fn lose(&mut self, now: Duration, node: &NodeId, how: LossKind) {
        self.remove(node, how, None);
        self.react_to_loss(now, node);
    }

    /// A member is refused; the job reacts to it.
    pub(super) fn expel(&mut self, now: Duration, node: &NodeId, reason: String) {
        self.remove(node, LossKind::Refused, Some(reason));
        self.react_to_loss(now, node);
    }

    /// Takes a member off the roster, and nothing more.
    pub(super) fn remove(&mut self, node: &NodeId, how: LossKind, farewell: Option<String>) {
        let samples = self.samples_at_risk(node);
        let round = self.current_round();
        let view = self.durable.view_without(node);
        self.record(Record::Lost { node: node.clone(), round, how, view });
        self.dismiss(node, farewell);
        self.emit(What::NodeLost { lost: node.clone(), round, how, samples });
        self.emit_view();
    }

    /// Ends the connection of a node, and forgets what it could do.
    pub(super) fn dismiss(&mut self, node: &NodeId, farewell: Option<String>) {
        self.custody.lost(node);
        let Some(session) = self.seats.leave(node) else { return };
        match farewell {
            Some(reason) => self.refuse(session, reason),
            None => self.out.push(Command::Close { session }),
        }
    }

    /// Tells the stream who is in.
    pub(super) fn emit_view(&mut self) {
        let View { id: view, members, relays } = &self.durable.view;
        let [members, relays] = [members, relays].map(|list| list.iter().map(|member| member.id.clone()).collect());
        self.emit(What::View { view: *view, members, relays });
    }

    /// The members' names, for a sentence.
    pub(super) fn names(&self) -> String {
        let names: Vec<_> = self.durable.view.members.iter().map(|member| member.id.as_str()).collect();
        names.join(", ")
    }

    /// Whether so few members are left that the job fails.
    pub(super) fn are_too_few(&self) -> bool {
        self.durable.view.members.len() < self.rules.min_nodes.max(1) as usize
    }

    pub(super) fn too_few(&self) -> String {
        let (left, least) = (self.durable.view.members.len(), self.rules.min_nodes.max(1));
        format!("{left} of {} nodes are left and at least {least} are needed", self.rules.nodes.len())
    }

    fn react_to_loss(&mut self, now: Duration, node: &NodeId) {
        match &mut self.stage {
            Stage::Gathering(gathering) => gathering.forget(node),
            Stage::Running(_) => self.member_lost(now, node),
            Stage::Landing { .. } => self.check_landing(now),
            Stage::Leaving(leaving) => {
                leaving.forget(node);
                self.check_leaving();
            }
            Stage::Ending | Stage::Over => {}
        }
    }

    fn current_round(&self) -> Round {
        match &self.stage {
            Stage::Running(open) => open.round,
            _ => self.durable.committed(),
        }
    }

    /// What dies with `node`: nothing if its contribution is in the attempt that runs.
    fn samples_at_risk(&self, node: &NodeId) -> u64 {
        match &self.stage {
            Stage::Running(open) if !open.proposals.contains_key(node) => self.durable.accounts.issued(node),
            Stage::Gathering(_) if !self.durable.is_finishing(self.rules.rounds) => self.durable.accounts.issued(node),
            _ => 0,
        }
    }
}
