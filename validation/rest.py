"""Whether the chaos of Kuramoto-Sivashinsky lasts: trajectories that come to rest, and where they do."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from gnomon.core.world import AbstractWorld
from gnomon.spec.registry import build
from validation.sampling import Estimate, carried, estimate, exponents, resting, settled, steady
from validation.shared import Outcome, Plan, fact
from validation.table import Row, reported, within


class Rest(NamedTuple):
    """How many of `n` trajectories at a steady drive were at rest after the spin-up, and after `time` more."""

    drive: float
    n: int
    before: int
    after: int
    time: float


def rests(world: AbstractWorld, drives: tuple[float, ...], n: int, time: float) -> list[Rest]:
    """Counts of trajectories at rest, which is for ever: a steady state that is reached is stable."""
    values = jnp.repeat(jnp.asarray(drives), n)
    start = settled(world, values, 7)
    before, after = (
        _at_rest(world, start, values, steps).reshape(len(drives), n).sum(1)
        for steps in (0, round(time / world.card.dt))
    )
    return [Rest(d, n, int(b), int(a), time) for d, b, a in zip(drives, before, after, strict=True)]


def collapses(world: AbstractWorld, n: int, time: float) -> Outcome:
    """No trajectory may come to rest without a drive or at the drives of the trials.

    Facts are rates: the count over the time at risk with a Poisson error, that of one event where none was seen.
    """
    high = world.card.knobs[0].high
    rows, facts = [], []
    for found in rests(world, (0.0, high, 2 * high, 4 * high), n, time):
        fallen, risk = found.after - found.before, (n - found.before) * time
        rate = Estimate(np.asarray(fallen / risk), np.asarray(np.sqrt(max(fallen, 1)) / risk))
        how = f"{fallen} of {n - found.before} trajectories came to rest within {time:g} time units"
        at = {"drive": found.drive} if found.drive else {}
        facts.append(fact(world, "collapse_rate", rate, how, units="1/time", **at))
        what = f"at rest after {time:g} time units, of {n}, drive {found.drive:g}"
        rows.append(within(what, found.after, None, 0, 0, "the chaos lasts"))
    more = rests(world, (6 * high,), n, 1000.0)[0]
    rows.append(reported(f"at rest after 1000 time units, of {n}, drive {more.drive:g}", more.after))
    return rows, facts


def neighbours(world: AbstractWorld, plan: Plan, n: int, time: float) -> list[Row]:
    """The imperfect twin, and the usual length of 64, where a steady state is stable beside the chaos.

    The state of eight cells is looked at for both lengths: how fast its slowest perturbation decays, and how many
    random kicks it survives.
    """
    name = "kuramoto_sivashinsky"
    usual, twin = build("worlds", name, {"length": 64.0}), build("worlds", name, world.card.imperfect)
    trajectories, span = plan.spectrum
    samples = exponents(
        usual, np.zeros(trajectories), k=1, time=span, per_block=plan.per_block, settle=plan.settle, seed=8
    )
    lam = estimate(samples[:, 0])
    tolerance = 2 * float(np.hypot(0.004, lam.error))
    own = "independent solver, 256 points, step 0.02: 0.088 ± 0.004"
    left_out = f"{int(np.isnan(samples).sum())} of {trajectories} at rest left out"
    what = f"at rest after {time:g} time units, of {n}, drive 0"
    same = "exact: length / sqrt(b / a) as the world's"
    rows = [
        within(f"imperfect twin: {what}", rests(twin, (0.0,), n, time)[0].after, None, 0, 0, same),
        within(f"L = 64: exponent 1, {left_out}", float(lam.value), float(lam.error), 0.088, tolerance, own),
        reported(f"L = 64: {what}", rests(usual, (0.0,), n, time)[0].after),
    ]
    for other in (usual, world):
        length, scale = other.card.length, other.card.variables[0].scale
        cells = eight_cells(other)
        rows.append(
            reported(f"L = {length:g}: slowest rate of eight cells (1 / time)", slowest_rate(other, cells))
        )
        for part in (0.001, 0.03, 0.2):
            back = kicked(other, cells, part * scale)
            rows.append(
                reported(f"L = {length:g}: eight cells, kicks of {part:g} stds survived, of 16", back)
            )
    return rows


def eight_cells(world: AbstractWorld) -> jax.Array:
    """The steady state of eight equal cells, from a wave of their number."""
    forcing, key = steady(world, 0.0), jax.random.key(0)
    points = world.init(key=key).size
    wave = -1.5 * np.sin(2 * np.pi * 8 * np.arange(points) / points)
    return jax.jit(
        lambda u: jax.lax.fori_loop(0, 4000, lambda i, s: world.step(s, forcing, time=0.0, key=key), u)
    )(jnp.asarray(wave))


def slowest_rate(world: AbstractWorld, state: jax.Array) -> float:
    """Growth rate of the slowest perturbation of a steady state but for its free shift along the ring."""
    forcing, key = steady(world, 0.0), jax.random.key(0)
    jacobian = jax.jit(jax.jacfwd(lambda s: world.step(s, forcing, time=0.0, key=key)))(state)
    size = np.sort(np.abs(np.linalg.eigvals(np.asarray(jacobian))))[::-1][:20]
    rates = np.log(size) / world.card.dt
    return float(np.delete(rates, np.abs(rates).argmin()).max())


def kicked(world: AbstractWorld, state: jax.Array, size: float) -> int:
    """How many of 16 states kicked off a steady one, by smooth noise of that standard deviation, end at rest."""
    rng = np.random.default_rng(1)
    angle = 2 * np.pi * np.arange(1, 20)[:, None] * np.arange(state.size) / state.size
    noise = np.stack(
        [rng.normal(size=19) @ np.cos(angle + rng.uniform(0, 2 * np.pi, (19, 1))) for _ in range(16)]
    )
    kicks = size * noise / noise.std(1, keepdims=True)
    return int(_at_rest(world, state + jnp.asarray(kicks), jnp.zeros(16), 2000).sum())


def _at_rest(world: AbstractWorld, states: jax.Array, values: jax.Array, steps: int) -> np.ndarray:
    u = np.asarray(carried(world, states, values, steps)["u"])
    return resting({"u": u[:, 1]}, {"u": u[:, 0]}, world)
