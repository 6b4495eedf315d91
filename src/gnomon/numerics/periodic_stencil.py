"""Stencils that know their geometry: neighbours across the ends of a ring or plane, and across a sphere's poles.

A field is [*points, channel]. On a sphere the neighbour of a point beyond the first or last row is the point of that
row on the opposite meridian, half way round. Hidden channels are carried over as they are: for the components of a
vector that is not exact, since east and north change their sense across a pole.
"""

import itertools

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gnomon.numerics.geometry import Kind


class Stencil(eqx.Module):
    """A linear map of every point's neighbourhood, one step to each side along every axis.

    Attributes:
        weights: [neighbour x input, output]; neighbours from the lowest index to the highest.
        bias: [output].
    """

    weights: Float[Array, "near output"]
    bias: Float[Array, " output"]

    def __call__(self, kind: Kind, x: Array) -> Array:
        """[*points, output]."""
        padded, shape = pad_by_one(kind, x), x.shape[:-1]
        near = [
            padded[tuple(slice(o, o + n) for o, n in zip(offset, shape, strict=True))]
            for offset in itertools.product(range(3), repeat=len(shape))
        ]
        # A convolution of the library would be as fast alone and ten times slower within a loop, where a CPU has no
        # library for it: trainings and free runs are loops (`python -m benchmarks.stencil_speed`).
        return jnp.concatenate(near, axis=-1) @ self.weights + self.bias


def new_stencil(
    axes: int, inputs: int, outputs: int, rng: np.random.Generator, *, scale: float = 1.0
) -> Stencil:
    """Random weights that keep the size of what comes in, times `scale`; single precision."""
    near = 3**axes * inputs
    weights = rng.standard_normal((near, outputs), np.float32) * np.float32(scale / np.sqrt(near))
    return Stencil(jnp.asarray(weights), jnp.asarray(np.zeros(outputs, np.float32)))


def pad_by_one(kind: Kind, x: Array) -> Array:
    """One more point on each side of every axis, taken from where the geometry says."""
    if kind == "sphere":
        x = jnp.concatenate([x[:, -1:], x, x[:, :1]], axis=1)
        half = (x.shape[1] - 2) // 2
        south, north = (_opposite(x[row], half) for row in (0, -1))
        return jnp.concatenate([south[None], x, north[None]], axis=0)
    for axis in range(x.ndim - 1):
        first, last = (jnp.take(x, jnp.asarray([i]), axis=axis) for i in (0, x.shape[axis] - 1))
        x = jnp.concatenate([last, x, first], axis=axis)
    return x


def _opposite(row: Array, half: int) -> Array:
    """A padded row, seen from across the pole."""
    turned = jnp.roll(row[1:-1], half, axis=0)
    return jnp.concatenate([turned[-1:], turned, turned[:1]], axis=0)


def halved(x: Array) -> Array:
    """Means over two points along every axis; lengths are even."""
    for axis in range(x.ndim - 1):
        x = x.reshape(*x.shape[:axis], x.shape[axis] // 2, 2, *x.shape[axis + 1 :]).mean(axis + 1)
    return x


def doubled(x: Array) -> Array:
    """Every point twice along every axis."""
    for axis in range(x.ndim - 1):
        x = jnp.repeat(x, 2, axis=axis)
    return x


def halvings(kind: Kind, shape: tuple[int, ...], most: int, smallest: int = 4) -> int:
    """How often a grid can be halved, at most `most` times, down to no fewer than `smallest` points along an axis.

    The number of a sphere's longitudes stays even, so that every meridian has an opposite one.
    """
    count = 0
    while count < most and all(n % 2 == 0 and n // 2 >= smallest for n in shape):
        if kind == "sphere" and shape[1] % 4:
            break
        shape, count = tuple(n // 2 for n in shape), count + 1
    return count
