"""The 0-1 test where the answer is known."""

import numpy as np
import pytest

from gnomon.numerics.zero_one import mean_square_displacement, zero_one


def logistic(r, size=2000):
    x = np.empty(size + 1000)
    x[0] = 0.37
    for i in range(len(x) - 1):
        x[i + 1] = r * x[i] * (1 - x[i])
    return x[1000:]


def test_displacements_are_those_of_the_definition():
    x, c = logistic(3.9, 200), np.asarray([0.9, 2.0])
    found = mean_square_displacement(x, c)
    for i, f in enumerate(c):
        z = np.cumsum(x * np.exp(1j * f * np.arange(1, 201)))
        for n in (1, 7, 20):
            exact = np.mean(np.abs(z[n : n + 180] - z[:180]) ** 2)
            exact -= x.mean() ** 2 * (1 - np.cos(n * f)) / (1 - np.cos(f))
            assert found[i, n - 1] == pytest.approx(exact, rel=1e-10)


def test_the_logistic_map_before_and_after_chaos():
    found = zero_one(np.stack([logistic(3.97), logistic(3.55), logistic(3.83)]))
    assert found.every.shape == (3, 100)
    assert found.value[0] > 0.98
    assert np.abs(found.value[1:]).max() < 0.1  # periods 8 and 3
    assert (found.low <= found.value).all()
    assert (found.value <= found.high).all()


def test_quasi_periodic_is_regular_and_noise_is_not():
    t = np.arange(4000)
    wave = np.cos(t) + np.cos(np.sqrt(2) * t)
    noise = np.random.default_rng(0).normal(size=4000)
    found = zero_one(np.stack([wave, noise]))
    assert abs(found.value[0]) < 0.15
    assert found.value[1] > 0.95


def test_size_and_offset_do_not_matter_and_rest_is_regular():
    x = logistic(3.97)
    assert zero_one(1e-6 * x).value == pytest.approx(float(zero_one(x).value), abs=1e-9)
    assert zero_one(x + 3).value > 0.98
    assert zero_one(np.full(500, 3.0)).value == 0
    with pytest.raises(ValueError, match="at least 100"):
        zero_one(np.ones(99))
