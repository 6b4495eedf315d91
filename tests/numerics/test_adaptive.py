"""Steps with error control: order, dense output, tolerances, and every way to fail has its name."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from gnomon.numerics import adaptive
from gnomon.numerics.adaptive import OUTCOMES, solve


def lorenz(u):
    return jnp.stack([10 * (u[1] - u[0]), u[0] * (28 - u[2]) - u[1], u[0] * u[1] - 8 / 3 * u[2]])


def swing(u):
    return jnp.stack([u[1], -u[0]])


def one_step(h):
    """One step of given length of Lorenz's system, whatever its error: at its end, and the worst inside it."""
    controls = adaptive.Controls(jnp.inf, 1.0, 10, lambda squares: jnp.mean(squares[0]))
    places = np.array([0.2, 0.5, 0.8, 1.0])

    def f(parts):
        return (lorenz(parts[0]),)

    y, still = (jnp.array([1.0, 2.0, 20.0]),), jnp.zeros(())
    run = adaptive.March(still, y, still + h, still + 1, y, still, (f(y),) * 7, still.astype(jnp.int32))
    run = adaptive._attempt(f, run, jnp.asarray(True), controls)
    known = solve_ivp(
        plain, (0, h), np.asarray(y[0]), method="DOP853", rtol=1e-13, atol=1e-13, t_eval=places * h
    ).y.T
    inside = np.stack([adaptive._dense(run, jnp.asarray(x))[0] for x in places[:3]])
    return np.abs(np.asarray(run.y[0]) - known[3]).max(), np.abs(inside - known[:3]).max()


def plain(_, u):
    return [10 * (u[1] - u[0]), u[0] * (28 - u[2]) - u[1], u[0] * u[1] - 8 / 3 * u[2]]


def test_a_step_has_order_five_and_its_inside_at_least_four():
    """The error of one step falls as h^6, that of the interpolant as h^5."""
    (end, inside), (end_half, inside_half) = one_step(0.04), one_step(0.02)
    assert 5.4 < np.log2(end / end_half) < 6.8
    assert 4.5 < np.log2(inside / inside_half) < 6.8


def test_weights_are_consistent():
    """Weights sum to one, those of the error to zero; the interpolant ends where the step ends."""
    assert sum(adaptive.STAGES[-1]) == pytest.approx(1.0, abs=1e-14)
    assert sum(adaptive.ERROR) == pytest.approx(0.0, abs=1e-14)
    ends = [sum(row) + (i == 0) for i, row in enumerate(adaptive.DENSE)]
    np.testing.assert_allclose(ends, [*adaptive.STAGES[-1], 0.0], atol=1e-13)


@pytest.mark.parametrize("tolerance", [1e-5, 1e-9])
def test_the_error_follows_the_tolerance(tolerance):
    times = jnp.linspace(0.0, 20.0, 333)
    found = solve(swing, jnp.array([1.0, 0.0]), times, rtol=tolerance, atol=tolerance)
    error = jnp.abs(found.states[:, 0] - jnp.cos(times)).max()
    assert 0.001 * tolerance < error < 100 * tolerance
    assert OUTCOMES[int(found.outcome)] == "reached the end"


def test_lorenz_is_where_another_solver_puts_it():
    times = np.linspace(0.0, 5.0, 400)
    found = solve(lorenz, jnp.array([1.0, 1.0, 20.0]), jnp.asarray(times))

    known = solve_ivp(plain, (0, 5), [1.0, 1.0, 20.0], method="DOP853", rtol=1e-12, atol=1e-12, t_eval=times)
    np.testing.assert_allclose(found.states, known.y.T, atol=1e-6)


def test_irregular_and_repeated_times_are_met():
    times = jnp.array([0.0, 0.0, 1e-9, 0.5, 0.5, 7.0])
    found = solve(swing, jnp.array([1.0, 0.0]), times)
    np.testing.assert_allclose(found.states[:, 0], jnp.cos(times), atol=1e-7)


def test_times_may_start_anywhere_and_derivatives_pass():
    def last(x):
        return solve(swing, jnp.stack([x, 0 * x]), jnp.array([100.0, 103.0])).states[-1, 0]

    value, slope = jax.jvp(last, (jnp.asarray(2.0),), (jnp.asarray(1.0),))
    assert float(value) == pytest.approx(2 * np.cos(3.0), abs=1e-7)
    assert float(slope) == pytest.approx(np.cos(3.0), abs=1e-6)


def outcome(f, start, end, **told):
    found = solve(f, jnp.asarray(start), jnp.linspace(0.0, end, 5), **told)
    return OUTCOMES[int(found.outcome)], np.asarray(found.states)


def test_a_solution_that_ends_is_named():
    """u' = u^2 is infinite at t = 1: steps shrink until they stop mattering."""
    named, states = outcome(lambda u: u**2, [1.0], 2.0)
    assert named in ("step length underflow", "not finite")
    assert states[1, 0] == pytest.approx(2.0, abs=1e-6)
    assert np.isnan(states[-1]).all()


def test_a_start_that_is_no_number_is_named():
    named, states = outcome(swing, [np.nan, 0.0], 1.0)
    assert named == "not finite"
    assert np.isnan(states[1:]).all()


def test_a_stiff_system_runs_out_of_steps_by_name():
    named, states = outcome(lambda u: -1e6 * (u - 1), [0.0], 10.0, max_steps=2000)
    assert named == "too many steps"
    assert np.isnan(states[-1]).all()


@pytest.mark.parametrize("scale", [1e-9, 1e9])
def test_very_fast_and_very_slow_systems_need_no_other_settings(scale):
    named, states = outcome(lambda u: scale * swing(u), [1.0, 0.0], 3.0 / scale)
    assert named == "reached the end"
    assert states[-1, 0] == pytest.approx(np.cos(3.0), abs=1e-6)


def test_rest_stays_at_rest():
    named, states = outcome(lambda u: 0 * u, [1.0, 2.0], 1e6)
    assert named == "reached the end"
    np.testing.assert_array_equal(states[-1], [1.0, 2.0])
