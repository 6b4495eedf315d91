"""Equations on a ring: what a step costs over the transforms it cannot do without, and beside exponax.

Equations and not whole worlds: the push and the transforms of an observation are left out.

Every row is one member-step: CPU time of our step, of a chain of the bare real transforms that the scheme needs (four
inverse and four forward for order four), and of exponax's stepper of the same equation, order and size where it is
installed (called on the grid, as its users do: it pays for two transforms a step that ours does not). All three run
interleaved in one process; medians over rounds, and medians of the ratios of each round. CPU seconds, because a busy
machine stretches the wall. The chain carries a sum from one transform to the next, so that none can be dropped; its own
additions are in its time. Worlds on the plane: field_speed_plane.py.

Where a process may use several cores, XLA's compiler divides an elementwise loop over half a megabyte or more among
threads (its transforms not), and the hand-over costs more CPU time than such a loop does. *Split* counts those loops in
our step; *whole/bare* is step over chain, both compiled without that pass. A process on one core (`taskset -c 0`), as
the workers of a study are, has none.

    pip install exponax
    python benchmarks/field_speed.py [--rounds 9] [--steps 200] [--batches 1 64] [--csv FILE]
"""

import argparse
import csv
import importlib.util
import itertools
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

TRANSFORMS = 4  # of each direction in a step of ETDRK4 that stays in Fourier space
WHOLE: dict[str, str | bool] = {"xla_disable_hlo_passes": "cpu-parallel-task-assigner"}
SPLIT = "outer_dimension_partitions"  # how a compiled program marks a loop that threads share


class Program(NamedTuple):
    """What is timed: some steps, and what they start from."""

    run: Callable[[jax.Array], jax.Array]
    start: jax.Array


class Timed(NamedTuple):
    """A program that was compiled.

    Attributes:
        call: gives the CPU seconds of one run.
        split: how many of its loops threads share.
    """

    call: Callable[[], float]
    split: int


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
COLUMNS = (
    "case", "bare_us", "ours_us", "exponax_us", "ours_over_bare", "ours_over_exponax", "split_loops", "whole_over_bare",
)  # fmt: skip
HEADS = (
    ("case", "<", 42), ("bare", ">", 8), ("ours", ">", 8), ("exponax", ">", 8), ("ours/bare", ">", 10),
    ("ours/exponax", ">", 13), ("split", ">", 6), ("whole/bare", ">", 11),
)  # fmt: skip


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--steps", type=int, default=200, help="steps in one timed call")
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 64], help="members of a step")
    parser.add_argument("--csv", type=Path, help="file for the table")
    options = parser.parse_args()
    print(
        f"exponax: {'installed' if importlib.util.find_spec('exponax') else 'not installed'}; us a member-step"
    )
    print(" ".join(f"{name:{side}{width}s}" for name, side, width in HEADS))
    rows = []
    for case in CASES:
        for double, batch in itertools.product((False, True), options.batches):
            with jax.enable_x64(double):
                rows.append(_row(case, double, batch, options))
    if options.csv:
        with options.csv.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows(rows)


def _row(case: Case, double: bool, batch: int, options: argparse.Namespace) -> list[str]:
    """Prints one line and gives its cells; empty where exponax is not installed."""
    steps = max(20, options.steps // min(batch, 8))
    programs = {"bare": _bare(case, batch, steps), "ours": _ours(case, batch, steps)}
    if importlib.util.find_spec("exponax"):
        programs["exponax"] = _exponax(case, batch, steps)
    timed = {name: _timed(program) for name, program in programs.items()}
    timed |= {f"whole {name}": _timed(programs[name], WHOLE) for name in ("bare", "ours")}
    if timed["whole ours"].split:
        raise RuntimeError("this XLA splits loops by a pass of another name")
    for each in timed.values():
        each.call()
    times: dict[str, list[float]] = {name: [] for name in timed}
    for _ in range(options.rounds):
        for name, each in timed.items():
            times[name].append(each.call() / steps / batch * 1e6)
    middle = {name: statistics.median(x) for name, x in times.items()}

    def ratio(own: str, other: str) -> str:
        if other not in times:
            return ""
        return f"{statistics.median(a / b for a, b in zip(times[own], times[other], strict=True)):.2f}"

    label = f"{case.name} {case.grid}, {'f64' if double else 'f32'}, batch {batch}"
    micro = [f"{middle[name]:.2f}" if name in middle else "" for name in ("bare", "ours", "exponax")]
    ratios = [ratio("ours", "bare"), ratio("ours", "exponax")]
    cells = [label, *micro, *ratios, str(timed["ours"].split), ratio("whole ours", "whole bare")]
    print(
        " ".join(f"{c or '-':{side}{w}s}" for c, (_, side, w) in zip(cells, HEADS, strict=True)), flush=True
    )
    return cells


def _start(case: Case, batch: int) -> jax.Array:
    x = 2 * np.pi * np.arange(case.grid) / case.grid
    phases = np.random.default_rng(0).uniform(0, 2 * np.pi, (batch, 1))
    return jnp.asarray(0.3 * np.sin(x + phases) + 0.1 * np.cos(3 * x), float)


def _timed(program: Program, options: dict[str, str | bool] | None = None) -> Timed:
    compiled = jax.jit(program.run).lower(program.start).compile(compiler_options=options)

    def call() -> float:
        begun = time.process_time()
        compiled(program.start).block_until_ready()
        return time.process_time() - begun

    return Timed(call, (compiled.as_text() or "").count(SPLIT))


def _bare(case: Case, batch: int, steps: int) -> Program:
    v = jnp.fft.rfft(_start(case, batch))

    def step(_: int, w: jax.Array) -> jax.Array:
        for _ in range(TRANSFORMS):
            w = w + 1e-3 * jnp.fft.rfft(jnp.fft.irfft(w, case.grid))
        return w

    return Program(lambda w: jax.lax.fori_loop(0, steps, step, w), v)


def _ours(case: Case, batch: int, steps: int) -> Program:
    equation = RingEquation(
        linear=case.linear, advection=case.advection, length=case.length, grid=case.grid, h=case.h
    )
    return Program(lambda v: equation.steps(v, steps), jnp.fft.rfft(_start(case, batch)))


def _exponax(case: Case, batch: int, steps: int) -> Program:
    import exponax

    stepper = getattr(exponax.stepper, case.peer)(
        1, case.length, case.grid, case.h, order=4, **case.arguments
    )

    def step(_: int, u: jax.Array) -> jax.Array:
        return jax.vmap(stepper)(u)

    # exponax wants a channel; its steppers stay on the grid between steps, as its users call them
    return Program(lambda u: jax.lax.fori_loop(0, steps, step, u), _start(case, batch)[:, None])


if __name__ == "__main__":
    main()
