//! The built-in task learns what it is for, on a small budget.

#![expect(clippy::expect_used, reason = "a scenario of this test's own that does not parse is its failure")]

use std::path::Path;

use starloom_comms::scenario::Scenario;
use starloom_trainer::tasks::built_in;

fn scenario(set: &[(&str, &str)]) -> Scenario {
    let set: Vec<(String, String)> = set.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let text = "name = \"digits\"\nseed = 7\n[mesh]\nnodes = 2\n";
    Scenario::parse_with(text, Path::new("digits.toml"), &set).expect("a valid scenario")
}

#[test]
fn digits_are_told_apart_after_a_few_passes() {
    let scenario = scenario(&[
        ("training.rounds", "14"),
        ("training.inner_steps", "10"),
        ("training.batch_size", "32"),
        ("training.learning_rate", "0.1"),
        ("training.schedule", "cosine"),
    ]);
    let programs = built_in();
    let digits = programs.iter().find(|program| program.name() == "digits").expect("it is built in");
    let report = digits.solo(&scenario, None).expect("the data ships with the crate");
    // 1,438 images are a pass of 22 steps of 64 and one of 30.
    assert_eq!((report.steps, report.samples), (144, 140 * 64));
    let accuracy = report.evaluation.and_then(|evaluation| evaluation.accuracy).expect("digits are classified");
    assert!(accuracy >= 0.95, "accuracy {accuracy}, in {:?}", report.wall);
}
