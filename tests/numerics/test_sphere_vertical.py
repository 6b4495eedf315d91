"""Integrals over pressure and the mass streamfunction against closed forms."""

import numpy as np
import pytest

from gnomon.numerics.sphere.grid import GRAVITY, RADIUS, gauss_grid
from gnomon.numerics.sphere.vertical import column_mean, mass_streamfunction, pressure_integral

LEVELS = np.array([1000, 850, 700, 500, 250, 100, 50])


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
def test_a_uniform_column_weighs_its_surface_pressure(order):
    ps = np.array([[101_300.0, 70_000.0]])
    x = np.ones((7, 1, 2))
    np.testing.assert_allclose(pressure_integral(x, LEVELS[order], ps), ps / GRAVITY)
    np.testing.assert_allclose(column_mean(3 * x, LEVELS[order], ps), 3)


def test_what_is_linear_in_pressure_is_integrated_exactly_between_levels():
    x = LEVELS * 100.0
    whole = pressure_integral(x, LEVELS, 100_000.0, axis=0) * GRAVITY
    assert whole == pytest.approx((1e5**2 - 5000**2) / 2 + 5000**2)


def test_levels_below_the_ground_carry_no_mass():
    x = np.where(LEVELS > 700, 1e6, 1.0)[:, None, None]
    assert pressure_integral(x, LEVELS, np.full((1, 1), 70_000.0))[0, 0] == pytest.approx(70_000 / GRAVITY)


def test_a_single_overturning_cell():
    # v = V cos(pi p / p0): int_0^p v dp = V p0 / pi sin(pi p / p0), strongest at p0 / 2.
    lat = gauss_grid(21).lat
    levels = np.arange(5.0, 1001.0, 5.0)
    v = np.cos(np.pi * levels / 1000)[:, None] * np.ones(len(lat))
    psi = mass_streamfunction(v, lat, levels)
    expected = 2 * np.pi * RADIUS * np.cos(np.radians(lat)) / GRAVITY * 1e5 / np.pi
    np.testing.assert_allclose(psi[levels == 500][0], expected, rtol=1e-3)
    np.testing.assert_allclose(psi[-1], 0, atol=1e-6 * expected.max())


def test_a_wind_that_is_the_same_at_all_levels_overturns_nothing():
    lat = gauss_grid(21).lat
    psi = mass_streamfunction(np.full((3, 7, 32), 4.0), lat, LEVELS, np.full((3, 32), 98_000.0))
    np.testing.assert_allclose(psi, 0, atol=1.0)


def test_the_order_of_levels_is_kept():
    lat = gauss_grid(21).lat
    v = np.random.default_rng(0).normal(size=(7, 32))
    up = mass_streamfunction(v, lat, LEVELS)
    np.testing.assert_allclose(mass_streamfunction(v[::-1], lat, LEVELS[::-1]), up[::-1])
