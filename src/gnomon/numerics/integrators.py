"""Time stepping: the classical Runge-Kutta method and exponential time differencing, both of fourth order.

Both advance a world by `dt` in equal inner steps and ask the forcing for its values at the times of the stages, so
that a forcing that varies inside a step is followed to the order of the method. Both are built from a scan of fixed
length: `jit`, `vmap`, `jvp` and `vjp` pass through.
"""

import functools
import operator
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Inexact

from gnomon.core.forcing import Knobs
from gnomon.core.world import Time

KnobsAt = Callable[[Any], Knobs]


def rk4(
    tendency: Callable[[Array, Knobs], Array],
    state: Array,
    knobs_at: KnobsAt,
    *,
    time: Time,
    dt: float,
    substeps: int,
) -> Array:
    """The state `dt` later, by `substeps` classical Runge-Kutta steps (Kutta 1901).

    Args:
        tendency: the right-hand side f(state, knobs).
        state: at `time`.
        knobs_at: `forcing.at`.
        time: at the beginning.
        dt: how far to go.
        substeps: number of equal inner steps.
    """
    h = dt / substeps

    def one(y: Array, stages: Knobs) -> tuple[Array, None]:
        start, middle, end = (_pick(stages, i) for i in range(3))
        k1 = tendency(y, start)
        k2 = tendency(y + (h / 2) * k1, middle)
        k3 = tendency(y + (h / 2) * k2, middle)
        k4 = tendency(y + h * k3, end)
        return y + (h / 6) * (k1 + 2 * (k2 + k3) + k4), None

    stages = stage_knobs(knobs_at, time=time, dt=dt, substeps=substeps)
    # the length is said because a world without knobs has no stages to count
    return jax.lax.scan(one, state, stages, length=substeps)[0]


class Etdrk4(eqx.Module):
    """Coefficients of fourth-order exponential time differencing for v' = linear v + N(v, knobs), `linear` diagonal.

    Scheme of Cox and Matthews (2002), doi:10.1006/jcph.2002.6995; its coefficients are differences of nearly equal
    numbers where |h linear| is small, so they are means over a circle in the complex plane as in Kassam and
    Trefethen (2005), doi:10.1137/S1064827502410633. They are computed once, by NumPy in double precision, whatever
    precision the run has.

    Attributes:
        whole: exp(h linear).
        half: exp(h linear / 2).
        inner: weight of N in the half steps.
        first: weight of N at the start, `second` of both midpoints, `third` of the end.
    """

    whole: Inexact[Array, " mode"]
    half: Inexact[Array, " mode"]
    inner: Inexact[Array, " mode"]
    first: Inexact[Array, " mode"]
    second: Inexact[Array, " mode"]
    third: Inexact[Array, " mode"]

    def __init__(self, linear: np.ndarray, h: float):
        """Coefficients for one diagonal operator, real (growth, diffusion) or complex (waves), and one step h."""
        z = h * _double(linear)
        phi1, phi2, phi3 = phi_functions(z)
        self.whole = jnp.asarray(np.exp(z))
        self.half = jnp.asarray(np.exp(z / 2))
        self.inner = jnp.asarray(0.5 * h * phi_functions(z / 2)[0])
        self.first = jnp.asarray(h * (phi1 - 3 * phi2 + 4 * phi3))
        self.second = jnp.asarray(h * (2 * phi2 - 4 * phi3))
        self.third = jnp.asarray(h * (4 * phi3 - phi2))

    def advance(
        self,
        nonlinear: Callable[[Array, Knobs], Array],
        state: Array,
        knobs_at: KnobsAt,
        *,
        time: Time,
        dt: float,
        substeps: int,
    ) -> Array:
        """The state `dt` later; `dt / substeps` must be the h the coefficients were made for."""
        return self.through(nonlinear, state, stage_knobs(knobs_at, time=time, dt=dt, substeps=substeps))

    def through(
        self,
        nonlinear: Callable[[Array, Knobs], Array],
        state: Array,
        stages: dict[str, Array],
        *,
        by_parts: bool = False,
    ) -> Array:
        """The state after one step for each row of `stages`.

        Args:
            nonlinear: N(state, knobs).
            state: at the beginning.
            stages: values [substep, stage, ...] at start, middle and end.
            by_parts: for a complex state: quicker where the coefficients are real, equal to round-off.
        """
        mixed = sum_by_parts if by_parts else weighted_sum

        def one(v: Array, stages: Knobs) -> tuple[Array, None]:
            start, middle, end = (_pick(stages, i) for i in range(3))
            n1 = nonlinear(v, start)
            a = mixed((self.half, v), (self.inner, n1))
            n2 = nonlinear(a, middle)
            b = mixed((self.half, v), (self.inner, n2))
            n3 = nonlinear(b, middle)
            c = mixed((self.half, a), (self.inner, mixed((2, n3), (-1, n1))))
            n4 = nonlinear(c, end)
            return mixed((self.whole, v), (self.first, n1), (self.second, n2 + n3), (self.third, n4)), None

        return jax.lax.scan(one, state, stages)[0]


def weighted_sum(*terms: tuple[Any, Array]) -> Array:
    """The sum of coefficients times arrays, at least one."""
    return functools.reduce(operator.add, (coefficient * values for coefficient, values in terms))


def sum_by_parts(*terms: tuple[Any, Array]) -> Array:
    """`weighted_sum` of complex arrays; real coefficients multiply real and imaginary parts apart.

    JAX makes a complex number of a real one that meets a complex one, and the compiler multiplies all four pairs of
    their parts: on a CPU a tenth of a whole step on a ring (`benchmarks/field_speed.py`).
    """
    if any(jnp.iscomplexobj(coefficient) for coefficient, _ in terms):
        return weighted_sum(*terms)
    return jax.lax.complex(
        weighted_sum(*((coefficient, values.real) for coefficient, values in terms)),
        weighted_sum(*((coefficient, values.imag) for coefficient, values in terms)),
    )


def phi_functions(z: np.ndarray, points: int = 64) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """phi_1, phi_2, phi_3 of real or complex numbers, to nearly machine precision.

    phi_1 = (e^z - 1)/z, phi_2 = (phi_1 - 1)/z, phi_3 = (phi_2 - 1/2)/z. Each is analytic, so its value is its mean
    over a circle around z, on which no cancellation happens.
    """
    circle = np.exp(2j * np.pi * (np.arange(points) + 0.5) / points)
    z = _double(z)
    w = z[..., None] + circle
    phi1 = (np.exp(w) - 1) / w
    phi2 = (phi1 - 1) / w
    phi3 = (phi2 - 0.5) / w
    means = (p.mean(-1) for p in (phi1, phi2, phi3))
    # on a real number the halves of the circle are conjugate to each other
    return tuple(p if np.iscomplexobj(z) else p.real for p in means)  # pyright: ignore[reportReturnType]


def _double(numbers: np.ndarray) -> np.ndarray:
    return np.asarray(numbers, np.complex128 if np.iscomplexobj(numbers) else np.float64)


def stage_knobs(knobs_at: KnobsAt, *, time: Time, dt: float, substeps: int) -> Knobs:
    """Knob values [substep, stage] at the start, middle and end of every inner step, looked up in one go."""
    grid = np.arange(substeps)[:, None] + np.asarray([0.0, 0.5, 1.0])
    times = time + jnp.asarray(grid * (dt / substeps))
    return jax.vmap(jax.vmap(knobs_at))(times)


def _pick(stages: Knobs, index: int) -> Knobs:
    return {name: values[index] for name, values in stages.items()}
