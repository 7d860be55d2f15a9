//! The examples, as a user would run them: a task of one's own with the whole command line, and a hand-written loop
//! with one call added.

#![allow(clippy::expect_used, reason = "a test ends where it cannot go on")]

mod harness;

use std::path::{Path, PathBuf};
use std::process::Command;

use harness::{Ended, Job, run};

/// Cargo builds the examples before it runs this test, into the folder beside it.
fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("this test's own path");
    let target = test.parent().and_then(Path::parent).expect("target/<profile>/deps");
    let path = target.join("examples").join(name);
    assert!(path.is_file(), "{} is not built: run `cargo test`, or `cargo build --examples` first", path.display());
    path
}

const SCENARIO: &str = r#"
name = "own"
seed = 7
[mesh]
nodes = 3
topology = "full"
rate_mbps = 1000
delay_ms = 1
[ground]
rate_mbps = 1000
"#;

#[test]
fn a_users_own_task_has_the_whole_command_line() {
    let program = example("custom_task");
    let scenario = format!(
        "{SCENARIO}[job]\ntask = \"spirals\"\n[training]\nmode = \"local-sgd\"\nrounds = 20\ninner_steps = 8\n\
         optimizer = \"adamw\"\nlearning_rate = 0.01\n"
    );
    let ended = Job::launch_with(Command::new(&program), &scenario, &[]).end();
    ended.assert_completed().assert_lost(&[]).assert_replicas(3);
    let accuracy = ended.number("eval_accuracy");
    assert!(accuracy > 0.9, "{}", ended.transcript);

    // What landed is that model: trained on no sample more, it is as good.
    let landed = ended.summary["checkpoints_landed"].as_array().and_then(|all| all.last()).expect("one has landed");
    let init = ended.run_dir.join(landed["path"].as_str().expect("a path"));
    let mut solo = Command::new(&program);
    solo.arg("solo").arg(ended.run_dir.join("scenario.toml")).args(["--samples", "0", "--json", "--set"]);
    let alone = run(solo.arg(format!("job.init={}", init.display())));
    assert!(alone.status.success(), "{}", String::from_utf8_lossy(&alone.stderr));
    let alone: serde_json::Value = serde_json::from_slice(&alone.stdout).expect("JSON and nothing else");
    assert_eq!(alone["eval_accuracy"].as_f64(), Some(accuracy));
}

#[test]
fn a_users_own_loop_trains_alone_and_as_a_job() {
    let program = example("own_loop");
    let alone = run(&mut Command::new(&program));
    assert!(alone.status.success(), "{}", String::from_utf8_lossy(&alone.stderr));
    let scenario = format!(
        "{SCENARIO}[job]\ntask = \"sine\"\n[training]\nmode = \"ddp\"\nrounds = 60\n[checkpoint]\nevery_rounds = 20\n"
    );
    let ended: Ended = Job::launch(&scenario, &["--program", program.to_str().expect("UTF-8")]).end();
    ended.assert_completed().assert_lost(&[]).assert_replicas(3);
    assert_eq!(ended.number("rounds_committed"), 60.0);
    assert!(ended.number("train_loss") < 0.1, "{}", ended.transcript);

    // With no round left a resumed loop only brings its last checkpoint to the ground.
    let again = Job::resume(ended, &["--program", program.to_str().expect("UTF-8")]).end();
    again.assert_completed().assert_replicas(3);
    assert_eq!(again.number("rounds_committed"), 60.0);
}

#[test]
fn private_shards_train_a_common_model() {
    let scenario = format!(
        "{SCENARIO}[job]\ntask = \"digits\"\n[training]\nmode = \"fedavg\"\nrounds = 12\ninner_steps = 8\n\
         learning_rate = 0.1\n[private]\ndirichlet_alpha = 0.5\n"
    );
    let ended = Job::launch(&scenario, &[]).end();
    ended.assert_completed().assert_lost(&[]).assert_replicas(3);
    assert!(ended.number("eval_accuracy") > 0.5, "{}", ended.transcript);
}
