"""A linearly implicit method for small stiff systems."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from gnomon.core.forcing import Knobs
from gnomon.core.world import Time
from gnomon.numerics.integrators import stage_knobs

GAMMA = 0.5
A21, A31, A32 = 2.0, 48 / 25, 6 / 25
C21, C31, C32 = -8.0, 372 / 25, 12 / 5
C41, C42, C43 = -112 / 125, -54 / 125, -2 / 5
B1, B2, B3, B4 = 19 / 9, 1 / 2, 25 / 108, 125 / 108


def rosenbrock(
    tendency: Callable[[Array, Knobs], Array],
    state: Array,
    knobs_at: Callable[[Any], Knobs],
    *,
    time: Time,
    dt: float,
    substeps: int,
) -> Array:
    """The state `dt` later, by Shampine's four-stage Rosenbrock method of fourth order.

    Each inner step takes one Jacobian and solves four linear systems with one matrix; nothing is iterated, so `jit`,
    `vmap` and derivatives pass through. A-stable. Knobs are held at the middle of an inner step (second order where
    they vary in time). Shampine (1982), doi:10.1145/355993.355994. What misleads: without error control a step that
    is too long is stable and wrong; step lengths are checked against halved ones (`validation/`).
    """
    h = dt / substeps
    stages = stage_knobs(knobs_at, time=time, dt=dt, substeps=substeps)

    def one(y: Array, own: Knobs) -> tuple[Array, None]:
        knobs = {name: values[1] for name, values in own.items()}

        def f(u: Array) -> Array:
            return tendency(u, knobs)

        matrix = jnp.eye(y.size, dtype=y.dtype) / (GAMMA * h) - jax.jacfwd(f)(y)
        # An explicit inverse of a small matrix: one factorisation serves four solves under vmap.
        inverse = jnp.linalg.inv(matrix)
        g1 = inverse @ f(y)
        g2 = inverse @ (f(y + A21 * g1) + C21 / h * g1)
        third = f(y + A31 * g1 + A32 * g2)
        g3 = inverse @ (third + (C31 * g1 + C32 * g2) / h)
        g4 = inverse @ (third + (C41 * g1 + C42 * g2 + C43 * g3) / h)
        return y + B1 * g1 + B2 * g2 + B3 * g3 + B4 * g4, None

    return jax.lax.scan(one, state, stages, length=substeps)[0]
