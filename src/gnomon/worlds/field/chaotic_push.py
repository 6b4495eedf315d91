"""Lorenz's three equations as the weather above a field: three amplitudes of order one that never repeat.

A dissipative field without an instability of its own comes to rest, or to a wave. White noise would give it a
climate but no exponents and no floor for a forecast: two runs from one start part at once. A chaotic push keeps
the world deterministic: its horizon of prediction is the push's.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

# x, y, z - 23.55 over these have standard deviation one on Lorenz's attractor (lorenz63.json)
SIZE = np.asarray([7.92, 9.01, 8.62])
CENTRE = np.asarray([0.0, 0.0, 23.55])
EXPONENT = (
    0.9056  # of Lorenz's equations in their own time (`lorenz63.json`); for paces that were not measured
)


def push_tendency(w: Float[Array, "3"], pace: Float[Array, ""]) -> Float[Array, "3"]:
    """Rates of the three scaled amplitudes; `pace` is Lorenz's time units in one of the field's."""
    x, y, z = (w[i] * SIZE[i] + CENTRE[i] for i in range(3))
    rates = (10.0 * (y - x), x * (28.0 - z) - y, x * y - 8.0 / 3.0 * z)
    return pace * jnp.stack([r / s for r, s in zip(rates, SIZE, strict=True)])


def push_path(
    w: Float[Array, "3"], pace: Float[Array, ""], *, h: float, substeps: int
) -> tuple[Float[Array, "3"], Float[Array, "substep stage 3"]]:
    """The amplitudes after `substeps` of length h, and at the start, middle and end of each (Runge-Kutta, h / 2)."""
    half = h / 2

    def one(w: Array, _: None) -> tuple[Array, Array]:
        k1 = push_tendency(w, pace)
        k2 = push_tendency(w + (half / 2) * k1, pace)
        k3 = push_tendency(w + (half / 2) * k2, pace)
        k4 = push_tendency(w + half * k3, pace)
        return w + (half / 6) * (k1 + 2 * (k2 + k3) + k4), w

    end, path = jax.lax.scan(one, w, None, length=2 * substeps)
    nodes = jnp.concatenate([path, end[None]])
    return end, jnp.stack([nodes[:-1:2], nodes[1::2], nodes[2::2]], axis=1)


def push_start(key: Array) -> Float[Array, "3"]:
    """A random state in the basin."""
    return 0.5 * jax.random.normal(key, (3,)) + jnp.asarray([1.0, 1.0, 0.0])
