use std::fs;
use std::io;
use std::path::Path;

use jiff::Timestamp;
use starloom_comms::custody::{Checkpoint, Manifest};
use starloom_comms::id::{Digest, NodeId, Round};
use starloom_comms::net::clock::MissionClock;
use starloom_comms::net::ground::{FileChunks, PassLog, deliver};
use starloom_comms::net::runtime;

use super::*;
use crate::ground::{catalogue, verify};

fn identity(node: NodeId) -> Identity {
    Identity { job: "star12".into(), scenario: Digest::of(b"scenario"), node, credentials: None }
}

fn silent(node: NodeId) -> EventSink {
    let clock = MissionClock::new(Timestamp::UNIX_EPOCH, 1.0);
    EventSink::new(io::sink(), node, clock, &[]).expect("a thread")
}

fn station(store: &Path) -> StationConfig {
    let events = silent(NodeId::station());
    let listener = Listener::bind(([127, 0, 0, 1], 0).into()).expect("a port");
    StationConfig { identity: identity(NodeId::station()), listener, store_dir: store.to_owned(), events }
}

#[test]
fn a_node_delivers_a_checkpoint_over_a_real_connection() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("model.safetensors");
    fs::write(&file, vec![3; 200_000]).expect("writes");
    let checkpoint = Checkpoint { job: "star12".into(), round: Round(20), state: Digest::of(b"state") };
    let manifest = Manifest::describe(checkpoint, "model.safetensors", &fs::read(&file).expect("reads")[..], 65_536);
    let manifest = manifest.expect("in bounds");
    let ground = folder.path().join("ground");
    let config = station(&ground);
    let address = config.listener.address();
    let node = identity(NodeId::satellite(0));
    runtime().expect("a runtime").block_on(async {
        let source = Arc::new(FileChunks::open(&file, &manifest).expect("a file"));
        let delivery = async {
            let mut passes = PassLog::new(&manifest, node.node.clone(), Arc::default(), silent(node.node.clone()));
            let first = deliver(&node, address, None, &manifest, source.clone(), &mut passes).await.expect("lands");
            let again = deliver(&node, address, None, &manifest, source, &mut passes).await.expect("has landed");
            assert_eq!(first, again);
            assert_eq!(first.path, "round-000020/model.safetensors");
        };
        serve_station(config, delivery).await.expect("serves");
    });
    let listed = catalogue(&ground).expect("readable");
    verify(&ground, &listed[0]).expect("intact");
}
