"""Fields without short waves, and the last wave that a model resolves: known answers."""

import numpy as np
import pytest

from gnomon.numerics.coarsening import coarsened, resolved, varies, wave_power
from gnomon.spec.cards import Variable
from gnomon.spec.registry import build
from gnomon.testing.synthetic_evidence import synthetic_card

RING = synthetic_card("field")
U = RING.variables[0]
X = 2 * np.pi * np.arange(16) / 16


def test_a_ring_loses_what_is_beyond():
    long, short = np.cos(3 * X + 0.4), np.cos(6 * X)
    x = (2.0 + long + short)[None, None].repeat(2, axis=1)
    np.testing.assert_allclose(coarsened(RING, U, x, 4), x - short, atol=1e-12)
    np.testing.assert_allclose(coarsened(RING, U, x, 8), x, atol=1e-12)
    np.testing.assert_allclose(wave_power(RING, U, x)[0, [0, 3, 6]], [4.0, 0.5, 0.5])


def test_a_plane_loses_what_is_beyond_in_any_direction():
    v = Variable(
        name="q", units="1", shape=(16, 16), dims=("y", "x"), scale=1.0, obs_error=0.0, homogeneous=True
    )
    long = np.cos(2 * X)[:, None] * np.cos(X)
    slanted = np.cos(4 * X[:, None] + 4 * X)
    x = (long + slanted)[None, None]
    np.testing.assert_allclose(coarsened(RING, v, x, 5), (x - slanted), atol=1e-12)  # 4 sqrt 2 > 5
    np.testing.assert_allclose(coarsened(RING, v, x, 6), x, atol=1e-12)
    assert wave_power(RING, v, x).sum() == pytest.approx(np.mean(x**2) * 16**4)


def test_a_sphere_loses_total_wavenumbers():
    card = build("worlds", "held_suarez").card
    v = next(v for v in card.variables if v.name == "ua500")
    lat, lon = np.radians(card.grid.lat)[:, None], np.radians(card.grid.lon)
    zonal = 1.5 * np.sin(lat) ** 2 - 0.5 + 0 * lon  # l = 2
    sectoral = np.cos(lat) ** 9 * np.cos(9 * lon)  # l = m = 9
    x = (zonal + sectoral)[None]
    np.testing.assert_allclose(
        coarsened(card, v, x, 8), zonal[None], atol=1e-7
    )  # latitudes of a card are rounded
    assert np.argsort(wave_power(card, v, x[None])[0])[-2:].tolist() in ([9, 2], [2, 9])


def test_what_has_no_waves_is_left_alone():
    card = synthetic_card("flow")
    x = np.random.default_rng(0).standard_normal((2, 1, 5))
    assert not varies(card, card.variables[0])
    assert coarsened(card, card.variables[0], x, 1) is x


def test_the_last_resolved_wave():
    truth = np.array([9.0, 4.0, 3.0, 2.0, 1.0, 0.5])
    assert resolved(truth, truth) is None
    assert resolved(truth, truth * [1, 1, 1, 1, 0.4, 0.1]) == 3
    assert resolved(truth, truth * [1, 1, 0.1, 1, 0.4, 0.1]) == 3, "a gap between resolved waves is no end"
    assert resolved(truth, truth * [1, 0.4, 0.4, 0.4, 0.4, 0.4]) == 0
    assert resolved(truth, truth * [0.1, 1, 1, 1, 1, 1]) is None, "the mean is not asked"
    noise = np.append(truth, 1e-12)
    assert resolved(noise, np.append(truth, 0.0)) is None, "a wave that holds rounding is not asked"
