"""Forecast errors on the sphere against the `scores` library."""

import numpy as np
import pytest
import scores
import xarray as xr

from gnomon.measures.sphere.acc import anomaly_correlation
from gnomon.measures.sphere.skill import squared_error
from gnomon.numerics.sphere.grid import gauss_latitudes

pytestmark = pytest.mark.oracle

GRID = gauss_latitudes(16)
DIMS = ("unit", "field", "lead", "lat", "lon")


def table(state):
    n = len(state)
    return {"state": state, "weights": np.tile(GRID.weights, (n, 1)), "alive": np.ones(n, bool)}


def test_area_weighted_squared_errors():
    x, y = np.random.default_rng(0).normal(size=(2, 3, 2, 4, 16, 32))
    weights = xr.DataArray(GRID.weights, dims="lat")
    theirs = scores.continuous.mse(
        xr.DataArray(x, dims=DIMS),
        xr.DataArray(y, dims=DIMS),
        preserve_dims=("unit", "field", "lead"),
        weights=weights,
    )
    np.testing.assert_allclose(squared_error(table(y), table(x)), theirs.values, rtol=1e-12)


def test_the_anomaly_correlation_of_many_forecasts():
    # About a climatology that is known (zero here), where theirs has no sampling noise; they do not weigh
    # areas, so theirs is asked one row at a time and the rows' moments are weighed by hand.
    random = np.random.default_rng(1)
    y = random.normal(size=(60, 1, 8, 16, 32))
    x = 0.6 * y + 0.8 * random.normal(size=y.shape)
    area = GRID.weights[:, None] / 32

    def rows(a, b):
        found = scores.continuous.mse(
            xr.DataArray(a, dims=DIMS),
            xr.DataArray(-b, dims=DIMS),
            preserve_dims=("unit", "field", "lead"),
            weights=xr.DataArray(GRID.weights, dims="lat"),
        ).values  # <(a + b)^2>
        return (found - (a**2 * area).sum(axis=(-2, -1)) - (b**2 * area).sum(axis=(-2, -1))) / 2

    theirs = rows(x, y) / np.sqrt(rows(x, x) * rows(y, y))
    ours = anomaly_correlation(table(y), table(x))
    assert np.abs(ours - theirs).max() < 0.05
    assert (ours - theirs).mean() == pytest.approx(0, abs=0.003)
