"""The Dormand-Prince method of order eight in plain Python, for one trajectory of a system that is run once."""

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.integrate import DOP853

from gnomon.numerics.scalar_code import Scalar

REACHED, STEPS, UNDERFLOW, LOST = range(4)  # as in `adaptive`
STAGES = 12  # of a step; the thirteenth is the slope at its end, and three more serve the dense output


def integrate(
    f: Scalar, state: np.ndarray, times: np.ndarray, *, rtol: float, atol: float, max_steps: int
) -> tuple[np.ndarray, int, int]:
    """States [time, component] at `times`, the outcome (see `adaptive.OUTCOMES`) and the steps taken.

    Order eight with error estimates of orders five and three, dense output of order seven: Hairer, Norsett and
    Wanner, doi:10.1007/978-3-540-78862-1, II.5 and II.10; the coefficients are SciPy's. States after a failure are NaN.
    """
    n = len(state)
    span = float(times[-1] - times[0])
    steps = _stepper(n)
    rows, outcome, count = steps(
        f, tuple(map(float, state)), float(times[0]), float(times[-1]), 1e-14 * span, rtol, atol, max_steps
    )
    states = np.full((len(times), n), np.nan)
    if rows:
        table = np.array(rows)
        began, h = table[:, 0], table[:, 1]
        base, k = table[:, 2 : 2 + n], table[:, 2 + n :].reshape(len(table), -1, n)
        index = np.clip(np.searchsorted(began, times, "right") - 1, 0, None)
        theta = (times - began[index]) / h[index]
        states = np.where((theta <= 1 + 1e-9)[:, None], _dense(theta, h, base, k, index), np.nan)
    if len(times):
        states[times <= times[0]] = state
    return states, outcome, count


def _dense(
    theta: np.ndarray, h: np.ndarray, base: np.ndarray, k: np.ndarray, index: np.ndarray
) -> np.ndarray:
    """The interpolant of order seven, in Hairer's nested form, at one place theta in each of the steps `index`."""
    moved = h[:, None] * np.einsum("j,sjn->sn", DOP853.B, k[:, :STAGES])
    first = h[:, None] * k[:, 0]
    last = h[:, None] * k[:, STAGES]
    terms = [moved, first - moved, 2 * moved - first - last]
    terms += list(np.moveaxis(h[:, None, None] * np.einsum("ij,sjn->sin", DOP853.D, k), 1, 0))
    x = theta[:, None]
    value = np.zeros((len(index), base.shape[1]))
    for i, term in enumerate(reversed(terms)):
        value = (value + term[index]) * (x if i % 2 == 0 else 1 - x)
    return base[index] + value


@functools.cache
def _stepper(n: int) -> Callable[..., tuple[list[tuple[float, ...]], int, int]]:
    """A function with the loops over stages and components written out; the same for all systems of a size."""
    found: dict[str, Any] = {}
    names = {"sqrt": math.sqrt, "isfinite": math.isfinite, "inf": math.inf}
    exec(compile(_source(n), f"<order eight, {n} components>", "exec"), names, found)
    return found["steps"]


def _row(weights: np.ndarray, i: int) -> str:
    return " + ".join(f"{float(w)!r} * k{j}_{i}" for j, w in enumerate(weights) if w)


def _tuple(name: str, n: int) -> str:
    return "(" + ", ".join(f"{name}{i}" for i in range(n)) + ",)"


def _stage(s: int, weights: np.ndarray, n: int) -> str:
    args = ", ".join(f"y{i} + h * ({_row(weights, i)})" for i in range(n))
    return f"{_tuple(f'k{s}_', n)} = f({args})"


def _source(n: int) -> str:
    speed = " + ".join(f"(k0_{i} / (1 + abs(y{i}))) ** 2" for i in range(n))
    stages = "\n            ".join(_stage(s, DOP853.A[s, :s], n) for s in range(1, STAGES))
    moved = "; ".join(f"m{i} = y{i} + h * ({_row(DOP853.B, i)})" for i in range(n))
    fifth, third = [], []
    for i in range(n):
        scale = f"(atol + rtol * max(abs(y{i}), abs(m{i})))"
        fifth.append(f"(({_row(DOP853.E5, i)}) / {scale}) ** 2")
        third.append(f"(({_row(DOP853.E3, i)}) / {scale}) ** 2")
    extra = "\n            ".join(
        _stage(STAGES + 1 + s, DOP853.A_EXTRA[s, : STAGES + 1 + s], n) for s in range(3)
    )
    slopes = ", ".join(f"k{j}_{i}" for j in range(STAGES + 4) for i in range(n))
    return f"""
def steps(f, y, t, end, least, rtol, atol, max_steps):
    {_tuple("y", n)} = y
    rows = []
    count = 0
    try:
        {_tuple("k0_", n)} = f(*y)
    except (ArithmeticError, ValueError):
        return rows, {LOST}, count
    h = min(1e-3 * (end - t), 1e-2 / (1e-9 + sqrt(({speed}) / {n})))
    held = False
    while t < end:
        if count >= max_steps:
            return rows, {STEPS}, count
        if not h > least:
            return rows, {UNDERFLOW} if isfinite({" + ".join(f"y{i}" for i in range(n))}) else {LOST}, count
        count += 1
        try:
            {stages}
            {moved}
            {_tuple(f"k{STAGES}_", n)} = f({", ".join(f"m{i}" for i in range(n))})
            fifth = {" + ".join(fifth)}
            third = {" + ".join(third)}
            error = h * fifth / sqrt((fifth + 0.01 * third) * {n}) if fifth else 0.0
            if not error <= 1.0:
                h *= max(0.2, 0.9 * error ** -0.125) if error < inf else 0.2
                held = True
                continue
            {extra}
        except (ArithmeticError, ValueError):
            h *= 0.2
            held = True
            continue
        rows.append((t, h, {", ".join(f"y{i}" for i in range(n))}, {slopes}))
        t += h
        {"; ".join(f"y{i} = m{i}" for i in range(n))}
        {"; ".join(f"k0_{i} = k{STAGES}_{i}" for i in range(n))}
        grow = min(10.0, 0.9 * error ** -0.125) if error else 10.0
        h *= min(1.0, grow) if held else grow
        held = False
    return rows, {REACHED}, count
"""
