"""On a sphere a mean over the points that stand for a variable is a mean over area."""

import math

import numpy as np
import pytest

from gnomon.measures.tables import points
from gnomon.spec.cards import Grid, Variable, WorldCard
from gnomon.spec.registry import build


@pytest.fixture(scope="module")
def card():
    nodes, weights = np.polynomial.legendre.leggauss(32)
    grid = Grid(
        lat=tuple(np.degrees(np.arcsin(nodes))), lon=tuple(np.arange(64) * 5.625), weights=tuple(weights / 2)
    )
    variable = Variable(name="t", units="K", shape=(32, 64), dims=("lat", "lon"), scale=1.0, obs_error=0.1)
    return WorldCard(
        name="sphere", rung="sphere", summary="", dt=0.25, time_units="d", variables=(variable,), knobs=(),
        timescale=4.0, spinup=1.0, exponents=1, references=(), grid=grid,
    )  # fmt: skip


@pytest.mark.parametrize("degree", range(1, 7))
def test_harmonics_average_to_nothing(card, degree):
    kept = points(card, card.variables[0])
    assert len(np.unique(kept)) == len(kept) < 400
    sine = np.sin(np.radians(card.grid.lat))
    zonal = np.polynomial.legendre.Legendre.basis(degree)(sine)
    field = np.broadcast_to(zonal[:, None], (32, 64)).ravel()
    assert abs(field[kept].mean()) < 0.03
    waves = (np.cos(np.radians(card.grid.lat)) ** degree)[:, None] * np.cos(
        degree * np.radians(card.grid.lon)
    )
    assert abs(waves.ravel()[kept].mean()) < 0.03


def test_every_point_counts_off_the_sphere():
    card = build("worlds", "lorenz96").card
    variable = card.variables[0]
    np.testing.assert_array_equal(points(card, variable), np.arange(math.prod(variable.shape)))
