//! Fuzzes the importer of contact plans as lines of JSON.

#![no_main]

#[path = "../checks/plan_jsonl.rs"]
mod plan_jsonl;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| plan_jsonl::check(bytes));
