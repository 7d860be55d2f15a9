#!/usr/bin/env python3
"""Checks the summary of a quickstart run: check_summary.py RUN_DIR. Exits 1 and names each claim that does not hold."""

import json
import os
import struct
import sys


def tensors(path):
    """The header of a safetensors file: name to dtype, shape and offsets (the format's specification in ten lines)."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    header.pop("__metadata__", None)
    return header


PASS_KEYS = {"node", "station", "start_secs", "end_secs", "chunks", "bytes"}


def chunks(path):
    """How many different chunks the model at path has, by the manifest beside it."""
    with open(os.path.join(os.path.dirname(path), "manifest.json")) as file:
        return len({chunk["digest"] for chunk in json.load(file)["chunks"]})


def main(run_dir):
    with open(os.path.join(run_dir, "summary.json")) as file:
        summary = json.load(file)
    landed = summary["checkpoints_landed"]
    model = os.path.join(run_dir, landed[-1]["path"]) if landed else None
    passes = landed[-1]["passes"] if landed else []
    claims = [
        ("accuracy is at least 0.95", (summary["eval_accuracy"] or 0) >= 0.95),
        ("one of four nodes was lost", summary["nodes_started"] == 4 and len(summary["nodes_lost"]) == 1),
        ("three living nodes reported", len(summary["state_digests"]) == 3),
        ("all replicas are bit-identical", len(set(summary["state_digests"].values())) == 1),
        ("the wire carries at most 0.51 of the raw bytes", summary["wire_bytes"] <= 0.51 * summary["raw_bytes"]),
        ("the last round's checkpoint landed", bool(landed) and landed[-1]["round"] == summary["rounds_committed"]),
        ("its passes carried each of its chunks once", bool(model) and chunks(model) == sum(p["chunks"] for p in passes)),
        ("every pass names node, station, start and end", all(PASS_KEYS == p.keys() for p in passes)),
        ("model.safetensors is there and has tensors", bool(model) and len(tensors(model)) > 0),
    ]
    broken = [claim for claim, holds in claims if not holds]
    for claim in broken:
        print(f"does not hold: {claim}")
    print(f"{len(claims) - len(broken)} of {len(claims)} claims hold")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
