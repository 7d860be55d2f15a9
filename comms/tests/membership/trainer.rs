//! A job in one process: scenario, office, station, and a thread per node that contributes what is known beforehand.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use bytes::Bytes;
use jiff::Timestamp;
use starloom_comms::collective::RoundPlanner;
use starloom_comms::control::{DataInfo, Holding, Report, Then};
use starloom_comms::custody::{Checkpoint, Chunk, Manifest};
use starloom_comms::events::{Event, Phase, What};
use starloom_comms::id::{Digest, NodeId, Round};
use starloom_comms::net::clock::MissionClock;
use starloom_comms::net::event_sink::EventSink;
use starloom_comms::net::ground::{GroundInbox, Landed, Refusal, serve_ground};
use starloom_comms::net::identity::Identity;
use starloom_comms::net::listen::Listener;
use starloom_comms::net::membership::{Membership, MembershipConfig, MembershipError, WrittenCheckpoint};
use starloom_comms::scenario::Scenario;
use tokio::sync::oneshot;

use crate::aggregator::Aggregator;
use crate::office::Office;

pub(crate) const ROUNDS: usize = 5;
/// Some frames a segment, so that a round has a middle.
pub(crate) const ELEMENTS: usize = 300_000;

pub(crate) type Trainer = JoinHandle<Outcome>;

/// What a node saw.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) digests: Vec<(Digest, Digest)>,
    pub(crate) means: Vec<Digest>,
    pub(crate) contributors: Vec<Vec<(NodeId, u64)>>,
    pub(crate) error: Option<MembershipError>,
    pub(crate) raw_bytes: u64,
    pub(crate) wire_bytes: u64,
}

pub(crate) struct Job {
    pub(crate) office: Office,
    scenario: Arc<Scenario>,
    clock: MissionClock,
    station: SocketAddr,
    inbox: Arc<Inbox>,
    folder: tempfile::TempDir,
    /// The station closes when this is dropped.
    _station: oneshot::Sender<()>,
}

impl Job {
    /// A job of `nodes` nodes, with more lines of scenario.
    pub(crate) fn open(nodes: u32, more: &str) -> Self {
        let text = format!(
            "name = \"test\"\n[mesh]\nnodes = {nodes}\ntopology = \"full\"\nrate_mbps = 400\ndelay_ms = 2\n\
             [job]\ntask = \"none\"\n[training]\nrounds = {ROUNDS}\n{more}"
        );
        let scenario = Scenario::parse(&text, Path::new("test.toml")).expect("a valid scenario");
        let ids = scenario.nodes();
        let identity = |node| Identity { job: "test".into(), scenario: scenario.digest(), node, credentials: None };
        let contacts = scenario.contacts().expect("a mesh");
        let planner = RoundPlanner::of(&scenario, &contacts.planned);
        let aggregator = Aggregator::new(&ids, &[], ROUNDS as u64, planner);
        let office = Office::open(identity(NodeId::aggregator()), aggregator);
        let inbox = Arc::new(Inbox::default());
        let (stop, stopped) = oneshot::channel();
        let station = open_station(identity(NodeId::station()), inbox.clone(), stopped);
        let clock = MissionClock::new(Timestamp::now(), 1.0);
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("model.safetensors"), MODEL).expect("writes");
        Self { office, scenario: Arc::new(scenario), clock, station, inbox, folder, _station: stop }
    }

    /// Starts a node. `watch` sees its phases; it goes on with a round as long as `stays` says so.
    pub(crate) fn train(
        &self,
        index: u32,
        watch: impl FnMut((Round, Phase)) + Send + 'static,
        stays: impl Fn(u32, Round) -> bool + Send + 'static,
    ) -> Trainer {
        let config = self.config(index, watch);
        let file = self.folder.path().join("model.safetensors");
        std::thread::spawn(move || {
            let mut outcome = Outcome::default();
            let mut membership = Membership::join(config).expect("joins");
            outcome.error = run(index, &mut membership, &mut outcome, stays, &file).err();
            outcome
        })
    }

    pub(crate) fn config(&self, index: u32, watch: impl FnMut((Round, Phase)) + Send + 'static) -> MembershipConfig {
        let node = NodeId::satellite(index);
        let scenario = self.scenario.clone();
        let identity =
            Identity { job: "test".into(), scenario: scenario.digest(), node: node.clone(), credentials: None };
        let events = EventSink::new(Watch { seen: watch }, node, self.clock, &[]).expect("a thread");
        MembershipConfig {
            identity,
            aggregator: self.office.address,
            listen: ([127, 0, 0, 1], 0).into(),
            station: Some(self.station),
            scenario,
            data: DataInfo { samples: 1000, holding: Holding::Shared },
            elements: ELEMENTS,
            exempt: 0,
            committed: Round(0),
            history: Digest::default(),
            clock: self.clock,
            events,
        }
    }

    pub(crate) fn close(self) -> Aggregator {
        self.office.close()
    }

    /// The files that the station has assembled.
    pub(crate) fn landed(&self) -> Vec<Bytes> {
        self.inbox.landed.lock().expect("not poisoned").clone()
    }

    pub(crate) fn model(&self) -> Bytes {
        Bytes::from_static(MODEL)
    }
}

