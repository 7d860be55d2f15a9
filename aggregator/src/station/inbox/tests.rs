use std::fs;
use std::io::{self, Write};
use std::sync::Arc;

use jiff::Timestamp;
use starloom_comms::custody::Checkpoint;
use starloom_comms::events::Event;
use starloom_comms::id::Round;
use starloom_comms::net::clock::MissionClock;
use starloom_comms::net::event_sink::EventSink;
use tempfile::TempDir;

use super::*;
use crate::ground::{catalogue, verify};

/// Where the station's events can be read.
#[derive(Debug, Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("not poisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Station {
    folder: TempDir,
    page: Page,
    events: EventSink,
    inbox: Inbox,
}

impl Station {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let page = Page::default();
        Self::over(folder, page)
    }

    fn restart(self) -> Self {
        let Self { folder, page, inbox, .. } = self;
        drop(inbox);
        Self::over(folder, page)
    }

    fn over(folder: TempDir, page: Page) -> Self {
        let events = sink(&page);
        let inbox = Inbox::open(folder.path(), Arc::new(events.clone())).expect("opens");
        Self { folder, page, events, inbox }
    }

    fn events(&self) -> Vec<What> {
        self.events.flush().expect("written");
        let text = String::from_utf8(self.page.0.lock().expect("not poisoned").clone()).expect("text");
        text.lines().map(|line| serde_json::from_str::<Event>(line).expect("an event").what).collect()
    }

    fn deliver(&self, manifest: &Manifest, file: &[u8], chunks: &[Chunk]) {
        for (chunk, range) in manifest.ranges().filter(|(chunk, _)| chunks.contains(chunk)) {
            let bytes = file[range.start as usize..range.end as usize].to_vec();
            self.inbox.store(&sat(), manifest, chunk, bytes.into()).expect("room");
        }
    }

    fn chunk_files(&self) -> usize {
        fs::read_dir(self.folder.path().join("incoming/chunks")).expect("a folder").count()
    }
}

fn sink(page: &Page) -> EventSink {
    let clock = MissionClock::new(Timestamp::UNIX_EPOCH, 1.0);
    EventSink::new(page.clone(), NodeId::station(), clock, &[]).expect("a thread")
}

fn sat() -> NodeId {
    NodeId::satellite(1)
}

fn checkpoint(round: u64, file: &[u8]) -> Manifest {
    let checkpoint = Checkpoint { job: "star12".into(), round: Round(round), state: Digest::of(b"state") };
    Manifest::describe(checkpoint, "model.safetensors", file, 100).expect("in bounds")
}

/// Bytes of which no two chunks are the same.
fn bytes(seed: u8, len: usize) -> Vec<u8> {
    (0..len).map(|at| (at / 100) as u8 ^ (at as u8) ^ seed).collect()
}

#[test]
fn a_checkpoint_lands_as_the_file_that_was_sent() {
    let station = Station::new();
    let file = bytes(1, 950);
    let manifest = checkpoint(10, &file);
    let missing = station.inbox.offer(&sat(), &manifest).expect("taken");
    assert_eq!(missing.len(), 10);
    station.deliver(&manifest, &file, &missing);
    let landed = station.inbox.land(&sat(), &manifest).expect("complete");
    assert_eq!(landed.path, "round-000010/model.safetensors");
    assert_eq!(fs::read(station.folder.path().join(&landed.path)).expect("a file"), file);

    let listed = catalogue(station.folder.path()).expect("readable");
    assert_eq!(listed.len(), 1);
    verify(station.folder.path(), &listed[0]).expect("intact");
    assert_eq!(station.chunk_files(), 0, "what has landed needs no chunks");
    let last = station.events().pop();
    assert!(matches!(last, Some(What::CheckpointLanded { round: Round(10), bytes: 950, .. })), "{last:?}");
}

#[test]
fn a_landed_checkpoint_that_is_offered_again_lacks_nothing_and_is_told_of_once() {
    let station = Station::new();
    let file = bytes(1, 250);
    let manifest = checkpoint(10, &file);
    let missing = station.inbox.offer(&sat(), &manifest).expect("taken");
    station.deliver(&manifest, &file, &missing);
    let landed = station.inbox.land(&sat(), &manifest).expect("complete");
    let station = station.restart();
    assert_eq!(station.inbox.offer(&sat(), &manifest), Ok(Vec::new()));
    assert_eq!(station.inbox.land(&sat(), &manifest), Ok(landed));
    let tellings = station.events().into_iter().filter(|what| matches!(what, What::CheckpointLanded { .. }));
    assert_eq!(tellings.count(), 1);
}

