//! From the wire's types to the crate's, refusing what cannot be.

use std::collections::BTreeSet;

use super::{Malformed, address, digest, node, present, v1};
use crate::control::{
    AggregatorMessage, DataInfo, Holding, Join, Member, NodeMessage, PlanStamp, Proposal, Report, Then, View,
};
use crate::id::{Attempt, Round, ViewId};
use crate::limits::{MAX_ELEMENTS, MAX_NODES};
use crate::units::MissionTime;

impl TryFrom<v1::NodeMessage> for NodeMessage {
    type Error = Malformed;

    fn try_from(message: v1::NodeMessage) -> Result<Self, Malformed> {
        use v1::node_message::Kind;
        Ok(match present("kind", message.kind)? {
            Kind::Join(join) => Self::Join(join.try_into()?),
            Kind::JoinAsRelay(join) => Self::JoinAsRelay { address: address("join_as_relay.address", &join.address)? },
            Kind::Heartbeat(v1::Heartbeat {}) => Self::Heartbeat,
            Kind::Proposal(proposal) => Self::Proposal(proposal.try_into()?),
            Kind::AttemptFailed(failed) => Self::AttemptFailed {
                view: ViewId(failed.view),
                round: Round(failed.round),
                attempt: Attempt(failed.attempt),
                peer: failed.peer.map(|peer| node("attempt_failed.peer", &peer)).transpose()?,
                reason: failed.reason,
            },
            Kind::CheckpointWritten(written) => Self::CheckpointWritten {
                round: Round(written.round),
                state: digest("checkpoint_written.state", &written.state)?,
            },
            Kind::Landed(landed) => Self::Landed {
                round: Round(landed.round),
                digest: digest("landed.digest", &landed.digest)?,
                bytes: landed.bytes,
                path: landed.path,
            },
            Kind::CustodyFailed(failed) => Self::CustodyFailed { round: Round(failed.round), reason: failed.reason },
            Kind::Leave(report) => Self::Leave(report.try_into()?),
        })
    }
}

impl TryFrom<v1::AggregatorMessage> for AggregatorMessage {
    type Error = Malformed;

    fn try_from(message: v1::AggregatorMessage) -> Result<Self, Malformed> {
        use v1::aggregator_message::Kind;
        Ok(match present("kind", message.kind)? {
            Kind::Open(open) => Self::Open {
                view: present("open.view", open.view)?.try_into()?,
                round: Round(open.round),
                attempt: Attempt(open.attempt),
                elements: elements(open.elements)?,
                planned: present("open.planned", open.planned)?.try_into()?,
            },
            Kind::Commit(commit) => Self::Commit {
                then: commit.then().try_into()?,
                round: Round(commit.round),
                attempt: Attempt(commit.attempt),
                digest: digest("commit.digest", &commit.digest)?,
                contributors: bounded("commit.contributors", commit.contributors)?
                    .map(|contributor| Ok((node("commit.contributors.id", &contributor.id)?, contributor.samples)))
                    .collect::<Result<_, _>>()?,
                view: present("commit.view", commit.view)?.try_into()?,
                next: commit.next.map(TryInto::try_into).transpose()?,
            },
            Kind::TakeCustody(custody) => Self::TakeCustody { round: Round(custody.round) },
            Kind::Release(v1::Release {}) => Self::Release,
            Kind::Refused(refused) => Self::Refused { reason: refused.reason },
        })
    }
}

impl TryFrom<v1::PlanStamp> for PlanStamp {
    type Error = Malformed;

    fn try_from(stamp: v1::PlanStamp) -> Result<Self, Malformed> {
        Ok(Self { at: MissionTime(stamp.at_nanos), schedule: digest("plan_stamp.schedule", &stamp.schedule)? })
    }
}

impl TryFrom<v1::Join> for Join {
    type Error = Malformed;

