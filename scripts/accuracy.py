#!/usr/bin/env python3
"""The quickstart's accuracy over five seeds against a single process with the same task, data and sample budget.

usage: accuracy.py [SCENARIO] [--binary target/release/starloom] [--seeds 5]

Prints a Markdown table and exits 1 if the means differ by more than 0.01 or the replicas of a run differ.
"""

import argparse
import json
import subprocess
import sys
import tempfile


def starloom(binary, *arguments):
    """One command's JSON output."""
    result = subprocess.run([binary, *arguments, "--json"], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        sys.exit(f"{' '.join(arguments)} ended with {result.returncode}:\n{result.stderr}")
    return json.loads(result.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scenario", nargs="?", default="configs/quickstart.toml")
    parser.add_argument("--binary", default="target/release/starloom")
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    print("| seed | launch | lost | single process | samples |\n|---|---|---|---|---|")
    launched, alone = [], []
    for seed in range(1, options.seeds + 1):
        with tempfile.TemporaryDirectory() as home:
            run = starloom(
                options.binary, "launch", options.scenario, "--seed", str(seed), "--run-dir", f"{home}/run"
            )
        if len(set(run["state_digests"].values())) != 1:
            sys.exit(f"seed {seed}: the replicas differ: {run['state_digests']}")
        samples = run["samples_used"]
        solo = starloom(options.binary, "solo", options.scenario, "--seed", str(seed), "--samples", str(samples))
        launched.append(run["eval_accuracy"])
        alone.append(solo["eval_accuracy"])
        lost = ", ".join(run["nodes_lost"]) or "none"
        print(f"| {seed} | {launched[-1]:.4f} | {lost} | {alone[-1]:.4f} | {samples} |", flush=True)
    means = [sum(values) / len(values) for values in (launched, alone)]
    print(f"| mean | {means[0]:.4f} | | {means[1]:.4f} | |")
    return 0 if abs(means[0] - means[1]) <= 0.01 else 1


if __name__ == "__main__":
    sys.exit(main())