/// Runs a station on a thread until `stopped` resolves.
fn open_station(identity: Identity, inbox: Arc<Inbox>, stopped: oneshot::Receiver<()>) -> SocketAddr {
    let listener = Listener::bind(([127, 0, 0, 1], 0).into()).expect("a port");
    let address = listener.address();
    std::thread::spawn(move || {
        starloom_comms::net::runtime().expect("a runtime").block_on(async {
            let _serving = serve_ground(&identity, listener, inbox).expect("serves");
            stopped.await.ok();
        });
    });
    address
}

const MODEL: &[u8] = &[7; 5000];

fn run(
    index: u32,
    membership: &mut Membership,
    outcome: &mut Outcome,
    stays: impl Fn(u32, Round) -> bool,
    file: &Path,
) -> Result<(), MembershipError> {
    let mut round = Round(1);
    while stays(index, round) {
        let agreed = membership.all_reduce(round, gradient(index, round), u64::from(index) + 1)?;
        outcome.digests.push((agreed.digest, agreed.history));
        outcome.means.push(Digest::of(&agreed.mean.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>()));
        assert_mean(&agreed.mean, &agreed.contributors, round);
        outcome.contributors.push(agreed.contributors.to_vec());
        if agreed.then == Then::Finish {
            let checkpoint = Checkpoint { job: "test".into(), round, state: agreed.history };
            let manifest = Manifest::describe(checkpoint, "model.safetensors", MODEL, 1024).expect("a manifest");
            let state = agreed.history;
            membership.checkpoint_written(WrittenCheckpoint { round, state, manifest, file: file.into() })?;
            let report = membership.leave(Report { committed: round, state, ..Report::default() })?;
            (outcome.raw_bytes, outcome.wire_bytes) = (report.raw_bytes, report.wire_bytes);
            return Ok(());
        }
        round = round.next();
    }
    Ok(())
}

pub(crate) fn gradient(index: u32, round: Round) -> Vec<f32> {
    (0..ELEMENTS as u64).map(|i| ((u64::from(index) * 31 + round.0 * 17 + i * 7) % 65) as f32 / 8.0 - 4.0).collect()
}

fn assert_mean(mean: &[f32], contributors: &[(NodeId, u64)], round: Round) {
    let total: u64 = contributors.iter().map(|(_, samples)| samples).sum();
    for i in (0..ELEMENTS).step_by(997) {
        let weighted = contributors.iter().map(|(_, samples)| {
            let index = u32::try_from(*samples).expect("small") - 1;
            let value = ((u64::from(index) * 31 + round.0 * 17 + i as u64 * 7) % 65) as f32 / 8.0 - 4.0;
            f64::from(value) * *samples as f64
        });
        let expected = weighted.sum::<f64>() / total as f64;
        assert!((f64::from(mean[i]) - expected).abs() < 0.02, "{} is not {expected} at {i}", mean[i]);
    }
}

/// Reads the event stream that a node writes.
struct Watch<F> {
    seen: F,
}

impl<F: FnMut((Round, Phase))> Write for Watch<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let event: Event = serde_json::from_slice(line).expect("whole lines");
            if let What::Phase { round, phase, .. } = event.what {
                (self.seen)((round, phase));
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A station that keeps everything in memory.
#[derive(Debug, Default)]
struct Inbox {
    chunks: Mutex<BTreeMap<Digest, Bytes>>,
    landed: Mutex<Vec<Bytes>>,
}

impl GroundInbox for Inbox {
    fn offer(&self, _: &NodeId, manifest: &Manifest) -> Result<Vec<Chunk>, Refusal> {
        Ok(manifest.missing(&self.chunks.lock().expect("not poisoned").keys().copied().collect()))
    }

    fn store(&self, _: &NodeId, _: &Manifest, chunk: &Chunk, bytes: Bytes) -> Result<(), Refusal> {
        self.chunks.lock().expect("not poisoned").insert(chunk.digest, bytes);
        Ok(())
    }

    fn chunk_refused(&self, _: &NodeId, _: &Manifest, _: &Chunk, reason: &str) {
        panic!("a chunk arrived damaged: {reason}");
    }

    fn land(&self, _: &NodeId, manifest: &Manifest) -> Result<Landed, Refusal> {
        let chunks = self.chunks.lock().expect("not poisoned");
        let file: Vec<u8> = manifest.chunks().iter().flat_map(|chunk| chunks[&chunk.digest].to_vec()).collect();
        let digest = Digest::of(&file);
        let landed = Landed { round: manifest.round(), digest, bytes: file.len() as u64, path: "model".into() };
        self.landed.lock().expect("not poisoned").push(file.into());
        Ok(landed)
    }
}
