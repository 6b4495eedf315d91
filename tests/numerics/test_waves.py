"""Rossby-wave diagnostics on flows whose answer is known."""

import numpy as np
import pytest

from gnomon.numerics.sphere.grid import OMEGA, RADIUS, gauss_grid
from gnomon.numerics.sphere.harmonics import harmonics
from gnomon.numerics.sphere.waves import (
    PNA_POINTS,
    flow,
    planetary,
    pna,
    stationary_wavenumber,
    wave_activity_flux,
    wave_source,
    wave_source_change,
    zonal_waves,
)
from gnomon.numerics.sphere.winds import Potentials, winds

GRID = gauss_grid(21)
H = harmonics(GRID.lat, GRID.lon, 21)
PHI = np.radians(GRID.lat)
SPEED = 20.0


def solid_body(speed=SPEED):
    return np.repeat(speed * np.cos(PHI)[:, None], len(GRID.lon), axis=1)


def test_a_rotation_has_no_wave_source():
    u = solid_body()
    assert np.abs(wave_source(H, u, np.zeros_like(u))).max() < 1e-18


def test_source_of_a_divergent_wind_on_a_resting_planet_is_that_of_the_planetary_vorticity():
    """V = grad chi, chi = c sin(lat): v = c cos(lat) / a, D = -2 c sin(lat) / a^2, S = -div(V f)."""
    c = 1e6
    v = np.repeat((c * np.cos(PHI) / RADIUS)[:, None], len(GRID.lon), axis=1)
    f, mu = 2 * OMEGA * np.sin(PHI), np.sin(PHI)
    exact = f * 2 * c * mu / RADIUS**2 - c * np.cos(PHI) / RADIUS * 2 * OMEGA * np.cos(PHI) / RADIUS
    assert wave_source(H, np.zeros_like(v), v)[:, 0] == pytest.approx(exact, abs=1e-18)


def test_source_integrates_to_zero_over_the_sphere():
    rng = np.random.default_rng(0)
    c = np.zeros((2, 22, 22), complex)
    c[:, :6, :6] = np.tril(rng.standard_normal((2, 6, 6)) + 1j * rng.standard_normal((2, 6, 6))).swapaxes(
        1, 2
    )
    c[:, 0] = c[:, 0].real
    u, v = winds(H, Potentials(1e7 * c[0], 1e6 * c[1]))
    s = wave_source(H, u, v)
    mean = (s.mean(axis=1) * GRID.weights).sum()
    assert abs(mean) < 1e-9 * np.abs(s).max()


def test_first_order_change_is_the_derivative_of_the_source():
    u, v = solid_body(), 2.0 * np.sin(2 * PHI)[:, None] * np.ones(len(GRID.lon))
    lon = np.radians(GRID.lon)
    du, dv = np.cos(PHI)[:, None] ** 2 * np.cos(2 * lon), np.cos(PHI)[:, None] ** 3 * np.sin(3 * lon)
    step = 1e-3
    exact = (wave_source(H, u + step * du, v + step * dv) - wave_source(H, u - step * du, v - step * dv)) / (
        2 * step
    )
    ours = wave_source_change(H, flow(H, u, v), flow(H, du, dv))
    assert np.abs(ours - exact).max() < 1e-9 * np.abs(exact).max()
    assert np.abs(flow(H, u, v).vorticity[:, 0] - 2 * SPEED / RADIUS * np.sin(PHI)).max() < 1e-12
    assert planetary(np.array([90.0]))[0, 0] == pytest.approx(2 * OMEGA)


def test_stationary_wavenumber_of_a_rotation():
    """beta_M = 2 cos^2 (Omega + U/a) / a, so K_s = cos(lat) sqrt(2 a (Omega + U/a) / U)."""
    u = SPEED * np.cos(PHI)
    exact = np.cos(PHI) * np.sqrt(2 * RADIUS * (OMEGA + SPEED / RADIUS) / SPEED)
    assert stationary_wavenumber(u, GRID.lat, GRID.weights, 14) == pytest.approx(exact, rel=1e-9)


def test_no_wave_stands_in_easterlies():
    assert np.isnan(stationary_wavenumber(-SPEED * np.cos(PHI), GRID.lat, GRID.weights, 14)).all()


def test_a_narrow_jet_is_a_wave_guide():
    u = 10 + 30 * np.exp(-(((GRID.lat - 30) / 8) ** 2))
    k = stationary_wavenumber(u, GRID.lat, GRID.weights, 21)
    at = int(np.argmin(np.abs(GRID.lat - 30)))
    assert k[at] > np.nanmin(k[at - 4 : at])
    assert k[at] > np.nanmin(k[at + 1 : at + 5])


def test_flux_of_a_plane_wave():
    """psi = A cos(k lon) cos^m(lat) in U = const east: Wx = p/(2 a^2 cos) A^2 k^2 cos^2m, wherever the phase
    is."""
    fine = gauss_grid(85)
    phi, lon = np.radians(fine.lat), np.radians(fine.lon)
    k, m, amplitude = 5, 2, 1e7
    psi = amplitude * np.cos(phi)[:, None] ** m * np.cos(k * lon)
    u = np.full(psi.shape, 20.0)
    wx, wy = wave_activity_flux(psi, u, np.zeros_like(u), fine.lat, 250.0)
    exact = 0.25 * amplitude**2 * k**2 * np.cos(phi) ** (2 * m) / (2 * RADIUS**2 * np.cos(phi))
    rows = np.abs(fine.lat) < 70
    assert wx[rows] == pytest.approx(np.repeat(exact[rows, None], len(lon), axis=1), rel=1e-9)
    assert np.abs(wy[rows]).max() < 0.01 * exact.max()  # no tilt, no flux across
    assert np.isnan(wave_activity_flux(psi, -u, np.zeros_like(u), fine.lat, 250.0)[0]).all()


def test_flux_follows_the_tilt_of_the_wave():
    """Lines of constant phase that lean to the north-west carry activity poleward, to the north-east
    equatorward."""
    phi, lon = PHI[:, None], np.radians(GRID.lon)
    u, v = np.full((len(PHI), len(lon)), 20.0), np.zeros((len(PHI), len(lon)))
    north = wave_activity_flux(1e7 * np.cos(4 * lon + 3 * phi), u, v, GRID.lat, 250.0)[1]
    south = wave_activity_flux(1e7 * np.cos(4 * lon - 3 * phi), u, v, GRID.lat, 250.0)[1]
    assert np.nanmean(north) > 0 > np.nanmean(south)


def test_pna_counts_its_four_centres_with_their_signs():
    z = np.zeros((len(GRID.lat), len(GRID.lon)))
    for sign, north, east in PNA_POINTS:
        away = (GRID.lat[:, None] - north) ** 2 + (GRID.lon - east) ** 2
        z += sign * np.where(away < 100, 1.0, 0.0)
    assert pna(40 * z, GRID.lat, GRID.lon) == pytest.approx(40.0)
    assert pna(np.ones((3, *z.shape)), GRID.lat, GRID.lon) == pytest.approx(np.zeros(3))


def test_zonal_waves_give_amplitude_and_phase():
    lon = np.radians(GRID.lon)
    x = np.cos(3 * (lon - np.radians(20)))[None] * np.ones((len(PHI), 1))
    c = zonal_waves(x, GRID.lat, GRID.weights, 30, 60, 6)
    assert np.abs(c) == pytest.approx([0, 0, 1, 0, 0, 0], abs=1e-12)
    assert np.degrees(np.angle(c[2])) == pytest.approx(-60.0)
