"""Fields on a ring under a chaotic push: exponents, regimes, climate, exact solutions, budgets and orders."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gnomon.core.world import AbstractWorld
from gnomon.numerics.ring import derivative
from gnomon.spec.registry import build
from gnomon.worlds.field.chaotic_push import EXPONENT
from validation.sampling import dimension, estimate, observed, settled, steady
from validation.shared import Outcome, Plan, climate, order, order_row, regimes, spectrum
from validation.table import Row, below, reported, within

Exact = Callable[[np.ndarray, float], np.ndarray]  # points of the ring, time -> field


def validate_ring(
    name: str, plan: Plan, *, finer: dict[str, Any], friction: dict[int, float], exact: tuple[Row, ...]
) -> Outcome:
    """All rows and facts of one world.

    Args:
        name: of the world.
        plan: how much is run.
        finer: arguments of a better resolved one.
        friction: order of derivative -> its coefficient in the energy budget.
        exact: rows that are this world's own.
    """
    world: Any = build("worlds", name)
    samples, (rows, facts) = spectrum(world, plan, world.card.exponents)
    lam = estimate(samples)
    rate = float(world.pace) * EXPONENT
    rows.append(
        within(
            "exponent 1",
            lam.value[0],
            lam.error[0],
            rate,
            4 * lam.error[0] + 0.01 * rate,
            "pace x Lorenz-63's",
        )
    )
    rows += [
        reported(f"exponent {i + 1}", float(lam.value[i]), float(lam.error[i]))
        for i in range(1, len(lam.value))
    ]
    size = dimension(samples)
    rows.append(reported("Kaplan-Yorke dimension", float(size.value), float(size.error)))
    values = jnp.asarray([k * world.card.knobs[0].default for k in (1.0, 1.0, 1.5, 1.5)])
    states = settled(world, values, 4)
    rows += [*exact, *_budget(world, states, friction), *_converged(world, name, finer, states)]
    for more_rows, more_facts in (regimes(world, plan), climate(world, plan)):
        rows += more_rows
        facts += more_facts
    counts = tuple(world.substeps * k for k in (1, 2, 4))
    found = order(
        lambda c: build("worlds", name, {"substeps": c}), counts, steps=4,
        knobs=(world.card.knobs[0].low, world.card.knobs[0].high), states=states,
    )  # fmt: skip
    return [*rows, order_row("ETDRK4 and RK4", found)], facts


def exact_row(world: Any, exact: Exact, time: float, bound: float, source: str, shift: float = 0.0) -> Row:
    """Largest error of the solver without a push, over the largest value, against an exact solution."""
    grid, length = world.equation.grid, world.card.length
    x = length * np.arange(grid) / grid - shift
    steps = round(time / world.card.dt)
    forcing = steady(world, 0.0)

    def body(_: int, v: jax.Array) -> jax.Array:
        return world.evolve(v, jnp.zeros(3), forcing, time=0.0)[0]

    run = jax.jit(lambda v: jax.lax.fori_loop(0, steps, body, v))
    found = np.fft.irfft(run(jnp.fft.rfft(jnp.asarray(exact(x, 0.0)))), grid)
    goal = exact(x, steps * world.card.dt)
    error = float(np.abs(found - goal).max() / np.abs(goal).max())
    return below(f"{source}: largest error / largest value at time {time:g}", error, None, bound, "exact: 0")


def _budget(world: Any, states: jax.Array, friction: dict[int, float]) -> list[Row]:
    """d<u^2>/2 dt against friction and push, in the tendency itself."""
    grid, length = world.equation.grid, world.card.length
    u, push = states[:, :grid], states[:, grid:]
    forced = jnp.einsum("np,pm->nm", push, jnp.fft.irfft(world.patterns, grid))
    rates = jax.vmap(world.equation.tendency)(jnp.fft.rfft(u), jnp.fft.rfft(forced))
    change = (u * jnp.fft.irfft(rates, grid)).mean(1)
    lost = -sum(rate * (derivative(u, order, length) ** 2).mean(1) for order, rate in friction.items())
    gained = (u * forced).mean(1)
    gap = float(jnp.abs(change - lost - gained).max() / jnp.abs(gained).max())
    return [below("energy budget: gap / largest gain", gap, None, 1e-13, "exact: 0")]


def _converged(world: AbstractWorld, name: str, finer: dict[str, Any], states: jax.Array) -> list[Row]:
    """One Lyapunov time on a finer grid and shorter steps, from the same starts."""

    fine: Any = build("worlds", name, finer)
    coarse_grid, grid = world.equation.grid, fine.equation.grid  # pyright: ignore[reportAttributeAccessIssue]
    wave = np.fft.rfft(np.asarray(states[:, :coarse_grid]))
    padded = np.zeros((len(wave), grid // 2 + 1), complex)
    padded[:, : wave.shape[1] - 1] = wave[:, :-1] * grid / coarse_grid
    start = np.concatenate([np.fft.irfft(padded, grid), np.asarray(states[:, coarse_grid:])], axis=1)
    knob = jnp.full(len(start), world.card.knobs[0].default)
    steps = round(world.card.timescale / world.card.dt)
    a = np.asarray(observed(world, states, knob, steps)["u"])[:, -1]
    b = np.asarray(observed(fine, jnp.asarray(start), knob, steps)["u"])[:, -1]
    error = float(np.abs(a - b).max() / world.card.variables[0].scale)
    said = ", ".join(f"{k} = {v}" for k, v in finer.items())
    return [
        below(f"against {said}: largest error / scale after a Lyapunov time", error, None, 1e-3, "converged")
    ]
