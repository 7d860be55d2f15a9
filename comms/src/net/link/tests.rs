use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use super::*;
use crate::codec::Wire;
use crate::collective::{Header, Kind, Tag};
use crate::contacts::{ActualContacts, Contact, ContactPlan};
use crate::id::{Attempt, Round, ViewId};
use crate::limits::LANE_QUEUE_FRAMES;
use crate::net::clock::MissionClock;
use crate::net::test_world::{Job, listener, plain, run};
use crate::units::{BitsPerSecond, MissionTime};

pub(super) fn sat(slot: u32) -> NodeId {
    NodeId::satellite(slot)
}

pub(super) fn frame(number: u32, elements: u32) -> Frame {
    let tag = Tag { view: ViewId(1), round: Round(2), attempt: Attempt(3) };
    let payload = Bytes::from(vec![number.to_le_bytes()[0]; elements as usize * 4]);
    let kind = Kind::Partial;
    let header =
        Header { tag, kind, wire: Wire::F32.into(), segment: number, share: 0, elements, offset: 0, samples: 64 };
    Frame::new(header, payload)
}

pub(super) fn links(job: &Job, slot: u32, emulation: Option<Emulation>) -> Links {
    Links::serve(job.satellite(slot), listener(), emulation).expect("serves")
}

pub(super) fn only(peer: NodeId, address: SocketAddr) -> BTreeMap<NodeId, SocketAddr> {
    BTreeMap::from([(peer, address)])
}

/// Sends all frames as room allows.
pub(super) async fn send_all(sender: &mut Links, to: &NodeId, frames: impl IntoIterator<Item = Frame>) {
    for mut frame in frames {
        while let Err(back) = sender.lane(to).expect("is set").try_send(frame) {
            frame = back;
            let room = sender.room();
            tokio::select! {
                () = room => {}
                event = sender.next() => match event {
                    LinkEvent::State { .. } | LinkEvent::Opened { .. } => {}
                    other => panic!("{other:?}"),
                },
            }
        }
    }
}

/// The next event that is no news of state.
pub(super) async fn news(links: &mut Links) -> LinkEvent {
    loop {
        match links.next().await {
            LinkEvent::State { .. } | LinkEvent::Opened { .. } => {}
            event => return event,
        }
    }
}

pub(super) async fn next_frame(links: &mut Links) -> (NodeId, Frame) {
    match news(links).await {
        LinkEvent::Frame { from, frame } => (from, frame),
        other => panic!("{other:?}"),
    }
}

#[test]
fn frames_arrive_in_order_and_as_they_were_and_are_counted() {
    run(async {
        let job = Job::new();
        let (mut a, mut b) = (links(&job, 0, None), links(&job, 1, None));
        a.set_peers(&only(sat(1), b.address()));
        // Empty payloads, small ones, and those that fill a frame.
        let frames: Vec<Frame> = (0..200).map(|i| frame(i, [0, 1, 1000, 65_536][i as usize % 4])).collect();
        let peer = sat(1);
        let receive = async {
            for expected in &frames {
                assert_eq!(next_frame(&mut b).await, (sat(0), expected.clone()));
            }
        };
        tokio::join!(send_all(&mut a, &peer, frames.clone()), receive);
        let payload: u64 = frames.iter().map(|frame| frame.payload().len() as u64).sum();
        let expected = LaneTraffic { frames: 200, raw_bytes: payload, wire_bytes: payload + 200 * (64 + 5) };
        assert_eq!(a.traffic(), expected);
        assert_eq!(a.lane(&sat(1)).map(LaneSender::traffic), Some(expected));
        assert_eq!(b.traffic(), LaneTraffic::default());
    });
}

