"""Overhead of engine and store for one case in a warm worker: everything but simulation.

Every node a case needs lies in the store, so what is timed is identity, fetching, scoring of one measure and the atomic
write of the result. Goal: the median stays under 50 ms.

    python benchmarks/engine_overhead.py [--cases 40]
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import msgspec

from gnomon.engine.conduct import perform
from gnomon.spec.study import DataPlan, Limits, Ref, TrialRef, make_case
from gnomon.store.results import Store

DATA = DataPlan(trajectories=4, validation=2, steps=60)


def main() -> None:
    """Time warm cases and print the median."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=40)
    count = parser.parse_args().cases
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        limits = msgspec.json.encode(Limits())
        seconds = []
        for i in range(count + 2):
            # Another threshold is another case on the same runs: nothing is simulated after the first.
            trial = TrialRef(kind="forecast", args={"units": 40, "horizon": 8.0}, measures=(measure(i),))
            case = make_case(
                Ref(kind="lorenz63"), Ref(kind="perfect"), trial, data=DATA, seed=0, precision="float64"
            )
            packed = msgspec.json.encode(case)
            began = time.perf_counter()
            perform(str(store.root), "case", packed, limits)
            seconds.append(time.perf_counter() - began)
        warm = [1000 * s for s in seconds[2:]]
        print(f"cases timed: {len(warm)} (first two, which compile and simulate, left out)")
        print(
            f"overhead a case: median {statistics.median(warm):.1f} ms, worst {max(warm):.1f} ms (goal: median < 50 ms)"
        )


def measure(i: int) -> Ref:
    """The same cheap measure under a label-free but different argument, so that each case has its own identity."""
    return Ref(kind="valid_time", args={"threshold": 0.4 + 1e-6 * i})


if __name__ == "__main__":
    main()
