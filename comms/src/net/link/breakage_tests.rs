//! What lanes do when something breaks: bytes, peers, agreements.

use std::time::Instant;

use bytes::Bytes;

use super::tests::{frame, links, news, next_frame, only, sat, send_all};
use super::*;
use crate::id::Digest;
use crate::net::test_world::{Job, Victim, listener, run};

#[test]
fn a_corrupt_frame_is_named_and_the_lane_goes_on() {
    run(async {
        let job = Job::new();
        let mut b = links(&job, 1, None);
        let mut corrupt = b"\0\0\0\0\x44".to_vec();
        let mut header = frame(7, 1).encode_header();
        header[60] ^= 1;
        corrupt.extend(header);
        corrupt.extend(7_u32.to_le_bytes());
        let mut intact = b"\0\0\0\0\x44".to_vec();
        intact.extend(frame(8, 1).encode_header());
        intact.extend(frame(8, 1).payload());
        let _call = raw_lane(&job.satellite(0), b.address(), [corrupt, intact].concat()).await;
        match news(&mut b).await {
            LinkEvent::Corrupt { from, error } => {
                assert_eq!(from, sat(0));
                assert!(matches!(error, FrameError::Checksum { .. }), "{error}");
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(next_frame(&mut b).await, (sat(0), frame(8, 1)));
    });
}

#[test]
fn a_stream_that_is_no_lane_is_cut_off_with_the_reason() {
    run(async {
        let job = Job::new();
        let mut b = links(&job, 1, None);
        let _call = raw_lane(&job.satellite(0), b.address(), [&[0, 0xff, 0, 0, 0], [0; 100].as_slice()].concat()).await;
        match news(&mut b).await {
            LinkEvent::Down { peer, lane: LaneDirection::Incoming, cause: DownCause::Broken { reason } } => {
                assert_eq!(peer, sat(0));
                assert!(reason.contains("a message has 4278190080 bytes"), "{reason}");
            }
            other => panic!("{other:?}"),
        }
    });
}

/// A lane that says `bytes` and then nothing, but stays.
async fn raw_lane(identity: &Identity, address: SocketAddr, bytes: Vec<u8>) -> http::Response<tonic::body::Body> {
    use http_body_util::{BodyExt, StreamBody};
    use tower::{Service, ServiceExt};
    let peer = sat(1);
    let dial = crate::net::dial::Dial { identity, peer: &peer, address };
    let mut channel = dial.connect().await.expect("connects");
    let chunk = Ok::<_, tonic::Status>(http_body::Frame::data(Bytes::from(bytes)));
    let chunks = futures_util::StreamExt::chain(futures_util::stream::iter([chunk]), futures_util::stream::pending());
    let mut request = http::Request::post(carry::PATH);
    crate::net::handshake::introduce(identity, request.headers_mut().expect("a valid request"));
    let request =
        request.body(tonic::body::Body::new(StreamBody::new(chunks).boxed_unsync())).expect("a valid request");
    channel.ready().await.expect("is ready").call(request).await.expect("is answered")
}

#[test]
fn a_killed_peer_is_noticed_at_both_lanes_at_once_and_dialled_again_on_request() {
    run(async {
        let job = Job::new();
        let mut a = links(&job, 0, None);
        let (identity, back) = (job.satellite(1), only(sat(0), a.address()));
        let victim = Victim::start(move |started| async move {
            let mut links = Links::serve(identity, listener(), None).expect("serves");
            links.set_peers(&back);
            started.send(links.address()).expect("the test waits");
            loop {
                links.next().await;
            }
        })
        .await;
        let address = victim.address;
        a.set_peers(&only(sat(1), address));
        let (mut up, mut opened) = (false, false);
        while !(up && opened) {
            match a.next().await {
                LinkEvent::State { state: LinkState::Up, .. } => up = true,
                LinkEvent::Opened { .. } => opened = true,
                other => panic!("{other:?}"),
            }
        }
        let killed = Instant::now();
        victim.kill();
        let mut down = BTreeMap::new();
        while down.len() < 2 {
            if let LinkEvent::Down { peer, lane, cause: DownCause::Broken { reason } } = news(&mut a).await {
                assert_eq!(peer, sat(1));
                down.insert(format!("{lane:?}"), reason);
            }
        }
        assert!(killed.elapsed().as_secs_f64() < 1.0, "{:?}", killed.elapsed());
        assert_eq!(a.lane(&sat(1)).map(LaneSender::room), Some(0));
        let listener = Listener::bind(address).expect("the port is free again");
        let mut risen = Links::serve(job.satellite(1), listener, None).expect("serves");
        a.redial(&sat(1));
        send_all(&mut a, &sat(1), [frame(5, 100)]).await;
        assert_eq!(next_frame(&mut risen).await, (sat(0), frame(5, 100)));
    });
}

#[test]
fn a_peer_that_is_not_up_yet_is_dialled_until_it_is() {
    run(async {
        let job = Job::new();
        let mut a = links(&job, 0, None);
        let reserved = listener();
        let address = reserved.address();
        drop(reserved);
        a.set_peers(&only(sat(1), address));
        // Long enough for a first attempt to fail, but nothing depends on it.
        tokio::task::yield_now().await;
        let mut b = Links::serve(job.satellite(1), Listener::bind(address).expect("is free"), None).expect("serves");
        send_all(&mut a, &sat(1), [frame(1, 1)]).await;
        assert_eq!(next_frame(&mut b).await, (sat(0), frame(1, 1)));
    });
}

#[test]
fn hanging_up_is_no_failure() {
    run(async {
        let job = Job::new();
        let (mut a, mut b) = (links(&job, 0, None), links(&job, 1, None));
        a.set_peers(&only(sat(1), b.address()));
        send_all(&mut a, &sat(1), [frame(1, 65_536)]).await;
        assert_eq!(next_frame(&mut b).await.1, frame(1, 65_536));
        a.set_peers(&BTreeMap::new());
        assert!(a.lane(&sat(1)).is_none());
        match news(&mut b).await {
            LinkEvent::Down { peer, lane, cause } => {
                assert_eq!((peer, lane, cause), (sat(0), LaneDirection::Incoming, DownCause::HungUp));
            }
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn a_refused_lane_says_why_and_is_not_dialled_again() {
    run(async {
        let job = Job::new();
        let (b, scenario) = (links(&job, 1, None), Digest::of(b"another"));
        let identity = Identity { scenario, ..job.satellite(0) };
        let mut a = Links::serve(identity, listener(), None).expect("serves");
        a.set_peers(&only(sat(1), b.address()));
        match a.next().await {
            LinkEvent::Refused { peer, reason } => {
                assert_eq!(peer, sat(1));
                assert!(reason.contains("another scenario") && reason.contains(&scenario.to_string()), "{reason}");
            }
            other => panic!("{other:?}"),
        }
    });
}