#[test]
fn what_travels_packed_arrives_as_it_was() {
    run(async {
        let job = Job::new();
        let (mut a, mut b) = (links(&job, 0, None).with_packing(Packing::On), links(&job, 1, None));
        a.set_peers(&only(sat(1), b.address()));
        let frames: Vec<Frame> = (0..20).map(|i| frame(i, [0, 1, 1000, 65_536][i as usize % 4])).collect();
        let peer = sat(1);
        let receive = async {
            for expected in &frames {
                let (from, came) = next_frame(&mut b).await;
                assert_eq!((from, came.header(), came.payload()), (sat(0), expected.header(), expected.payload()));
                assert_eq!(came.is_packed(), expected.payload().len() > 1000);
            }
        };
        tokio::join!(send_all(&mut a, &peer, frames.clone()), receive);
        let LaneTraffic { raw_bytes, wire_bytes, .. } = a.traffic();
        assert!(wire_bytes < raw_bytes / 10, "{wire_bytes} of {raw_bytes}");
    });
}

#[test]
fn both_directions_of_a_link_are_lanes_of_their_own() {
    run(async {
        let job = Job::new();
        let (mut a, mut b) = (links(&job, 0, None), links(&job, 1, None));
        a.set_peers(&only(sat(1), b.address()));
        b.set_peers(&only(sat(0), a.address()));
        send_all(&mut a, &sat(1), [frame(1, 10)]).await;
        send_all(&mut b, &sat(0), [frame(2, 10)]).await;
        assert_eq!(next_frame(&mut b).await, (sat(0), frame(1, 10)));
        assert_eq!(next_frame(&mut a).await, (sat(1), frame(2, 10)));
    });
}

#[test]
fn a_lane_takes_nothing_before_it_stands_and_no_more_than_its_queue_holds() {
    run(async {
        let job = Job::new();
        // The plan has no contact: what is queued stays queued.
        let emulation = emulation(&[], MissionClock::new(Timestamp::now(), 1.0));
        let (mut a, b) = (links(&job, 0, Some(emulation)), links(&job, 1, None));
        a.set_peers(&only(sat(1), b.address()));
        assert_eq!(a.lane(&sat(1)).map(LaneSender::room), Some(0));
        while !matches!(a.next().await, LinkEvent::State { state: LinkState::Waiting, .. }) {}
        let lane = a.lane(&sat(1)).expect("is set");
        let taken = (0..20).take_while(|i| lane.try_send(frame(*i, 1)).is_ok()).count();
        // One more if the transmitter holds one already.
        assert!((LANE_QUEUE_FRAMES..=LANE_QUEUE_FRAMES + 1).contains(&taken), "{taken}");
        assert_eq!(lane.room(), 0);
    });
}

fn emulation(windows: &[(u64, Option<u64>)], clock: MissionClock) -> Emulation {
    let at = |millis| MissionTime::ZERO + Duration::from_millis(millis);
    let contact = |(start, end): &(u64, Option<u64>)| Contact {
        start: at(*start),
        end: end.map_or(MissionTime::NEVER, at),
        rate: BitsPerSecond(800_000_000).into(),
        light_time: Duration::from_millis(5).into(),
    };
    let contacts = windows.iter().map(|window| (sat(0), sat(1), contact(window)));
    let plan = ContactPlan::new(contacts).expect("a valid plan");
    Emulation { contacts: Arc::new(ActualContacts::of(plan)), clock, byte_scale: 1.0 }
}

