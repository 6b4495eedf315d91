"""Systems in plain Python and compiled: the same numbers as JAX, the order of the method, named failures."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.numerics.adaptive import OUTCOMES
from gnomon.numerics.eighth_order import integrate
from gnomon.numerics.scalar_code import NotScalar, scalar_code
from gnomon.numerics.trajectories import trajectories


def lorenz(u):
    x, y, z = u
    return 10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z


def swing(u):
    return u[1], -u[0]


def everything(u):
    a, b = u
    yield jnp.where(a > b, jnp.sin(a) * jnp.cos(b), jnp.tanh(a) + jnp.exp(-b))
    yield jnp.maximum(a, 0.3) ** 3 + jnp.minimum(b, 2) ** -2 + jnp.abs(a) ** 0.5
    yield jnp.arctan2(a, b) + jnp.sqrt(a * a + 1) + jnp.log(2 + b * b) + jnp.sign(a - b)
    yield jnp.clip(a, -0.5, 0.5) + jnp.floor(b) + jnp.round(3 * a) + jnp.mod(a, 0.7) + a % 1
    yield jax.nn.sigmoid(a) + jnp.arcsinh(b) * 0 + jnp.heaviside(b, 0.5) + jnp.cosh(a) / jnp.sinh(b)
    yield jax.nn.relu(a) + jnp.power(jnp.abs(b), a) + jnp.square(a) + jnp.log1p(b * b) - jnp.expm1(a) + 7
    yield jnp.where((a > 0) & ~(b > 0) | (a == b), 1.0, jnp.float_power(2.0, a)) + jnp.arctan(a) + a**5


def test_python_has_the_numbers_of_jax():
    code = scalar_code(everything, 2)
    for a, b in [(0.2, 1.1), (-0.4, 0.7), (1.3, -0.6), (2.5, 2.4), (-1.0, -2.0)]:
        wanted = [float(v) for v in everything((jnp.asarray(a), jnp.asarray(b)))]
        np.testing.assert_allclose(code(a, b), wanted, rtol=1e-13)


def test_what_is_not_arithmetic_of_numbers_is_said_to_be_so():
    with pytest.raises(NotScalar, match="array"):
        scalar_code(lambda u: tuple(jnp.roll(jnp.stack(u), 1)), 3)


@pytest.mark.parametrize("compiled", [False, True])
def test_the_error_follows_the_tolerance(compiled):
    times = np.linspace(0.0, 20.0, 211)
    found = trajectories([swing], [(1.0, 0.0)], [times], compiled=compiled)[0]
    np.testing.assert_allclose(found.states, np.stack([np.cos(times), -np.sin(times)], 1), atol=1e-7)
    assert OUTCOMES[found.outcome] == "reached the end"


def test_order_eight():
    """Steps needed grow as the eighth root of the tolerance, and the error falls with it."""
    code, times = scalar_code(swing, 2), np.linspace(0.0, 200.0, 50)
    counts, errors = [], []
    for tolerance in (1e-5, 1e-11):
        states, _, count = integrate(
            code, np.array([1.0, 0.0]), times, rtol=tolerance, atol=tolerance, max_steps=10**6
        )
        counts.append(count)
        errors.append(np.abs(states[:, 0] - np.cos(times)).max())
    assert 6.5 < 6 / np.log10(counts[1] / counts[0]) < 9.5
    assert errors[1] < 1e-4 * errors[0]


def test_both_ways_agree_and_keep_the_order_of_the_jobs():
    times = [np.linspace(0.0, 2.0, 50), np.linspace(1.0, 4.0, 40), np.linspace(0.0, 3.0, 30)]
    states = [(1.0, 1.0, 20.0), (1.0, 0.0), (0.5, 0.1, 0.2)]

    def turning(u):
        u = jnp.stack(u)
        return tuple(jnp.roll(u, 1) - u)

    fs = [lorenz, swing, turning]
    plain, compiled = (trajectories(fs, states, times, compiled=c) for c in (False, True))
    for a, b, at in zip(plain, compiled, times, strict=True):
        assert len(a.states) == len(at)
        np.testing.assert_allclose(a.states, b.states, atol=1e-6)


def test_irregular_and_repeated_times_are_met():
    times = np.array([0.0, 0.0, 1e-9, 0.5, 0.5, 7.0])
    found = trajectories([swing], [(1.0, 0.0)], [times])[0]
    np.testing.assert_allclose(found.states[:, 0], np.cos(times), atol=1e-8)


@pytest.mark.parametrize("compiled", [False, True])
def test_failures_are_named_and_do_not_stop_the_others(compiled):
    fs = [lambda u: (u[0] * u[0],), lambda u: (-1e6 * (u[0] - 1),), swing, swing]
    states = [(1.0,), (0.0,), (1.0, 0.0), (np.nan, 0.0)]
    found = trajectories(fs, states, [np.array([0.0, 0.5, 10.0])] * 4, max_steps=3000, compiled=compiled)
    named = [OUTCOMES[run.outcome] for run in found]
    assert named[0] in ("step length underflow", "not finite")
    assert named[1:] == ["too many steps", "reached the end", "not finite"]
    assert found[0].states[1, 0] == pytest.approx(2.0, abs=1e-6)
    assert np.isnan(found[0].states[2]).all()
    assert np.isnan(found[1].states[2]).all()


def test_a_root_of_a_negative_number_shortens_the_step_and_is_named():
    """u' = -sqrt(u) - 1 leaves the domain at a finite time; Python raises there, and JAX has NaN."""
    found = trajectories([lambda u: (-jnp.sqrt(u[0]) - 1,)], [(1.0,)], [np.array([0.0, 0.3, 5.0])])[0]
    assert OUTCOMES[found.outcome] == "step length underflow"
    assert np.isfinite(found.states[1]).all()
    assert np.isnan(found.states[2]).all()
