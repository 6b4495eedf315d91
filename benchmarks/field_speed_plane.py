"""Worlds on the plane: what a step costs over the transforms it cannot do without, and beside pyqg-jax and exponax.

For each world the CPU time of one right-hand side and of one step (four of them), and the CPU time of the bare real
transforms that the equations need, in the same sizes and batches, interleaved in one process; medians over rounds and
of their ratios. Peers are measured where they are installed, interleaved too: pyqg-jax on the two-layer eddy set-up
(one Adams-Bashforth step is one right-hand side), exponax on the Navier-Stokes vorticity equation with a Kolmogorov
force (its step of order four is four right-hand sides, as ours). CPU seconds: a busy machine stretches the wall.

    pip install pyqg-jax exponax
    python benchmarks/field_speed_plane.py [--rounds 9] [--steps 100] [--csv FILE]
"""

import argparse
import csv
import importlib.util
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gnomon.numerics.plane_spectral import Plane
from gnomon.worlds.field.gray_scott import GrayScott
from gnomon.worlds.field.navier_stokes import NavierStokes
from gnomon.worlds.field.plane import AbstractPlaneWorld
from gnomon.worlds.field.shallow_water import ShallowWater
from gnomon.worlds.field.two_layer import TwoLayer

jax.config.update("jax_platforms", "cpu")

Timed = Callable[[], float]  # CPU seconds of one inner repetition
Cells = list[
    str
]  # kind, case, microseconds of the peer or of bare transforms, of a right-hand side, of a step, ratio


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", default="", help="part of the name of a row, or pyqg, or exponax")
    parser.add_argument("--steps", type=int, default=100, help="repetitions in one timed call")
    parser.add_argument("--csv", type=Path, help="file for the table")
    options = parser.parse_args()
    print(
        f"{'case':44s} {'transforms':>10s} {'bare us':>8s} {'rhs us':>8s} {'step us':>8s} "
        f"{'rhs/bare':>9s} {'step/bare':>9s}"
    )
    rows: list[Cells] = []
    for name, world, batches in _worlds():
        if options.only in name:
            rows.append(_show_world(name, world, batches, options))
    if options.only in ("", "pyqg"):
        rows += _show_pyqg(options)
    if options.only in ("", "exponax"):
        rows += _show_exponax(options)
    if options.csv:
        with options.csv.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["kind", "case", "other_us", "rhs_us", "step_us", "ratio"])
            writer.writerows(rows)


def _worlds() -> list[tuple[str, AbstractPlaneWorld, tuple[tuple[int, int], ...]]]:
    """Name, world, and (inverse, forward) transforms of each stage of a right-hand side."""
    return [
        ("navier_stokes 64^2", NavierStokes(), ((2, 2),)),
        ("navier_stokes 128^2", NavierStokes(grid=128, substeps=16), ((2, 2),)),
        ("navier_stokes 64^2 with a dye", NavierStokes(tracer=True), ((3, 4),)),
        ("two_layer 64^2, exact products (96^2)", TwoLayer(), ((4, 5),)),
        ("two_layer 64^2, products as pyqg", TwoLayer(aliased=True), ((4, 5),)),
        ("shallow_water 64^2", ShallowWater(), ((4, 4), (3, 2))),
        ("gray_scott 48^2, exact products (96^2)", GrayScott(), ((2, 1),)),
    ]


def _show_world(name: str, world: AbstractPlaneWorld, batches: Any, options: argparse.Namespace) -> Cells:
    """Its ratio is that of a step to four times the bare transforms."""
    spectrum = world.spectrum(world.init(key=jax.random.key(0)))
    knobs = {k.name: jnp.asarray(k.default) for k in world.card.knobs}
    h = world.inner_step()
    timed = {
        "bare": _timed(_bare(world.plane, batches), _bare_start(world.plane, batches), options.steps),
        "rhs": _timed(lambda x: x + 1e-9 * world.tendency(x, knobs), spectrum, options.steps),
        "step": _timed(
            lambda x: world.advance(x, lambda _: knobs, time=0.0, dt=h, substeps=1),
            spectrum,
            options.steps,
        ),
    }
    found = _interleaved(timed, options.rounds)
    bare, rhs, step = (found[k] for k in ("bare", "rhs", "step"))
    count = sum(a + b for a, b in batches)
    print(
        f"{name:44s} {count:10d} {_us(bare):8.1f} {_us(rhs):8.1f} {_us(step):8.1f} "
        f"{_ratio(rhs, bare):9.2f} {_ratio(step, bare) / 4:9.2f}"
    )
    micro = [f"{_us(x):.2f}" for x in (bare, rhs, step)]
    return ["transforms", name, *micro, f"{_ratio(step, bare) / 4:.3f}"]