#[test]
fn frames_survive_outages_of_their_window_in_order() {
    run(async {
        let job = Job::new();
        let clock = MissionClock::new(Timestamp::now(), 1.0);
        // Contact for half of the time, in windows of 50 ms.
        let windows: Vec<_> = (0..1200).map(|i| (i * 100, Some(i * 100 + 50))).collect();
        let (mut a, mut b) = (links(&job, 0, Some(emulation(&windows, clock))), links(&job, 1, None));
        a.set_peers(&only(sat(1), b.address()));
        send_all(&mut a, &sat(1), [frame(0, 1)]).await;
        assert_eq!(next_frame(&mut b).await.1, frame(0, 1));
        // 2.6 ms each: a window holds 17 of them.
        let frames: Vec<Frame> = (1..200).map(|i| frame(i, 65_536)).collect();
        let (began, peer) = (clock.now(), sat(1));
        let receive = async {
            for expected in &frames {
                assert_eq!(next_frame(&mut b).await.1, *expected);
            }
        };
        tokio::join!(send_all(&mut a, &peer, frames.clone()), receive);
        // Eleven windows full, and ten outages between them.
        let elapsed = clock.now().since(began);
        assert!(elapsed > Duration::from_millis(1000), "{elapsed:?} is faster than light");
        let spans = a.take_spans();
        assert!(spans.len() > 11 && spans.iter().all(|(peer, _)| *peer == sat(1)), "{spans:?}");
        let spans: Vec<LaneSpan> = spans.into_iter().map(|(_, span)| span).collect();
        assert!(spans.windows(2).all(|pair| pair[0].end < pair[1].start), "a window is a span: {spans:?}");
        assert_eq!(spans.iter().map(|span| span.frames).sum::<u64>(), 200);
        assert_eq!(spans.iter().map(|span| span.bytes).sum::<u64>(), a.traffic().wire_bytes);
        for span in spans {
            let (start, window) = (span.start.0 % 100_000_000, span.end.since(span.start));
            assert!(start < 50_000_000 && window <= Duration::from_millis(50) && span.busy <= window, "{span:?}");
            assert_eq!(span.tag, frame(0, 1).header().tag);
        }
        assert_eq!(a.take_spans(), [], "it is told once");
    });
}

#[test]
fn a_lane_tells_when_the_plan_gives_and_takes_its_contact() {
    run(async {
        let job = Job::new();
        let windows: Vec<_> = (0..600).map(|i| (i * 200, Some(i * 200 + 100))).collect();
        let emulation = emulation(&windows, MissionClock::new(Timestamp::now(), 1.0));
        let (mut a, b) = (links(&job, 0, Some(emulation)), links(&job, 1, None));
        a.set_peers(&only(sat(1), b.address()));
        let (mut up, mut waiting) = (0, 0);
        while up < 2 || waiting < 2 {
            match a.next().await {
                LinkEvent::State { to, state: LinkState::Up } if to == sat(1) => up += 1,
                LinkEvent::State { to, state: LinkState::Waiting } if to == sat(1) => waiting += 1,
                other => panic!("{other:?}"),
            }
        }
    });
}

#[test]
fn a_paused_lane_holds_its_sender_up_and_loses_nothing() {
    run(async {
        let (mut a, mut b) = (
            Links::serve(plain(sat(0)), listener(), None).expect("serves"),
            Links::serve(plain(sat(1)), listener(), None).expect("serves"),
        );
        a.set_peers(&only(sat(1), b.address()));
        send_all(&mut a, &sat(1), [frame(0, 1)]).await;
        assert_eq!(next_frame(&mut b).await.1, frame(0, 1));
        b.pause(&sat(0));
        // More than all windows and buffers hold: 64 MiB in frames of 256 KiB.
        let sending = tokio::spawn(async move {
            send_all(&mut a, &sat(1), (1..=256).map(|i| frame(i, 65_536))).await;
            a
        });
        let mut read = 0;
        // At most what was read ahead comes; then the runtime has nothing to do but this timer.
        while let Ok((_, got)) = tokio::time::timeout(Duration::from_millis(200), next_frame(&mut b)).await {
            read += 1;
            assert_eq!(got, frame(read, 65_536));
        }
        assert!(read <= LINK_EVENT_QUEUE as u32 + 1 && !sending.is_finished(), "{read} came");
        b.resume(&sat(0));
        for number in read + 1..=256 {
            assert_eq!(next_frame(&mut b).await.1, frame(number, 65_536));
        }
        sending.await.expect("all are sent");
    });
}
