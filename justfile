# One way to check, one way to fix. `just verify` reads only, `just fix` writes.

# Everything that has to hold, as the gate runs it.
verify:
    bash .ci/run

# Tests of all crates.
test:
    cargo test

# Format and take clippy's suggestions.
fix:
    cargo fmt --all
    cargo clippy --workspace --all-targets --fix --allow-dirty --allow-staged -- -D warnings

# The main job.
quickstart:
    cargo run --release -- launch configs/quickstart.toml

# From SIGKILL to the next commit, over 30 kills; the table in docs/measurements.md.
kill-recovery:
    cargo bench --bench kill_recovery

# Kernels, lanes, all-reduce, a node's overhead, orbits; the tables in docs/measurements.md.
bench:
    cargo bench --bench kernels
    cargo bench --bench links
    cargo run --release -- bench allreduce --real --nodes 2 --sizes 4KiB,64KiB,1MiB,4MiB,16MiB,64MiB
    cargo run --release -- bench allreduce --real --nodes 4 --sizes 4KiB,64KiB,1MiB,4MiB,16MiB,64MiB
    cargo run --release -- bench allreduce --real --nodes 8 --sizes 4KiB,64KiB,1MiB,4MiB,16MiB,64MiB
    cargo bench --bench overhead
    cargo bench --bench orbits
    cargo bench --bench planner

# All-reduce beside Gloo (PyTorch) and Open MPI; the table in docs/measurements.md.
peers:
    cargo build --release
    python3 benches/peers/run.py

# The quickstart's accuracy over five seeds against a single process with the same budget.
accuracy:
    python3 scripts/accuracy.py

# Fuzz one parser for a while: scenario, frame, manifest, elements, plan_ion or plan_jsonl.
fuzz target="frame" seconds="60":
    cd fuzz && RUSTC_BOOTSTRAP=1 cargo fuzz run {{target}} -- -max_total_time={{seconds}}
