"""Work on many members in tiles: few enough at a time to stay in a core's cache, one tile in each thread."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import numpy as np


def cores() -> int:
    """Processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_threads(function: Callable[..., Any], jobs: Sequence[tuple], workers: int = 0) -> list[Any]:
    """`function(*job)` for every job, in the order of the jobs, in as many threads as there are cores.

    A compiled program leaves Python's lock while it runs, and so does the compiler, so threads are enough to use all
    cores. The precision of the caller holds in the threads as well: in JAX it belongs to a thread.

    Args:
        function: what to do. Compile first: threads that meet a new program would each compile it.
        jobs: arguments of each call.
        workers: number of threads; the number of cores where 0.
    """
    wide = bool(jax.config.read("jax_enable_x64"))

    def one(job: tuple) -> Any:
        with jax.enable_x64(wide):
            return jax.block_until_ready(function(*job))

    threads = min(workers or cores(), len(jobs))
    if threads <= 1:
        return [one(job) for job in jobs]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, jobs))


def cut(states: np.ndarray, tile: int, workers: int = 0, multiple: int = 1) -> list[np.ndarray]:
    """Members [lane, component] as tiles [component, lane] of equal width, at most `tile`; the last is filled up.

    All tiles are equally wide so that one program serves them; their number is a multiple of the number of threads
    where there are members enough. `glue` is the way back. With `multiple` the width is a multiple of it, where the
    tile holds as many: what is left over by whole registers is done one by one, which takes longer than filling up.
    """
    if tile < 1:
        raise ValueError(f"a tile holds at least one member, got {tile}")
    lanes = len(states)
    if lanes == 0:
        raise ValueError("no members: there is nothing to cut into tiles")
    threads = workers or cores()
    whole = multiple if multiple <= tile else 1
    count = -(-lanes // (tile // whole * whole))
    count = min(lanes, -(-count // threads) * threads)
    width = -(-lanes // (count * whole)) * whole
    count = -(-lanes // width)
    filled = np.concatenate([states, np.repeat(states[-1:], count * width - lanes, axis=0)])
    return [np.ascontiguousarray(filled[i : i + width].T) for i in range(0, count * width, width)]


def glue(tiles: Sequence[Any], lanes: int) -> np.ndarray:
    """Results [..., lane] of all tiles, one after the other, without what the last was filled up with."""
    return np.concatenate([np.asarray(tile) for tile in tiles], axis=-1)[..., :lanes]
