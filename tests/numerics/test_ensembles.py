"""Many trajectories in tiles: what one at a time gives, in the order given, with the outcome of each."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.numerics import ensembles
from gnomon.numerics.adaptive import OUTCOMES, solve
from gnomon.numerics.ensembles import ensemble, fixed_steps
from gnomon.numerics.tiles import cores


def lorenz(u):
    x, y, z = u
    return 10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z


def starts(lanes):
    return np.random.default_rng(0).normal([1.0, 1.0, 20.0], 1.0, (lanes, 3))


@pytest.mark.parametrize("lanes", [1, 5])
def test_equal_to_one_at_a_time(lanes):
    times = jnp.linspace(0.0, 1.0, 21)
    found = ensemble(lorenz, starts(lanes), times, tile=3)
    assert found.states.shape == (21, 3, lanes)
    alone = jax.vmap(lambda u: solve(lambda v: jnp.stack(lorenz(v)), u, times))(jnp.asarray(starts(lanes)))
    np.testing.assert_allclose(
        np.moveaxis(np.asarray(found.states), 2, 0), np.asarray(alone.states), atol=1e-9
    )
    np.testing.assert_array_equal(found.steps, alone.steps)
    assert (found.outcome == 0).all()


def test_a_lane_that_fails_leaves_the_others_alone():
    found = ensemble(
        lambda u: (u[0] * u[0], 0.0),
        np.array([[-1.0, 1.0], [1.0, 1.0], [np.nan, 1.0]]),
        np.array([0.0, 0.5, 2.0]),
    )
    np.testing.assert_allclose(found.states[:, 0, 0], [-1.0, -1 / 1.5, -1 / 3], atol=1e-8)
    assert [OUTCOMES[o] for o in found.outcome][::2] == ["reached the end", "not finite"]
    assert found.outcome[1] in (2, 3)
    np.testing.assert_allclose(found.states[:2, 0, 1], [1.0, 2.0], atol=1e-7)
    assert np.isnan(found.states[2, :, 1]).all()


def test_a_stiff_ensemble_runs_out_of_steps():
    found = ensemble(lambda u: (-1e6 * u[0],), np.ones((2, 1)), np.array([0.0, 10.0]), max_steps=100)
    assert [OUTCOMES[o] for o in found.outcome] == ["too many steps"] * 2
    assert (found.steps == 100).all()


@pytest.mark.parametrize("tile", [1, 4, 100])
def test_fixed_steps_are_those_of_a_plain_scan(tile):
    u, h = starts(9), 0.01

    def step(y, _):
        def f(v):
            return jnp.stack(lorenz(v))

        k1 = f(y)
        k2 = f(y + h / 2 * k1)
        k3 = f(y + h / 2 * k2)
        y = y + h / 6 * (k1 + 2 * (k2 + k3) + f(y + h * k3))
        return y, y

    plain = jax.vmap(lambda y: jax.lax.scan(step, y, None, length=60)[1])(jnp.asarray(u))
    np.testing.assert_allclose(fixed_steps(lorenz, u, h, 60, tile=tile)[0].T, plain[:, -1], rtol=1e-10)
    some = fixed_steps(lorenz, u, h, 60, every=20, tile=tile)
    np.testing.assert_allclose(np.moveaxis(some, 2, 0), plain[:, 19::20], rtol=1e-10)


def many_terms(u):
    """Too much for one loop: of Lorenz's equations with 40 terms that are zero."""
    extra = sum(np.sin(i * np.pi) * u[0] for i in range(40))
    return tuple(v + extra for v in lorenz(u))


def by_matrix(u):
    """Not of single numbers: a rotation in three dimensions."""
    return tuple(jnp.asarray([[0.0, -1, 0], [1, 0, 0], [0, 0, -1]]) @ jnp.stack(u))


@pytest.mark.parametrize("f", [lorenz, many_terms, by_matrix])
def test_an_odd_number_of_steps_of_any_function(f):
    u, h = starts(300), 0.01

    def g(v):
        return np.stack([np.asarray(c) for c in f(tuple(v.T))], 1)

    y, path = u, []
    for _ in range(14):
        k1 = g(y)
        k2 = g(y + h / 2 * k1)
        k3 = g(y + h / 2 * k2)
        y = y + h / 6 * (k1 + 2 * (k2 + k3) + g(y + h * k3))
        path.append(y.T)
    np.testing.assert_allclose(fixed_steps(f, u, h, 14, every=7), np.stack(path[6::7]), rtol=1e-11)


def test_a_constant_derivative_is_one_for_each_lane():
    np.testing.assert_allclose(fixed_steps(lambda u: (1.0, -u[1]), np.ones((3, 2)), 0.1, 10)[0, 0], 2.0)


def test_a_divergent_fixed_run_is_not_finite():
    assert not np.isfinite(fixed_steps(lorenz, starts(2), 10.0, 50)).any()


@pytest.mark.parametrize("told", [dict(h=0.0), dict(h=np.inf), dict(steps=0), dict(every=7), dict(every=-1)])
def test_wrong_settings_are_named(told):
    with pytest.raises(ValueError, match="step"):
        fixed_steps(lorenz, starts(2), **(dict(h=0.01, steps=10) | told))


def test_runs_repeat_to_the_bit_whatever_the_threads():
    u = starts(8)
    np.testing.assert_array_equal(
        fixed_steps(lorenz, u, 0.01, 50, tile=2), fixed_steps(lorenz, u, 0.01, 50, tile=2)
    )


def products(u):
    return tuple(a * b + a for a, b in zip(u, u[1:] + u[:1], strict=True))


@pytest.mark.parametrize("components", [3, 12])
def test_tiles_are_as_wide_as_one_thread_does_alone(components):
    def split(lanes):
        program = ensembles._fixed(products, (components, lanes), 1, "float64")
        return "outer_dimension_partitions" in program.as_text()

    together, lanes = ensembles._plan(products, components, "float64")
    assert together == (components < 6)
    assert lanes % 8 == 0
    assert not split(lanes)
    if cores() > 1 and together:
        assert split(4 * lanes)
