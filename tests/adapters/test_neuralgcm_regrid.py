"""From grid to grid: smooth fields keep their values, constants and areas are kept, winds turn at the poles."""

import numpy as np
import pytest

from gnomon.adapters.neuralgcm.regrid import Lattice, lattice, regrid, resolves, spectral
from gnomon.spec.errors import BadData


def gauss(nlat: int, nlon: int) -> Lattice:
    nodes, _ = np.polynomial.legendre.leggauss(nlat)
    return lattice(np.rad2deg(np.arcsin(nodes)), np.arange(nlon) * 360 / nlon)


COARSE, FINE = gauss(32, 64), gauss(64, 128)


def smooth(grid: Lattice, wave: int = 3) -> np.ndarray:
    lat, lon = np.deg2rad(np.array(grid.lat))[:, None], np.deg2rad(np.array(grid.lon))[None]
    return 3.0 + np.sin(lat) * np.cos(lat) ** wave * np.cos(wave * lon + 0.3)


@pytest.mark.parametrize("pair", [(COARSE, FINE), (FINE, COARSE)])
def test_a_constant_is_kept_exactly(pair):
    np.testing.assert_allclose(
        regrid(np.full((2, len(pair[0].lat), len(pair[0].lon)), 7.0), *pair), 7.0, atol=1e-12
    )


def test_a_smooth_field_is_kept_and_returns():
    up = regrid(smooth(COARSE), COARSE, FINE)
    np.testing.assert_allclose(up, smooth(FINE), atol=2e-3)
    np.testing.assert_allclose(
        regrid(up, FINE, COARSE), smooth(COARSE), atol=8e-3
    )  # a mean over a cell is no value


def test_a_rough_field_does_not_return():
    """The regridding is no identity in disguise: a wave at the limit of the grid is lost on the way."""
    rough = np.cos(30 * np.deg2rad(np.array(COARSE.lon)))[None] * np.ones((32, 1))
    assert np.abs(regrid(regrid(rough, COARSE, FINE), FINE, COARSE) - rough).max() > 0.2


def test_means_over_cells_keep_the_area_mean():
    rng = np.random.default_rng(0)
    field = rng.standard_normal((64, 128))

    def area(grid):
        edges = np.concatenate([[-90], (np.array(grid.lat)[1:] + np.array(grid.lat)[:-1]) / 2, [90]])
        return np.diff(np.sin(np.deg2rad(edges))) / 2

    fine = (field.mean(axis=1) * area(FINE)).sum()
    coarse = (regrid(field, FINE, COARSE).mean(axis=1) * area(COARSE)).sum()
    assert fine == pytest.approx(coarse, abs=1e-12)


def test_a_wind_across_the_pole_needs_its_sign():
    """A uniform flow over the pole is u = cos(lon), v = sin(lon) there: smooth as a vector, not as two scalars."""
    u = np.broadcast_to(np.cos(np.deg2rad(np.array(COARSE.lon))), (32, 64))
    wanted = np.broadcast_to(np.cos(np.deg2rad(np.array(FINE.lon))), (64, 128))
    np.testing.assert_allclose(regrid(u, COARSE, FINE, vector=True), wanted, atol=1e-4)
    assert np.abs(regrid(u, COARSE, FINE) - wanted).max() > 0.05


def test_regridding_to_the_same_grid_changes_nothing():
    field = np.random.default_rng(1).standard_normal((3, 32, 64))
    np.testing.assert_array_equal(regrid(field, COARSE, COARSE), field)


def test_a_grid_that_is_not_one_is_told():
    with pytest.raises(BadData, match="south to north"):
        lattice(np.array([80.0, 0.0, -80.0]), np.arange(0.0, 360.0, 90.0))
    with pytest.raises(BadData, match="0 degrees east"):
        lattice(np.array([-45.0, 45.0]), np.array([-180.0, -90.0, 0.0, 90.0]))
    with pytest.raises(BadData, match="check its axes"):
        regrid(np.zeros((64, 32)), COARSE, FINE)


def test_harmonics_keep_the_shortest_wave_of_a_world_where_cell_means_do_not():
    wave = (
        np.cos(np.deg2rad(np.array(FINE.lat)))[:, None] ** 21
        * np.cos(21 * np.deg2rad(np.array(FINE.lon)))[None]
    )
    wanted = (
        np.cos(np.deg2rad(np.array(COARSE.lat)))[:, None] ** 21
        * np.cos(21 * np.deg2rad(np.array(COARSE.lon)))[None]
    )
    np.testing.assert_allclose(spectral(wave, FINE, COARSE, 21), wanted, atol=1e-10)
    assert np.abs(regrid(wave, FINE, COARSE)).max() < 0.9 * np.abs(wanted).max()
    np.testing.assert_allclose(
        spectral(wave, FINE, COARSE, 20), 0.0, atol=1e-10
    )  # beyond the cut nothing is left


def test_harmonics_of_a_wind_over_the_pole():
    def east(grid):
        return np.broadcast_to(np.cos(np.deg2rad(np.array(grid.lon))), (len(grid.lat), len(grid.lon)))

    # u cos(lat) = cos(lat) cos(lon) is one harmonic: exact; u itself is none.
    np.testing.assert_allclose(spectral(east(FINE), FINE, COARSE, 21, vector=True), east(COARSE), atol=1e-9)
    assert np.abs(spectral(east(FINE), FINE, COARSE, 21) - east(COARSE)).max() > 0.05


def test_what_a_lattice_resolves():
    assert resolves(COARSE, 31)
    assert not resolves(COARSE, 32)