    fn try_from(join: v1::Join) -> Result<Self, Malformed> {
        Ok(Self {
            address: address("join.address", &join.address)?,
            committed: Round(join.committed),
            history: digest("join.history", &join.history)?,
            attempt: join.attempt.map(Attempt),
            pending: join.pending.map(TryInto::try_into).transpose()?,
            data: present("join.data", join.data)?.try_into()?,
            elements: join.elements,
        })
    }
}

impl TryFrom<v1::DataInfo> for DataInfo {
    type Error = Malformed;

    fn try_from(data: v1::DataInfo) -> Result<Self, Malformed> {
        let holding = match data.holding() {
            v1::Holding::Shared => Holding::Shared,
            v1::Holding::Private => Holding::Private,
            v1::Holding::Unspecified => return Err(unknown("join.data.holding", data.holding)),
        };
        Ok(Self { samples: data.samples, holding })
    }
}

impl TryFrom<v1::Proposal> for Proposal {
    type Error = Malformed;

    fn try_from(proposal: v1::Proposal) -> Result<Self, Malformed> {
        Ok(Self {
            view: ViewId(proposal.view),
            round: Round(proposal.round),
            attempt: Attempt(proposal.attempt),
            digest: digest("proposal.digest", &proposal.digest)?,
            samples: proposal.samples,
            refused: proposal.refused,
        })
    }
}

impl TryFrom<v1::Report> for Report {
    type Error = Malformed;

    fn try_from(report: v1::Report) -> Result<Self, Malformed> {
        Ok(Self {
            committed: Round(report.committed),
            state: digest("leave.state", &report.state)?,
            train_loss: report.train_loss,
            eval_accuracy: report.eval_accuracy,
            eval_loss: report.eval_loss,
            raw_bytes: report.raw_bytes,
            wire_bytes: report.wire_bytes,
        })
    }
}

impl TryFrom<v1::View> for View {
    type Error = Malformed;

    fn try_from(view: v1::View) -> Result<Self, Malformed> {
        let view = Self {
            id: ViewId(view.id),
            members: members(["view.members", "view.members.id", "view.members.address"], view.members)?.into(),
            relays: members(["view.relays", "view.relays.id", "view.relays.address"], view.relays)?.into(),
        };
        // A rank is a place in these lists, so nobody may have two.
        let mut seen = BTreeSet::new();
        if let Some(member) = view.ranks().find(|member| !seen.insert(&member.id)) {
            return Err(Malformed { field: "view.members", problem: format!("has {} twice", member.id) });
        }
        Ok(view)
    }
}

impl TryFrom<v1::Then> for Then {
    type Error = Malformed;

    fn try_from(then: v1::Then) -> Result<Self, Malformed> {
        match then {
            v1::Then::Continue => Ok(Self::Continue),
            v1::Then::Finish => Ok(Self::Finish),
            v1::Then::Unspecified => Err(unknown("commit.then", then.into())),
        }
    }
}

/// A vector's length; whoever relays it sets aside room by it.
fn elements(elements: u64) -> Result<u64, Malformed> {
    if elements > MAX_ELEMENTS as u64 {
        let problem = format!("is {elements}; a vector has at most {MAX_ELEMENTS} elements");
        return Err(Malformed { field: "open.elements", problem });
    }
    Ok(elements)
}

/// The members in a list; its name and those of its parts are for errors.
fn members([list, id, at]: [&'static str; 3], members: Vec<v1::Member>) -> Result<Vec<Member>, Malformed> {
    bounded(list, members)?
        .map(|member| Ok(Member { id: node(id, &member.id)?, address: address(at, &member.address)? }))
        .collect()
}

/// A list of nodes that is no longer than a view can be.
fn bounded<T>(field: &'static str, list: Vec<T>) -> Result<impl Iterator<Item = T>, Malformed> {
    if list.len() > MAX_NODES as usize {
        let problem = format!("has {} entries; a view has at most {MAX_NODES} nodes", list.len());
        return Err(Malformed { field, problem });
    }
    Ok(list.into_iter())
}

fn unknown(field: &'static str, value: i32) -> Malformed {
    Malformed { field, problem: format!("is {value}, which means nothing in this protocol version") }
}
