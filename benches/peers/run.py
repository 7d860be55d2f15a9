#!/usr/bin/env python3
"""starloom, Gloo (PyTorch) and Open MPI side by side: the same vectors between the same number of processes over loopback.

usage: run.py [--binary target/release/starloom] [--ranks 4,8] [--sizes 64KiB,1MiB,16MiB,64MiB] [--turns 5] [--iters 20]

The systems take turns, so that a machine that is shared, hot or tired treats all of them alike. A time is that of the slowest
rank of an iteration, and what is printed is the median of all turns, with the ratio of Gloo's to it: the median of the ratios of
the turns, from the least to the greatest. Gloo and Open MPI sum f32, as data-parallel training does with them.

Makes a virtual environment with PyTorch in target/peers (6 GB with the libraries that PyPI's PyTorch insists on); Open MPI has to
be installed (Debian: openmpi-bin, libopenmpi-dev), else it is left out.
"""

import argparse
import itertools
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
UNITS = {"KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
WARM_UPS = 3
# Beyond this nobody waits for a group any longer.
PATIENCE_SECS = 600
# A rank each on two cores is more than Open MPI starts unasked; TCP is what it has in common with the others.
MPI = ["mpirun", "--oversubscribe", "--allow-run-as-root", "--bind-to", "none"]
MPI_TCP = ["--mca", "btl", "tcp,self", "--mca", "btl_tcp_if_include", "lo"]


def size(text):
    for unit, factor in UNITS.items():
        if text.endswith(unit):
            return int(text.removesuffix(unit)) * factor
    sys.exit(f"--sizes: {text} is no size like 64KiB or 16MiB")


def lines_of(result):
    if result.returncode != 0:
        sys.exit(f"{' '.join(map(str, result.args))} ended with {result.returncode}:\n{result.stderr}")
    return [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]


def starloom(options, wire, strategy, ranks):
    command = [options.binary, "bench", "allreduce", "--real", "--nodes", str(ranks), "--strategies", strategy, "--wire", wire]
    command += ["--sizes", options.sizes, "--iters", str(options.iters), "--format", "json"]
    rows = lines_of(subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECS, check=False))
    return {row["payload_bytes"]: row["median_secs"] for row in rows}


def medians(rows):
    return {int(row["bytes"]): statistics.median(row["secs"]) for row in rows}


def gloo(options, python, ranks):
    with tempfile.TemporaryDirectory() as directory:
        def command(rank):
            sizes = [str(size(text)) for text in options.sizes.split(",")]
            numbers = [str(rank), str(ranks), f"{directory}/store", str(options.iters), str(WARM_UPS)]
            return [str(python), str(HERE / "gloo_rank.py"), *numbers, *sizes]

        environment = os.environ | {"GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"}
        others = [subprocess.Popen(command(rank), env=environment) for rank in range(1, ranks)]
        try:
            first = subprocess.run(
                command(0), env=environment, capture_output=True, text=True, timeout=PATIENCE_SECS, check=False
            )
        finally:
            for other in others:
                # They have nothing to do any more, or nobody to do it with.
                other.kill()
                other.wait()
    return medians(lines_of(first))


def mpi(options, program, ranks, extra):
    sizes = [str(size(text)) for text in options.sizes.split(",")]
    command = [*MPI, *extra, "-n", str(ranks), str(program), str(options.iters), str(WARM_UPS), *sizes]
    return medians(lines_of(subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECS, check=False)))


def environment(directory):
    """A Python that has PyTorch."""
    python = directory / "venv" / "bin" / "python"
    if not python.exists():
        venv.create(directory / "venv", with_pip=True)
    if subprocess.run([python, "-c", "import torch, numpy"], capture_output=True, check=False).returncode != 0:
        print("installing PyTorch, once", file=sys.stderr)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-cache-dir", "torch", "numpy"], check=True)
    return python


def systems(options):
    """What to run, by name: from a number of ranks to a median for each size."""
    directory = Path(options.directory).resolve()
    directory.mkdir(parents=True, exist_ok=True)
    python = environment(directory)
    found = {"Gloo f32": lambda ranks: gloo(options, python, ranks)}
    for wire, strategy in itertools.product(options.wires.split(","), options.strategies.split(",")):
        found[f"starloom {strategy} {wire}"] = lambda ranks, wire=wire, strategy=strategy: starloom(
            options, wire, strategy, ranks
        )
    if shutil.which("mpicc") and shutil.which("mpirun"):
        program = directory / "mpi_rank"
        subprocess.run(["mpicc", "-O2", str(HERE / "mpi_rank.c"), "-o", str(program)], check=True)
        found["Open MPI f32, TCP"] = lambda ranks: mpi(options, program, ranks, MPI_TCP)
        found["Open MPI f32, shared memory"] = lambda ranks: mpi(options, program, ranks, [])
    else:
        print("Open MPI is not installed, and left out", file=sys.stderr)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default="target/release/starloom")
    parser.add_argument("--directory", default="target/peers", help="where PyTorch is installed")
    parser.add_argument("--ranks", default="4,8")
    parser.add_argument("--sizes", default="64KiB,1MiB,16MiB,64MiB")
    parser.add_argument("--strategies", default="ring")
    parser.add_argument("--wires", default="f32,fp16,int8")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--iters", type=int, default=20)
    options = parser.parse_args()
    runs = systems(options)
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}")
    print("\n| ranks | vector | system | median ms | Gloo f32 takes … times as long (range) |\n|---|---|---|---|---|")
    for ranks in map(int, options.ranks.split(",")):
        turns = [{name: run(ranks) for name, run in runs.items()} for _ in range(options.turns)]
        for text, name in itertools.product(options.sizes.split(","), runs):
            bytes_ = size(text)
            times = [turn[name][bytes_] for turn in turns]
            ratios = sorted(turn["Gloo f32"][bytes_] / turn[name][bytes_] for turn in turns)
            spread = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
            print(f"| {ranks} | {text} | {name} | {statistics.median(times) * 1e3:.3f} | {spread} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