#[test]
fn a_restarted_station_misses_only_what_it_had_not_stored() {
    let station = Station::new();
    let file = bytes(1, 950);
    let manifest = checkpoint(10, &file);
    let missing = station.inbox.offer(&sat(), &manifest).expect("taken");
    station.deliver(&manifest, &file, &missing[..7]);
    let chunks = station.folder.path().join("incoming/chunks");
    fs::write(chunks.join(missing[8].digest.to_string()).with_extension("partial"), b"torn").expect("writes");
    let station = station.restart();
    assert_eq!(station.inbox.offer(&sat(), &manifest).expect("taken"), missing[7..]);
}

#[test]
fn a_chunk_that_rotted_on_the_stations_disk_is_asked_for_again() {
    let station = Station::new();
    let file = bytes(1, 350);
    let manifest = checkpoint(10, &file);
    let missing = station.inbox.offer(&sat(), &manifest).expect("taken");
    station.deliver(&manifest, &file, &missing);
    let rotten = station.folder.path().join("incoming/chunks").join(missing[2].digest.to_string());
    let mut chunk = fs::read(&rotten).expect("a file");
    chunk[0] ^= 1;
    fs::write(&rotten, chunk).expect("writes");
    let reason = station.inbox.land(&sat(), &manifest).expect_err("damaged").reason;
    assert!(reason.contains("damaged on the station's disk"), "{reason}");
    assert_eq!(catalogue(station.folder.path()).expect("readable"), []);
    assert!(station.events().iter().any(|what| matches!(what, What::ChunkRefused { .. })));

    assert_eq!(station.inbox.offer(&sat(), &manifest).expect("taken"), [missing[2]]);
    station.deliver(&manifest, &file, &missing);
    station.inbox.land(&sat(), &manifest).expect("complete");
}

#[test]
fn chunks_that_two_checkpoints_share_travel_once() {
    let station = Station::new();
    let (first, mut second) = (bytes(1, 400), bytes(1, 400));
    second[399] ^= 1;
    let (ten, twenty) = (checkpoint(10, &first), checkpoint(20, &second));
    let missing = station.inbox.offer(&sat(), &ten).expect("taken");
    station.deliver(&ten, &first, &missing);
    let missing = station.inbox.offer(&sat(), &twenty).expect("taken");
    assert_eq!(missing, [twenty.chunks()[3]]);
    station.inbox.land(&sat(), &ten).expect("complete");
    station.deliver(&twenty, &second, &missing);
    station.inbox.land(&sat(), &twenty).expect("its shared chunks were kept");
    assert_eq!(station.chunk_files(), 0);
}

#[test]
fn a_resumed_runs_checkpoint_takes_the_place_of_the_void_one() {
    let station = Station::new();
    for seed in [1, 2] {
        let file = bytes(seed, 250);
        let manifest = checkpoint(10, &file);
        let missing = station.inbox.offer(&sat(), &manifest).expect("taken");
        station.deliver(&manifest, &file, &missing);
        station.inbox.land(&sat(), &manifest).expect("complete");
        let listed = catalogue(station.folder.path()).expect("readable");
        assert_eq!(listed.len(), 1);
        verify(station.folder.path(), &listed[0]).expect("intact");
        assert_eq!(listed[0].digest, Digest::of(&file));
    }
}

#[test]
fn a_chunk_that_did_not_match_its_hash_is_told_of() {
    let station = Station::new();
    let manifest = checkpoint(10, b"weights");
    station.inbox.chunk_refused(&sat(), &manifest, &manifest.chunks()[0], "other bytes");
    let expected = What::ChunkRefused { round: Round(10), reason: "from sat-1: other bytes".into() };
    assert_eq!(station.events(), [expected]);
}

#[test]
fn a_ground_store_that_cannot_be_written_is_a_clear_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    fs::write(&file, b"").expect("writes");
    let error = Inbox::open(&file, Arc::new(sink(&Page::default()))).expect_err("no folder").to_string();
    assert!(error.contains("file"), "{error}");
}
