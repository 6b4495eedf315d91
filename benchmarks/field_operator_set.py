"""The reduced Navier-Stokes set of field_operators.py, and the classical solvers that networks on it have to beat.

As a script it prints the resolution of the truth, its error on twice the grid, and every solver that is tried.

    python benchmarks/field_operator_set.py
"""

import argparse
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from gnomon.core.forcing import Forcing
from gnomon.core.world import perturb
from gnomon.spec.errors import BadSpec
from gnomon.worlds.field.navier_stokes import NavierStokes
from gnomon.worlds.field.plane import health

jax.config.update("jax_platforms", "cpu")

FRAMES, LENGTH, SPIN, VALIDATION = 10, 24, 80, 4
VISCOSITY, DT = 0.02, 0.5
GRID, POINTS, SUBSTEPS = 48, 24, 12  # of the truth: points of the solver and seen, inner steps of a frame
GRIDS, STEPS = (14, 16, 18, 20, 24, 32, 36, 48), (3, 4, 6, 8, 12, 16)  # of the classical solver


class Set(NamedTuple):
    """[run, frame, y, x], the states [case, field, y, x] that tests start from, and what it cost to make."""

    train: np.ndarray
    held: np.ndarray
    test: np.ndarray
    states: Array
    seconds: float


class Solver(NamedTuple):
    """A coarser run of the world: its error in each case, and processor seconds of a solve."""

    name: str
    cases: np.ndarray
    paid: float


def world_of(grid: int = GRID, substeps: int = SUBSTEPS, points: int = POINTS) -> NavierStokes:
    return NavierStokes(grid=grid, points=points, viscosity=VISCOSITY, dt=DT, substeps=substeps)


def calm(world: NavierStokes) -> Forcing:
    """Every knob at its default."""
    values = {k.name: jnp.full(1, k.default) for k in world.card.knobs}
    return Forcing(times={k: jnp.zeros(1) for k in values}, values=values)


@eqx.filter_jit
def frames(world: NavierStokes, states: Array, count: int) -> tuple[Array, Array]:
    """Ends of runs from states [run, field, y, x], and frames [run, frame, y, x], that of the start first."""
    forcing, key = calm(world), jax.random.key(0)

    def step(state: Array, _: Any) -> tuple[Array, Array]:
        return world.step(state, forcing, time=0.0, key=key), world.observe(state)["w"]

    return jax.vmap(lambda state: jax.lax.scan(step, state, length=count))(states)


def make(told: argparse.Namespace) -> Set:
    """Runs of the world after a spin-up, in single precision."""
    world, began = world_of(), time.process_time()
    held = told.train + VALIDATION
    keys = jax.random.split(jax.random.key(told.seed), held + told.test)
    states = frames(world, jax.vmap(lambda k: world.init(key=k))(keys), SPIN)[0]
    runs = np.asarray(frames(world, states, LENGTH)[1], np.float32)
    spent = (time.process_time() - began) * held / len(keys)
    found = [health(world, state) for state in states[held:]]
    if any(h.outcome != "fine" for h in found):
        raise SystemExit(f"the truth is not fine: {', '.join(sorted({h.outcome for h in found}))}")
    print(
        f"truth: the last eighth of its waves holds at most {max(h.tail for h in found):.1e} of the variance"
    )
    return Set(runs[: told.train], runs[told.train : held], runs[held:, : FRAMES + 1], states[held:], spent)


def relative(made: Any, truth: Any) -> np.ndarray:
    """[run] |error| / |truth| over all frames; what is not finite counts as two."""
    made, truth = (np.asarray(x, float).reshape(len(x), -1) for x in (made, truth))
    found = np.linalg.norm(made - truth, axis=1) / np.linalg.norm(truth, axis=1)
    return np.where(np.isfinite(found), np.minimum(found, 2.0), 2.0)


def cost(run: Callable[[], Any], solves: int) -> float:
    """Processor seconds of one solve: the least of some repeats, compiled before."""
    jax.block_until_ready(run())
    spent = []
    for _ in range(3):
        began = time.process_time()
        jax.block_until_ready(run())
        spent.append(time.process_time() - began)
    return max(min(spent), 1e-9) / solves


def regridded(w: Array, grid: int) -> Array:
    """[..., y, x] on another grid, by Fourier: waves that both hold, without the shorter one's last."""
    old = w.shape[-1]
    waves = jnp.fft.fft2(w, norm="forward")
    half = (min(old, grid) - 1) // 2
    k = np.arange(-half, half + 1)
    picked = waves[..., (k % old)[:, None], k % old]
    out = jnp.zeros((*w.shape[:-2], grid, grid), waves.dtype)
    return jnp.fft.ifft2(out.at[..., (k % grid)[:, None], k % grid].set(picked), norm="forward").real


def solvers(data: Set) -> list[Solver]:
    """The world on coarser grids from the frame that the networks see, in the fewest steps that each grid can do with.

    More steps cost more and change nothing: what such a run has wrong is the grid's.
    """
    start, found = jnp.asarray(data.test[:, 0]), []
    for grid in GRIDS:
        for substeps in STEPS:
            try:
                world = world_of(grid, substeps, min(grid, POINTS))
            except BadSpec:  # too long a step: the world says so
                continue

            def run(w: Array, world: NavierStokes = world, grid: int = grid) -> Array:
                states = regridded(w, grid)[:, None]
                return regridded(frames(world, states, FRAMES + 1)[1][:, 1:], POINTS)

            compiled = eqx.filter_jit(run)
            cases = relative(compiled(start), data.test[:, 1:])
            paid = cost(lambda run=compiled: run(start), len(start))
            found.append(Solver(f"solver, {grid}^2 points, {substeps} steps a frame", cases, paid))
            break
    return found


def equal_solver(tried: list[Solver], error: float) -> Solver | None:
    """The cheapest with at most this error."""
    return min((s for s in tried if s.cases.mean() <= error), key=lambda s: s.paid, default=None)


def breakeven(solver: Solver | None, solve: float, paid: float) -> float | None:
    """Solves from which a network that cost `paid` to make is cheaper; None where it never is."""
    return None if solver is None or solver.paid <= solve else paid / (solver.paid - solve)


def twin(told: argparse.Namespace, data: Set) -> np.ndarray:
    """[case] the world from a start with its observation error."""
    world = world_of()
    keys = jax.random.split(jax.random.key(told.seed + 1), len(data.states))
    near = jax.vmap(lambda state, key: perturb(world, state, key=key))(data.states, keys)
    return relative(frames(world, near, FRAMES + 1)[1][:, 1:], data.test[:, 1:])


def on_twice_the_grid(data: Set) -> np.ndarray:
    """[case] the world from the same states on a grid twice as fine, in half as long steps."""
    fine = world_of(2 * GRID, 2 * SUBSTEPS)
    states = regridded(data.states, 2 * GRID)
    return relative(frames(fine, states, FRAMES + 1)[1][:, 1:], data.test[:, 1:])


def options(parser: argparse.ArgumentParser) -> None:
    """How large the set is, and what draws it."""
    parser.add_argument("--train", type=int, default=40)
    parser.add_argument("--test", type=int, default=24)
    parser.add_argument("--seed", type=int, default=0)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options(parser)
    told = parser.parse_args()
    data = make(told)
    print(
        f"truth on twice the grid: {on_twice_the_grid(data).mean():.5f}; twin: {twin(told, data).mean():.5f}"
    )
    for one in solvers(data):
        print(f"{one.name}: {one.cases.mean():.4f}, {one.paid * 1e3:.2f} ms a solve", flush=True)


if __name__ == "__main__":
    main()
