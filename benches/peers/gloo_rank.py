"""One rank of Gloo's all-reduce, for run.py: `gloo_rank.py RANK RANKS STORE ITERATIONS WARM_UPS SIZE...`.

Sums f32 vectors of SIZE bytes. Rank 0 prints, for each size, a JSON object with the seconds of the slowest rank in each iteration.
"""

import json
import sys
import time

import torch
import torch.distributed as dist


def main():
    rank, ranks, store, iterations, warm_ups = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], *map(int, sys.argv[4:6])
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=ranks)
    for size in map(int, sys.argv[6:]):
        vector = torch.ones(size // 4, dtype=torch.float32)
        times = torch.zeros(iterations, dtype=torch.float64)
        for iteration in range(-warm_ups, iterations):
            vector.fill_(1.0)
            dist.barrier()
            begin = time.perf_counter()
            dist.all_reduce(vector)
            if iteration >= 0:
                times[iteration] = time.perf_counter() - begin
        if vector[0].item() != ranks:
            sys.exit(f"gloo: {vector[0].item()} is not the sum of {ranks} ones")
        dist.all_reduce(times, op=dist.ReduceOp.MAX)
        if rank == 0:
            print(json.dumps({"bytes": size, "secs": times.tolist()}), flush=True)
    dist.destroy_process_group()


main()
