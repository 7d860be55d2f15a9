use std::net::SocketAddr;
use std::time::Instant;

use tonic::Request;

use super::*;
use crate::control::{AggregatorMessage, NodeMessage};
use crate::id::{Digest, NodeId, Round};
use crate::net::dial::{Dial, DialError};
use crate::net::identity::Identity;
use crate::net::proto::v1;
use crate::net::test_world::{Job, Victim, listener, plain, run};

fn aggregator(job: &Job) -> ControlEvents {
    serve_control(&job.identity(NodeId::aggregator()), listener()).expect("serves")
}

async fn connected(events: &mut ControlEvents) -> (NodeId, ConnectionId, ControlPeer) {
    match events.next().await {
        ControlEvent::Connected { node, connection, peer } => (node, connection, peer),
        other => panic!("{other:?}"),
    }
}

async fn refusal_of(caller: &Identity, address: SocketAddr) -> String {
    match ControlClient::connect(caller, address).await {
        Err(DialError::Refused { reason, .. }) => reason,
        other => panic!("should be refused for good: {other:?}"),
    }
}

#[test]
fn messages_pass_both_ways_and_the_caller_is_who_its_certificate_says() {
    run(async {
        let job = Job::new();
        let mut events = aggregator(&job);
        let (sender, mut receiver) =
            ControlClient::connect(&job.satellite(3), events.address()).await.expect("connects");
        let (node, connection, peer) = connected(&mut events).await;
        assert_eq!(node, NodeId::satellite(3));
        sender.try_send(NodeMessage::Heartbeat).expect("has room");
        let said = NodeMessage::CheckpointWritten { round: Round(2), state: Digest::of(b"state") };
        sender.send(said.clone()).await.expect("is open");
        for expected in [NodeMessage::Heartbeat, said] {
            match events.next().await {
                ControlEvent::Message { node, connection: on, message } => {
                    assert_eq!((node, on, message), (NodeId::satellite(3), connection, expected));
                }
                other => panic!("{other:?}"),
            }
        }
        peer.send(AggregatorMessage::Refused { reason: "full".into() }).expect("has room");
        drop(peer);
        assert_eq!(receiver.recv().await, Ok(AggregatorMessage::Refused { reason: "full".into() }));
        let lost = receiver.recv().await.expect_err("is closed after what was sent");
        assert!(lost.reason.contains("the aggregator closed it"), "{lost}");
        drop((sender, receiver));
        assert!(matches!(events.next().await, ControlEvent::Closed { connection: on, .. } if on == connection));
    });
}

#[test]
fn a_node_that_connects_again_has_another_connection() {
    run(async {
        let job = Job::new();
        let mut events = aggregator(&job);
        let identity = job.satellite(0);
        let first = ControlClient::connect(&identity, events.address()).await.expect("connects");
        let (_, one, _peer) = connected(&mut events).await;
        let _second = ControlClient::connect(&identity, events.address()).await.expect("connects");
        let (_, two, _peer) = connected(&mut events).await;
        assert_ne!(one, two);
        drop(first);
        assert!(matches!(events.next().await, ControlEvent::Closed { connection, .. } if connection == one));
    });
}

#[test]
fn a_killed_node_is_noticed_at_once() {
    run(async {
        let job = Job::new();
        let mut events = aggregator(&job);
        let (identity, address) = (job.satellite(1), events.address());
        let victim = Victim::start(move |started| async move {
            let _held = ControlClient::connect(&identity, address).await.expect("connects");
            started.send(address).expect("the test waits");
            std::future::pending().await
        })
        .await;
        let _node = connected(&mut events).await;
        let killed = Instant::now();
        victim.kill();
        let ControlEvent::Closed { node, reason, .. } = events.next().await else { panic!("is closed") };
        assert_eq!(node, NodeId::satellite(1));
        // A second is a thousand times what it takes, and a tenth of what a heartbeat would.
        assert!(killed.elapsed().as_secs_f64() < 1.0, "{:?}: {reason}", killed.elapsed());
    });
}

#[test]
fn a_killed_aggregator_is_noticed_at_once_and_out_of_reach_afterwards() {
    run(async {
        let job = Job::new();
        let identity = job.identity(NodeId::aggregator());
        let victim = Victim::start(move |started| async move {
            let mut events = serve_control(&identity, listener()).expect("serves");
            started.send(events.address()).expect("the test waits");
            let mut held = Vec::new();
            loop {
                held.push(events.next().await);
            }
        })
        .await;
        let (address, node) = (victim.address, job.satellite(0));
        let (_sender, mut receiver) = ControlClient::connect(&node, address).await.expect("connects");
        victim.kill();
        receiver.recv().await.expect_err("is lost");
        match ControlClient::connect(&node, address).await {
            Err(error @ DialError::Unreachable { .. }) => assert!(error.to_string().contains(&address.to_string())),
            other => panic!("should be worth another try: {other:?}"),
        }
    });
}

#[test]
fn a_foreign_certificate_is_refused() {
    run(async {
        let (job, foreign) = (Job::new(), Job::new());
        let events = aggregator(&job);
        let reason = refusal_of(&foreign.satellite(0), events.address()).await;
        assert!(reason.contains("its certificate is not one of this job for aggregator"), "{reason}");
        // The server must refuse as well: a caller that trusts this job does not make it trust the caller.
        let forged = job
            .satellite(0)
            .credentials
            .zip(foreign.satellite(0).credentials)
            .map(|(ours, theirs)| ours.with_certificate_of(&theirs));
        let reason =
            refusal_of(&Identity { credentials: forged, ..plain(NodeId::satellite(0)) }, events.address()).await;
        assert!(reason.contains("does not take our certificate"), "{reason}");
    });
}

