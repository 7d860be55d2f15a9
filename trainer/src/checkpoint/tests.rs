//! Checkpoints that read back, and those that must not.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::write::write_file;
use super::*;

fn snapshot(round: u64) -> Snapshot {
    let mut model = NamedTensors::default();
    model.insert("fc.weight".into(), vec![2, 2], vec![0.5, -1.5, round as f32, 2.0]);
    let mut moments = NamedTensors::default();
    moments.insert("velocity".into(), vec![4], vec![0.1; 4]);
    Snapshot {
        task: "digits".into(),
        mode: Mode::Ddp,
        round: Round(round),
        history: Digest::of(b"means"),
        mission_secs: 12.5,
        dealer: Some(Dealer::new(100, 7)),
        common: CommonState { model, optimizer: Some(OptimizerState { steps: round, tensors: moments }) },
    }
}

fn written(home: &Path, node: &str, round: u64) -> PathBuf {
    let directory = home.join("nodes").join(node).join("checkpoints");
    write(&directory, &snapshot(round)).expect("the disk has room").directory
}

#[test]
fn a_checkpoint_reads_back_to_the_same_state() {
    let home = TempDir::new().expect("a directory");
    let directory = written(home.path(), "sat-0", 10);
    assert!(directory.ends_with("nodes/sat-0/checkpoints/round-000010"));
    assert_eq!(read(&directory).expect("its own checkpoint"), snapshot(10));
    let again = written(home.path(), "sat-0", 10);
    assert_eq!(read(&again).expect("written over"), snapshot(10));
}

#[test]
fn replicas_write_the_same_bytes() {
    let home = TempDir::new().expect("a directory");
    let [one, other] = ["sat-0", "sat-1"].map(|node| written(home.path(), node, 3));
    for file in [MODEL_FILE, OPTIMIZER_FILE, STATE_FILE] {
        assert_eq!(fs::read(one.join(file)).expect("read"), fs::read(other.join(file)).expect("read"), "{file}");
    }
}

#[test]
fn the_digest_covers_round_weights_optimizer_and_dealer() {
    let base = snapshot(3).digest();
    assert_eq!(base, snapshot(3).digest());
    let changed = |change: &dyn Fn(&mut Snapshot)| {
        let mut changed = snapshot(3);
        change(&mut changed);
        changed.digest()
    };
    assert_ne!(base, changed(&|snapshot| snapshot.round = Round(4)));
    assert_ne!(base, changed(&|snapshot| drop(snapshot.common.model.take("fc.weight"))));
    assert_ne!(base, changed(&|snapshot| snapshot.common.optimizer = None));
    assert_ne!(base, changed(&|snapshot| snapshot.dealer = None));
}

#[test]
fn any_flipped_or_missing_byte_is_noticed() {
    let home = TempDir::new().expect("a directory");
    let directory = written(home.path(), "sat-0", 10);
    for file in [MODEL_FILE, OPTIMIZER_FILE, STATE_FILE] {
        let path = directory.join(file);
        let bytes = fs::read(&path).expect("read");
        for at in (0..bytes.len()).step_by(7) {
            let mut flipped = bytes.clone();
            flipped[at] ^= 0x04;
            fs::write(&path, &flipped).expect("written");
            match read(&directory) {
                Err(_) => {}
                // A bit of the mission time or of the history is no bit of the common state.
                Ok(read) => assert_eq!(read.digest(), snapshot(10).digest(), "byte {at} of {file}"),
            }
        }
        fs::write(&path, &bytes[..bytes.len() / 2]).expect("written");
        let error = read(&directory).expect_err("truncated").to_string();
        assert!(error.contains(file), "{error}");
        fs::write(&path, &bytes).expect("written");
    }
}

#[test]
fn a_foreign_format_version_is_named_with_ours() {
    let home = TempDir::new().expect("a directory");
    let directory = written(home.path(), "sat-0", 1);
    fs::write(directory.join(STATE_FILE), br#"{"format": 2, "rings": []}"#).expect("written");
    let error = read(&directory).expect_err("another version").to_string();
    assert!(error.contains("version 2") && error.contains("reads 1"), "{error}");
}

#[test]
fn the_newest_valid_checkpoint_of_any_node_is_found() {
    let home = TempDir::new().expect("a directory");
    assert!(newest(home.path()).newest.is_none());
    for (node, round) in [("sat-0", 8), ("sat-1", 10), ("sat-2", 10), ("sat-3", 12)] {
        written(home.path(), node, round);
    }
    let torn = home.path().join("nodes/sat-3/checkpoints/round-000012");
    fs::write(torn.join(MODEL_FILE), b"torn").expect("written");
    fs::create_dir(home.path().join("nodes/sat-0/checkpoints/.round-000099.draft")).expect("a draft");
    let found = newest(home.path());
    let newest = found.newest.expect("three are whole");
    assert_eq!((newest.node.as_str(), newest.round), ("sat-1", Round(10)));
    assert_eq!(newest.state, snapshot(10).digest());
    assert_eq!(found.damaged.len(), 1);
    assert_eq!(found.damaged[0].0, torn);
}

#[test]
fn pruning_keeps_the_newest_and_clears_drafts() {
    let home = TempDir::new().expect("a directory");
    // By number, not as text: seven digits come after six.
    for round in [1, 999_999, 1_000_000, 1_000_001] {
        written(home.path(), "sat-0", round);
    }
    let directory = home.path().join("nodes/sat-0/checkpoints");
    fs::create_dir(directory.join(".round-000012.draft")).expect("a draft");
    prune(&directory, 3);
    let mut names: Vec<_> = fs::read_dir(&directory).expect("read").flatten().map(|entry| entry.file_name()).collect();
    names.sort_unstable();
    assert_eq!(names, ["round-1000000", "round-1000001", "round-999999"]);
}

#[test]
fn a_full_disk_is_an_error_that_leaves_older_checkpoints_alone() {
    let full = write_file(Path::new("/dev/full"), b"weights").expect_err("it is always full");
    assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);

    let home = TempDir::new().expect("a directory");
    let older = written(home.path(), "sat-0", 1);
    let directory = home.path().join("nodes/sat-0/checkpoints");
    // A file where the draft's directory has to go: nothing can be written there.
    fs::write(directory.join(".round-000002.draft"), b"").expect("written");
    let error = write(&directory, &snapshot(2)).expect_err("no directory").to_string();
    assert!(error.contains("round 2") && error.contains("older checkpoints are untouched"), "{error}");
    assert_eq!(read(&older).expect("untouched"), snapshot(1));
}
