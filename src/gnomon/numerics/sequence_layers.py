"""Layers for networks on sequences: linear maps, root-mean-square norms and causal convolutions, arrays only.

They hold no functions, so that a simulator that contains them can be stored.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray


class Dense(eqx.Module):
    """A linear map of the last axis."""

    weights: Float[Array, "input output"]
    bias: Float[Array, " output"]

    def __call__(self, inputs: Float[Array, "... input"]) -> Float[Array, "... output"]:
        """Any leading axes."""
        return inputs @ self.weights + self.bias


def dense(inputs: int, outputs: int, *, size: float = 1.0, key: PRNGKeyArray) -> Dense:
    """Weights of variance size^2 / inputs, no bias; `size` 0 makes a silent layer."""
    weights = jax.random.normal(key, (inputs, outputs), jnp.float32) * np.float32(size / np.sqrt(inputs))
    return Dense(weights, jnp.zeros(outputs, jnp.float32))


class Norm(eqx.Module):
    """Division by the root mean square of the last axis (Zhang and Sennrich 2019, arXiv 1910.07467)."""

    gain: Float[Array, " channel"]

    def __call__(self, inputs: Float[Array, "... channel"]) -> Float[Array, "... channel"]:
        """Any leading axes."""
        return inputs * jax.lax.rsqrt(jnp.mean(inputs**2, axis=-1, keepdims=True) + 1e-6) * self.gain


def norm(channels: int) -> Norm:
    """A norm with gains of one."""
    return Norm(jnp.ones(channels, jnp.float32))


class CausalConvolution(eqx.Module):
    """Each channel filtered by a kernel of its own over the present and the past; zeros before the start."""

    kernel: Float[Array, "lag channel"]
    bias: Float[Array, " channel"]

    def __call__(self, inputs: Float[Array, "time channel"]) -> Float[Array, "time channel"]:
        """Lag 0 is the present."""
        time = inputs.shape[0]
        out = self.bias + self.kernel[0] * inputs
        for lag in range(1, min(self.kernel.shape[0], time)):
            out = out.at[lag:].add(self.kernel[lag] * inputs[: time - lag])
        return out


def causal_convolution(lags: int, channels: int, *, key: PRNGKeyArray) -> CausalConvolution:
    """Random kernels of so many lags."""
    kernel = jax.random.normal(key, (lags, channels), jnp.float32) / np.float32(np.sqrt(lags))
    return CausalConvolution(kernel, jnp.zeros(channels, jnp.float32))
