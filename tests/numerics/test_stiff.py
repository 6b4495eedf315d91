"""The linearly implicit method: order four, stable where explicit steps are not, and derivatives pass."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from gnomon.numerics.integrators import rk4
from gnomon.numerics.stiff import rosenbrock


def run(f, start, end, steps, scheme=rosenbrock):
    state = jnp.asarray(start)
    return scheme(
        lambda u, k: f(u), state, lambda t: {"c": 0.0 * t}, time=jnp.asarray(0.0), dt=end, substeps=steps
    )


def lorenz(u):
    return jnp.stack([10 * (u[1] - u[0]), u[0] * (28 - u[2]) - u[1], u[0] * u[1] - 8 / 3 * u[2]])


def test_order_four():
    known = solve_ivp(lambda t, u: np.asarray([10 * (u[1] - u[0]), u[0] * (28 - u[2]) - u[1],
                                               u[0] * u[1] - 8 / 3 * u[2]]),
                      (0, 0.5), [1.0, 2.0, 20.0], method="DOP853", rtol=1e-13, atol=1e-13).y[:, -1]  # fmt: skip
    errors = [float(jnp.abs(run(lorenz, [1.0, 2.0, 20.0], 0.5, n) - known).max()) for n in (100, 200)]
    assert 3.6 < np.log2(errors[0] / errors[1]) < 4.6


def test_a_stiff_decay_is_followed_where_explicit_steps_explode():
    """u' = -1e5 (u - cos t), as an autonomous pair with the clock; the step is a thousand times too long for RK4."""

    def f(u):
        return jnp.stack([-1e5 * (u[0] - jnp.cos(u[1])), jnp.ones(())])

    found = run(f, [1.0, 0.0], 1.0, 100)
    assert float(found[0]) == pytest.approx(np.cos(1.0), abs=1e-4)
    assert not np.isfinite(run(f, [1.0, 0.0], 1.0, 100, rk4)).all()


@pytest.mark.parametrize("h", [1e-3, 1.0, 1e6])
def test_decay_stays_bounded_for_every_step_length(h):
    """A-stable: a decaying mode never grows, however long the step."""
    assert abs(float(run(lambda u: -u, [1.0], 3 * h, 3)[0])) <= 1.0


def robertson(u):
    slow, fast = 0.04 * u[0], 1e4 * u[1] * u[2]
    return jnp.stack([-slow + fast, slow - fast - 3e7 * u[1] ** 2, 3e7 * u[1] ** 2])


def test_robertson_is_where_a_stiff_solver_puts_it_and_keeps_its_mass():
    found = np.asarray(run(robertson, [1.0, 0.0, 0.0], 40.0, 40_000))
    assert found.sum() == pytest.approx(1.0, abs=1e-8)
    np.testing.assert_allclose(found, [0.7158270688, 9.185534765e-6, 0.2841637457], rtol=1e-6)


def test_too_long_a_step_is_stable_and_wrong():
    """The failure the docstring warns of: the first layer is stepped over, nothing blows up, the answer is off."""
    found = np.asarray(run(robertson, [1.0, 0.0, 0.0], 40.0, 4000))
    assert np.isfinite(found).all()
    assert abs(found[0] - 0.7158270688) > 0.01


def test_derivatives_pass_both_ways():
    def last(x):
        return run(lambda u: -u * u, jnp.stack([x]), 1.0, 50)[0]

    # u(1) = x / (1 + x), so du/dx = 1 / (1 + x)^2
    assert float(jax.grad(last)(2.0)) == pytest.approx(1 / 9, abs=1e-7)
    assert float(jax.jvp(last, (2.0,), (1.0,))[1]) == pytest.approx(1 / 9, abs=1e-7)


def test_a_start_that_is_no_number_gives_none():
    assert np.isnan(run(lambda u: -u, [np.nan], 1.0, 5)).all()


def test_a_system_without_knobs_is_stepped_too():
    found = rosenbrock(lambda u, k: -u, jnp.ones(1), lambda t: {}, time=jnp.asarray(0.0), dt=1.0, substeps=20)
    assert float(found[0]) == pytest.approx(np.exp(-1.0), abs=1e-6)
