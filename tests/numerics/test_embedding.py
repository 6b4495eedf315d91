"""Delay embedding of series whose answer is known: a sine, noise, Lorenz, and Gaussian series in closed form."""

import functools

import numpy as np
import pytest
import scipy.signal

from gnomon.numerics.embedding import (
    cao,
    cao_dimension,
    delay_vectors,
    false_neighbours,
    first_minimum,
    mutual_information,
)


@functools.cache
def lorenz_x(size=8000, step=0.01):
    s, out = np.asarray([1.0, 2.0, 20.0]), np.empty(size)

    def f(s):
        return np.asarray([10 * (s[1] - s[0]), s[0] * (28 - s[2]) - s[1], s[0] * s[1] - 8 / 3 * s[2]])

    for i in range(-1000, size):
        k = f(s + step / 2 * f(s))
        s = s + step * k
        if i >= 0:
            out[i] = s[0]
    return out


def sine():
    return np.sin(np.arange(3000) * 0.0531)


def noise():
    return np.random.default_rng(0).normal(size=3000)


def test_vectors_by_hand():
    np.testing.assert_array_equal(delay_vectors(np.arange(6), 3, 2), [[0, 2, 4], [1, 3, 5]])
    with pytest.raises(ValueError, match="no vector"):
        delay_vectors(np.arange(4), 3, 2)


def test_information_of_gaussian_neighbours_is_known():
    a = 0.8
    x = scipy.signal.lfilter([1.0], [1.0, -a], np.random.default_rng(1).normal(size=100_000))
    found = mutual_information(x, 6)
    exact = -0.5 * np.log(1 - a ** (2 * np.arange(1, 7)))
    np.testing.assert_allclose(found[1:], exact, rtol=0.06, atol=0.01)  # bins see a little less
    np.testing.assert_allclose(mutual_information(np.exp(x), 6), found)


def test_information_of_noise_is_none():
    found = mutual_information(noise(), 20)
    assert np.abs(found[1:]).max() < 0.03
    assert first_minimum(found, noise=0.05) is None


def test_lorenz_takes_three_coordinates_at_the_usual_delay():
    x = lorenz_x()
    delay = first_minimum(mutual_information(x, 40), noise=0.01)
    assert delay is not None
    assert 14 <= delay <= 20  # 0.16 to 0.18 in the literature
    found = cao(x, delay, most=6, apart=50)
    assert cao_dimension(found) == 3
    assert np.abs(found.e2 - 1).max() > 0.2
    shares = false_neighbours(x, delay, most=4, apart=50)
    assert shares[0] > 0.9
    assert shares[2:].max() < 0.01


def test_a_sine_takes_two():
    assert cao_dimension(cao(sine(), 30, most=5, apart=60)) == 2
    assert false_neighbours(sine(), 30, most=3, apart=60)[1] < 0.01


def test_noise_takes_no_number():
    found = cao(noise(), 1, most=6)
    assert np.abs(found.e2 - 1).max() < 0.1
    assert cao_dimension(found) is None
    assert found.e1[3] < 0.8
    assert false_neighbours(noise(), 1, most=5).min() > 0.1


def test_first_minimum():
    assert first_minimum(np.asarray([9.0, 3, 2, 1, 2, 0])) == 3
    assert first_minimum(np.asarray([9.0, 3, 2.9, 2.95, 1, 2]), noise=0.1) == 4
    assert first_minimum(np.asarray([3.0, 2, 1])) is None
    with pytest.raises(ValueError, match="no two"):
        cao(np.arange(30.0), 1, most=2, apart=40)
