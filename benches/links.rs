//! One lane over loopback: how fast frames of 256 KiB go from one node's runtime to another's, with TLS and without.
//!
//! `cargo bench --bench links`. Sender and receiver have a thread and a runtime each, as two processes would. Checksums
//! are verified; nothing is encoded or decoded.

#![expect(clippy::expect_used, reason = "a bench that cannot set itself up ends")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use starloom_comms::codec::Wire;
use starloom_comms::collective::{Frame, Header, Kind, Tag};
use starloom_comms::id::{Attempt, Digest, NodeId, Round, ViewId};
use starloom_comms::limits::FRAME_PAYLOAD_BYTES;
use starloom_comms::net::identity::Identity;
use starloom_comms::net::link::{LinkEvent, Links};
use starloom_comms::net::listen::Listener;
use starloom_comms::net::tls::{Authority, Credentials};
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

// What the starloom binary has: it keeps freed buffers, where the system's allocator unmaps them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn lanes(criterion: &mut Criterion) {
    let authority = Authority::new("bench").expect("makes an authority");
    let issue = |slot| authority.issue(&NodeId::satellite(slot)).expect("issues");
    let mut group = criterion.benchmark_group("lane");
    group.throughput(Throughput::Bytes(FRAME_PAYLOAD_BYTES as u64)).measurement_time(Duration::from_secs(8));
    for (name, credentials) in [("plain text", [None, None]), ("TLS", [Some(issue(0)), Some(issue(1))])] {
        let mut lane = Lane::open(credentials);
        group.bench_function(name, |bencher| bencher.iter_custom(|frames| lane.carry(frames)));
    }
    group.finish();
}

criterion_group!(benches, lanes);
criterion_main!(benches);

/// A lane from this thread to another.
struct Lane {
    runtime: Runtime,
    sender: Links,
    /// Told of each frame that has arrived.
    arrivals: UnboundedReceiver<()>,
    frame: Frame,
}

impl Lane {
    fn open([from, to]: [Option<Credentials>; 2]) -> Self {
        let (arrived, arrivals) = unbounded_channel();
        let (started, address) = mpsc::channel();
        thread::spawn(move || receive(to, &started, &arrived));
        let address = address.recv().expect("the receiver listens");
        let runtime = starloom_comms::net::runtime().expect("a runtime");
        let mut sender = runtime.block_on(async { links(0, from) });
        runtime.block_on(async { sender.set_peers(&BTreeMap::from([(NodeId::satellite(1), address)])) });
        Self { runtime, sender, arrivals, frame: frame() }
    }

    /// How long so many frames take, until the last has arrived.
    fn carry(&mut self, frames: u64) -> Duration {
        let Self { runtime, sender, arrivals, frame } = self;
        let began = Instant::now();
        runtime.block_on(async {
            let (peer, mut left) = (NodeId::satellite(1), frames);
            while left > 0 {
                let lane = sender.lane(&peer).expect("is set");
                while left > 0 && lane.room() > 0 {
                    lane.try_send(frame.clone()).expect("has room");
                    left -= 1;
                }
                tokio::select! {
                    () = sender.room() => {}
                    event = sender.next() => assert!(matches!(event, LinkEvent::State { .. }), "{event:?}"),
                }
            }
            for _ in 0..frames {
                arrivals.recv().await.expect("the receiver lives");
            }
        });
        began.elapsed()
    }
}

fn receive(credentials: Option<Credentials>, started: &mpsc::Sender<SocketAddr>, arrived: &UnboundedSender<()>) {
    starloom_comms::net::runtime().expect("a runtime").block_on(async {
        let mut links = links(1, credentials);
        started.send(links.address()).expect("the bench waits");
        loop {
            match links.next().await {
                LinkEvent::Frame { frame, .. } => {
                    black_box(frame);
                    if arrived.send(()).is_err() {
                        return;
                    }
                }
                LinkEvent::Opened { .. } => {}
                LinkEvent::Down { .. } => return,
                event => panic!("{event:?}"),
            }
        }
    });
}

fn links(slot: u32, credentials: Option<Credentials>) -> Links {
    let listener = Listener::bind(([127, 0, 0, 1], 0).into()).expect("a free port");
    let (node, scenario) = (NodeId::satellite(slot), Digest::default());
    Links::serve(Identity { job: "bench".into(), scenario, node, credentials }, listener, None).expect("serves")
}

fn frame() -> Frame {
    let (tag, wire) = (Tag { view: ViewId(1), round: Round(1), attempt: Attempt(0) }, Wire::F32);
    let elements = wire.frame_elements();
    let payload: Vec<u8> = (0..wire.encoded_len(elements)).map(|i| (i % 251) as u8).collect();
    let elements = u32::try_from(elements).expect("fits a frame");
    let header =
        Header { tag, kind: Kind::Final, wire: wire.into(), segment: 0, share: 0, elements, offset: 0, samples: 1 };
    Frame::new(header, payload.into())
}
