//! The `starloom` program, with the built-in tasks.

use std::process::ExitCode;

// Page faults of freshly mapped tensors cost a third of the training speed with the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    starloom::cli::main(&starloom::trainer::tasks::built_in(), std::env::args_os())
}
