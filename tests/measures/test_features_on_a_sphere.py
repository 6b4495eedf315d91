"""The features of a field on the sphere: harmonics whose squares sum to a mean over area."""

import numpy as np
import pytest

from gnomon.measures.features import basis, least_variance, names
from gnomon.numerics.sphere.grid import gauss_grid
from gnomon.spec.cards import Grid, Variable, WorldCard


@pytest.fixture(scope="module")
def card():
    lat, lon, weights = gauss_grid(21)
    grid = Grid(lat=tuple(lat), lon=tuple(lon), weights=tuple(weights))
    variable = Variable(name="t", units="K", shape=(32, 64), dims=("lat", "lon"), scale=1.0, obs_error=0.1)
    return WorldCard(
        name="sphere", rung="sphere", summary="", dt=0.25, time_units="d", variables=(variable,), knobs=(),
        timescale=4.0, spinup=1.0, exponents=1, references=(), grid=grid,
    )  # fmt: skip


def test_squares_sum_to_the_area_mean(card):
    weights, called = basis(card, card.variables[0])
    assert weights.shape == (121, 2048)
    assert len(called) == len(set(called)) == 121
    lat, lon = np.radians(card.grid.lat), np.radians(card.grid.lon)
    smooth = 2.0 + 3 * np.sin(lat)[:, None] + (np.cos(lat) ** 4)[:, None] * np.cos(4 * lon - 0.3)
    kept = weights @ smooth.ravel()
    area = np.sum(np.array(card.grid.weights)[:, None] * smooth**2) / 64
    assert np.sum(kept**2) == pytest.approx(area)
    assert kept[0] == pytest.approx(2.0)


def test_small_scales_are_left_out(card):
    weights, _ = basis(card, card.variables[0])
    lat, lon = np.radians(card.grid.lat), np.radians(card.grid.lon)
    small = (np.cos(lat) ** 15)[:, None] * np.cos(15 * lon)
    assert np.abs(weights @ small.ravel()).max() < 1e-10


def test_names_and_variances_keep_step(card):
    assert len(names(card)) == len(least_variance(card)) == 242
