"""A first look at a map of which nothing is computed yet: its scales and its leading exponent."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gnomon.spec.errors import BadSpec
from gnomon.worlds.flow.record import Record

LANES = 64
SETTLE = 500
STEPS = 2000
SLOW = 100.0  # iterations that stand for a Lyapunov time where no exponent is positive

Rule = Callable[[Any, Mapping[str, Any]], Sequence[Any]]


def survey(
    rule: Rule,
    parameters: dict[str, float],
    state: tuple[str, ...],
    start: tuple[float, ...],
    spread: float,
    *,
    angles: Mapping[str, float],
    low: float,
    high: float,
) -> Record:
    """A record without facts: spreads and the Lyapunov time from a few dozen orbits.

    Args:
        rule: from one state to the next.
        parameters: its parameters.
        state: names of the components.
        start: about which the orbits begin.
        spread: of the starts, in units of 0.01 + |start|.
        angles: component -> period.
        low: lower end of the training range of the knob.
        high: its upper end.
    """
    with jax.enable_x64(True):
        first = np.asarray(start, float)
        draws = np.random.default_rng(0).standard_normal((LANES, len(first)))
        starts = jnp.asarray(first + spread * (0.01 + np.abs(first)) * draws)
        orbits, growth = _orbits(rule, parameters, starts, [angles.get(s, 0.0) for s in state])
    if not np.isfinite(orbits).all():
        raise BadSpec(
            f"an orbit from the declared start {start} escapes; is it in the basin of the attractor?"
        )
    moving = orbits.reshape(-1, len(state)).std(0)
    sizes = {s: float(angles[s] / 4 if s in angles else x) for s, x in zip(state, moving, strict=True)}
    flat = [s for s in sizes if not sizes[s] > 1e-9]
    if flat:
        raise BadSpec(
            f"the component {flat[0]!r} does not vary along orbits from {start}; is this a rest state?"
        )
    rate = float(growth.mean())
    return Record(
        dt=1.0, substeps=1, timescale=float(f"{1 / rate if rate > 1 / SLOW else SLOW:.2e}"), spinup=float(SETTLE),
        low=low, high=high, spread=sizes,
    )  # fmt: skip


def _orbits(
    rule: Rule, parameters: dict[str, float], starts: Any, periods: list[float]
) -> tuple[np.ndarray, np.ndarray]:
    """[lane, iteration, component] on the attractor, and the mean growth of a tangent vector in every lane."""
    turns = [(i, period) for i, period in enumerate(periods) if period]

    def f(u: Any) -> Any:
        moved = jnp.stack(jnp.broadcast_arrays(*rule(u, parameters)))
        for i, period in turns:
            moved = moved.at[i].add(-period * jnp.round(moved[i] / period))
        return moved

    def one(carry: Any, _: None) -> Any:
        u, v = jax.jvp(f, (carry[0],), (carry[1],))
        size = jnp.maximum(jnp.linalg.norm(v), jnp.finfo(v.dtype).tiny)
        return (u, v / size), (u, jnp.log(size))

    @jax.jit
    @jax.vmap
    def run(u: Any) -> Any:
        carry = jax.lax.scan(one, (u, jnp.ones_like(u) / np.sqrt(u.size)), None, length=SETTLE)[0]
        return jax.lax.scan(one, carry, None, length=STEPS)[1]

    states, growth = run(starts)
    return np.asarray(states), np.asarray(growth).mean(1)
