"""Winds on the sphere against analytic flows."""

import numpy as np
import pytest

from gnomon.numerics.sphere.grid import RADIUS, area_mean, gauss_grid, regular_grid
from gnomon.numerics.sphere.harmonics import analyse, harmonics, synthesise
from gnomon.numerics.sphere.winds import (
    Potentials,
    energy_spectrum,
    gradient,
    helmholtz,
    inverse_laplacian,
    laplacian,
    potentials,
    streamfunction,
    vorticity_divergence,
    winds,
)
from tests.numerics.test_sphere_harmonics import random_coefficients

GRIDS = {"gauss": (gauss_grid(21), 21), "poles": (regular_grid(37, 72, poles=True), None)}


def prepared(name):
    grid, truncation = GRIDS[name]
    h = harmonics(grid.lat, grid.lon, truncation)
    return grid, h, np.radians(grid.lat)[:, None], np.radians(grid.lon)[None, :]


@pytest.mark.parametrize("name", GRIDS)
def test_solid_body_rotation(name):
    _, h, phi, lon = prepared(name)
    u = 30 * np.cos(phi) * np.ones_like(lon)
    zeta, divergence = vorticity_divergence(h, u, np.zeros_like(u))
    np.testing.assert_allclose(zeta, 2 * 30 / RADIUS * np.sin(phi) * np.ones_like(lon), atol=1e-16)
    np.testing.assert_allclose(divergence, 0, atol=1e-18)
    psi, chi = streamfunction(h, u, np.zeros_like(u))
    np.testing.assert_allclose(psi, -30 * RADIUS * np.sin(phi) * np.ones_like(lon), atol=1e-3)
    np.testing.assert_allclose(chi, 0, atol=1e-3)
    assert energy_spectrum(h, u, 0 * u).argmax() == 1


@pytest.mark.parametrize("name", GRIDS)
def test_one_rossby_haurwitz_harmonic(name):
    _, h, phi, lon = prepared(name)
    k = 7e-6  # psi = a^2 k cos^4 sin cos(4 lon) is a harmonic of degree 5
    psi = RADIUS**2 * k * np.cos(phi) ** 4 * np.sin(phi) * np.cos(4 * lon)
    u = -RADIUS * k * (np.cos(phi) ** 5 - 4 * np.cos(phi) ** 3 * np.sin(phi) ** 2) * np.cos(4 * lon)
    v = -4 * RADIUS * k * np.cos(phi) ** 3 * np.sin(phi) * np.sin(4 * lon)
    zeta, divergence = vorticity_divergence(h, u, v)
    np.testing.assert_allclose(zeta, -30 / RADIUS**2 * psi, atol=1e-15)
    np.testing.assert_allclose(divergence, 0, atol=1e-16)
    np.testing.assert_allclose(streamfunction(h, u, v)[0], psi, atol=1e-1)
    spectrum = energy_spectrum(h, u, v)
    assert spectrum[5] == pytest.approx(spectrum.sum(), rel=1e-12)


@pytest.mark.parametrize("name", GRIDS)
def test_winds_and_potentials_undo_each_other(name):
    grid, h, _, _ = prepared(name)
    c, d = (1e6 * random_coefficients(h.truncation, seed=s) for s in (1, 2))
    c[:, 0, 0] = d[:, 0, 0] = 0
    u, v = winds(h, Potentials(c, d))
    found = potentials(h, u, v)
    np.testing.assert_allclose(found.psi, c, atol=1e-6)
    np.testing.assert_allclose(found.chi, d, atol=1e-6)
    parts = helmholtz(h, u, v)
    np.testing.assert_allclose(parts.u_rotational + parts.u_divergent, u, atol=1e-9)
    np.testing.assert_allclose(parts.v_rotational + parts.v_divergent, v, atol=1e-9)
    np.testing.assert_allclose(
        vorticity_divergence(h, parts.u_rotational, parts.v_rotational)[1], 0, atol=1e-15
    )
    np.testing.assert_allclose(
        vorticity_divergence(h, parts.u_divergent, parts.v_divergent)[0], 0, atol=1e-15
    )
    if name == "gauss":
        np.testing.assert_allclose(
            energy_spectrum(h, u, v).sum(axis=-1), area_mean((u**2 + v**2) / 2, grid.weights), rtol=1e-12
        )


def test_the_spectrum_is_that_of_vorticity_and_divergence():
    _, h, _, _ = prepared("gauss")
    c, d = (1e6 * random_coefficients(21, shape=(), seed=s) for s in (3, 4))
    u, v = winds(h, Potentials(c, d))
    degree = np.arange(1, 22)
    total = np.zeros(21)
    for x in vorticity_divergence(h, u, v):
        m = np.abs(analyse(h, x)) ** 2
        total += (m[0] + 2 * m[1:].sum(axis=0))[1:]
    expected = RADIUS**2 / (2 * degree * (degree + 1)) * total
    np.testing.assert_allclose(energy_spectrum(h, u, v)[1:], expected, rtol=1e-10)


def test_gradient_of_a_known_field():
    _, h, phi, lon = prepared("gauss")
    x = np.cos(phi) ** 2 * np.sin(2 * lon)
    east, north = gradient(h, x)
    np.testing.assert_allclose(east, 2 * np.cos(phi) * np.cos(2 * lon) / RADIUS, atol=1e-18)
    np.testing.assert_allclose(north, -2 * np.cos(phi) * np.sin(phi) * np.sin(2 * lon) / RADIUS, atol=1e-18)


def test_the_laplacian_and_its_inverse():
    _, h, _, _ = prepared("gauss")
    c = random_coefficients(21)
    c[:, 0, 0] = 0
    np.testing.assert_allclose(inverse_laplacian(h, laplacian(h, c)), c, atol=1e-14)
    constant = np.full((32, 64), 5.0)
    np.testing.assert_allclose(synthesise(h, laplacian(h, analyse(h, constant))), 0, atol=1e-24)


def test_rotation_the_wrong_way_round_is_seen():
    _, h, phi, lon = prepared("gauss")
    u = 10 * np.cos(phi) * np.ones_like(lon)
    zeta, _ = vorticity_divergence(h, -u, 0 * u)
    assert zeta[-1, 0] < 0 < vorticity_divergence(h, u, 0 * u)[0][-1, 0]