#[test]
fn a_node_can_speak_for_itself_alone() {
    run(async {
        let job = Job::new();
        let events = aggregator(&job);
        let liar = Identity { credentials: job.satellite(1).credentials, ..plain(NodeId::satellite(0)) };
        let reason = refusal_of(&liar, events.address()).await;
        assert!(reason.contains("claims to be from sat-0, but its certificate is of sat-1"), "{reason}");
    });
}

#[test]
fn a_server_that_is_somebody_else_is_not_spoken_to() {
    run(async {
        let job = Job::new();
        let events = serve_control(&job.satellite(5), listener()).expect("serves");
        let reason = refusal_of(&job.satellite(0), events.address()).await;
        assert!(reason.contains("not one of this job for aggregator") && reason.contains("sat-5"), "{reason}");
    });
}

#[test]
fn another_job_or_scenario_is_refused_with_both_values() {
    run(async {
        let job = Job::new();
        let events = aggregator(&job);
        let caller = job.satellite(0);
        let reason = refusal_of(&Identity { job: "moon é".into(), ..caller.clone() }, events.address()).await;
        assert!(reason.contains("here it is star, the caller has moon"), "{reason}");
        let scenario = Digest::of(b"another");
        let reason = refusal_of(&Identity { scenario, ..caller.clone() }, events.address()).await;
        let both = [scenario, Digest::of(b"scenario")].map(|digest| reason.contains(&digest.to_string()));
        assert_eq!(both, [true, true], "{reason}");
    });
}

#[test]
fn another_protocol_version_is_refused_with_both_values() {
    run(async {
        let job = Job::new();
        let events = aggregator(&job);
        let (identity, peer) = (job.satellite(0), NodeId::aggregator());
        let dial = Dial { identity: &identity, peer: &peer, address: events.address() };
        let mut request = Request::new(futures_util::stream::pending::<v1::NodeMessage>());
        introduce_call(&identity, &mut request);
        request.metadata_mut().insert("starloom-protocol", "4711".parse().expect("ASCII"));
        let mut client = v1::control_client::ControlClient::new(dial.connect().await.expect("connects"));
        let status = client.attend(request).await.expect_err("is refused");
        assert!(dial.classify_status(&status).is_final());
        let both = format!("here it is {}, the caller has 4711", crate::limits::PROTOCOL_VERSION);
        assert!(status.message().contains(&both), "{status}");
    });
}

#[test]
fn a_call_that_says_nothing_of_itself_is_refused() {
    run(async {
        let job = Job::new();
        let events = aggregator(&job);
        let (identity, peer) = (job.satellite(0), NodeId::aggregator());
        let dial = Dial { identity: &identity, peer: &peer, address: events.address() };
        let mut client = v1::control_client::ControlClient::new(dial.connect().await.expect("connects"));
        let status = client.attend(futures_util::stream::pending::<v1::NodeMessage>()).await.expect_err("is refused");
        assert!(status.message().contains("without a readable starloom-protocol"), "{status}");
    });
}

#[test]
fn plain_text_and_tls_find_each_other_out() {
    run(async {
        let job = Job::new();
        let events = aggregator(&job);
        let reason = refusal_of(&plain(NodeId::satellite(0)), events.address()).await;
        assert!(reason.contains("it may expect TLS"), "{reason}");
        let open = serve_control(&plain(NodeId::aggregator()), listener()).expect("serves");
        let reason = refusal_of(&job.satellite(0), open.address()).await;
        assert!(reason.contains("does not speak TLS"), "{reason}");
    });
}

#[test]
fn benches_may_speak_plain_text() {
    run(async {
        let mut events = serve_control(&plain(NodeId::aggregator()), listener()).expect("serves");
        let node = plain(NodeId::satellite(0));
        let _held = ControlClient::connect(&node, events.address()).await.expect("connects");
        assert_eq!(connected(&mut events).await.0, NodeId::satellite(0));
    });
}

#[test]
fn a_message_that_cannot_be_understood_closes_the_connection_with_its_field() {
    run(async {
        let job = Job::new();
        let mut events = aggregator(&job);
        let (sender, mut receiver) =
            ControlClient::connect(&job.satellite(0), events.address()).await.expect("connects");
        let _node = connected(&mut events).await;
        let proposal = v1::Proposal { digest: vec![1, 2, 3], ..v1::Proposal::default() };
        let kind = Some(v1::node_message::Kind::Proposal(proposal));
        sender.queue.try_send(v1::NodeMessage { kind }).expect("has room");
        let words = "`proposal.digest` has 3 bytes";
        assert!(matches!(events.next().await, ControlEvent::Closed { reason, .. } if reason.contains(words)));
        assert!(receiver.recv().await.expect_err("is closed").reason.contains(words));
    });
}

#[test]
fn a_node_that_does_not_read_does_not_hold_the_aggregator_up() {
    run(async {
        let job = Job::new();
        let mut events = aggregator(&job);
        let _unread = ControlClient::connect(&job.satellite(0), events.address()).await.expect("connects");
        let (_, _, peer) = connected(&mut events).await;
        let long = AggregatorMessage::Refused { reason: "x".repeat(1 << 20) };
        let stalled = loop {
            // What the windows hold leaves the queue between two messages.
            tokio::task::yield_now().await;
            if let Err(error) = peer.send(long.clone()) {
                break error;
            }
        };
        assert_eq!(stalled, ControlClosed::Stalled);
    });
}
