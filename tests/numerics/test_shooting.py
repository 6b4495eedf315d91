"""Shooting on a system whose equations are known: coefficients, their errors, and states from noisy pasts."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from gnomon.numerics.library_equations import Library, make_library, run_equations, written
from gnomon.numerics.shooting import Segments, cut, fitted_state, nested_starts, shoot, without_strays

DT, SUBSTEPS = 0.1, 4
NONE = np.zeros((3, 61, 1, 0))


def pendulum() -> tuple[Library, np.ndarray]:
    """Van der Pol: x' = y, y' = (1 - x^2) y - x."""
    library = make_library(np.zeros((1, 1), int), 2, 0, 3, 0, np.ones(2))
    names = [tuple(int(i) for i in row if i) for row in np.asarray(library.table)]
    theta = np.zeros((len(names), 2))
    theta[names.index((2,)), 0] = 1.0
    theta[names.index((2,)), 1], theta[names.index((1, 1, 2)), 1], theta[names.index((1,)), 1] = (
        1.0,
        -1.0,
        -1.0,
    )
    return library, theta


@functools.cache
def record(noise: float) -> tuple[np.ndarray, np.ndarray]:
    library, theta = pendulum()
    starts = jnp.asarray(np.random.default_rng(0).uniform(-2, 2, (3, 1, 2)))
    run = jax.jit(
        jax.vmap(lambda s: run_equations(library, jnp.asarray(theta), s, jnp.asarray(NONE[0]), DT, SUBSTEPS))
    )
    clean = np.asarray(run(starts))
    return clean, clean + noise * np.random.default_rng(1).standard_normal(clean.shape)


def fitted(noise: float, steps: int = 20):
    library, theta = pendulum()
    segments = cut(record(noise)[1], NONE, steps)
    guess = theta * (1 + 0.05 * np.random.default_rng(2).standard_normal(theta.shape))
    return theta, segments, shoot(library, guess, theta != 0, segments, DT, SUBSTEPS, weight=np.ones(2))


def test_clean_data_give_the_coefficients_to_rounding():
    theta, _, shot = fitted(0.0)
    assert shot is not None
    np.testing.assert_allclose(shot.coefficients, theta, atol=1e-10)
    assert shot.noise.max() < 1e-10


def test_noise_is_told_and_does_not_bias():
    theta, _, shot = fitted(0.1)
    assert shot is not None
    free = theta != 0
    far = np.abs(shot.coefficients - theta)[free] / shot.errors[free]
    assert far.max() < 4.0
    assert np.all(np.isinf(shot.errors[~free]))
    np.testing.assert_allclose(shot.noise, 0.1, rtol=0.15)


def test_segments_nest_and_strays_are_left_out():
    _, short, shot = fitted(0.0, steps=10)
    longer = cut(record(0.0)[1], NONE, 20)
    starts = nested_starts(shot, short, longer, 2)
    np.testing.assert_allclose(starts, longer.observed[:, 0], atol=1e-9)
    spoilt = shot._replace(spread=np.where(np.arange(len(shot.spread)) == 1, 1.0, 1e-3))
    use = np.asarray(without_strays(spoilt, short).use)
    assert use[1] == 0
    assert use.sum() == len(use) - 1


def test_equations_that_cannot_be_run_are_refused():
    library, theta = pendulum()
    segments = Segments(jnp.full((2, 21, 1, 2), 3.0), jnp.zeros((2, 21, 1, 0)), jnp.ones(2), 1)
    assert shoot(library, 1e3 * np.abs(theta), theta != 0, segments, DT, 2, weight=np.ones(2)) is None


def test_state_fitted_to_its_past_is_better_than_the_last_observation():
    library, theta = pendulum()
    clean, noisy = record(0.1)
    run = lambda s: run_equations(library, jnp.asarray(theta), s, jnp.asarray(NONE[0, :41]), DT, SUBSTEPS)  # noqa: E731
    fit = jax.jit(jax.vmap(lambda past: fitted_state(run, past, jnp.full(2, 10.0))))
    state, left = fit(jnp.asarray(noisy[:, :41]))
    error = np.abs(np.asarray(state) - clean[:, 40]).mean()
    assert error < 0.5 * np.abs(noisy[:, 40] - clean[:, 40]).mean()
    assert np.all(np.abs(np.asarray(left) - 1.0) < 0.3)


def test_sines_and_neighbours_are_written():
    near = np.stack([np.roll(np.arange(4), 1), np.arange(4), np.roll(np.arange(4), -1)], axis=1)
    library = make_library(near, 1, 1, 2, 1, np.array([2.0]))
    count = library.table.shape[0] + len(library.wave)
    theta = np.zeros((count, 1))
    names = [tuple(int(i) for i in row if i) for row in np.asarray(library.table)]
    theta[names.index((1, 3)), 0], theta[names.index((4,)), 0], theta[-2, 0] = 1.0, 3.0, 0.5
    lines = written(library, theta, ["u"], ["F"], np.array([2.0]), np.array([3.0]))
    assert lines == ["du/dt = +2 F +0.5 u[-1] u[+1] +1 sin(1 u)"]
    u, forced = jnp.arange(4.0)[:, None] / 2, jnp.full((4, 1), 2.0)
    rate = 2.0 * library(u, forced) @ jnp.asarray(theta)
    wanted = [2 * 6 + 0.5 * a * b + np.sin(c) for a, b, c in [(3, 1, 0), (0, 2, 1), (1, 3, 2), (2, 0, 3)]]
    np.testing.assert_allclose(rate[:, 0], wanted, atol=1e-12)
