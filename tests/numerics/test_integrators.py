"""Measured orders of accuracy, exact cases and derivatives of the integrators."""

import math
from decimal import Decimal, localcontext

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.numerics.integrators import Etdrk4, phi_functions, rk4, stage_knobs


def _wobble(time):
    return {"a": jnp.sin(3 * time)}


def _slope(steps, errors):
    return -np.polyfit(np.log(steps), np.log(errors), 1)[0]


def test_rk4_has_order_four_with_forcing_that_varies_inside_a_step():
    def tendency(y, knobs):
        return jnp.stack([y[1], -jnp.sin(y[0]) + knobs["a"]])

    def end(n):
        return rk4(tendency, jnp.asarray([1.0, 0.0]), _wobble, time=0.2, dt=2.0, substeps=n)

    counts = [8, 16, 32, 64]
    errors = [float(jnp.abs(end(n) - end(2048)).max()) for n in counts]
    assert _slope(counts, errors) == pytest.approx(4.0, abs=0.2)


def test_etdrk4_has_order_four():
    linear = np.asarray([-3.0, -0.5, 0.0, 0.7])

    def nonlinear(v, knobs):
        return jnp.roll(v, 1) * v * 0.5 - v**3 + knobs["a"]

    def end(n):
        scheme = Etdrk4(linear, 2.0 / n)
        return scheme.advance(
            nonlinear, jnp.asarray([1.0, 0.5, -0.2, 0.3]), _wobble, time=0.1, dt=2.0, substeps=n
        )

    counts = [16, 32, 64, 128]
    errors = [float(jnp.abs(end(n) - end(2048)).max()) for n in counts]
    assert _slope(counts, errors) == pytest.approx(4.0, abs=0.25)


def test_etdrk4_is_exact_for_stiff_linear_equations_with_a_constant_push():
    linear = np.asarray([-1e4, -5.0, -1e-9, 0.0, 2.0])
    v = np.asarray([1.0, -2.0, 0.5, 1.0, 0.1])
    ended = Etdrk4(linear, 0.1).advance(
        lambda v, knobs: knobs["a"] * jnp.ones_like(v), jnp.asarray(v), lambda t: {"a": 0.7 + 0 * t},
        time=0.0, dt=1.0, substeps=10,
    )  # fmt: skip
    growth = np.asarray([math.expm1(z) / z if z else 1.0 for z in linear.tolist()])
    np.testing.assert_allclose(ended, np.exp(linear) * v + 0.7 * growth, rtol=1e-13)


def test_phi_functions_against_many_digits():
    z = np.asarray([-1e4, -300.0, -20.0, -1.0, -0.3, -1e-3, -1e-8, 0.0, 1e-12, 0.1, 1.0, 3.0])
    with localcontext() as context:
        context.prec = 80
        for value, *found in zip(z.tolist(), *phi_functions(z), strict=True):
            w = Decimal(value)
            for n, phi in enumerate(found, start=1):
                head = sum((w**j / math.factorial(j) for j in range(1, n)), start=Decimal(1))
                true = (w.exp() - head) / w**n if value else Decimal(1) / math.factorial(n)
                assert phi == pytest.approx(float(true), rel=2e-14)


def test_knobs_are_looked_up_at_the_start_middle_and_end_of_each_inner_step():
    stages = stage_knobs(lambda t: {"a": t}, time=2.0, dt=1.0, substeps=2)["a"]
    np.testing.assert_allclose(stages, [[2.0, 2.25, 2.5], [2.5, 2.75, 3.0]])


def test_derivatives_pass_through():
    def end(y):
        return rk4(lambda s, knobs: -(s**3) + knobs["a"], y, _wobble, time=0.0, dt=1.0, substeps=5)

    y, d = jnp.asarray([1.0, -0.4]), jnp.asarray([0.3, 1.0])
    _, tangent = jax.jvp(end, (y,), (d,))
    central = (end(y + 1e-5 * d) - end(y - 1e-5 * d)) / 2e-5
    np.testing.assert_allclose(tangent, central, rtol=1e-8)
    _, pullback = jax.vjp(end, y)
    np.testing.assert_allclose(jnp.vdot(pullback(jnp.ones(2))[0], d), tangent.sum(), rtol=1e-12)
