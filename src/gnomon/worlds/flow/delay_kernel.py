"""Steps of an equation with one delay: the classical Runge-Kutta method over a remembered course."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

MODES = 3


class History(NamedTuple):
    """The course of x over the last delay, at evenly spaced nodes.

    Attributes:
        values: x from one delay ago until now.
        slopes: dx/dt at the same nodes, but for the last: it follows from the values.
    """

    values: Float[Array, " node"]
    slopes: Float[Array, " node_before"]


def advance(
    f: Callable[[Any, Any, Any], Any], history: History, knobs: Any, *, h: float, count: int
) -> History:
    """The history `count` steps of length h later, where one delay is `len(slopes)` steps and at least `count`.

    What was one delay ago is known at both ends of a step, and in its middle to fourth order by Hermite's cubic
    through values and slopes, so the method keeps its order. Bellen and Zennaro (2003), Numerical Methods for Delay
    Differential Equations, doi:10.1093/acprof:oso/9780198506546.001.0001.

    Args:
        f: (x, x one delay ago, knobs) -> dx/dt.
        history: until now.
        knobs: tree of [count, 3, ...], values at the start, middle and end of every step.
        h: length of a step.
        count: number of steps.
    """

    def at(stages: Any, i: int) -> Any:
        return jax.tree.map(lambda a: a[i], stages)

    values = history.values
    now = f(values[-1], values[0], at(at(knobs, 0), 0))
    slopes = jnp.append(history.slopes, now)
    left, right = values[:count], values[1 : count + 1]
    middle = (left + right) / 2 + (h / 8) * (slopes[:count] - slopes[1 : count + 1])

    def one(x: Any, given: Any) -> Any:
        then, between, later, stages = given
        k1 = f(x, then, at(stages, 0))
        k2 = f(x + (h / 2) * k1, between, at(stages, 1))
        k3 = f(x + (h / 2) * k2, between, at(stages, 1))
        k4 = f(x + h * k3, later, at(stages, 2))
        moved = x + (h / 6) * (k1 + 2 * (k2 + k3) + k4)
        return moved, (moved, k1)

    _, (new, slope) = jax.lax.scan(one, values[-1], (left, middle, right, knobs))
    return History(jnp.concatenate([values[count:], new]), jnp.concatenate([history.slopes[count:], slope]))


def smooth_history(start: float, spread: float, delay: float, nodes: int, *, key: PRNGKeyArray) -> History:
    """A random course about `start`: a sum of a few waves, with a standard deviation of `spread`."""
    sizes, phases = jax.random.normal(key, (2, MODES))
    ages = np.arange(nodes + 1)[:, None] / nodes - 1
    waves = np.pi * np.arange(1, MODES + 1)
    turns = waves * ages + np.pi * phases
    size = spread * np.sqrt(2 / MODES) * sizes
    values = start + (size * jnp.cos(turns)).sum(1)
    slopes = (-size * waves / delay * jnp.sin(turns)).sum(1)
    return History(values, slopes[:-1])
