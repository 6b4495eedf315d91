"""Weights keep constants and area means, and follow analytic fields."""

import importlib
from typing import Any

import numpy as np
import pytest

from gnomon.archives import analysis_grid, finest_grid, regrid
from gnomon.archives.axes import grid_of
from gnomon.archives.regridding import matrices
from gnomon.measures.cyclones.lattice import lattice
from gnomon.spec.errors import BadData
from tests.archives.make_trees import rows_and_columns

xr: Any = importlib.import_module("xarray")


def gaussian(n):
    return np.rad2deg(np.arcsin(np.polynomial.legendre.leggauss(n)[0])), np.arange(2 * n) * 180.0 / n


GRIDS = {
    "cells of 4 degrees": rows_and_columns(45, 90),
    "ERA5 with poles, 3 degrees": (np.linspace(-90, 90, 61), np.arange(120) * 3.0),
    "Gaussian T21": gaussian(32),
}


def field(function, lat, lon, **coords):
    values = function(np.deg2rad(lat)[:, None], np.deg2rad(lon)[None, :])
    values = np.broadcast_to(values, (len(lat), len(lon))).copy()
    return xr.DataArray(values, dims=("lat", "lon"), coords={"lat": lat, "lon": lon, **coords})


def mean(array, grid):
    return float((array.values.mean(-1) * np.array(grid.weights)).sum())


def test_the_analysis_grid_is_that_of_aimip():
    grid = analysis_grid()
    assert (grid.lat[0], grid.lat[-1], len(grid.lat)) == (-87.5, 87.5, 176)
    assert (grid.lon[0], grid.lon[-1], len(grid.lon)) == (0.5, 359.5, 360)
    assert np.allclose(grid.weights, np.cos(np.deg2rad(grid.lat)) / np.cos(np.deg2rad(grid.lat)).sum())
    with pytest.raises(BadData, match="does not divide 180"):
        analysis_grid(7.0)


def test_the_analysis_grid_is_no_finer_than_the_data():
    assert finest_grid(grid_of(*rows_and_columns(180, 360))) == analysis_grid(1.0)
    assert finest_grid(grid_of(*gaussian(64))).lon[0] == 1.5  # 2.8 degrees -> 3
    assert finest_grid(grid_of(*rows_and_columns(18, 36))).lat == tuple(np.arange(-85.0, 90.0, 10.0))


@pytest.mark.parametrize("method", ["conservative", "bilinear"])
@pytest.mark.parametrize("name", GRIDS)
def test_constants_stay(name, method):
    lat, lon = GRIDS[name]
    for degrees in (1.0, 5.0, 10.0):
        out = regrid(field(lambda a, b: 0 * a * b + 7.25, lat, lon), analysis_grid(degrees), method=method)
        np.testing.assert_allclose(out.values, 7.25, rtol=1e-13)


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("degrees", [1.0, 2.5, 10.0])
def test_area_means_stay(name, degrees):
    lat, lon = GRIDS[name]
    rng = np.random.default_rng(1)
    noise = field(lambda a, b: rng.standard_normal((len(lat), len(lon))), lat, lon)
    globe = analysis_grid(degrees, edge=90)
    out = regrid(noise, globe)
    assert mean(out, globe) == pytest.approx(mean(noise, grid_of(lat, lon)), abs=1e-12)


@pytest.mark.parametrize("method", ["conservative", "bilinear"])
@pytest.mark.parametrize("name", GRIDS)
def test_a_smooth_field_is_followed(name, method):
    lat, lon = GRIDS[name]

    def wave(a, b):
        return np.sin(a) + np.cos(a) ** 2 * np.cos(2 * b)

    grid = analysis_grid(5.0)
    out = regrid(field(wave, lat, lon), grid, method=method)
    exact = field(wave, np.array(grid.lat), np.array(grid.lon))
    assert np.abs(out.values - exact.values).max() < 0.04
    assert np.sqrt(((out.values - exact.values) ** 2).mean()) < 0.012


def test_halving_cells_is_plain_averaging():
    lat, lon = rows_and_columns(36, 72)
    rng = np.random.default_rng(2)
    x = field(lambda a, b: rng.standard_normal((36, 72)), lat, lon)
    out = regrid(x, analysis_grid(10.0, edge=90)).values
    area = np.cos(np.deg2rad(lat))
    pairs = (x.values * area[:, None]).reshape(18, 2, 36, 2).sum((1, 3)) / (
        2 * area.reshape(18, 2).sum(1)[:, None]
    )
    np.testing.assert_allclose(out, pairs, rtol=1e-12, atol=1e-14)


def test_missing_values_take_no_part():
    lat, lon = rows_and_columns(36, 72)
    x = field(lambda a, b: 0 * a * b + 3.0, lat, lon)
    x.values[:4, :] = np.nan  # two rows of new cells
    x.values[20, 10] = np.nan  # a quarter of a new cell
    x.values[30:32, 20:22] = np.nan
    x.values[30, 20] = 3.0  # a quarter is left: too little
    out = regrid(x, analysis_grid(10.0, edge=90)).values
    assert np.isnan(out[:2]).all()
    assert np.isnan(out[15, 10])
    out = np.delete(out[2:].ravel(), 13 * 36 + 10)
    np.testing.assert_allclose(out, 3.0, rtol=1e-13)


