use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::tests::{Memory, Source};
use super::*;
use crate::contacts::{ActualContacts, Contact, ContactPlan};
use crate::custody::pack;
use crate::events::{Event, What};
use crate::net::clock::MissionClock;
use crate::net::event_sink::EventSink;
use crate::net::identity::Identity;
use crate::net::laser::Emulation;
use crate::net::test_world::{Job, Victim, listener, run};
use crate::units::{BitsPerSecond, MissionTime};

/// In a pass the manifest and some chunks come down.
const RATE: BitsPerSecond = BitsPerSecond(32_000);
const LENGTH: Duration = Duration::from_millis(600);
/// Generous: a pass that begins without its delivery is lost to it.
const TO_CONNECT: Duration = Duration::from_millis(200);
const AN_HOUR: Duration = Duration::from_secs(3600);

/// Passes of two satellites over the station, all alike.
fn passes(starts: impl Iterator<Item = MissionTime>) -> Arc<ActualContacts> {
    let light_time = Duration::from_millis(1);
    let pass = |start| Contact { start, end: start + LENGTH, rate: RATE.into(), light_time: light_time.into() };
    let over = |start| [0, 1].map(|slot| (NodeId::satellite(slot), NodeId::station(), pass(start)));
    Arc::new(ActualContacts::of(ContactPlan::new(starts.flat_map(over)).expect("a valid plan")))
}

/// Passes that follow each other, from an instant on.
fn many_from(start: MissionTime) -> impl Iterator<Item = MissionTime> {
    (0..1000).map(move |pass| start + LENGTH * 2 * pass)
}

/// A laser whose clock stands shortly before `at`.
fn laser_before(at: Duration, plan: &Arc<ActualContacts>) -> Emulation {
    let start = Timestamp::now() + TO_CONNECT - at;
    Emulation { contacts: plan.clone(), clock: MissionClock::new(start, 1.0), byte_scale: 1.0 }
}

/// Gives what is written to it as events.
struct Reader(mpsc::UnboundedSender<What>);

impl Write for Reader {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let event: Event = serde_json::from_slice(line).expect("an event a line");
        self.0.send(event.what).ok();
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Start, chunks and bytes of a pass.
type Told = (f64, u64, u64);

fn carried(told: What) -> Told {
    let What::PassCarried { round, station, start_secs, end_secs, chunks, bytes, .. } = told else {
        panic!("{told:?}")
    };
    assert_eq!((round, station), (Round(7), NodeId::station()));
    let length = end_secs.expect("no pass lasts") - start_secs;
    assert!((length - LENGTH.as_secs_f64()).abs() < 1e-6, "{length}");
    (start_secs, chunks, bytes)
}

/// Chunks of the checkpoint, each once, and their bytes as they travel.
fn once_each(source: &Source) -> (u64, u64) {
    let chunks = source.manifest.missing(&std::collections::BTreeSet::new());
    let bytes = chunks.iter().map(|chunk| pack(&source.read(chunk).expect("reads")).len() as u64);
    (chunks.len() as u64, bytes.sum())
}

/// A station that can be killed, over an inbox that cannot.
async fn station(job: &Job, inbox: &Arc<Memory>) -> Victim {
    let (identity, inbox) = (job.identity(NodeId::station()), inbox.clone());
    Victim::start(move |address| async move {
        let station = serve_ground(&identity, listener(), inbox).expect("serves");
        address.send(station.address()).expect("is waited for");
        std::future::pending().await
    })
    .await
}

/// A node and its delivery of the checkpoint.
struct Node {
    identity: Identity,
    source: Arc<Source>,
    passes: PassLog,
}

impl Node {
    /// The node, and what it tells of passes.
    fn new(job: &Job, slot: u32) -> (Self, mpsc::UnboundedReceiver<What>) {
        let source = Source::new("star", 0);
        let (sender, told) = mpsc::unbounded_channel();
        let clock = MissionClock::new(Timestamp::now(), 1.0);
        let events = EventSink::new(Reader(sender), NodeId::satellite(slot), clock, &[]).expect("starts");
        let passes = PassLog::new(&source.manifest, NodeId::satellite(0), Arc::default(), events);
        (Self { identity: job.satellite(slot), source, passes }, told)
    }

