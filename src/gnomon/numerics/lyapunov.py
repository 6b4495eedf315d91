"""Lyapunov exponents of any map that JAX can differentiate, and the dimension that follows from them."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PRNGKeyArray

Advance = Callable[[Any, Float[Array, ""]], Any]


class Tangent(NamedTuple):
    """A trajectory and the tangent space that travels with it.

    Attributes:
        state: any pytree of floating-point arrays.
        frame: [size, k] orthonormal columns, tangent vectors at `state`.
        time: of `state`.
    """

    state: Any
    frame: Float[Array, "size k"]
    time: Float[Array, ""]


def start_tangent(state: Any, *, k: int, key: PRNGKeyArray, time: float = 0.0) -> Tangent:
    """A random orthonormal frame of k tangent vectors at a state; k may not exceed the size of the state."""
    flat, _ = ravel_pytree(state)
    if k > flat.size:
        raise ValueError(
            f"asked for {k} exponents of a state of {flat.size} numbers; ask for at most {flat.size}"
        )
    frame = jnp.linalg.qr(jax.random.normal(key, (flat.size, k), flat.dtype))[0]
    return Tangent(state, frame, jnp.asarray(time, flat.dtype))


def evolve_tangent(
    advance: Advance, tangent: Tangent, *, blocks: int, steps_per_block: int, dt: float
) -> tuple[Tangent, Float[Array, "block k"]]:
    """Carry a frame along, orthonormalised after every block; also the log growth of each vector in each block.

    The columns of the frame are pushed through the derivative of `advance`, which is exact to rounding. Benettin et al.
    (1980), doi:10.1007/BF02128236. Calls can be chained, so a long run can be cut into chunks.
    """
    flat, unravel = ravel_pytree(tangent.state)
    tiny = jnp.finfo(flat.dtype).tiny

    def one_step(carry: tuple[Array, Array, Array], _: None) -> tuple[tuple[Array, Array, Array], None]:
        x, frame, time = carry

        def flow(y: Array) -> Array:
            return ravel_pytree(advance(unravel(y), time))[0]

        def push(v: Array) -> tuple[Array, Array]:
            return jax.jvp(flow, (x,), (v,))

        moved, pushed = jax.vmap(push, in_axes=1, out_axes=(None, 1))(frame)
        return (moved, pushed, time + dt), None

    def one_block(carry: tuple[Array, Array, Array], _: None) -> tuple[tuple[Array, Array, Array], Array]:
        x, frame, time = jax.lax.scan(one_step, carry, None, length=steps_per_block)[0]
        q, r = jnp.linalg.qr(frame)
        # a direction that the map destroys has growth zero: its exponent is huge and negative, not minus infinity
        return (x, q, time), jnp.log(jnp.maximum(jnp.abs(jnp.diagonal(r)), tiny))

    carry, growth = jax.lax.scan(one_block, (flat, tangent.frame, tangent.time), None, length=blocks)
    return Tangent(unravel(carry[0]), carry[1], carry[2]), growth


def lyapunov_exponents(
    advance: Advance,
    state: Any,
    *,
    k: int,
    blocks: int,
    steps_per_block: int,
    dt: float,
    discard: int | None = None,
    time: float = 0.0,
    key: PRNGKeyArray,
) -> Float[Array, " k"]:
    """The k leading Lyapunov exponents along one trajectory, per unit of time, in descending order of the frame.

    Unbatched; `jax.vmap` it over `state` and `key` and take the standard error over trajectories.

    Args:
        advance: (state, time) -> the state `dt` later; any pytree of floating-point arrays.
        state: where to start; on the attractor.
        k: how many.
        blocks: how many blocks count.
        steps_per_block: calls of `advance` between two orthonormalisations; a block should span less than about
            one Lyapunov time, or the frame becomes ill-conditioned.
        dt: time of one call.
        discard: blocks run first and dropped while the frame turns into the expanding directions; default a fifth
            of `blocks`, at least ten.
        time: at the start.
        key: for the first frame.
    """
    settle = max(10, blocks // 5) if discard is None else discard
    tangent = start_tangent(state, k=k, time=time, key=key)
    tangent, _ = evolve_tangent(advance, tangent, blocks=settle, steps_per_block=steps_per_block, dt=dt)
    _, growth = evolve_tangent(advance, tangent, blocks=blocks, steps_per_block=steps_per_block, dt=dt)
    return growth.mean(0) / (steps_per_block * dt)


def kaplan_yorke(exponents: np.ndarray, size: int | None = None) -> float | None:
    """Kaplan-Yorke dimension of a descending list of exponents; None where the list is too short to tell.

    j + (sum of the first j) / |exponent j+1|, with j the largest number of leading exponents whose sum is not negative.
    Kaplan and Yorke (1979), doi:10.1007/BFb0064319.

    Args:
        exponents: [k], of which none is NaN.
        size: of the state. If all its exponents are given and their sum is not negative, the dimension is `size`.
    """
    ordered = np.sort(np.asarray(exponents, float))[::-1]
    if np.isnan(ordered).any():
        raise ValueError("expected exponents that are numbers, got NaN; leave diverged units out first")
    total = np.cumsum(ordered)
    below = np.flatnonzero(total < 0)
    if below.size == 0:
        return float(size) if size is not None and ordered.size == size else None
    j = int(below[0])
    return 0.0 if j == 0 else float(j + total[j - 1] / abs(ordered[j]))