def _bare(plane: Plane, batches: Any) -> Callable[[Any], Any]:
    """The transforms alone: each stage's inverse ones from what is there, its forward ones back."""

    def through(state: Any) -> Any:
        out = []
        for (inverse, forward), spectrum in zip(batches, state, strict=True):
            fields = plane.to_grid(spectrum[:inverse])
            back = plane.to_modes(jnp.concatenate([fields] * 3)[:forward])
            out.append(jnp.concatenate([back] * 3)[: spectrum.shape[0]])
        return out

    return through


def _bare_start(plane: Plane, batches: Any) -> list[jax.Array]:
    key = jax.random.key(1)
    return [plane.to_modes(jax.random.normal(key, (max(pair), plane.grid, plane.grid))) for pair in batches]


def _show_pyqg(options: argparse.Namespace) -> list[Cells]:
    """The ratio is pyqg-jax's time over ours, a right-hand side each."""
    if importlib.util.find_spec("pyqg_jax") is None:
        print("pyqg-jax is not installed: no row")
        return []
    rows = []
    import pyqg_jax

    model = pyqg_jax.qg_model.QGModel(nx=64, precision=pyqg_jax.state.Precision.SINGLE)
    stepper = pyqg_jax.steppers.SteppedModel(model=model, stepper=pyqg_jax.steppers.AB3Stepper(dt=3600.0))
    peer = _timed(stepper.step_model, stepper.create_initial_state(jax.random.key(0)), options.steps)
    for name, ours in (("exact products", TwoLayer()), ("products as pyqg", TwoLayer(aliased=True))):
        found = _interleaved({"peer": peer, "ours": _step_of(ours, options)}, options.rounds)
        hours = ours.inner_step() / 3600
        each = statistics.median(p / (o / 4) for p, o in zip(found["peer"], found["ours"], strict=True))
        print(
            f"pyqg-jax 64^2: {_us(found['peer']):.1f} us a step; two_layer, {name}: {_us(found['ours']) / 4:.1f} us "
            f"a right-hand "
            f"side: {each:.1f} times as fast, {each * hours / 4:.1f} times by model time ({hours:g} h steps for 1 h)"
        )
        micro = [f"{_us(found['peer']):.2f}", f"{_us(found['ours']) / 4:.2f}", f"{_us(found['ours']):.2f}"]
        rows.append(["pyqg-jax", f"two_layer 64^2, {name}", *micro, f"{each:.3f}"])
    return rows


def _show_exponax(options: argparse.Namespace) -> list[Cells]:
    """The ratio is our time over exponax's, a step each."""
    if importlib.util.find_spec("exponax") is None:
        print("exponax is not installed: no row")
        return []
    rows = []
    import exponax

    for grid, substeps in ((64, 8), (128, 16)):
        ours = NavierStokes(grid=grid, substeps=substeps)
        stepper = exponax.stepper.KolmogorovFlowVorticity(
            2, 2 * np.pi, grid, ours.inner_step(), diffusivity=0.01, drag=-0.1, order=4
        )
        start = jax.random.normal(jax.random.key(0), (1, grid, grid))
        spectrum = exponax.fft(start, num_spatial_dims=2)
        for what, peer in (
            ("step", _timed(stepper.step, start, options.steps)),
            ("step in Fourier space", _timed(stepper.step_fourier, spectrum, options.steps)),
        ):
            found = _interleaved({"peer": peer, "ours": _step_of(ours, options)}, options.rounds)
            share = _ratio(found["ours"], found["peer"])
            print(
                f"exponax {grid}^2, order 4, {what}: {_us(found['peer']):.1f} us; "
                f"ours {_us(found['ours']):.1f} us, {share:.2f} of it"
            )
            micro = [f"{_us(found['peer']):.2f}", "", f"{_us(found['ours']):.2f}"]
            rows.append(["exponax", f"navier_stokes {grid}^2, {what}", *micro, f"{share:.3f}"])
    return rows


def _step_of(world: AbstractPlaneWorld, options: argparse.Namespace) -> Timed:
    knobs = {k.name: jnp.asarray(k.default) for k in world.card.knobs}
    spectrum = world.spectrum(world.init(key=jax.random.key(0)))
    h = world.inner_step()
    return _timed(
        lambda x: world.advance(x, lambda _: knobs, time=0.0, dt=h, substeps=1),
        spectrum,
        options.steps,
    )


def _timed(step: Callable[[Any], Any], start: Any, steps: int) -> Timed:
    repeated = jax.jit(lambda x: jax.lax.fori_loop(0, steps, lambda _, y: step(y), x))
    jax.block_until_ready(repeated(start))

    def once() -> float:
        begun = time.process_time()
        jax.block_until_ready(repeated(start))
        return (time.process_time() - begun) / steps

    return once


def _interleaved(timed: dict[str, Timed], rounds: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {name: [] for name in timed}
    for _ in range(rounds):
        for name, once in timed.items():
            found[name].append(once())
    return found


def _us(times: list[float]) -> float:
    return 1e6 * statistics.median(times)


def _ratio(over: list[float], under: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(over, under, strict=True))


if __name__ == "__main__":
    main()
