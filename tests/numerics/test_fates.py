"""Fates of free runs: each is told from the others, and chaos is not taken for a closed orbit."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from gnomon.numerics.fates import count_fates, fate_of

TIME = np.arange(0, 60, 0.11)


def lorenz(rho, start=(1.0, 2.0, 25.0), until=100.0, time=TIME):
    def f(t, u):
        x, y, z = u
        return 10 * (y - x), x * (rho - z) - y, x * y - 8 / 3 * z

    u = solve_ivp(f, (0, until), start, rtol=1e-7, atol=1e-7, t_eval=until - 60 + time).y.T
    return u / np.asarray([7.9, 9.0, 8.6])


def test_chaos_lives():
    assert fate_of(lorenz(28.0)) == "lives"


def test_a_steady_roll_rests():
    assert fate_of(lorenz(10.0)) == "rests"


def test_a_window_is_periodic():
    assert fate_of(lorenz(160.0, time=np.arange(0, 60, 0.02))) == "periodic"


@pytest.mark.parametrize("period", [0.53, 1.3, 3.77, 12.9])
def test_a_closed_orbit_is_periodic_whatever_its_period(period):
    angle = 2 * np.pi * TIME / period
    x = np.stack([np.sin(angle), np.cos(angle) + 0.3 * np.cos(2 * angle)], axis=1)
    assert fate_of(x) == "periodic"


def test_a_torus_lives():
    angle = 2 * np.pi * TIME
    assert fate_of(np.stack([np.sin(angle), np.sin(angle * np.sqrt(2))], axis=1)) == "lives"


def test_noise_lives():
    assert fate_of(np.random.default_rng(0).standard_normal((500, 2))) == "lives"


def test_what_is_not_finite_exploded():
    x = lorenz(28.0)
    x[400:] = np.nan
    assert fate_of(x) == "exploded"


def test_counts():
    runs = np.stack([lorenz(28.0), lorenz(10.0), lorenz(28.0) * np.nan])
    assert count_fates(runs) == {"lives": 1, "rests": 1, "exploded": 1}
