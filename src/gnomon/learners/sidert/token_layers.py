"""Small layers on tokens and maps: the affine norm, the two-layer perceptron, doubling of a map, random weights."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gnomon.numerics.sequence_layers import Dense

SPREAD = 0.02  # standard deviation of the first weights, as in Swin


class LayerNorm(eqx.Module):
    """The last axis to mean zero and variance one, then a gain and a bias (Ba and others 2016, arXiv 1607.06450)."""

    gain: Float[Array, " channel"]
    bias: Float[Array, " channel"]

    def __call__(self, x: Float[Array, "... channel"]) -> Float[Array, "... channel"]:
        """Any leading axes."""
        centred = x - x.mean(-1, keepdims=True)
        variance = (centred**2).mean(-1, keepdims=True)
        return centred * jax.lax.rsqrt(variance + 1e-5) * self.gain + self.bias


class Perceptron(eqx.Module):
    """Outer(gelu(inner(x))), with the exact gelu."""

    inner: Dense
    outer: Dense

    def __call__(self, x: Float[Array, "... channel"]) -> Float[Array, "... channel"]:
        """Any leading axes."""
        return self.outer(jax.nn.gelu(self.inner(x), approximate=False))


def new_norm(channels: int) -> LayerNorm:
    """Gain one, bias zero."""
    return LayerNorm(jnp.ones(channels, jnp.float32), jnp.zeros(channels, jnp.float32))


def new_dense(inputs: int, outputs: int, rng: np.random.Generator, *, spread: float = SPREAD) -> Dense:
    """Weights normal, cut off at two standard deviations; no bias."""
    return Dense(new_weights((inputs, outputs), rng, spread=spread), jnp.zeros(outputs, jnp.float32))


def new_weights(
    shape: tuple[int, ...], rng: np.random.Generator, *, spread: float = SPREAD
) -> Float[Array, "..."]:
    """Normal, cut off at two standard deviations."""
    return jnp.asarray(spread * np.clip(rng.standard_normal(shape), -2, 2), jnp.float32)


def new_perceptron(channels: int, hidden: int, rng: np.random.Generator) -> Perceptron:
    """Two layers."""
    return Perceptron(new_dense(channels, hidden, rng), new_dense(hidden, channels, rng))


def doubled_smoothly(x: Float[Array, "y x channel"]) -> Float[Array, "y2 x2 channel"]:
    """Twice as many rows and columns, linear between the cells' middles, constant beyond the outermost."""
    for axis in (0, 1):
        size = x.shape[axis]
        before = jnp.concatenate(
            [jax.lax.slice_in_dim(x, 0, 1, axis=axis), jax.lax.slice_in_dim(x, 0, size - 1, axis=axis)], axis
        )
        after = jnp.concatenate(
            [jax.lax.slice_in_dim(x, 1, size, axis=axis), jax.lax.slice_in_dim(x, size - 1, size, axis=axis)],
            axis,
        )
        pair = jnp.stack([0.25 * before + 0.75 * x, 0.75 * x + 0.25 * after], axis=axis + 1)
        x = pair.reshape(*x.shape[:axis], 2 * size, *x.shape[axis + 1 :])
    return x
