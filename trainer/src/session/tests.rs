//! Hand-written loops that take part in a job.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use burn::module::Module;
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::{Tensor, TensorData};
use jiff::Timestamp;
use starloom_comms::control::Report;
use starloom_comms::id::NodeId;
use starloom_comms::net::clock::MissionClock;
use starloom_comms::net::event_sink::EventSink;
use starloom_comms::net::identity::Identity;
use starloom_comms::scenario::Scenario;
use tempfile::TempDir;

use super::seat::Seat;
use super::*;
use crate::checkpoint;
use crate::device;
use crate::flat::{Layout, values};
use crate::node::NodeConfig;
use crate::testing::{LocalExchange, Meeting, Normed, scenario};

fn config(scenario: &Scenario, node: &NodeId, home: &Path) -> NodeConfig {
    let clock = MissionClock::new(Timestamp::now(), 1.0);
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
    NodeConfig {
        scenario: Arc::new(scenario.clone()),
        identity: Identity { job: "test".into(), scenario: scenario.digest(), node: node.clone(), credentials: None },
        aggregator: nowhere,
        station: None,
        listen: nowhere,
        directory: home.join("nodes").join(node.as_str()),
        resume_from: None,
        clock,
        events: EventSink::new(std::io::sink(), node.clone(), clock, &[]).expect("a thread"),
    }
}

/// The training loop of somebody who has one.
fn train(
    mut seat: Seat<LocalExchange>,
    meeting: Arc<Meeting>,
    node: NodeId,
    steps: usize,
) -> Result<Report, SessionError> {
    let device = device();
    let mut model = crate::model::build(5, &device, || Normed::new(&device));
    model = seat.start(model)?;
    let mut optimizer = SgdConfig::new().init();
    seat.join(LocalExchange::new(meeting, node), Layout::of(&model))?;
    for step in 0..steps {
        let points: Vec<f32> = (0..8).map(|at| ((seat.slot() * 31 + step * 7 + at) % 13) as f32 / 13.0).collect();
        let points = Tensor::<2>::from_data(TensorData::new(points, [4, 2]), &device);
        let loss = model.forward(points).powi_scalar(2).mean();
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        let gradients = seat.next_round(&model, gradients, 4 + seat.slot() as u64)?;
        model = optimizer.step(0.1, model, gradients);
    }
    seat.finish(&model)
}

fn run(rounds: &str, steps: usize, home: &Path) -> Vec<Result<Report, SessionError>> {
    let scenario = scenario(&[
        ("training.mode", "ddp"),
        ("training.rounds", rounds),
        ("job.task", "mine"),
        ("checkpoint.every_rounds", "2"),
    ]);
    let meeting = Arc::new(Meeting::new(scenario.nodes(), scenario.training.rounds));
    let start = |node: NodeId| {
        let (config, meeting) = (config(&scenario, &node, home), meeting.clone());
        thread::spawn(move || train(Seat::new(config)?, meeting, node, steps))
    };
    let threads: Vec<_> = scenario.nodes().into_iter().map(start).collect();
    threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
}

#[test]
fn loops_that_average_stay_bit_identical_with_their_running_statistics() {
    let home = TempDir::new().expect("a directory");
    let reports = run("5", 5, home.path());
    let states: Vec<_> = reports.iter().map(|report| report.as_ref().expect("it ends well").state).collect();
    assert_eq!(states[0], states[1]);
    for round in ["round-000002", "round-000004", "round-000005"] {
        let [one, other] = ["sat-0", "sat-1"].map(|node| {
            let directory = home.path().join("nodes").join(node).join("checkpoints").join(round);
            checkpoint::read(&directory).expect("it is whole").common
        });
        assert_eq!(one, other, "{round}");
        let mean = &one.model.get("norm.running_mean").expect("batch norm").values;
        assert!(mean.iter().all(|value| *value != 0.0), "{round}: {mean:?}");
    }
}

#[test]
fn a_loop_as_long_as_the_job_is_the_only_one_that_ends_well() {
    let home = TempDir::new().expect("a directory");
    let short = run("5", 3, home.path()).remove(0).expect_err("two rounds are left").to_string();
    assert!(short.contains("round 3") && short.contains("training.rounds is 5"), "{short}");
    let long = run("5", 6, home.path()).remove(0).expect_err("one step too many").to_string();
    assert!(long.contains("ended with round 5"), "{long}");
}

#[test]
fn a_loop_alone_keeps_its_gradients() {
    let device = device();
    let model = Normed::drawn(&device);
    let mut session = Session(None);
    let model = session.start(model).expect("alone");
    let gradients = GradientsParams::from_grads(model.forward(Tensor::ones([3, 2], &device)).sum().backward(), &model);
    let before = values(gradients.get::<2>(model.last.weight.id).expect("it trains"));
    let gradients = session.average(&model, gradients, 3).expect("alone");
    assert_eq!(values(gradients.get::<2>(model.last.weight.id).expect("it trains")), before);
    assert_eq!((session.slot(), session.slots(), session.rounds_done(), session.is_over()), (0, 1, 0, false));
    assert!(session.finish(&model).expect("alone").is_none());
    assert_eq!(model.num_params(), 24);
}

#[test]
fn a_session_config_reads_back_from_the_environments_text() {
    let config = SessionConfig {
        scenario: "runs/a/scenario.toml".into(),
        run_dir: "runs/a".into(),
        job: "a".into(),
        node: NodeId::satellite(1),
        aggregator: SocketAddr::from(([127, 0, 0, 1], 4000)),
        station: None,
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        certs: Some("runs/a/certs".into()),
        mission_start: Timestamp::UNIX_EPOCH,
        resume_from: None,
    };
    assert_eq!(serde_json::from_str::<SessionConfig>(&config.to_json()).expect("its own text"), config);
}
