//! Relays: they join and are lost like members, and have no say in what is agreed.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use starloom_comms::control::AggregatorMessage;
use starloom_comms::events::LossKind;
use starloom_comms::id::NodeId;

use super::durable::Progress;
use super::event::{Command, Session};
use super::{Engine, Stage};

impl Engine {
    /// A relay has introduced itself.
    pub(super) fn relay_joined(&mut self, now: Duration, node: &NodeId, session: Session, address: SocketAddr) {
        if matches!(self.stage, Stage::Ending | Stage::Over) {
            return self.refuse(session, "the job is over".into());
        }
        if !self.rules.relays.contains(node) {
            return self.refuse(session, format!("{node} is not a relay of this scenario"));
        }
        let listed = self.durable.view.relays.iter().any(|relay| (&relay.id, relay.address) == (node, address));
        match &mut self.stage {
            Stage::Gathering(gathering) => {
                gathering.relays.insert(node.clone(), address);
                self.seat(now, node, session);
            }
            _ if listed && self.seats.session(node).is_some() => self.relay_joined_again(now, node, session),
            _ => self.refuse(session, format!("the job goes on without {node}, and a lost relay cannot come back")),
        }
    }

    /// A relay comes back on another connection before its old one was seen to break.
    fn relay_joined_again(&mut self, now: Duration, node: &NodeId, session: Session) {
        if let Some(old) = self.seats.take(node, session, now) {
            self.out.push(Command::Close { session: old });
        }
        match &self.stage {
            Stage::Leaving(_) => self.send(node, AggregatorMessage::Release),
            // What it was told last may have gone down with its old connection.
            Stage::Running(_) => self.retry_at_once(now, format!("{node} has connected again")),
            _ => {}
        }
    }

    /// After a restart the relays that did not come back are gone.
    pub(super) fn take_over_relays(&mut self, present: &BTreeMap<NodeId, SocketAddr>) {
        if self.durable.progress == Progress::Released {
            return;
        }
        for relay in self.durable.view.relays.clone().iter() {
            if present.get(&relay.id) != Some(&relay.address) {
                self.remove(&relay.id, LossKind::Absence, None);
            }
        }
    }
}
