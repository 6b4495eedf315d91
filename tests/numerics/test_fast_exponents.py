"""Spectra of many lanes: against matrices whose exponents are known, the general routine, and the literature."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.numerics.fast_exponents import ring, spectrum
from gnomon.numerics.lyapunov import evolve_tangent, kaplan_yorke, start_tangent


def lorenz(u):
    x, y, z = u
    return 10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z


def lorenz96(u):
    n = u.shape[0]
    p = ring(u, 2, 1)
    return (p[3:] - p[:n]) * p[1 : n + 1] - u + 8.0


def starts(lanes, seed=0):
    return np.random.default_rng(seed).normal([1.0, 1.0, 20.0], 1.0, (lanes, 3))


@pytest.mark.parametrize("stacked", [False, True])
def test_a_linear_flow_has_the_real_parts_of_its_eigenvalues(stacked):
    wanted = np.array([0.4, -0.1, -1.3, -2.0])
    turn = np.random.default_rng(0).normal(size=(4, 4))
    matrix = turn @ np.diag(wanted) @ np.linalg.inv(turn)

    def linear(u):
        u = jnp.stack(u) if isinstance(u, tuple) else u
        return list(jnp.asarray(matrix) @ u)

    found = spectrum(linear, np.zeros((3, 4)), 0.01, 2000, 20, discard=4000, stacked=stacked)
    assert found.shape == (3, 4)
    np.testing.assert_allclose(found, np.tile(wanted, (3, 1)), atol=1e-6)


@pytest.mark.parametrize("stacked", [False, True])
@pytest.mark.parametrize("lanes", [1, 2, 7])
def test_equal_to_the_general_routine(stacked, lanes):
    """Same steps, same first vectors: over a short time the numbers agree to rounding that has not yet grown."""
    h, every, blocks = 0.01, 20, 10
    u = starts(lanes)
    found = spectrum(lorenz, u, h, every * blocks, every, stacked=stacked, tile=2, seed=3)
    first = jnp.asarray(np.linalg.qr(np.random.default_rng(3).standard_normal((3, 3)))[0])

    def advance(y, _):
        def f(v):
            return jnp.stack(lorenz(v))

        k1 = f(y)
        k2 = f(y + h / 2 * k1)
        k3 = f(y + h / 2 * k2)
        return y + h / 6 * (k1 + 2 * (k2 + k3) + f(y + h * k3))

    def one(state):
        tangent = start_tangent(state, k=3, key=jax.random.key(0))._replace(frame=first)
        return evolve_tangent(advance, tangent, blocks=blocks, steps_per_block=every, dt=h)[1].mean(0) / (
            every * h
        )

    np.testing.assert_allclose(found, jax.vmap(one)(jnp.asarray(u)), atol=1e-9)


def test_lorenz_has_the_exponents_of_the_literature():
    """0.9056, 0, -14.5723 (Sprott 2003); their sum is the divergence, -13 2/3, up to the step length."""
    found = spectrum(lorenz, starts(48), 0.01, 5000, 20, discard=1000)
    mean, error = found.mean(0), found.std(0, ddof=1) / np.sqrt(48)
    np.testing.assert_allclose(found.sum(1), -41 / 3, atol=2e-4)
    assert (np.abs(mean - [0.9056, 0.0, -14.5723]) < 4 * error + 2e-4).all()
    assert error[0] < 0.01


def test_few_vectors_are_the_leading_ones_of_many():
    u = starts(4)
    np.testing.assert_allclose(
        spectrum(lorenz, u, 0.01, 200, 10, 1), spectrum(lorenz, u, 0.01, 200, 10, 3)[:, :1], atol=1e-9
    )


def test_lorenz96_of_forty_sites():
    """Thirteen positive exponents, the leading one near 1.69, dimension near 27; the sum is -40 exactly."""
    u = 2.0 + 3.0 * np.random.default_rng(0).normal(size=(2, 40))
    found = spectrum(lorenz96, u, 0.02, 5000, 25, discard=1000)
    np.testing.assert_allclose(found.sum(1), -40.0, atol=1e-3)
    mean = found.mean(0)
    assert abs(mean[0] - 1.69) < 0.15
    assert abs((mean > 0).sum() - 13) <= 1
    dimension = kaplan_yorke(mean)
    assert dimension is not None
    assert abs(dimension - 27.06) < 0.5


def test_ring_has_the_neighbours_of_a_roll():
    u = jnp.arange(12.0).reshape(6, 2)
    p = ring(u, 2, 1)
    np.testing.assert_array_equal(p[:6], jnp.roll(u, 2, 0))
    np.testing.assert_array_equal(p[3:], jnp.roll(u, -1, 0))


@pytest.mark.parametrize("stacked", [False, True])
def test_a_lane_that_blows_up_is_nan_and_the_others_are_not(stacked):
    def grow(u):
        return [u[0] * u[0], -u[1]]

    found = spectrum(grow, np.array([[-1.0, 1.0], [5.0, 1.0]]), 0.01, 2000, 10, stacked=stacked)
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1]).any()


def test_a_direction_that_is_destroyed_is_very_negative_not_minus_infinity():
    def flatten(u):
        return [u[0], 0.0 * u[1] - 2e4 * u[1]]

    found = spectrum(flatten, np.ones((2, 2)), 1e-4, 5000, 5000)
    assert np.isfinite(found).all()
    assert (found[:, 1] < -100).all()


@pytest.mark.parametrize(
    ("told", "word"),
    [
        (dict(h=0.0), "step length"), (dict(h=float("nan")), "step length"), (dict(k=4), "at most 3"),
        (dict(steps=0), "at least 1"), (dict(every=0), "at least 1"), (dict(discard=-1), "at least 0"),
        (dict(tile=0), "at least one"),
    ],
)  # fmt: skip
def test_wrong_settings_are_named(told, word):
    settings = dict(h=0.01, steps=10, every=5) | told
    with pytest.raises(ValueError, match=word):
        spectrum(lorenz, starts(2), **settings)
