//! Replays the corpora of the fuzz targets, each through the target's own check.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test that cannot read its corpus fails, and says where"
)]

#[path = "../../fuzz/checks/elements.rs"]
mod elements;
#[path = "../../fuzz/checks/frame.rs"]
mod frame;
#[path = "../../fuzz/checks/manifest.rs"]
mod manifest;
#[path = "../../fuzz/checks/plan_ion.rs"]
mod plan_ion;
#[path = "../../fuzz/checks/plan_jsonl.rs"]
mod plan_jsonl;
#[path = "../../fuzz/checks/scenario.rs"]
mod scenario;

use std::path::{Path, PathBuf};

#[test]
fn no_element_set_of_the_corpus_does_harm() {
    replay("elements", elements::check);
}

#[test]
fn no_frame_of_the_corpus_does_harm() {
    replay("frame", frame::check);
}

#[test]
fn no_manifest_of_the_corpus_does_harm() {
    replay("manifest", manifest::check);
}

#[test]
fn no_plan_of_ion_of_the_corpus_does_harm() {
    replay("plan_ion", plan_ion::check);
}

#[test]
fn no_plan_as_json_of_the_corpus_does_harm() {
    replay("plan_jsonl", plan_jsonl::check);
}

#[test]
fn no_scenario_of_the_corpus_does_harm() {
    replay("scenario", scenario::check);
}

/// Runs `check` on every file of a target's corpus; shows the file that it is at if it panics.
fn replay(target: &str, check: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(&corpus).expect("a corpus").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", corpus.display());
    for file in files {
        println!("{}", file.display());
        check(&std::fs::read(&file).expect("a file"));
    }
}
