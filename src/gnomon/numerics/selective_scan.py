"""Selective scan: linear recurrences whose coefficients depend on the input, by an associative scan.

Gu and Dao 2023, arXiv 2312.00752, algorithm 2: per channel d with n hidden numbers

    h_t = exp(step_t A) h_{t-1} + step_t B_t u_t,      y_t = C_t h_t + D u_t,

A negative and diagonal; step, B and C are functions of the input. The decay is the zero-order hold of A; the drive is
the simplified one of the authors' program, step * B, in place of the exact hold of their formula 4.

What misleads: with a constant step and constant B the result is not the zero-order hold of the input but its Euler
step; the two agree to first order of step * A.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

SHORT = 32  # steps below which a plain loop is cheaper to compile and, without an accelerator, to run


def linear_recurrence(decay: Float[Array, "time ..."], drive: Float[Array, "time ..."]) -> Array:
    """h_t = decay_t h_{t-1} + drive_t from h = 0; in a depth of log2(time) unless short."""

    def one(hidden: Array, now: tuple[Array, Array]) -> tuple[Array, Array]:
        new = now[0] * hidden + now[1]
        return new, new

    def join(first: tuple[Array, Array], second: tuple[Array, Array]) -> tuple[Array, Array]:
        return first[0] * second[0], second[0] * first[1] + second[1]

    if drive.shape[0] < SHORT:
        return jax.lax.scan(one, jnp.zeros_like(drive[0]), (decay, drive))[1]
    return jax.lax.associative_scan(join, (decay, drive))[1]


def selective_scan(
    inputs: Float[Array, "time channel"],
    step: Float[Array, "time channel"],
    rates: Float[Array, "channel hidden"],
    into: Float[Array, "time hidden"],
    out: Float[Array, "time hidden"],
    skip: Float[Array, " channel"],
) -> Float[Array, "time channel"]:
    """The recurrence of the module's docstring.

    Args:
        inputs: u.
        step: positive.
        rates: A, negative.
        into: B at each time, shared by all channels.
        out: C at each time, shared by all channels.
        skip: D.
    """
    decay = jnp.exp(step[:, :, None] * rates)
    drive = (step * inputs)[:, :, None] * into[:, None, :]
    hidden = linear_recurrence(decay, drive)
    return jnp.einsum("tdn,tn->td", hidden, out) + skip * inputs
