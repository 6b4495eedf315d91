"""The synthetic atmosphere has the statistics it promises."""

import functools

import numpy as np
import pytest

from gnomon.measures.sphere.fields import sphere, transform
from gnomon.numerics.sphere.grid import area_mean, gauss_grid
from gnomon.numerics.sphere.harmonics import analyse, power
from gnomon.numerics.sphere.winds import vorticity_divergence
from gnomon.testing.synthetic_sphere import AMPLITUDES, LABELS, MEMORY, TOP, synthetic_sphere
from gnomon.testing.synthetic_sphere_climate import (
    enso_response,
    mean_state,
    scale,
    variable_names,
    warming_response,
)


@functools.cache
def made(role="truth", **options):
    return synthetic_sphere(role, **({"units": 14, "leads": 30, "truncation": 10} | options))


def anomaly(name, label="free", **options):
    e = made(**options)
    return e.runs[label].obs[name].astype(float) - mean_state(name, gauss_grid(10))


@pytest.mark.parametrize("name", ["ta850", "ua250", "va250", "zg500", "psl", "tas", "rtmt", "hus850"])
def test_noise_has_the_scale_on_the_card(name):
    variance = area_mean((anomaly(name) ** 2).mean(axis=(0, 1, 2)), sphere(made().card).weights)
    assert np.sqrt(variance) == pytest.approx(scale(name), rel=0.06)
    assert next(v.scale for v in made().card.variables if v.name == name) == scale(name)


def test_noise_is_red_in_time_and_white_in_nothing_beyond_its_top():
    x = anomaly("tas")
    r = (x[:, :, 1:] * x[:, :, :-1]).sum() / (x**2).sum()
    assert r == pytest.approx(np.exp(-1 / MEMORY), abs=0.04)
    found = power(analyse(transform(made().card), x[0, 0]))
    assert found[:, TOP + 1 :].max() < 1e-8 * found.sum()


def test_winds_are_rotational():
    h = transform(made().card)
    zeta, divergence = vorticity_divergence(h, anomaly("ua500")[0, 0], anomaly("va500")[0, 0])
    assert np.abs(divergence).max() < 1e-4 * np.abs(zeta).max()


@pytest.mark.parametrize("label", ["amp+2", "amp-3"])
def test_responses_are_the_ones_declared(label):
    e = made()
    k = float(label[3:])
    forced = e.runs[label].obs["zg500"].mean(axis=(0, 1, 2), dtype=float)
    expected = mean_state("zg500", gauss_grid(10)) + enso_response("zg500", gauss_grid(10), k)
    error = 60 / np.sqrt(14 * 30)
    assert np.abs(forced - expected).max() < 8 * error
    assert e.runs[label].forcing["enso"].max() == e.runs[label].forcing["enso"].min() == k
    assert e.design["amplitudes"] == AMPLITUDES


def test_a_weak_and_displaced_response():
    e = made("subject", gain=0.5, phase=40.0)
    forced, control = (e.runs[x].obs["zg500"].mean(axis=(0, 1, 2), dtype=float) for x in ("amp+2", "control"))
    expected = enso_response("zg500", gauss_grid(10), 2.0, phase=40.0)
    slope = ((forced - control) * expected).sum() / (expected**2).sum()
    assert slope == pytest.approx(0.5, abs=0.1)


def test_warming_warms_and_moistens():
    e = synthetic_sphere("truth", trial="shift", units=14, leads=30, truncation=10)
    assert e.design["knob"] == "warming"
    grid = gauss_grid(10)
    warm = e.runs["shift+4"].obs
    assert (warm["tas"].mean() - mean_state("tas", grid).mean()) == pytest.approx(4, abs=0.1)
    wet = (warm["hus1000"].mean(axis=(0, 1, 2)) / mean_state("hus1000", grid))[8].mean()
    assert np.log(wet) == pytest.approx(0.28, abs=0.02)
    assert warming_response("psl", grid, 4.0).max() == 0


def test_runs_are_the_same_twice_read_only_and_made_when_asked():
    one, two = (synthetic_sphere("floor", units=2, leads=5, truncation=10) for _ in range(2))
    assert set(one.runs) == set(LABELS)
    a, b = (e.runs["free"].obs["ua850"] for e in (one, two))
    np.testing.assert_array_equal(a, b)
    assert not a.flags.writeable
    assert not np.array_equal(a, made("truth", units=2, leads=5).runs["free"].obs["ua850"])
    assert "nothing" not in one.runs
    assert len(variable_names()) == 35


def test_truth_and_members_are_exchangeable_about_the_shared_centre():
    truth, subject = (made(r).runs["ensemble"].obs["tas"].astype(float) for r in ("truth", "subject"))
    spread = subject.var(axis=1, ddof=1).mean()
    error = ((truth[:, 0] - subject.mean(axis=1)) ** 2).mean()
    assert error == pytest.approx(spread * (1 + 1 / subject.shape[1]), rel=0.1)
