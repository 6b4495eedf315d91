"""Throughput of two pinned warm dask workers against one, interleaved, each worker on a core of its own.

Both sides run in the same cluster: a round gives the same number of fresh cases (new seeds, so nothing is shared;
same shapes, so everything is compiled) first to one worker, then to both, and the order alternates. Goal: median ratio
at least 1.5.

    python benchmarks/worker_scaling.py [--rounds 6] [--cases 6]
"""

import argparse
import itertools
import os
import statistics
import tempfile
import time
from pathlib import Path

import msgspec

from gnomon.engine.conduct import perform
from gnomon.spec.study import DataPlan, Limits, Ref, TrialRef, make_case
from gnomon.store.results import Store

DATA = DataPlan(trajectories=8, validation=2, steps=100)
TRIAL = TrialRef(kind="shift", args={"length": 10.0, "units": 16})


def main() -> None:
    """Run the rounds and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--cases", type=int, default=6)
    options = parser.parse_args()
    from dask.distributed import Client, LocalCluster

    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        store = Store(Path(folder))
        addresses = list(client.scheduler_info()["workers"])
        for core, address in enumerate(addresses):
            client.run(pin, core % (os.cpu_count() or 1), workers=[address])
        seeds = itertools.count(1)

        def batch(workers: list[str]) -> float:
            tasks = [packed(next(seeds)) for _ in range(options.cases)]
            began = time.perf_counter()
            futures = [
                client.submit(
                    perform,
                    str(store.root),
                    "case",
                    task,
                    LIMITS,
                    workers=[workers[i % len(workers)]],
                    pure=False,
                )
                for i, task in enumerate(tasks)
            ]
            client.gather(futures)
            return options.cases / (time.perf_counter() - began)

        for address in addresses:  # warm both: import and compile
            batch([address])
        ratios = []
        for number in range(options.rounds):
            order = (addresses[:1], addresses) if number % 2 == 0 else (addresses, addresses[:1])
            rate = {len(workers): batch(workers) for workers in order}
            ratios.append(rate[2] / rate[1])
            print(
                f"round {number + 1}: one worker {rate[1]:.2f} cases/s, two {rate[2]:.2f}, ratio {ratios[-1]:.2f}"
            )
        print(f"median ratio over {len(ratios)} rounds: {statistics.median(ratios):.2f} (goal: at least 1.5)")


LIMITS = msgspec.json.encode(Limits())


def packed(seed: int) -> bytes:
    """A case that shares no node with any other."""
    case = make_case(
        Ref(kind="lorenz96"), Ref(kind="perfect"), TRIAL, data=DATA, seed=seed, precision="float64"
    )
    return msgspec.json.encode(case)


def pin(core: int) -> None:
    """Keep the calling worker, all its threads, on one core."""
    for thread in os.listdir("/proc/self/task"):
        os.sched_setaffinity(int(thread), {core})


if __name__ == "__main__":
    main()