    async fn deliver(&mut self, station: SocketAddr, emulation: &Emulation) -> Result<Landed, DeliverError> {
        let Self { identity, source, passes } = self;
        deliver(identity, station, Some(emulation), &source.manifest, source.clone(), passes).await
    }

    /// Ends the delivery and gives what is told until then.
    async fn close(self, mut told: mpsc::UnboundedReceiver<What>) -> Vec<Told> {
        self.passes.close();
        let mut rest = Vec::new();
        while let Some(pass) = told.recv().await {
            rest.push(carried(pass));
        }
        rest
    }
}

/// The first pass, when all that came down in it is kept.
async fn first_pass(told: &mut mpsc::UnboundedReceiver<What>, inbox: &Memory) -> Told {
    let pass = carried(told.recv().await.expect("is told"));
    while (inbox.chunks.lock().expect("no panic").len() as u64) < pass.1 {
        tokio::task::yield_now().await;
    }
    pass
}

fn sum(passes: &[Told]) -> (u64, u64) {
    passes.iter().fold((0, 0), |(chunks, bytes), pass| (chunks + pass.1, bytes + pass.2))
}

#[test]
fn a_checkpoint_too_large_for_a_pass_goes_on_in_the_next_and_each_chunk_travels_once() {
    run(async {
        let job = Job::new();
        let (mut node, told) = Node::new(&job, 0);
        let expected = once_each(&node.source);
        let station = station(&job, &Arc::default()).await;
        let plan = passes(many_from(MissionTime::ZERO));
        let capacity = plan.contacts(&NodeId::satellite(0), &NodeId::station())[0].capacity();
        let before_the_chunks = node.source.manifest.to_json().len() as u64;
        assert!(before_the_chunks + expected.1 > capacity, "one pass carries {capacity}, which is too much");
        node.deliver(station.address, &laser_before(Duration::ZERO, &plan)).await.expect("lands");
        let told = node.close(told).await;
        assert_eq!(sum(&told), expected);
        assert!(told.is_sorted_by(|a, b| a.0 < b.0) && told.iter().all(|told| told.2 <= capacity), "{told:?}");
    });
}

/// A pass at mission start, one an hour later, and after another hour as many as it takes.
fn far_apart() -> Arc<ActualContacts> {
    let start = MissionTime::ZERO;
    passes([start, start + AN_HOUR].into_iter().chain(many_from(start + AN_HOUR * 2)))
}

#[test]
fn a_station_killed_between_two_passes_is_brought_the_rest_alone() {
    run(async {
        let (job, inbox, plan) = (Job::new(), Arc::new(Memory::default()), far_apart());
        let (mut node, mut told) = Node::new(&job, 0);
        let expected = once_each(&node.source);
        let first_station = station(&job, &inbox).await;
        let (address, at_start) = (first_station.address, laser_before(Duration::ZERO, &plan));
        let killed_after_a_pass = async {
            let first = first_pass(&mut told, &inbox).await;
            first_station.kill();
            first
        };
        let (broken, first) = tokio::join!(node.deliver(address, &at_start), killed_after_a_pass);
        let error = broken.expect_err("the station is killed");
        assert!(!error.is_final(), "{error}");
        let station = station(&job, &inbox).await;
        node.deliver(station.address, &laser_before(AN_HOUR * 2, &plan)).await.expect("lands");
        let rest = node.close(told).await;
        assert_eq!(sum(&[&[first], &rest[..]].concat()), expected, "{first:?}, {rest:?}");
    });
}

#[test]
fn a_custodian_killed_between_two_passes_is_replaced_by_one_that_brings_the_rest_alone() {
    run(async {
        let (job, inbox, plan) = (Job::new(), Arc::new(Memory::default()), far_apart());
        let (mut killed, mut told) = Node::new(&job, 0);
        let expected = once_each(&killed.source);
        let station = station(&job, &inbox).await;
        let at_start = laser_before(Duration::ZERO, &plan);
        let first = tokio::select! {
            outcome = killed.deliver(station.address, &at_start) => panic!("{outcome:?} in one pass"),
            first = first_pass(&mut told, &inbox) => first,
        };
        drop(killed);
        let (mut next, told) = Node::new(&job, 1);
        next.deliver(station.address, &laser_before(AN_HOUR * 2, &plan)).await.expect("lands");
        let rest = next.close(told).await;
        assert_eq!(sum(&[&[first], &rest[..]].concat()), expected, "{first:?}, {rest:?}");
    });
}

#[test]
fn a_custodian_that_waits_for_its_pass_is_told_that_another_one_brings_the_rest() {
    run(async {
        let (job, inbox, plan) = (Job::new(), Arc::new(Memory::default()), far_apart());
        let ((mut first, mut told_first), (mut second, told_second)) = (Node::new(&job, 0), Node::new(&job, 1));
        let expected = once_each(&first.source);
        let station = station(&job, &inbox).await;
        let (at_start, later) = (laser_before(Duration::ZERO, &plan), laser_before(AN_HOUR * 2, &plan));
        let takes_over = async {
            let pass = first_pass(&mut told_first, &inbox).await;
            second.deliver(station.address, &later).await.expect("lands");
            pass
        };
        let (outcome, pass) = tokio::join!(first.deliver(station.address, &at_start), takes_over);
        let error = outcome.expect_err("its custody is over");
        assert!(error.is_final() && error.to_string().contains("sat-1 brings it"), "{error}");
        assert_eq!(first.close(told_first).await, [], "it brought nothing more");
        let rest = second.close(told_second).await;
        assert_eq!(sum(&[&[pass], &rest[..]].concat()), expected, "{pass:?}, {rest:?}");
    });
}

/// Passes of `sat-0` at the full hours, each with room for so many bytes.
fn with_room_for(rooms: &[u64]) -> Arc<ActualContacts> {
    let pass = |(hour, room): (u32, &u64)| {
        let start = MissionTime::ZERO + AN_HOUR * hour;
        let end = start + RATE.transmit_time(*room);
        let pass = Contact { start, end, rate: RATE.into(), light_time: Duration::ZERO.into() };
        (NodeId::satellite(0), NodeId::station(), pass)
    };
    Arc::new(ActualContacts::of(ContactPlan::new((0..).zip(rooms).map(pass)).expect("a valid plan")))
}

#[test]
fn what_fits_into_no_pass_is_named_beside_the_widest_pass_that_is_left() {
    run(async {
        let job = Job::new();
        let station = station(&job, &Arc::default()).await;
        let manifest = Node::new(&job, 0).0.source.manifest.to_json().len() as u64;
        let later = "the widest, 3600.000 s to 3600.019 s, carries 77";
        // The first pass has room for the manifest and no chunk beside it, or not even for that.
        for (room, what, widest) in
            [(manifest + 50, "a chunk of ", later), (manifest - 1, "the manifest ", "the widest, 0")]
        {
            let (mut node, _told) = Node::new(&job, 0);
            let emulation = laser_before(Duration::ZERO, &with_room_for(&[room, 77]));
            let error = node.deliver(station.address, &emulation).await.expect_err("it never arrives").to_string();
            assert!(error.starts_with(what) && error.contains(widest), "{error}");
        }
    });
}

#[test]
fn what_is_too_large_for_the_next_pass_waits_for_a_wider_one_with_a_warning() {
    run(async {
        let job = Job::new();
        let station = station(&job, &Arc::default()).await;
        let (mut node, mut told) = Node::new(&job, 0);
        let manifest = node.source.manifest.to_json().len() as u64;
        let emulation = laser_before(Duration::ZERO, &with_room_for(&[manifest + 50, 77, 1_000_000]));
        let warning = tokio::select! {
            outcome = node.deliver(station.address, &emulation) => panic!("{outcome:?} within an hour"),
            warning = told.recv() => warning.expect("is told"),
        };
        let What::Warning { message } = warning else { panic!("{warning:?}") };
        assert!(message.starts_with("a chunk of ") && message.contains("round 7 has to wait"), "{message}");
        assert!(message.ends_with("before 7200.000 s: the widest, 3600.000 s to 3600.019 s, carries 77"), "{message}");
    });
}
