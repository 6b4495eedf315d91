"""Trajectories of a world at steady knobs, and what is computed from them with standard errors over trajectories."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from gnomon.core.forcing import Forcing
from gnomon.core.world import AbstractWorld
from gnomon.numerics.lyapunov import evolve_tangent, kaplan_yorke, start_tangent


class Estimate(NamedTuple):
    """A mean over independent trajectories and its standard error."""

    value: np.ndarray
    error: np.ndarray


def estimate(samples: np.ndarray) -> Estimate:
    """Mean and standard error over the leading axis; rows of NaN (trajectories that came to rest) are left out."""
    kept = samples[~np.isnan(samples).reshape(len(samples), -1).any(1)]
    return Estimate(kept.mean(0), kept.std(0, ddof=1) / np.sqrt(len(kept)))


def resting(now: dict[str, np.ndarray], before: dict[str, np.ndarray], world: AbstractWorld) -> np.ndarray:
    """[trajectory] whether a state has stopped changing: moved by less than a fiftieth of the scale in one step."""
    squares = [
        (((np.asarray(now[v.name]) - np.asarray(before[v.name])) / v.scale) ** 2)
        .reshape(len(now[v.name]), -1)
        .mean(1)
        for v in world.card.variables
    ]
    return np.sqrt(np.mean(squares, axis=0)) < 0.02


def steady(world: AbstractWorld, value: Any) -> Forcing:
    """The first knob held at a value (traced or not), the others at their defaults."""
    values = {knob.name: jnp.asarray([knob.default]) for knob in world.card.knobs}
    values[world.card.knobs[0].name] = jnp.asarray(value)[None]
    return Forcing(times={name: jnp.zeros(1) for name in values}, values=values)


@eqx.filter_jit
def settled(world: AbstractWorld, values: jax.Array, seed: int) -> Any:
    """One state on the attractor for each knob value, from independent random starts."""
    steps = round(world.card.spinup / world.card.dt)

    def one(value: jax.Array, key: jax.Array) -> Any:
        forcing = steady(world, value)

        def body(i: int, state: Any) -> Any:
            return world.step(state, forcing, time=i * world.card.dt, key=key)

        return jax.lax.fori_loop(0, steps, body, world.init(key=key))

    return jax.vmap(one)(values, jax.random.split(jax.random.key(seed), len(values)))


@eqx.filter_jit
def observed(world: AbstractWorld, states: Any, values: jax.Array, steps: int) -> dict[str, jax.Array]:
    """Observations [trajectory, time, ...] at every `dt`."""

    def one(state: Any, value: jax.Array) -> Any:
        forcing, key = steady(world, value), jax.random.key(0)

        def body(s: Any, i: jax.Array) -> Any:
            s = world.step(s, forcing, time=i * world.card.dt, key=key)
            return s, world.observe(s)

        return jax.lax.scan(body, state, jnp.arange(steps))[1]

    return jax.vmap(one)(states, values)


@eqx.filter_jit
def carried(world: AbstractWorld, states: Any, values: jax.Array, steps: int) -> dict[str, jax.Array]:
    """Observations [trajectory, 2, ...] of the state `steps` later and of the one after it; keeps nothing between."""

    def one(state: Any, value: jax.Array) -> Any:
        forcing, key = steady(world, value), jax.random.key(0)

        def step(i: Any, s: Any) -> Any:
            return world.step(s, forcing, time=i * world.card.dt, key=key)

        end = jax.lax.fori_loop(0, steps, step, state)
        both = world.observe(end), world.observe(step(steps, end))
        return jax.tree.map(lambda *x: jnp.stack(x), *both)

    return jax.vmap(one)(states, values)


@eqx.filter_jit
def _exponents(
    world: AbstractWorld, states: Any, values: jax.Array, k: int, blocks: int, per_block: int, discard: int
) -> Any:
    def one(state: Any, value: jax.Array, key: jax.Array) -> Any:
        forcing = steady(world, value)

        def advance(s: Any, time: Any) -> Any:
            return world.step(s, forcing, time=time, key=key)

        sizes = {"steps_per_block": per_block, "dt": world.card.dt}
        tangent, _ = evolve_tangent(advance, start_tangent(state, k=k, key=key), blocks=discard, **sizes)
        tangent, growth = evolve_tangent(advance, tangent, blocks=blocks, **sizes)
        end = tangent.state
        return (
            growth.mean(0) / (per_block * world.card.dt),
            world.observe(end),
            world.observe(advance(end, 0.0)),
        )

    return jax.vmap(one)(states, values, jax.random.split(jax.random.key(17), len(values)))


def exponents(
    world: AbstractWorld, values: np.ndarray, *, k: int, time: float, per_block: int, settle: float, seed: int
) -> np.ndarray:
    """[trajectory, k] exponents, one trajectory for each knob value, each over `time` after `settle`.

    NaN where the trajectory ended at rest: it left the chaos whose exponents are asked for.
    """
    block = per_block * world.card.dt
    knobs = jnp.asarray(values, float)
    states = settled(world, knobs, seed)
    rates, end, after = _exponents(
        world, states, knobs, k, round(time / block), per_block, round(settle / block)
    )
    return np.where(resting(after, end, world)[:, None], np.nan, np.asarray(rates))


def dimension(samples: np.ndarray) -> Estimate:
    """Kaplan-Yorke dimension of the mean spectrum, with its jackknife error over trajectories."""
    samples = samples[~np.isnan(samples).any(1)]
    n = len(samples)
    whole = kaplan_yorke(samples.mean(0))
    left_out = [kaplan_yorke(np.delete(samples, i, axis=0).mean(0)) for i in range(n)]
    if whole is None or None in left_out:
        raise ValueError("too few exponents for a dimension; ask for more")
    rest = np.asarray(left_out, float)
    return Estimate(np.asarray(whole), np.sqrt((n - 1) * rest.var()))


def regime_values(world: AbstractWorld) -> dict[str, float]:
    """Every knob value that the response and shift trials use, by label."""
    knob = world.card.knobs[0]
    half = (knob.high - knob.low) / 2
    values = {f"amp{k:+d}": knob.default + k * half / 3 for k in range(-3, 4)}
    return values | {f"shift{k:+d}": knob.default + k * half for k in (2, 3, 4)}


def decorrelation(series: np.ndarray, dt: float) -> np.ndarray:
    """[trajectory] first time at which the autocorrelation of [trajectory, time, site] falls below 1/e."""
    anomaly = series - series.mean((0, 1, 2))
    n = anomaly.shape[1]
    spectrum = np.abs(np.fft.rfft(anomaly, 2 * n, axis=1)) ** 2
    covariance = np.fft.irfft(spectrum, axis=1)[:, :n].mean(-1) / np.arange(n, 0, -1)
    rho = covariance / covariance[:, :1]
    first = np.argmax(rho < np.exp(-1), axis=1)
    rows = np.arange(len(rho))
    high, low = rho[rows, first - 1], rho[rows, first]
    return dt * (first - 1 + (high - np.exp(-1)) / (high - low))


def balance_series(world: AbstractWorld, index: int, obs: dict[str, np.ndarray], knob: float) -> np.ndarray:
    """[trajectory, time] instantaneous value of one of the card's balances."""
    card = world.card
    patterns = {k.name: np.asarray(k.pattern) for k in card.knobs if k.pattern is not None}
    total: Any = 0.0
    for coefficient, factors in card.balances[index].terms:
        product: Any = coefficient
        for factor in factors:
            name, _, order = factor.partition(":")
            if name == card.knobs[0].name:
                product = product * (patterns[name] if order == "pattern" else knob)
            elif order:
                product = product * _derivative(obs[name], int(order), card.length or 1.0)
            else:
                product = product * obs[name]
        product = np.asarray(product)
        total = total + (product.mean(-1) if product.ndim > 2 else product)
    return np.asarray(total)


def _derivative(values: np.ndarray, order: int, length: float) -> np.ndarray:
    n = values.shape[-1]
    k = 2j * np.pi / length * np.arange(n // 2 + 1)
    return np.fft.irfft(np.fft.rfft(values) * k**order, n)
