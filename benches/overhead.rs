//! What starloom costs one node: the same training by a job of one node and by a plain Burn loop.
//!
//! `cargo bench --bench overhead`. An iteration is what the job calls a round: eight inner steps of `digits` in the quickstart's
//! mode `local-sgd`, one step in `ddp`, which agrees on every step. The job is a real one: processes, mTLS, an aggregator
//! that journals each round to disk, a checkpoint every 20 rounds; its time is from one commit to another, so starting and
//! landing are left out. Both sides compute on one thread, as the nodes of a launch do.

#![allow(clippy::expect_used, reason = "a bench that cannot set itself up ends")]

#[path = "../tests/harness/mod.rs"]
mod harness;

use std::hint::black_box;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::{Duration, Instant};

use burn::module::Module;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{GradientsParams, SgdConfig};
use criterion::{Criterion, SamplingMode};
use harness::Job;
use jiff::Timestamp;
use serde_json::Value;
use starloom::prelude::*;
use starloom::trainer::tasks::digits::{Digit, Digits};

// What the starloom binary has: without it the plain loop would be slower than the job.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BATCH: usize = 32;
const RATE: f64 = 0.05;
/// Rounds before the clock starts: connections, buffers and caches are warm then.
const WARM_UP: u64 = 20;

fn main() {
    if std::env::var_os("RAYON_NUM_THREADS").is_none() {
        // A pool of threads takes its size from the environment that the process starts with.
        let mut again = Command::new(std::env::current_exe().expect("this bench's own path"));
        panic!("{}", again.args(std::env::args_os().skip(1)).env("RAYON_NUM_THREADS", "1").exec());
    }
    let mut criterion = Criterion::default().configure_from_args();
    for (mode, steps) in [("local-sgd", 8), ("ddp", 1)] {
        let mut group = criterion.benchmark_group(format!("one node, {mode}, {steps} steps a round"));
        group.sampling_mode(SamplingMode::Flat).sample_size(10);
        group.warm_up_time(Duration::from_secs(2)).measurement_time(Duration::from_secs(20));
        group.bench_function("plain loop", |bencher| bencher.iter_custom(|rounds| plain(rounds * steps)));
        group.bench_function("starloom", |bencher| bencher.iter_custom(|rounds| job(mode, steps, rounds)));
        group.finish();
    }
    criterion.final_summary();
}

/// The loop that anyone would write.
fn plain(steps: u64) -> Duration {
    let device = starloom::trainer::device();
    device.seed(7);
    let split = Digits.data(&DataSource::new(7, 0.2)).expect("the data ships with the crate");
    let mut model = Digits.model(&device);
    let momentum = MomentumConfig::new().with_momentum(0.9).with_dampening(0.0);
    let mut optimizer = SgdConfig::new().with_momentum(Some(momentum)).init();
    let mut batches = split.train.chunks_exact(BATCH).cycle();
    let mut step = |model: <Digits as Task>::Model| {
        let batch: Vec<&Digit> = batches.next().expect("there are samples").iter().collect();
        let loss = Digits.loss(&model, &batch, &device);
        black_box(loss.clone().into_scalar::<f32>());
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        optimizer.step(RATE, model, gradients)
    };
    for _ in 0..WARM_UP {
        model = step(model);
    }
    let began = Instant::now();
    for _ in 0..steps {
        model = step(model);
    }
    let took = began.elapsed();
    black_box(model.num_params());
    took
}

/// The same steps as a job: from the commit after the warm-up to that of the last round.
fn job(mode: &str, steps: u64, rounds: u64) -> Duration {
    let last = WARM_UP + rounds;
    let scenario = format!(
        "name = \"overhead\"\nseed = 7\n[mesh]\nnodes = 1\n[job]\ntask = \"digits\"\n\
         [training]\nmode = \"{mode}\"\nrounds = {last}\ninner_steps = {steps}\nbatch_size = {BATCH}\n\
         optimizer = \"sgd\"\nmomentum = 0.9\nlearning_rate = {RATE}\n[checkpoint]\nevery_rounds = 20\n"
    );
    let ended = Job::launch(&scenario, &[]).end();
    ended.assert_completed();
    let commits = ended.events_of("round_committed");
    let at = |round: u64| {
        let commit = commits.iter().find(|event| event["round"] == round).expect("the round was committed");
        wall(commit)
    };
    at(last).duration_since(at(WARM_UP)).try_into().expect("commits follow each other")
}

fn wall(event: &Value) -> Timestamp {
    event["wall"].as_str().and_then(|text| text.parse().ok()).expect("an event has a wall time")
}
