"""Spectra and derivatives where the answer is known."""

import numpy as np
import pytest

from gnomon.numerics.spectra import band_means, derivative, log_bands, smoothed_shape, space_power, welch


def test_white_noise_has_a_flat_density_that_integrates_to_its_variance():
    x = 3 * np.random.default_rng(0).standard_normal((50, 4096))
    frequency, density = welch(x, 0.5, segment=128)
    mean = density.mean(axis=0)
    np.testing.assert_allclose(mean[2:-1], 2 * 0.5 * 9, rtol=0.08)
    assert frequency[-1] == pytest.approx(1.0)


@pytest.mark.parametrize("size", [63, 64])
def test_variance_over_wavenumbers_sums_to_the_mean_square(size):
    x = np.random.default_rng(1).standard_normal((5, size))
    np.testing.assert_allclose(space_power(x).sum(axis=-1), (x**2).mean(axis=-1))


@pytest.mark.parametrize("size", [31, 32])
@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_derivative_of_a_wave(size, order):
    length = 5.0
    k = 2 * np.pi * 3 / length
    x = np.arange(size) * length / size
    waves = [np.sin(k * x), np.cos(k * x), -np.sin(k * x), -np.cos(k * x)]
    np.testing.assert_allclose(derivative(waves[0], order, length), k**order * waves[order % 4], atol=1e-8)


def test_bands_leave_out_what_is_empty():
    centre, mean = band_means(np.array([1.0, 2.0, 100.0]), np.array([[1.0, 3.0, 5.0]]), log_bands(1, 100, 4))
    np.testing.assert_allclose(centre, [1.5, 100.0])
    np.testing.assert_allclose(mean, [[2.0, 5.0]])


def test_shape_sums_to_one_and_a_still_series_sits_at_zero():
    shape = smoothed_shape(np.array([np.zeros(200), np.ones(200)]))
    np.testing.assert_allclose(shape.sum(axis=1), 1.0)
    assert np.argmax(shape[0]) == 0
    np.testing.assert_allclose(shape[1], 1 / 200)
