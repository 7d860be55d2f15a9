use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use super::*;
use crate::contacts::{ActualContacts, Contact, ContactPlan};
use crate::custody::Checkpoint;
use crate::net::clock::MissionClock;
use crate::net::dial::DialError;
use crate::net::event_sink::EventSink;
use crate::net::identity::Identity;
use crate::net::laser::Emulation;
use crate::net::test_world::{Job, listener, run};
use crate::units::{BitsPerSecond, MissionTime};

/// An inbox in memory that refuses what it is told to.
#[derive(Default)]
pub(super) struct Memory {
    pub(super) chunks: Mutex<BTreeMap<Digest, Bytes>>,
    /// Chunks that came damaged.
    refused: Mutex<Vec<String>>,
    /// Chunks after which the disk is full.
    full_after: Option<usize>,
}

impl GroundInbox for Memory {
    fn offer(&self, from: &NodeId, manifest: &Manifest) -> Result<Vec<Chunk>, Refusal> {
        if *from == NodeId::satellite(9) {
            return Err(Refusal { reason: "sat-9 has no custody".into() });
        }
        let held: BTreeSet<Digest> = self.chunks.lock().expect("no panic").keys().copied().collect();
        Ok(manifest.missing(&held))
    }

    fn store(&self, _: &NodeId, _: &Manifest, chunk: &Chunk, bytes: Bytes) -> Result<(), Refusal> {
        let mut chunks = self.chunks.lock().expect("no panic");
        if self.full_after == Some(chunks.len()) {
            return Err(Refusal { reason: "the disk is full".into() });
        }
        chunks.insert(chunk.digest, bytes);
        Ok(())
    }

    fn chunk_refused(&self, _: &NodeId, _: &Manifest, _: &Chunk, reason: &str) {
        self.refused.lock().expect("no panic").push(reason.into());
    }

    fn land(&self, _: &NodeId, manifest: &Manifest) -> Result<Landed, Refusal> {
        let chunks = self.chunks.lock().expect("no panic");
        let file: Vec<u8> = manifest.chunks().iter().flat_map(|chunk| chunks[&chunk.digest].clone()).collect();
        let digest = Digest::of(&file);
        Ok(Landed { round: manifest.round(), digest, bytes: file.len() as u64, path: "7/model.safetensors".into() })
    }
}

/// A checkpoint's bytes, some chunks of which are read wrongly at first.
pub(super) struct Source {
    file: Vec<u8>,
    pub(super) manifest: Manifest,
    read: Mutex<Vec<Digest>>,
    damage: Mutex<u32>,
}

impl ChunkSource for Source {
    fn read(&self, chunk: &Chunk) -> Result<Bytes, SourceError> {
        self.read.lock().expect("no panic").push(chunk.digest);
        let mut damage = self.damage.lock().expect("no panic");
        if *damage > 0 {
            *damage -= 1;
            return Ok(vec![0xee; usize::try_from(chunk.bytes).expect("short")].into());
        }
        let (_, range) = self.manifest.ranges().find(|(other, _)| *other == chunk).expect("is in the manifest");
        Ok(self.file[range.start as usize..range.end as usize].to_vec().into())
    }
}

impl Source {
    pub(super) fn new(job: &str, damage: u32) -> Arc<Self> {
        // Ten chunks, of which the last two are the same.
        let file: Vec<u8> =
            (0..10_000_u32).map(|i| if i < 8000 { (i / 7 % 251 + i / 1000) as u8 } else { 5 }).collect();
        let checkpoint = Checkpoint { job: job.into(), round: Round(7), state: Digest::of(b"state") };
        let manifest = Manifest::describe(checkpoint, "model.safetensors", &*file, 1000).expect("a valid manifest");
        Arc::new(Self { file, manifest, read: Mutex::default(), damage: Mutex::new(damage) })
    }

    fn reads(&self) -> usize {
        self.read.lock().expect("no panic").len()
    }
}

struct World {
    job: Job,
    inbox: Arc<Memory>,
    station: crate::net::listen::Serving,
}

impl World {
    fn new(inbox: Memory) -> Self {
        let (job, inbox) = (Job::new(), Arc::new(inbox));
        let station = serve_ground(&job.identity(NodeId::station()), listener(), inbox.clone()).expect("serves");
        Self { job, inbox, station }
    }

    async fn deliver(&self, from: &Identity, source: &Arc<Source>) -> Result<Landed, DeliverError> {
        deliver(from, self.station.address(), None, &source.manifest, source.clone(), &mut silent(source)).await
    }
}

/// A log that nobody reads.
fn silent(source: &Source) -> PassLog {
    let clock = MissionClock::new(jiff::Timestamp::now(), 1.0);
    let events = EventSink::new(std::io::sink(), NodeId::satellite(0), clock, &[]).expect("starts");
    PassLog::new(&source.manifest, NodeId::satellite(0), Arc::default(), events)
}

