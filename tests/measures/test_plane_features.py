"""On a plane a response is seen in its large-scale waves, and a patterned balance in two dimensions."""

import msgspec
import numpy as np
import pytest

from gnomon.measures.features import basis, harmonics
from gnomon.measures.plane_waves import highest_waves, on_plane
from gnomon.worlds.field.navier_stokes import NavierStokes
from gnomon.worlds.field.two_layer import TwoLayer


@pytest.fixture(scope="module")
def card():
    return NavierStokes(grid=24, wavenumber=3).card


def test_features_are_the_waves_up_to_twice_the_pattern(card):
    w = card.variables[0]
    assert on_plane(w)
    assert harmonics(card, w) is None
    assert highest_waves(card, w) == (6, 2)
    weights, called = basis(card, w)
    assert len(weights) == len(called) == 13 * 5
    assert len(set(called)) == len(called)
    y, x = np.meshgrid(*2 * [2 * np.pi * np.arange(24) / 24], indexing="ij")
    field = 0.5 + 2 * np.cos(3 * y) - 3 * np.sin(-5 * y + 2 * x)
    found = dict(zip(called, weights @ field.ravel(), strict=True))
    expected = {"w, mean over the plane": 0.5, "w, cos 3,0": 2.0, "w, sin -5,2": -3.0}
    for name, value in found.items():
        assert value == pytest.approx(expected.get(name, 0.0), abs=1e-12)


def test_what_is_not_a_plane_is_left_alone(card):
    w = card.variables[0]
    assert not on_plane(msgspec.structs.replace(w, dims=("lat", "lon")))
    assert not on_plane(msgspec.structs.replace(w, homogeneous=False))


def test_where_no_knob_has_a_pattern_the_plane_is_averaged():
    card = TwoLayer(points=16, substeps=2).card
    weights, called = basis(card, card.variables[0])
    np.testing.assert_allclose(weights, np.full((1, 256), 1 / 256))
    assert called == ["q1"]
