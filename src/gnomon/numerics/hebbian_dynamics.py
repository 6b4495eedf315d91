"""Trajectories of a sequence-storing network at many gains at once: how fast they part, and what they recall.

Everything is batched in columns, so that the work is in matrix products: state [neuron, trajectory], one gain for
each.
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


class Network(NamedTuple):
    """One draw of a network.

    Attributes:
        patterns: [pattern, neuron] of +-1.
        weights: c_r, the weight at which a pattern is stored with its r-th successor.
    """

    patterns: Float[Array, "pattern neuron"]
    weights: tuple[float, ...]


def drive(patterns: Array, weights: Sequence[float] | Array, rates: Array) -> Array:
    """J r = (1/N) xi^T C xi r along the leading axis, never forming J."""
    seen = patterns @ rates
    summed = sum(c * jnp.roll(seen, r, axis=0) for r, c in enumerate(weights))
    return patterns.T @ jnp.asarray(summed) / patterns.shape[1]


def _rk4(tendency, state: Array, h: float) -> Array:
    k1 = tendency(state)
    k2 = tendency(state + h / 2 * k1)
    k3 = tendency(state + h / 2 * k2)
    k4 = tendency(state + h * k3)
    return state + h / 6 * (k1 + 2 * (k2 + k3) + k4)


@partial(jax.jit, static_argnames=("weights", "steps", "every", "h"))
def _overlaps(patterns, weights, cues, gains, shown, steps, every, h):
    def tendency(x: Array) -> Array:
        return -x + gains * drive(patterns, weights, jnp.tanh(x))

    def sample(x: Array, _: None) -> tuple[Array, tuple[Array, Array]]:
        rates = jnp.tanh(x)
        seen = shown @ rates / rates.shape[0], jnp.sqrt((rates**2).mean(0))
        return jax.lax.fori_loop(0, every, lambda _, y: _rk4(tendency, y, h), x), seen

    return jax.lax.scan(sample, cues, None, length=steps)[1]


def overlaps(
    network: Network,
    cues: np.ndarray,
    gains: np.ndarray,
    *,
    shown: np.ndarray,
    duration: float,
    spacing: float = 0.5,
    h: float = 0.1,
) -> tuple[np.ndarray, np.ndarray]:
    """Overlaps m(t) = (1/N) sum_i xi_i tanh x_i(t) [time, pattern, trajectory]; the size of tanh x [time, trajectory].

    Args:
        network: the draw.
        cues: [neuron, trajectory] states at the start.
        gains: [trajectory].
        shown: [pattern, neuron] the patterns to compare with; need not be those stored.
        duration: time of the run.
        spacing: time between two samples.
        h: Runge-Kutta step.
    """
    found, size = _overlaps(
        network.patterns, network.weights, jnp.asarray(cues), jnp.asarray(gains), jnp.asarray(shown),
        round(duration / spacing), max(1, round(spacing / h)), h,
    )  # fmt: skip
    return np.asarray(found), np.asarray(size)


@partial(jax.jit, static_argnames=("weights", "steps", "settle", "every", "h"))
def _parting(patterns, weights, starts, frames, gains, settle, steps, every, h):
    n = gains.shape[0]

    def tendency(both: Array) -> Array:
        x, v = both[:, :n], both[:, n:]
        rates = jnp.tanh(x)
        pushed = drive(patterns, weights, jnp.concatenate([rates, (1 - rates**2) * v], 1))
        return -both + jnp.concatenate([gains, gains]) * pushed

    def block(both: Array, _: None) -> tuple[Array, tuple[Array, Array]]:
        moved = jax.lax.fori_loop(0, every, lambda _, y: _rk4(tendency, y, h), both)
        size = jnp.linalg.norm(moved[:, n:], axis=0)
        speed = jnp.sqrt((tendency(moved)[:, :n] ** 2).mean(0))
        return moved.at[:, n:].divide(size), (jnp.log(size), speed)

    both = jnp.concatenate([starts, frames / jnp.linalg.norm(frames, axis=0)], 1)
    both = jax.lax.scan(block, both, None, length=settle)[0]
    both, (growth, speed) = jax.lax.scan(block, both, None, length=steps)
    return growth.mean(0) / (every * h), speed.mean(0)


def leading_exponents(
    network: Network,
    starts: np.ndarray,
    gains: np.ndarray,
    *,
    settle: float,
    duration: float,
    rng: np.random.Generator,
    h: float = 0.1,
    every: int = 10,
) -> tuple[np.ndarray, np.ndarray]:
    """Largest Lyapunov exponent and mean speed (root mean square of dx/dt) of each trajectory.

    The exponent is the mean growth of one tangent vector over `duration` after `settle`; what the trajectory is
    then on is not asked: zero on a limit cycle, negative at rest.

    Args:
        network: the draw.
        starts: [neuron, trajectory].
        gains: [trajectory].
        settle: time left out while the trajectory reaches its attractor and the vector turns.
        duration: time that counts.
        rng: of the first tangent vector.
        h: Runge-Kutta step.
        every: steps between two rescalings.
    """
    block = every * h
    found, speed = _parting(
        network.patterns, network.weights, jnp.asarray(starts), jnp.asarray(rng.normal(size=starts.shape)),
        jnp.asarray(gains), round(settle / block), round(duration / block), every, h,
    )  # fmt: skip
    return np.asarray(found), np.asarray(speed)


class Recall(NamedTuple):
    """How well a sequence is recalled, each [trajectory].

    Attributes:
        peak: mean over the successors of the highest overlap that each reaches.
        order: share of successive pairs whose peaks come in the stored order.
        score: mean over the successors of the peak where it comes after its predecessor's, 0 where not.
    """

    peak: np.ndarray
    order: np.ndarray
    score: np.ndarray


def recall(overlap: np.ndarray) -> Recall:
    """Peak and order of successive overlaps [time, pattern, trajectory]; the first pattern is the cue.

    What misleads: random fluctuations reach peaks of a few 1/sqrt(N) in an order that is right half of the time, so a
    score must be held against that of patterns that were never stored.
    """
    peaks, times = overlap.max(0), overlap.argmax(0)
    after = times[1:] > times[:-1]
    return Recall(peaks[1:].mean(0), after.mean(0), (peaks[1:] * after).mean(0))
