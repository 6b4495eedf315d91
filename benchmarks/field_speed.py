"""Equations on a ring: what a step costs over the transforms it cannot do without, and beside exponax.

Equations and not whole worlds: the push and the transforms of an observation are left out.

Every row is one member-step: CPU time of our step, of a chain of the bare real transforms that the scheme needs (four
inverse and four forward for order four), and of exponax's stepper of the same equation, order and size where it is
installed (called on the grid, as its users do: it pays for two transforms a step that ours does not). All three run
interleaved in one process; medians over rounds, and medians of the ratios of each round. CPU seconds, because a busy
machine stretches the wall. The chain carries a sum from one transform to the next, so that none can be dropped; its own
additions are in its time. Worlds on the plane: field_speed_plane.py.

    pip install exponax
    python benchmarks/field_speed.py [--rounds 9] [--steps 200] [--csv FILE]
"""

import argparse
import csv
import importlib.util
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from gnomon.numerics.ring import RingEquation

jax.config.update("jax_platforms", "cpu")

Timed = Callable[[], float]  # CPU seconds of one call
TRANSFORMS = 4  # of each direction in a step of ETDRK4 that stays in Fourier space


class Case(NamedTuple):
    """An equation, a size, and the name of exponax's stepper with its arguments."""

    name: str
    linear: dict[int, float]
    advection: dict[int, float]
    length: float
    grid: int
    h: float
    peer: str
    arguments: dict[str, Any]


CASES = (
    Case(
        "kuramoto_sivashinsky", {2: -1.0, 4: -1.0}, {1: 1.0}, 60.0, 256, 0.1, "KuramotoSivashinskyConservative",
        {"single_channel": True},
    ),
    Case("burgers", {2: 0.1}, {1: 1.0}, 2 * np.pi, 192, 0.01, "Burgers", {"diffusivity": 0.1, "conservative": True}),
    Case(
        "korteweg_de_vries", {3: -1.0}, {1: 6.0}, 32.0, 128, 0.01, "KortewegDeVries",
        {"hyper_diffusivity": 0.0, "conservative": True},
    ),
)  # fmt: skip


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--steps", type=int, default=200, help="steps in one timed call")
    parser.add_argument("--csv", type=Path, help="file for the table")
    options = parser.parse_args()
    print(
        f"exponax: {'installed' if importlib.util.find_spec('exponax') else 'not installed'}; us a member-step"
    )
    print(f"{'case':42s} {'bare':>8s} {'ours':>8s} {'exponax':>8s} {'ours/bare':>10s} {'ours/exponax':>13s}")
    rows = []
    for case in CASES:
        for double, batch in ((False, 1), (False, 64), (True, 1), (True, 64)):
            with jax.enable_x64(double):
                rows.append(_row(case, double, batch, options))
    if options.csv:
        with options.csv.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(
                ["case", "bare_us", "ours_us", "exponax_us", "ours_over_bare", "ours_over_exponax"]
            )
            writer.writerows(rows)


def _row(case: Case, double: bool, batch: int, options: argparse.Namespace) -> list[str]:
    """Prints one line and gives its cells; empty where exponax is not installed."""
    steps = max(20, options.steps // (1 if batch == 1 else 8))
    calls = {"bare": _bare(case, batch, steps), "ours": _ours(case, batch, steps)}
    if importlib.util.find_spec("exponax"):
        calls["exponax"] = _exponax(case, batch, steps)
    for call in calls.values():
        call()
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(options.rounds):
        for name, call in calls.items():
            times[name].append(call() / steps / batch * 1e6)
    middle = {name: statistics.median(x) for name, x in times.items()}

    def ratio(other: str) -> str:
        if other not in times:
            return ""
        return f"{statistics.median(a / b for a, b in zip(times['ours'], times[other], strict=True)):.2f}"

    label = f"{case.name} {case.grid}, {'f64' if double else 'f32'}, batch {batch}"
    micro = [f"{middle[name]:.2f}" if name in middle else "" for name in ("bare", "ours", "exponax")]
    cells = [label, *micro, ratio("bare"), ratio("exponax")]
    widths = (42, 8, 8, 8, 10, 13)
    shown = [
        f"{c or '-':{'<' if n == 0 else '>'}{w}s}" for n, (c, w) in enumerate(zip(cells, widths, strict=True))
    ]
    print(" ".join(shown), flush=True)
    return cells


def _start(case: Case, batch: int) -> jax.Array:
    x = 2 * np.pi * np.arange(case.grid) / case.grid
    phases = np.random.default_rng(0).uniform(0, 2 * np.pi, (batch, 1))
    return jnp.asarray(0.3 * np.sin(x + phases) + 0.1 * np.cos(3 * x), float)


def _clock(run: Callable[[jax.Array], jax.Array], start: jax.Array) -> Timed:
    compiled = jax.jit(run)

    def call() -> float:
        begun = time.process_time()
        compiled(start).block_until_ready()
        return time.process_time() - begun

    return call


def _bare(case: Case, batch: int, steps: int) -> Timed:
    v = jnp.fft.rfft(_start(case, batch))

    def step(_: int, w: jax.Array) -> jax.Array:
        for _ in range(TRANSFORMS):
            w = w + 1e-3 * jnp.fft.rfft(jnp.fft.irfft(w, case.grid))
        return w

    return _clock(lambda w: jax.lax.fori_loop(0, steps, step, w), v)


def _ours(case: Case, batch: int, steps: int) -> Timed:
    equation = RingEquation(
        linear=case.linear, advection=case.advection, length=case.length, grid=case.grid, h=case.h
    )
    return _clock(lambda v: equation.steps(v, steps), jnp.fft.rfft(_start(case, batch)))


def _exponax(case: Case, batch: int, steps: int) -> Timed:
    import exponax

    stepper = getattr(exponax.stepper, case.peer)(
        1, case.length, case.grid, case.h, order=4, **case.arguments
    )

    def step(_: int, u: jax.Array) -> jax.Array:
        return jax.vmap(stepper)(u)

    # exponax wants a channel; its steppers stay on the grid between steps, as its users call them
    return _clock(lambda u: jax.lax.fori_loop(0, steps, step, u), _start(case, batch)[:, None])


if __name__ == "__main__":
    main()
