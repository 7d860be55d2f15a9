//! From the crate's types to the wire's.

use super::v1;
use crate::control::{
    AggregatorMessage, DataInfo, Holding, Join, Member, NodeMessage, PlanStamp, Proposal, Report, Then, View,
};
use crate::id::{Digest, NodeId};

fn bytes(digest: Digest) -> Vec<u8> {
    digest.0.to_vec()
}

impl From<NodeMessage> for v1::NodeMessage {
    fn from(message: NodeMessage) -> Self {
        use v1::node_message::Kind;
        let kind = match message {
            NodeMessage::Join(join) => Kind::Join(join.into()),
            NodeMessage::JoinAsRelay { address } => Kind::JoinAsRelay(v1::JoinAsRelay { address: address.to_string() }),
            NodeMessage::Heartbeat => Kind::Heartbeat(v1::Heartbeat {}),
            NodeMessage::Proposal(proposal) => Kind::Proposal(proposal.into()),
            NodeMessage::AttemptFailed { view, round, attempt, peer, reason } => {
                let peer = peer.map(String::from);
                Kind::AttemptFailed(v1::AttemptFailed {
                    view: view.0,
                    round: round.0,
                    attempt: attempt.0,
                    peer,
                    reason,
                })
            }
            NodeMessage::CheckpointWritten { round, state } => {
                Kind::CheckpointWritten(v1::CheckpointWritten { round: round.0, state: bytes(state) })
            }
            NodeMessage::Landed { round, digest, bytes: size, path } => {
                Kind::Landed(v1::Landed { round: round.0, digest: bytes(digest), bytes: size, path })
            }
            NodeMessage::CustodyFailed { round, reason } => {
                Kind::CustodyFailed(v1::CustodyFailed { round: round.0, reason })
            }
            NodeMessage::Leave(report) => Kind::Leave(report.into()),
        };
        Self { kind: Some(kind) }
    }
}

impl From<AggregatorMessage> for v1::AggregatorMessage {
    fn from(message: AggregatorMessage) -> Self {
        use v1::aggregator_message::Kind;
        let kind = match message {
            AggregatorMessage::Open { view, round, attempt, elements, planned } => Kind::Open(v1::Open {
                view: Some(view.into()),
                round: round.0,
                attempt: attempt.0,
                elements,
                planned: Some(planned.into()),
            }),
            AggregatorMessage::Commit { round, attempt, digest, contributors, view, then, next } => {
                let contributor =
                    |(id, samples): &(NodeId, u64)| v1::Contributor { id: id.to_string(), samples: *samples };
                Kind::Commit(v1::Commit {
                    round: round.0,
                    attempt: attempt.0,
                    digest: bytes(digest),
                    contributors: contributors.iter().map(contributor).collect(),
                    view: Some(view.into()),
                    then: v1::Then::from(then).into(),
                    next: next.map(Into::into),
                })
            }
            AggregatorMessage::TakeCustody { round } => Kind::TakeCustody(v1::TakeCustody { round: round.0 }),
            AggregatorMessage::Release => Kind::Release(v1::Release {}),
            AggregatorMessage::Refused { reason } => Kind::Refused(v1::Refused { reason }),
        };
        Self { kind: Some(kind) }
    }
}

impl From<PlanStamp> for v1::PlanStamp {
    fn from(PlanStamp { at, schedule }: PlanStamp) -> Self {
        Self { at_nanos: at.0, schedule: bytes(schedule) }
    }
}

impl From<Join> for v1::Join {
    fn from(join: Join) -> Self {
        Self {
            address: join.address.to_string(),
            committed: join.committed.0,
            history: bytes(join.history),
            attempt: join.attempt.map(|attempt| attempt.0),
            pending: join.pending.map(Into::into),
            data: Some(join.data.into()),
            elements: join.elements,
        }
    }
}

impl From<DataInfo> for v1::DataInfo {
    fn from(data: DataInfo) -> Self {
        let holding = match data.holding {
            Holding::Shared => v1::Holding::Shared,
            Holding::Private => v1::Holding::Private,
        };
        Self { samples: data.samples, holding: holding.into() }
    }
}

impl From<Proposal> for v1::Proposal {
    fn from(proposal: Proposal) -> Self {
        Self {
            view: proposal.view.0,
            round: proposal.round.0,
            attempt: proposal.attempt.0,
            digest: bytes(proposal.digest),
            samples: proposal.samples,
            refused: proposal.refused,
        }
    }
}

impl From<Report> for v1::Report {
    fn from(report: Report) -> Self {
        Self {
            committed: report.committed.0,
            state: bytes(report.state),
            train_loss: report.train_loss,
            eval_accuracy: report.eval_accuracy,
            eval_loss: report.eval_loss,
            raw_bytes: report.raw_bytes,
            wire_bytes: report.wire_bytes,
        }
    }
}

impl From<View> for v1::View {
    fn from(view: View) -> Self {
        let member =
            |Member { id, address }: &Member| v1::Member { id: id.clone().into(), address: address.to_string() };
        Self {
            id: view.id.0,
            members: view.members.iter().map(member).collect(),
            relays: view.relays.iter().map(member).collect(),
        }
    }
}

impl From<Then> for v1::Then {
    fn from(then: Then) -> Self {
        match then {
            Then::Continue => Self::Continue,
            Then::Finish => Self::Finish,
        }
    }
}
