"""What a worker must know before it imports anything numerical: its threads, its device, its cores."""

import os
import re
from collections.abc import Mapping, Sequence

THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def worker_environment(given: Mapping[str, str], threads: int) -> dict[str, str]:
    """The environment of a worker that may use `threads` threads, made from that of its parent.

    Without these, two workers on two cores run four threads and are slower than one. What the user has set for XLA
    or for the device is kept.
    """
    environment = dict(given)
    environment.update(dict.fromkeys(THREADS, str(threads)))
    flags = environment.get("XLA_FLAGS", "")
    if "xla_cpu_multi_thread_eigen" not in flags and threads == 1:
        flags += " --xla_cpu_multi_thread_eigen=false"
    if not re.search(r"\bintra_op_parallelism_threads", flags):
        flags += f" intra_op_parallelism_threads={threads}"
    environment["XLA_FLAGS"] = flags.strip()
    environment.setdefault("JAX_PLATFORMS", "cpu")
    return environment


def usable_cores() -> list[int]:
    """The cores this process may run on; empty where the system does not tell."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def cores_of(slot: int, threads: int, cores: Sequence[int], first: int) -> list[int]:
    """The cores of worker number `slot`: its own where there are enough, else shared evenly."""
    if not cores:
        return []
    start = first + slot * threads
    return sorted({cores[(start + i) % len(cores)] for i in range(threads)})


def pin(cores: Sequence[int]) -> None:
    """Keep this process on these cores, where the system can."""
    if cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)
