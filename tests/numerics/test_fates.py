"""Fates of free runs: each is told from the others, and chaos is not taken for a closed orbit."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from gnomon.numerics import fates
from gnomon.numerics.fates import FAR, REACHES, count_fates, reach_of

TIME = np.arange(0, 60, 0.11)


def lorenz(rho, start=(1.0, 2.0, 25.0), until=100.0, time=TIME):
    def f(t, u):
        x, y, z = u
        return 10 * (y - x), x * (rho - z) - y, x * y - 8 / 3 * z

    u = solve_ivp(f, (0, until), start, rtol=1e-7, atol=1e-7, t_eval=until - 60 + time).y.T
    return u / np.asarray([7.9, 9.0, 8.6])


REACH = reach_of(lorenz(28.0)[None])


def fate_of(x, reach=None):
    """Against a truth of Lorenz at rho = 28 where it is that one's run, else against the run itself as the truth."""
    return fates.fate_of(x, reach_of(x[None]) if reach is None else reach)


def test_chaos_lives():
    assert fate_of(lorenz(28.0, start=(3.0, 1.0, 20.0)), REACH) == "lives"


def test_a_steady_roll_rests():
    assert fate_of(lorenz(10.0), REACH) == "rests"


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
    assert fate_of(x, REACH) == "exploded"


def test_counts():
    runs = np.stack([lorenz(28.0), lorenz(10.0), lorenz(28.0) * np.nan])
    assert count_fates(runs, REACH) == {"lives": 1, "rests": 1, "exploded": 1}


@pytest.mark.parametrize("late", [100, 540])
@pytest.mark.parametrize("held", [20.0, -20.0, (20.0, -20.0, 20.0)])
def test_a_run_that_is_held_far_away_exploded(late, held):
    """However long it lived before, and though it stands still there."""
    x = lorenz(28.0)
    x[late:] = held
    assert fate_of(x, REACH) == "exploded"


def test_one_channel_far_away_is_enough():
    x = lorenz(28.0)
    x[300:, 1] = 20.0
    assert fate_of(x, REACH) == "exploded"


def test_a_run_that_is_held_near_only_rests():
    x = lorenz(28.0)
    x[100:] = 5.0
    assert fate_of(x, REACH) == "rests"


def test_the_truth_decides_how_far_is_too_far():
    """Ten standard deviations, or five times its own largest distance: bursts of a truth are no explosion."""
    calm = np.random.default_rng(0).standard_normal((4, 500, 2))
    assert reach_of(calm).bound == pytest.approx(
        np.maximum(FAR, REACHES * np.abs(calm - calm.mean((0, 1))).max((0, 1)))
    )
    assert reach_of(0.1 * calm).bound == pytest.approx([FAR, FAR])
    bursting = calm.copy()
    bursting[0, 40] = 9.0
    burst = calm[1].copy()
    burst[100] = 30.0
    assert fates.fate_of(burst, reach_of(calm)) == "exploded"
    assert fates.fate_of(burst, reach_of(bursting)) == "lives"


def test_a_reach_is_about_the_mean_of_the_truth_and_of_finite_states():
    truth = 100.0 + np.random.default_rng(0).standard_normal((4, 500, 2))
    truth[2, 300:] = np.nan
    reach = reach_of(truth)
    assert reach.centre == pytest.approx([100.0, 100.0], abs=0.2)
    assert fates.fate_of(truth[0], reach) == "lives"
    assert fates.fate_of(truth[0] - 100.0, reach) == "exploded"
    assert reach_of(truth[2:3, 300:]).bound.tolist() == [FAR, FAR]
