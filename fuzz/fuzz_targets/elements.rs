//! Fuzzes the importers of element sets: TLE, and OMM in JSON and CSV.

#![no_main]

#[path = "../checks/elements.rs"]
mod elements;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| elements::check(bytes));
