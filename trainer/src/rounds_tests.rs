//! Whole jobs among nodes in one process.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use jiff::Timestamp;
use starloom_comms::events::Event;
use starloom_comms::net::clock::MissionClock;
use starloom_comms::net::event_sink::EventSink;
use tempfile::TempDir;

use super::*;
use crate::checkpoint;
use crate::testing::{Lines, LocalExchange, Meeting, Plane, scenario};

struct Ended {
    outcome: Result<Report, MembershipError>,
    checkpoints: PathBuf,
    events: Vec<Event>,
}

impl Ended {
    fn report(&self) -> &Report {
        self.outcome.as_ref().expect("the job ended well")
    }

    fn rounds_written(&self) -> Vec<u64> {
        let mut rounds: Vec<u64> = std::fs::read_dir(&self.checkpoints)
            .into_iter()
            .flatten()
            .map(|entry| checkpoint::read(&entry.expect("an entry").path()).expect("it is whole").round.0)
            .collect();
        rounds.sort_unstable();
        rounds
    }
}

/// What a test changes in a job.
#[derive(Clone, Default)]
struct Change {
    resume_from: Option<PathBuf>,
    fail_in: Option<Round>,
    /// Points whose height is a NaN.
    poisoned: Vec<usize>,
    /// Where `sat-0` can write nothing.
    full_disk: bool,
}

fn run(scenario: &Scenario, home: &Path, change: &Change) -> Vec<Ended> {
    let meeting = Arc::new(Meeting::new(scenario.nodes(), scenario.training.rounds));
    let start = |node: NodeId| {
        let (scenario, home, change, meeting) = (scenario.clone(), home.to_owned(), change.clone(), meeting.clone());
        thread::spawn(move || be_a_node(&scenario, node, &home, &change, meeting))
    };
    let threads: Vec<_> = scenario.nodes().into_iter().map(start).collect();
    threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
}

fn be_a_node(scenario: &Scenario, node: NodeId, home: &Path, change: &Change, meeting: Arc<Meeting>) -> Ended {
    let directory = home.join("nodes").join(node.as_str());
    let checkpoints = directory.join("checkpoints");
    if change.full_disk && node == NodeId::satellite(0) {
        std::fs::create_dir_all(&directory).expect("written");
        std::fs::write(&checkpoints, b"a file where the directory has to go").expect("written");
    }
    let lines = Lines::default();
    let clock = MissionClock::new(Timestamp::now(), 1.0);
    let events = EventSink::new(lines.clone(), node.clone(), clock, &[]).expect("a thread");
    let mut plane = Plane::new(50);
    for point in &change.poisoned {
        plane.heights[*point] = f32::NAN;
    }
    let (mut replica, mut shard) = plane.node(scenario, &node);
    let (mut round, mut history) = (Round(0), Digest::default());
    if let Some(directory) = &change.resume_from {
        let snapshot = checkpoint::read(directory).expect("it is whole");
        replica = replica.restored(snapshot.common).expect("the same model");
        shard = shard.restored(snapshot.dealer, snapshot.round).expect("the same data");
        (round, history) = (snapshot.round, snapshot.history);
    }
    let mut exchange = LocalExchange::new(meeting, node);
    exchange.fail_in = change.fail_in;
    let scribe = Scribe::new("test", &directory, 1 << 20, Arc::new(events.clone()));
    let rules = Rules::of(scenario);
    let rounds = Rounds { exchange, replica, shard, rules, scribe, mission: &events, round, history };
    let outcome = rounds.run(None);
    events.flush().expect("written");
    Ended { outcome, checkpoints, events: lines.events() }
}

fn with_mode(mode: &str, more: &[(&str, &str)]) -> Scenario {
    let inner_steps = if mode == "ddp" { "1" } else { "3" };
    let mut set = vec![
        ("training.mode", mode),
        ("training.rounds", "12"),
        ("training.inner_steps", inner_steps),
        ("training.batch_size", "4"),
        ("training.learning_rate", "0.05"),
        ("checkpoint.every_rounds", "5"),
    ];
    set.extend_from_slice(more);
    scenario(&set)
}

const ADAMW: (&str, &str) = ("training.optimizer", "adamw");

