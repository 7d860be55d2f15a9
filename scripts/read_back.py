#!/usr/bin/env python3
"""Opens a landed model with the Python package `safetensors`, writes it anew, and has starloom evaluate what Python wrote.

usage: read_back.py RUN_DIR [--binary target/release/starloom]        (needs `pip install safetensors numpy`)

Prints the tensors and both accuracies; exits 1 if they differ.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

from safetensors.numpy import load_file, save_file


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run_dir", type=pathlib.Path)
    parser.add_argument("--binary", default="target/release/starloom")
    options = parser.parse_args()
    summary = json.loads((options.run_dir / "summary.json").read_text())
    tensors = load_file(options.run_dir / summary["checkpoints_landed"][-1]["path"])
    for name, tensor in sorted(tensors.items()):
        print(f"{name}: {tensor.dtype} {list(tensor.shape)}")
    with tempfile.TemporaryDirectory() as home:
        copy = f"{home}/copy.safetensors"
        save_file(tensors, copy)
        # No sample to train on: what is evaluated is what was read.
        command = [options.binary, "solo", options.run_dir / "scenario.toml", "--samples", "0", "--json"]
        result = subprocess.run([*command, "--set", f"job.init={copy}"], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        sys.exit(result.stderr)
    read_back = json.loads(result.stdout)["eval_accuracy"]
    print(f"accuracy of the job {summary['eval_accuracy']:.4f}, of the weights read back {read_back:.4f}")
    return 0 if read_back == summary["eval_accuracy"] else 1


if __name__ == "__main__":
    sys.exit(main())
