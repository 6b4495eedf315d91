"""Spherical harmonics: single harmonics, round trips, Parseval, other grids."""

import numpy as np
import pytest

from gnomon.numerics.sphere.grid import area_mean, gauss_grid, regular_grid
from gnomon.numerics.sphere.harmonics import (
    analyse,
    filtered,
    harmonics,
    interpolate,
    largest_truncation,
    latitude_weights,
    power,
    resized,
    synthesise,
    truncate,
)

GRIDS = {
    "gauss T21": (gauss_grid(21), 21),
    "gauss, all that it holds": (gauss_grid(21), 31),
    "5 degrees with poles": (regular_grid(37, 72, poles=True), 35),
    "2.5 degrees with poles": (regular_grid(73, 144, poles=True), 42),
    "4 degrees, cell centres": (regular_grid(45, 90), None),
}


def random_coefficients(truncation, shape=(3,), seed=0):
    random = np.random.default_rng(seed)
    size = (*shape, truncation + 1, truncation + 1)
    c = random.normal(size=size) + 1j * random.normal(size=size)
    c[..., 0, :] = c[..., 0, :].real
    return np.triu(c)


@pytest.mark.parametrize("name", GRIDS)
def test_there_and_back(name):
    grid, truncation = GRIDS[name]
    h = harmonics(grid.lat, grid.lon, truncation)
    c = random_coefficients(h.truncation)
    np.testing.assert_allclose(analyse(h, synthesise(h, c)), c, atol=1e-11)


@pytest.mark.parametrize("start", [0.0, 2.5, -180.0])
def test_the_first_longitude_may_lie_anywhere(start):
    grid = gauss_grid(21)
    h, moved = harmonics(grid.lat, grid.lon, 21), harmonics(grid.lat, grid.lon + start, 21)
    c = random_coefficients(21)
    np.testing.assert_allclose(analyse(moved, synthesise(moved, c)), c, atol=1e-11)
    np.testing.assert_allclose(interpolate(moved, h, synthesise(moved, c)), synthesise(h, c), atol=1e-10)


def test_parseval():
    grid = gauss_grid(21)
    h = harmonics(grid.lat, grid.lon, 21)
    c = random_coefficients(21)
    x = synthesise(h, c)
    np.testing.assert_allclose(power(c).sum(axis=-1), area_mean(x**2, grid.weights), rtol=1e-12)
    np.testing.assert_allclose(c[:, 0, 0].real, area_mean(x, grid.weights), atol=1e-12)


def test_one_harmonic_has_its_power_in_its_own_wavenumber():
    grid = gauss_grid(21)
    h = harmonics(grid.lat, grid.lon, 21)
    phi, lon = np.radians(grid.lat)[:, None], np.radians(grid.lon)
    p = power(analyse(h, np.sin(phi) * np.cos(phi) ** 4 * np.cos(4 * lon)))  # Y_54
    assert p.argmax() == 5
    assert p.sum() == pytest.approx(p[5], rel=1e-12)
    assert p[5] == pytest.approx(float(np.mean(np.cos(4 * lon) ** 2)) * 128 / 3465, rel=1e-12)


def test_truncation_and_filter():
    grid = gauss_grid(21)
    h = harmonics(grid.lat, grid.lon, 21)
    c = random_coefficients(21)
    kept = power(truncate(c, 10, 5))
    assert (kept[:, :5] == 0).all()
    assert (kept[:, 11:] == 0).all()
    np.testing.assert_array_equal(kept[:, 5:11], power(c)[:, 5:11])
    np.testing.assert_allclose(
        filtered(h, synthesise(h, c), 10, 5), synthesise(h, truncate(c, 10, 5)), atol=1e-11
    )


def test_interpolation_between_grids_is_exact_within_the_lower_truncation():
    gauss, regular = gauss_grid(21), regular_grid(73, 144, poles=True)
    a, b = harmonics(gauss.lat, gauss.lon, 21), harmonics(regular.lat, regular.lon, 42)
    c = random_coefficients(21)
    there = interpolate(a, b, synthesise(a, c))
    np.testing.assert_allclose(there, synthesise(b, resized(c, 42)), atol=1e-10)
    np.testing.assert_allclose(interpolate(b, a, there), synthesise(a, c), atol=1e-10)


def test_single_precision_is_taken():
    grid = gauss_grid(21)
    lat = grid.lat.astype(np.float32)  # as a file or a card may hold them
    h = harmonics(lat, grid.lon, 21)
    c = random_coefficients(21)
    np.testing.assert_allclose(analyse(h, synthesise(h, c).astype(np.float32)), c, atol=1e-4)
    np.testing.assert_allclose(latitude_weights(lat), grid.weights)


def test_high_degrees_stay_finite_and_orthonormal():
    grid = gauss_grid(127)
    h = harmonics(grid.lat, grid.lon, 127)
    p = h.legendre[60, 60:] * np.sqrt(grid.weights)
    np.testing.assert_allclose(p @ p.T, np.eye(68), atol=1e-10)


@pytest.mark.parametrize(
    ("lat", "lon", "truncation", "match"),
    [
        (gauss_grid(21).lat, gauss_grid(21).lon, 40, "at most 31"),
        (np.linspace(-60, 60, 40), np.arange(0, 360, 4.0), 35, "lower truncation"),
        (gauss_grid(21).lat, np.linspace(0, 360, 64), 21, "repeated meridian"),
    ],
)
def test_what_a_grid_cannot_hold_is_refused(lat, lon, truncation, match):
    with pytest.raises(ValueError, match=match):
        harmonics(lat, lon, truncation)


def test_the_largest_truncation_follows_rows_and_columns():
    assert largest_truncation(gauss_grid(21).lat, gauss_grid(21).lon) == 31
    assert largest_truncation(gauss_grid(21).lat, np.arange(0, 360, 30.0)) == 5