def test_rows_that_are_not_there_are_missing():
    lat, lon = np.arange(-55.0, 60, 10), np.arange(36) * 10.0 + 5
    grid = analysis_grid(5.0)
    rows, columns = matrices(tuple(lat), tuple(lon), grid, "conservative")
    there = np.abs(np.array(grid.lat)) < 60
    assert np.isnan(rows[~there].sum(1)).all()
    np.testing.assert_allclose(rows[there].sum(1), 1.0)
    np.testing.assert_allclose(columns.sum(1), 1.0)


EVERYWHERE = np.arange(-87.5, 90, 5), np.arange(2.5, 360, 5)


@pytest.mark.parametrize("method", ["conservative", "bilinear"])
@pytest.mark.parametrize(
    ("lat", "lon", "said"),
    [
        (EVERYWHERE[0], np.arange(10.0, 111, 5), "covers 10-110 E, not the globe"),
        (EVERYWHERE[0], np.array([0.0, 5, 10, 350, 355]), "covers 350-10 E, not the globe"),
        (EVERYWHERE[0], EVERYWHERE[1][1:], "covers 7.5-357.5 E, not the globe"),
        (EVERYWHERE[0], np.array([180.0]), "has 1 longitudes, not the globe"),
        (EVERYWHERE[0], np.array([0.0, 120, 240]), "has 3 longitudes, not the globe"),
        (np.arange(0.0, 81, 5), EVERYWHERE[1], "covers 0 N to 80 N, not the globe"),
        (np.arange(-55.0, 60, 10), EVERYWHERE[1], "covers 55 S to 55 N, not the globe"),
        (np.array([45.0]), EVERYWHERE[1], "covers 45 N to 45 N, not the globe"),
    ],
)
def test_a_part_of_the_globe_is_not_stretched_around_it(method, lat, lon, said):
    with pytest.raises(BadData, match=said):
        regrid(field(lambda a, b: 0 * a * b + 1.0, lat, lon), analysis_grid(10.0), method=method)


def test_it_stays_lazy_and_same_in_blocks():
    lat, lon = rows_and_columns(36, 72)
    rng = np.random.default_rng(3)
    values = rng.standard_normal((6, 2, 36, 72)).astype("f4")
    x = xr.DataArray(values, dims=("time", "plev", "lat", "lon"), coords={"lat": lat, "lon": lon})
    whole, lazy = regrid(x, analysis_grid(10.0)), regrid(x.chunk(time=2), analysis_grid(10.0))
    assert lazy.chunks is not None
    assert lazy.chunks[0] == (2, 2, 2)
    assert lazy.dtype == np.float32
    np.testing.assert_array_equal(lazy.values, whole.values)


def test_the_same_grid_costs_nothing():
    grid = analysis_grid(10.0)
    x = field(lambda a, b: np.sin(a) * np.cos(b), np.array(grid.lat), np.array(grid.lon))
    np.testing.assert_array_equal(regrid(x, grid).values, x.values)


def test_unknown_methods_are_refused():
    lat, lon = rows_and_columns(12, 24)
    with pytest.raises(BadData, match="expected 'conservative' or 'bilinear'"):
        matrices(tuple(lat), tuple(lon), analysis_grid(10.0), "magic")  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("count", [4, 36, 144, 360])
def test_cyclones_are_not_looked_for_where_a_meridian_comes_twice(count):
    lat = np.linspace(-90, 90, 19)
    assert lattice(lat, np.arange(count) * 360.0 / count).shape == (19, count)
    assert lattice(lat, (np.arange(count) * 360.0 / count).astype(np.float32)).shape == (19, count)
    for around in (np.linspace(0, 360, count + 1), np.linspace(-180, 180, count + 1)):
        with pytest.raises(ValueError, match="once around the globe"):
            lattice(lat, around)


@pytest.mark.slow  # dinosaur takes ten seconds to import
@pytest.mark.oracle
@pytest.mark.parametrize("name", ["cells of 4 degrees", "ERA5 with poles, 3 degrees"])
def test_weights_are_those_of_dinosaur(name):
    theirs = pytest.importorskip("dinosaur.horizontal_interpolation")
    lat, lon = GRIDS[name]
    grid = analysis_grid(10.0, edge=90)
    rows, columns = matrices(tuple(lat), tuple(lon), grid, "conservative")
    old, new = (np.deg2rad(lat), np.deg2rad(lon)), (np.deg2rad(grid.lat), np.deg2rad(grid.lon))
    np.testing.assert_allclose(rows, theirs.conservative_latitude_weights(old[0], new[0]), atol=1e-6)
    np.testing.assert_allclose(columns, theirs.conservative_longitude_weights(old[1], new[1]), atol=1e-6)