#[test]
fn a_checkpoint_lands_and_each_chunk_travels_once() {
    run(async {
        let world = World::new(Memory::default());
        let source = Source::new("star", 0);
        let landed = world.deliver(&world.job.satellite(0), &source).await.expect("lands");
        let digest = Digest::of(&source.file);
        assert_eq!(landed, Landed { round: Round(7), digest, bytes: 10_000, path: "7/model.safetensors".into() });
        assert_eq!(source.reads(), 9);
        // Offered again by another node, it has landed already.
        assert_eq!(world.deliver(&world.job.satellite(1), &source).await.expect("has landed"), landed);
        assert_eq!(source.reads(), 9);
    });
}

#[test]
fn a_delivery_that_ended_early_resumes_at_what_is_missing() {
    run(async {
        let world = World::new(Memory { full_after: Some(4), ..Memory::default() });
        let source = Source::new("star", 0);
        let error = world.deliver(&world.job.satellite(0), &source).await.expect_err("the disk is full");
        assert!(error.is_final() && error.to_string().contains("the disk is full"), "{error}");
        let held = std::mem::take(&mut *world.inbox.chunks.lock().expect("no panic"));
        assert_eq!(held.len(), 4);
        let world = World::new(Memory { chunks: Mutex::new(held), ..Memory::default() });
        let source = Source::new("star", 0);
        world.deliver(&world.job.satellite(0), &source).await.expect("lands");
        assert_eq!(source.reads(), 5);
    });
}

#[test]
fn a_damaged_chunk_is_thrown_away_and_sent_again() {
    run(async {
        let world = World::new(Memory::default());
        let source = Source::new("star", 2);
        world.deliver(&world.job.satellite(0), &source).await.expect("lands");
        let refused = world.inbox.refused.lock().expect("no panic").clone();
        assert_eq!(refused.len(), 2);
        assert!(refused[0].contains("its bytes were changed on the way"), "{refused:?}");
    });
}

#[test]
fn a_chunk_that_is_always_damaged_ends_the_delivery() {
    run(async {
        let world = World::new(Memory::default());
        let error = world.deliver(&world.job.satellite(0), &Source::new("star", u32::MAX)).await.expect_err("ends");
        assert!(error.is_final() && error.to_string().contains("arrived damaged 4 times"), "{error}");
    });
}

#[test]
fn what_the_station_refuses_is_final_with_its_reason() {
    run(async {
        let world = World::new(Memory::default());
        let error = world.deliver(&world.job.satellite(9), &Source::new("star", 0)).await.expect_err("no custody");
        assert!(error.is_final() && error.to_string().contains("sat-9 has no custody"), "{error}");
        let error = world.deliver(&world.job.satellite(0), &Source::new("moon", 0)).await.expect_err("another job");
        assert!(error.is_final() && error.to_string().contains("of job moon, this station serves star"), "{error}");
    });
}

#[test]
fn a_station_that_is_not_there_is_worth_another_try() {
    run(async {
        let job = Job::new();
        let gone = listener().address();
        let source = Source::new("star", 0);
        let (node, mut passes) = (job.satellite(0), silent(&source));
        let delivery = deliver(&node, gone, None, &source.manifest, source.clone(), &mut passes);
        let error = delivery.await.expect_err("nobody");
        assert!(matches!(error, DeliverError::Dial(DialError::Unreachable { .. })) && !error.is_final(), "{error}");
    });
}

#[test]
fn chunks_pass_through_the_laser_of_the_pass() {
    run(async {
        let world = World::new(Memory::default());
        let source = Source::new("star", 0);
        let clock = MissionClock::new(jiff::Timestamp::now(), 1.0);
        let start = clock.now() + std::time::Duration::from_millis(300);
        let (rate, light_time) = (BitsPerSecond(8_000_000), std::time::Duration::from_millis(3));
        let pass = Contact { start, end: MissionTime::NEVER, rate: rate.into(), light_time: light_time.into() };
        let plan = ContactPlan::new([(NodeId::satellite(0), NodeId::station(), pass)]).expect("a valid plan");
        let emulation = Emulation { contacts: Arc::new(ActualContacts::of(plan)), clock, byte_scale: 1.0 };
        let (node, station) = (world.job.satellite(0), world.station.address());
        let mut passes = silent(&source);
        deliver(&node, station, Some(&emulation), &source.manifest, source.clone(), &mut passes).await.expect("lands");
        assert!(clock.now() >= start + light_time, "before the pass begins nothing lands");
    });
}

#[test]
fn a_file_is_the_source_of_its_chunks_until_it_changes() {
    let source = Source::new("star", 0);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("model.safetensors");
    std::fs::write(&path, &source.file).expect("writes");
    let chunks = FileChunks::open(&path, &source.manifest).expect("opens");
    for chunk in source.manifest.chunks() {
        assert_eq!(Digest::of(&chunks.read(chunk).expect("reads")), chunk.digest);
    }
    let strange = Chunk { digest: Digest::of(b"?"), bytes: 1 };
    assert!(matches!(chunks.read(&strange), Err(SourceError::Unknown(_))));
    std::fs::write(&path, vec![1; 10_000]).expect("writes");
    let error = chunks.read(&source.manifest.chunks()[0]).expect_err("has changed").to_string();
    assert!(error.contains("model.safetensors has changed since its manifest was made"), "{error}");
}
