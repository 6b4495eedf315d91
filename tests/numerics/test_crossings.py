"""Crossings and stays: counted by hand, by Rice and by renewal theory."""

import numpy as np
import pytest
import scipy.signal

from gnomon.numerics.crossings import (
    above,
    durations,
    interval_persistence,
    interval_probabilities,
    natural_time,
    ou_persistence,
    persistence,
    rice_rate,
    sampled_rate,
    survival,
    time_in_long_stays,
    up_crossings,
)


def ornstein_uhlenbeck(step, size, seed=0):
    a = np.exp(-step)
    kicks = np.random.default_rng(seed).normal(size=size) * np.sqrt(1 - a**2)
    kicks[0] /= np.sqrt(1 - a**2)
    return scipy.signal.lfilter([1.0], [1.0, -a], kicks)


def test_counts_by_hand():
    x = np.asarray([-1.0, 2.0, 3.0, -1.0, -2.0, -1.0, 1.0, -1.0])
    assert up_crossings(x) == 2
    stays = durations(x)
    np.testing.assert_array_equal(stays.above, [2, 1])
    np.testing.assert_array_equal(stays.below, [3])


def test_small_noise_about_the_level_makes_no_crossings_with_a_band():
    t = np.arange(4000) * 0.01
    noisy = np.sin(2 * np.pi * t / 10) + 0.05 * np.random.default_rng(0).normal(size=t.size)
    assert up_crossings(noisy) > 20
    assert up_crossings(noisy, band=0.3) == 3  # the first, at time zero, is not seen
    assert above(np.asarray([0.1, -0.1, 5.0, 0.1, -0.1, -5.0]), band=1.0).tolist() == [
        True, True, True, True, True, False,
    ]  # fmt: skip


def test_natural_time_is_the_period():
    t = np.arange(3000) * 0.02
    waves = np.stack([np.sin(2 * np.pi * t / p + 0.3) for p in (2.0, 5.0)])
    np.testing.assert_allclose(natural_time(waves, 0.02), [2.0, 5.0], rtol=2e-3)
    assert natural_time(np.ones(50), 1.0) == np.inf
    assert natural_time(np.arange(50.0), 1.0) == np.inf


def test_persistence_is_that_of_counting():
    x = np.random.default_rng(1).normal(size=(3, 60))
    found = persistence(x)
    side = x > 0
    for k in (0, 1, 2, 5):
        kept = [(side[:, i : i + k + 1] == side[:, i : i + 1]).all(axis=1).mean() for i in range(60 - k)]
        assert found[k] == pytest.approx(np.mean(kept))


def test_rice_counts_the_crossings_of_a_smooth_gaussian_process():
    # a sum of 200 waves with random phases: variance and slope variance are known exactly
    random = np.random.default_rng(2)
    speed = np.abs(random.normal(1.0, 0.3, 200))
    t = np.arange(0, 20_000, 0.1)
    x = sum(np.cos(w * t + p) for w, p in zip(speed, random.uniform(0, 2 * np.pi, 200), strict=True))
    variance, slope = 100.0, 0.5 * (speed**2).sum()
    for level in (0.0, 10.0):
        assert up_crossings(x, level) / 20_000 == pytest.approx(rice_rate(variance, slope, level), rel=0.03)


def test_sampled_ornstein_uhlenbeck_crosses_as_often_as_it_must():
    x = ornstein_uhlenbeck(0.2, 400_000)
    changes = np.mean(np.diff(np.signbit(x).astype(int)) != 0)
    assert changes == pytest.approx(float(sampled_rate(np.exp(-0.2))), rel=0.01)


def test_independent_intervals_are_exact_for_white_noise():
    correlation = np.concatenate([[1.0], np.zeros(30)])
    np.testing.assert_allclose(interval_probabilities(correlation)[1:10], 0.5 ** np.arange(1, 10), atol=1e-12)
    np.testing.assert_allclose(interval_persistence(correlation)[:10], 0.5 ** np.arange(10), atol=1e-12)


@pytest.mark.parametrize("step", [0.25, 1.0])
def test_independent_intervals_come_near_a_sampled_ornstein_uhlenbeck_process(step):
    lags = np.arange(12)
    expected = interval_persistence(np.exp(-step * lags))
    found = persistence(ornstein_uhlenbeck(step, 1_000_000).reshape(100, -1))[: len(expected)]
    np.testing.assert_allclose(found[:2], expected[:2], atol=0.003)  # exact
    np.testing.assert_allclose(found, expected, atol=0.02)  # an approximation


def test_continuous_ornstein_uhlenbeck_persistence_is_the_limit_of_small_steps():
    found = []
    for step in (0.04, 0.01):
        x = ornstein_uhlenbeck(step, 2_000_000).reshape(100, -1)
        found.append(persistence(x)[round(1.0 / step)])
    limit = 2 * found[1] - found[0]  # the error falls as the root of the step
    assert limit == pytest.approx(float(ou_persistence(1.0)), abs=0.012)
    assert found[1] > float(ou_persistence(1.0)) + 0.02


def test_survival_of_a_known_sample():
    np.testing.assert_allclose(
        survival(np.asarray([1, 2, 2, 5]), np.asarray([0, 1, 2, 4, 5])), [1, 0.75, 0.25, 0.25, 0]
    )
    assert np.isnan(survival(np.zeros(0), np.ones(2))).all()


def test_time_in_long_stays_by_hand():
    high = np.asarray([[1, 1, 0, 1, 0, 0, 1, 1, 1, 1], [0] * 10, [1] * 10], bool)
    found = time_in_long_stays(high[None], np.asarray([0, 1, 2, 5]))
    np.testing.assert_allclose(found[0], [[0.7, 0.6, 0.4, 0], [0] * 4, [1] * 4])
