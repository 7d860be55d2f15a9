use proptest::prelude::*;
use prost::Message as _;

use super::*;
use crate::control::{
    AggregatorMessage, DataInfo, Holding, Join, Member, NodeMessage, PlanStamp, Proposal, Report, Then, View,
};
use crate::id::{Attempt, Round, ViewId};
use crate::units::MissionTime;

fn proposal(refused: Option<String>) -> Proposal {
    let digest = Digest::of(b"mean");
    Proposal { view: ViewId(3), round: Round(7), attempt: Attempt(1), digest, samples: 640, refused }
}

fn view() -> View {
    let member = |slot| Member { id: NodeId::satellite(slot), address: ([127, 0, 0, 1], 7000 + slot as u16).into() };
    View { id: ViewId(4), members: [0, 1, 3].into_iter().map(member).collect(), relays: [member(5)].into() }
}

fn node_messages() -> Vec<NodeMessage> {
    let join = Join {
        address: "[::1]:7002".parse().expect("an address"),
        committed: Round(6),
        history: Digest::of(b"history"),
        attempt: Some(Attempt(0)),
        pending: Some(proposal(None)),
        data: DataInfo { samples: 1437, holding: Holding::Shared },
        elements: 1 << 33,
    };
    let fresh =
        Join { attempt: None, pending: None, data: DataInfo { samples: 9, holding: Holding::Private }, ..join.clone() };
    let (view, round, attempt) = (ViewId(3), Round(7), Attempt(2));
    let failed = |peer| NodeMessage::AttemptFailed { view, round, attempt, peer, reason: "the link broke".into() };
    let report = Report { committed: round, train_loss: Some(0.25), eval_accuracy: Some(0.97), ..Report::default() };
    vec![
        NodeMessage::Join(join),
        NodeMessage::Join(fresh),
        NodeMessage::JoinAsRelay { address: ([127, 0, 0, 1], 7003).into() },
        NodeMessage::Heartbeat,
        NodeMessage::Proposal(proposal(Some("NaN at element 7".into()))),
        failed(Some(NodeId::satellite(2))),
        failed(None),
        NodeMessage::CheckpointWritten { round, state: Digest::of(b"state") },
        NodeMessage::Landed { round, digest: Digest::of(b"file"), bytes: 12345, path: "job/7/model".into() },
        NodeMessage::CustodyFailed { round, reason: "disk full".into() },
        NodeMessage::Leave(report),
        NodeMessage::Leave(Report { raw_bytes: 10, wire_bytes: 5, eval_loss: Some(0.1), ..Report::default() }),
    ]
}

fn aggregator_messages() -> Vec<AggregatorMessage> {
    let (round, attempt) = (Round(7), Attempt(2));
    let planned = PlanStamp { at: MissionTime(123_456_789), schedule: Digest::of(b"schedule") };
    let commit = |then, next| AggregatorMessage::Commit {
        round,
        attempt,
        digest: Digest::of(b"mean"),
        contributors: [(NodeId::satellite(0), 64), (NodeId::satellite(1), 0)].into(),
        view: view(),
        then,
        next,
    };
    vec![
        AggregatorMessage::Open { view: view(), round, attempt, elements: 9, planned },
        commit(Then::Continue, Some(planned)),
        commit(Then::Finish, None),
        AggregatorMessage::TakeCustody { round },
        AggregatorMessage::Release,
        AggregatorMessage::Refused { reason: "sat-9 is not in this job".into() },
    ]
}

#[test]
fn every_message_arrives_as_it_was_sent() {
    for message in node_messages() {
        let bytes = v1::NodeMessage::from(message.clone()).encode_to_vec();
        let wire = v1::NodeMessage::decode(&*bytes).expect("decodes");
        assert_eq!(NodeMessage::try_from(wire), Ok(message));
    }
    for message in aggregator_messages() {
        let bytes = v1::AggregatorMessage::from(message.clone()).encode_to_vec();
        let wire = v1::AggregatorMessage::decode(&*bytes).expect("decodes");
        assert_eq!(AggregatorMessage::try_from(wire), Ok(message));
    }
}

#[test]
fn a_message_that_cannot_be_is_refused_with_its_field() {
    use v1::aggregator_message::Kind as FromAggregator;
    use v1::node_message::Kind as FromNode;
    let join = |change: fn(&mut v1::Join)| {
        let NodeMessage::Join(join) = node_messages().swap_remove(0) else { unreachable!() };
        let mut join = v1::Join::from(join);
        change(&mut join);
        NodeMessage::try_from(v1::NodeMessage { kind: Some(FromNode::Join(join)) })
            .expect_err("must be refused")
            .to_string()
    };
    let opens = |change: fn(&mut v1::View), elements| {
        let mut view = v1::View::from(view());
        change(&mut view);
        let open = FromAggregator::Open(v1::Open {
            view: Some(view),
            round: 1,
            attempt: 0,
            elements,
            planned: Some(v1::PlanStamp { at_nanos: 5, schedule: vec![7; 31] }),
        });
        let refused = AggregatorMessage::try_from(v1::AggregatorMessage { kind: Some(open) });
        refused.expect_err("must be refused").to_string()
    };
    let open = |change| opens(change, 9);
    for (error, words) in [
        (join(|join| join.address = "sat-0:7000".into()), "`join.address` is `sat-0:7000`"),
        (join(|join| join.history = vec![0; 31]), "`join.history` has 31 bytes"),
        (opens(|_| {}, 9), "`plan_stamp.schedule` has 31 bytes"),
        (join(|join| join.data = None), "`join.data` is missing"),
        (join(|join| join.data = Some(v1::DataInfo { samples: 1, holding: 9 })), "`join.data.holding` is 9"),
        (join(|join| join.pending = Some(v1::Proposal::default())), "`proposal.digest` has 0 bytes"),
        (open(|view| view.members[1].id = "Sat-1".into()), "`view.members.id` `Sat-1` is not a node name"),
        (open(|view| view.members[1].id = "sat-0".into()), "`view.members` has sat-0 twice"),
        (open(|view| view.relays[0].id = "sat-0".into()), "`view.members` has sat-0 twice"),
        (open(|view| view.relays[0].address = "x".into()), "`view.relays.address` is `x`"),
        (opens(|_| {}, u64::MAX), "`open.elements` is 18446744073709551615"),
        (open(|view| view.members = vec![v1::Member::default(); 5000]), "`view.members` has 5000 entries"),
    ] {
        assert!(error.contains(words), "{error} should contain {words}");
    }
    assert!(NodeMessage::try_from(v1::NodeMessage { kind: None }).is_err());
}

proptest! {
    #[test]
    fn no_bytes_make_a_conversion_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(message) = v1::NodeMessage::decode(&*bytes) {
            NodeMessage::try_from(message).ok();
        }
        if let Ok(message) = v1::AggregatorMessage::decode(&*bytes) {
            AggregatorMessage::try_from(message).ok();
        }
    }
}
