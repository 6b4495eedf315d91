"""What a compiled run takes: seconds of a warm call, and the memory of its programs."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

REPEATS = 3  # of a timed call, at least; the median counts
MOST = 100  # of a call so short that its median would still hang on what else the machine does


def median_seconds(call: Callable[[], Any], *, enough: float = 0.0) -> float:
    """Of REPEATS calls or more of what was called before, so that nothing is compiled.

    A call ends when its results are there: JAX returns sooner, so whoever is timed must wait for them.

    Args:
        call: what is timed.
        enough: seconds in all, until which short calls are repeated up to MOST times; 0 for REPEATS calls.
    """
    seconds: list[float] = []
    while len(seconds) < REPEATS or (sum(seconds) < enough and len(seconds) < MOST):
        began = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - began)
    return float(np.median(seconds))


def program_mb(jitted: Any, *args: Any) -> float:
    """What a program holds at once: arguments (the model's parameters among them), results and scratch.

    Asked of the compiler, because a warm process has taken its memory before and its resident set says nothing.

    Args:
        jitted: a function under `eqx.filter_jit`; its type is the plain function's, it carries equinox's `lower`.
        args: of the call.
    """
    told = jitted.lower(*args).compile().compiled.memory_analysis()
    if told is None:
        return float("nan")
    total = told.temp_size_in_bytes + told.argument_size_in_bytes + told.output_size_in_bytes
    return total / 2**20
