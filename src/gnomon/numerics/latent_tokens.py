"""Latent tokens: a patch of a field drawn together into a few vectors by attention, changed by waves, and spread out.

The neural spectral block of Wu, Hu, Luo, Wang and Long (2023), arXiv 2301.12664, for patches of a ring, a plane or a
sphere's grid.
"""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


class SpectralBlock(eqx.Module):
    r"""Attention of learnt queries to a patch, waves of the tokens, attention of the points to the tokens.

    .. math::
        T = T_0 + A(T_0, K x, V x), \quad T' = T + \sum_{i=0}^{n-1} w^s_i \sin(\pi i T / n) + w^c_i \cos(\pi i T / n),
        \quad x' = x + A(Q x, T', T')

    with A(q, k, v) = softmax(q k^T) v in every head, not divided by the root of the head's size, as published; tokens
    are keys and values on the way back without a map of their own. w is a number for each channel and wave, shared by
    tokens and patches; i = 0 gives the constant.

    Attributes:
        tokens: [token, channel] the learnt queries.
        keys: [channel, channel] K and its bias, `values` V, `queries` Q.
        waves: [channel, 2 n] of sines, then of cosines.
        heads: of the attention.
        side: points of a patch along each axis at most.
    """

    tokens: Float[Array, "token channel"]
    keys: tuple[Array, Array]
    values: tuple[Array, Array]
    queries: tuple[Array, Array]
    waves: Float[Array, "channel wave"]
    heads: int = eqx.field(static=True)
    side: int = eqx.field(static=True)

    def __call__(self, x: Array) -> Array:
        """[*points, channel] of the same shape."""
        patches = patched(x, self.side)
        tokens = self.tokens + self._attention(
            jnp.broadcast_to(self.tokens, (len(patches), *self.tokens.shape)),
            _mapped(self.keys, patches),
            _mapped(self.values, patches),
        )
        tokens = tokens + self._changed(tokens)
        patches = patches + self._attention(_mapped(self.queries, patches), tokens, tokens)
        return unpatched(patches, x.shape, self.side)

    def _attention(self, asking: Array, keys: Array, values: Array) -> Array:
        """Of [patch, asking, channel] to [patch, asked, channel], in heads."""

        def split(v: Array) -> Array:
            return v.reshape(*v.shape[:-1], self.heads, -1)

        alike = jnp.einsum("pqhc,pkhc->phqk", split(asking), split(keys))
        return jnp.einsum("phqk,pkhc->pqhc", jax.nn.softmax(alike, axis=-1), split(values)).reshape(
            asking.shape
        )

    def _changed(self, tokens: Array) -> Array:
        count = self.waves.shape[1] // 2
        angle = (math.pi / count) * tokens[..., None] * np.arange(count, dtype=tokens.dtype)
        basis = jnp.concatenate([jnp.sin(angle), jnp.cos(angle)], axis=-1)
        return jnp.einsum("ptcw,cw->ptc", basis, self.waves)


def new_spectral_block(
    width: int, rng: np.random.Generator, *, heads: int, tokens: int, bases: int, side: int
) -> SpectralBlock:
    """Untrained, single precision: tokens and waves are small positive numbers, as in the published code."""

    def linear() -> tuple[Array, Array]:
        weights = rng.standard_normal((width, width), np.float32) / np.float32(np.sqrt(width))
        return jnp.asarray(weights), jnp.asarray(np.zeros(width, np.float32))

    small = np.float32(1.0 / width)
    return SpectralBlock(
        tokens=jnp.asarray(small * rng.random((tokens, width), np.float32)),
        keys=linear(),
        values=linear(),
        queries=linear(),
        waves=jnp.asarray(small * rng.random((width, 2 * bases), np.float32)),
        heads=heads,
        side=side,
    )


def patched(x: Array, side: int) -> Float[Array, "patch point channel"]:
    """[*points, channel] cut into patches of at most `side` points along each axis, all of one size."""
    sides = patch_sides(x.shape[:-1], side)
    cut = [n for points, s in zip(x.shape[:-1], sides, strict=True) for n in (points // s, s)]
    axes = len(sides)
    order = [*range(0, 2 * axes, 2), *range(1, 2 * axes, 2), 2 * axes]
    return x.reshape(*cut, x.shape[-1]).transpose(order).reshape(-1, math.prod(sides), x.shape[-1])


def unpatched(patches: Float[Array, "patch point channel"], shape: tuple[int, ...], side: int) -> Array:
    """The inverse of `patched`: [*points, channel] of the given shape."""
    sides = patch_sides(shape[:-1], side)
    counts = [points // s for points, s in zip(shape[:-1], sides, strict=True)]
    axes = len(sides)
    order = [i for n in range(axes) for i in (n, axes + n)]
    return patches.reshape(*counts, *sides, shape[-1]).transpose([*order, 2 * axes]).reshape(shape)


def patch_sides(points: tuple[int, ...], side: int) -> tuple[int, ...]:
    """Along each axis the largest divisor of its number of points that is at most `side`."""
    return tuple(max(s for s in range(1, min(side, n) + 1) if n % s == 0) for n in points)


def _mapped(weights: tuple[Array, Array], x: Array) -> Array:
    return x @ weights[0] + weights[1]