#[test]
fn replicas_stay_bit_identical_in_every_mode() {
    for mode in ["ddp", "local-sgd"] {
        let home = TempDir::new().expect("a directory");
        let ended = run(&with_mode(mode, &[ADAMW]), home.path(), &Change::default());
        let states: Vec<Digest> = ended.iter().map(|node| node.report().state).collect();
        assert_eq!(states[0], states[1], "{mode}");
        for node in &ended {
            assert_eq!(node.report().committed, Round(12), "{mode}");
            assert_eq!(node.rounds_written(), [5, 10, 12], "{mode}");
            assert!(node.report().train_loss.is_some(), "{mode}");
            assert!(node.report().eval_loss.is_some_and(|loss| loss < 0.5), "{mode}: {:?}", node.report());
        }
    }
}

#[test]
fn a_resumed_job_ends_as_one_that_never_stopped() {
    for optimizer in ["adamw", "sgd"] {
        let scenario = with_mode("ddp", &[("training.optimizer", optimizer), ("training.clip_norm", "0.5")]);
        let [whole, halves] = [0, 1].map(|_| TempDir::new().expect("a directory"));
        let never_stopped = run(&scenario, whole.path(), &Change::default());
        let stopped = Change { fail_in: Some(Round(8)), ..Change::default() };
        let first_half = run(&scenario, halves.path(), &stopped);
        assert!(first_half.iter().all(|node| node.outcome.is_err()));
        let newest = checkpoint::newest(halves.path()).newest.expect("round 7 is written when the job is called off");
        assert_eq!(newest.round, Round(7));
        let resumed = Change { resume_from: Some(newest.directory), ..Change::default() };
        let second_half = run(&scenario, halves.path(), &resumed);
        assert_eq!(second_half[0].report().state, never_stopped[0].report().state, "{optimizer}");
        assert_eq!(second_half[1].report().state, never_stopped[1].report().state, "{optimizer}");
    }
}

#[test]
fn a_node_whose_job_is_called_off_keeps_what_was_committed() {
    let home = TempDir::new().expect("a directory");
    let scenario = with_mode("local-sgd", &[("checkpoint.every_rounds", "0")]);
    let ended = run(&scenario, home.path(), &Change { fail_in: Some(Round(4)), ..Change::default() });
    for node in &ended {
        assert_eq!(node.outcome, Err(MembershipError::Refused { reason: "the job is called off".into() }));
        assert_eq!(node.rounds_written(), [3]);
    }
}

#[test]
fn a_poisoned_sample_costs_its_contribution_and_nothing_else() {
    for mode in ["ddp", "local-sgd"] {
        let home = TempDir::new().expect("a directory");
        let change = Change { poisoned: vec![3], ..Change::default() };
        let ended = run(&with_mode(mode, &[("training.momentum", "0.9")]), home.path(), &change);
        assert_eq!(ended[0].report().state, ended[1].report().state, "{mode}");
        let model = checkpoint::read(&ended[0].checkpoints.join("round-000012")).expect("it is whole").common.model;
        assert!(model.iter().all(|(_, tensor)| tensor.values.iter().all(|value| value.is_finite())), "{mode}");
    }
}

#[test]
fn a_round_that_nobody_contributes_to_changes_nothing() {
    let home = TempDir::new().expect("a directory");
    let change = Change { poisoned: (0..50).collect(), ..Change::default() };
    let ended = run(&with_mode("ddp", &[ADAMW]), home.path(), &change);
    let state = |round: &str| checkpoint::read(&ended[0].checkpoints.join(round)).expect("it is whole").common;
    assert_eq!(state("round-000005"), state("round-000012"));
}

#[test]
fn a_disk_that_refuses_a_checkpoint_does_not_stop_the_node() {
    let home = TempDir::new().expect("a directory");
    let change = Change { full_disk: true, ..Change::default() };
    let ended = run(&with_mode("ddp", &[]), home.path(), &change);
    assert_eq!(ended[0].report().state, ended[1].report().state);
    assert_eq!(ended[1].rounds_written(), [5, 10, 12]);
    let warnings = ended[0]
        .events
        .iter()
        .filter(|event| matches!(&event.what, What::Warning { message } if message.contains("round 5")));
    assert_eq!(warnings.count(), 1);
}

#[test]
fn steps_are_told_with_their_shard_and_loss() {
    let home = TempDir::new().expect("a directory");
    let ended = run(&with_mode("local-sgd", &[]), home.path(), &Change::default());
    let first: Vec<_> = ended[0]
        .events
        .iter()
        .filter_map(|event| match event.what {
            What::Step { round: Round(1), step, of, shard, loss } => Some((step, of, shard, loss > 0.0)),
            _ => None,
        })
        .collect();
    assert_eq!(first, [(1, 3, 12, true), (2, 3, 12, true), (3, 3, 12, true)]);
}
