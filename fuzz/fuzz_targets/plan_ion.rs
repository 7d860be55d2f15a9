//! Fuzzes the importer of contact plans of ION.

#![no_main]

#[path = "../checks/plan_ion.rs"]
mod plan_ion;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| plan_ion::check(bytes));
