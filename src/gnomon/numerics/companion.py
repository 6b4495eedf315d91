"""Companion state spaces: filters whose transition is a companion matrix, open loop by convolution and closed loop.

Zhang, Saab, Poli, Dao, Goel and Re 2023 (SpaceTime), arXiv 2303.09489. One channel with d hidden numbers:

    x_{k+1} = A x_k + B u_k,    y_k = C x_k,    A = shift down by one, plus a last column a.

With a = 0 and B = e_0 the state is the last d inputs, so y_k = sum_i C_i u_{k-1-i} is exactly AR(d), which
no diagonal real state space with decaying modes can be. Closed loop: u_k = K x_k, so y_{n+h} = C (A + B K)^h x_n.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

SHORT = 16  # rows below which a sum over lags is cheaper than a transform


def companion_matrix(column: Float[Array, " hidden"]) -> Float[Array, "hidden hidden"]:
    """Ones below the diagonal, and the last column."""
    return jnp.eye(column.shape[0], k=-1, dtype=column.dtype).at[:, -1].add(column)


def bounded_column(column: Float[Array, "... hidden"]) -> Float[Array, "... hidden"]:
    """Divided by its sum of magnitudes where that exceeds 1: powers of the matrix then stay bounded."""
    return column / jnp.maximum(1.0, jnp.sum(jnp.abs(column), axis=-1, keepdims=True))


def advance_companion(column: Array, state: Float[Array, "... hidden"]) -> Float[Array, "... hidden"]:
    """A x without the matrix; leading axes are channels."""
    shifted = jnp.concatenate([jnp.zeros_like(state[..., :1]), state[..., :-1]], axis=-1)
    return shifted + column * state[..., -1:]


def krylov_states(
    column: Float[Array, "... hidden"], into: Float[Array, "... hidden"], length: int
) -> Float[Array, "length ... hidden"]:
    """B, AB, A^2 B, ..."""
    return jax.lax.scan(lambda x, _: (advance_companion(column, x), x), into, None, length=length)[1]


def causal_filter(
    kernel: Float[Array, "time channel"], inputs: Float[Array, "time channel"]
) -> Float[Array, "time channel"]:
    """y_k = sum_{i <= k} kernel_i u_{k-i}, by Fourier transforms of twice the length unless short."""
    time = inputs.shape[0]
    if time < SHORT:
        out = kernel[0] * inputs
        for lag in range(1, time):
            out = out.at[lag:].add(kernel[lag] * inputs[: time - lag])
        return out
    size = 2 * time
    product = jnp.fft.rfft(kernel, size, axis=0) * jnp.fft.rfft(inputs, size, axis=0)
    return jnp.fft.irfft(product, size, axis=0)[:time].astype(inputs.dtype)


def open_loop(
    column: Float[Array, "channel hidden"],
    into: Float[Array, "channel hidden"],
    out: Float[Array, "channel hidden"],
    inputs: Float[Array, "time channel"],
) -> tuple[Float[Array, "time channel"], Float[Array, "channel hidden"]]:
    """C x_{k+1} for every input u_k, and the state after the last one, from x_0 = 0."""
    states = krylov_states(column, into, inputs.shape[0])
    outputs = causal_filter(jnp.einsum("tch,ch->tc", states, out), inputs)
    return outputs, jnp.einsum("tch,tc->ch", states[::-1], inputs)


def closed_loop(
    column: Float[Array, "channel hidden"],
    into: Float[Array, "channel hidden"],
    out: Float[Array, "channel hidden"],
    feedback: Float[Array, "channel hidden"],
    state: Float[Array, "channel hidden"],
    steps: int,
) -> Float[Array, "step channel"]:
    """C (A + B K)^h x for h = 0 ... steps - 1."""

    def step(x: Array, _: None) -> tuple[Array, Array]:
        own = jnp.sum(feedback * x, axis=-1, keepdims=True)
        return advance_companion(column, x) + into * own, jnp.sum(out * x, axis=-1)

    return jax.lax.scan(step, state, None, length=steps)[1]
