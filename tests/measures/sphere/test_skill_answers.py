"""Forecast measures of the sphere where the answer is known beforehand."""

import functools

import msgspec
import numpy as np
import pytest

from gnomon.core.measure import CannotMeasure
from gnomon.measures.sphere.acc import AnomalyCorrelation, anomaly_correlation
from gnomon.measures.sphere.skill import Skill, forecast_table, squared_error
from gnomon.numerics.sphere.grid import gauss_latitudes
from gnomon.testing.synthetic_sphere import synthetic_sphere

GRID = gauss_latitudes(16)


@functools.cache
def made(role, **options):
    return synthetic_sphere(role, **({"units": 14, "truncation": 10} | options))


def table(state):
    n = len(state)
    return {"state": state, "weights": np.tile(GRID.weights, (n, 1)), "alive": np.ones(n, bool)}


def draws(units, shape=(1, 6, 16, 32), seed=0):
    return np.random.default_rng(seed).normal(size=(units, *shape))


def test_a_uniform_error_is_its_square_whatever_the_weights():
    x = draws(3)
    np.testing.assert_allclose(squared_error(table(x), table(x + 0.5)), 0.25)


def test_an_error_at_the_pole_counts_less_than_one_at_the_equator():
    x = draws(2)
    pole, equator = x.copy(), x.copy()
    pole[..., -1, :] += 1
    equator[..., 8, :] += 1
    np.testing.assert_allclose(squared_error(table(x), table(pole)), GRID.weights[-1])
    np.testing.assert_allclose(squared_error(table(x), table(equator)), GRID.weights[8])


def test_the_error_of_the_synthetic_forecast_is_the_one_that_was_put_in():
    truth, subject = (forecast_table(made(r), ("tas",)) for r in ("truth", "subject"))
    t = truth["days"][0]
    g = np.minimum(0.9, 0.05 * np.exp(0.35 * t))
    expected = (1 - np.sqrt(1 - g**2)) ** 2 + g**2
    found = squared_error(truth, subject).mean(axis=(0, 1))
    np.testing.assert_allclose(found, expected, rtol=0.2)


def test_leads_beyond_the_horizon_are_left_out():
    e = made("truth")
    short = e._replace(design=dict(e.design) | {"horizon": 0.5})
    assert forecast_table(short, ("tas",))["days"][0].max() <= 1.5
    with pytest.raises(CannotMeasure, match="horizon"):
        forecast_table(e._replace(design=dict(e.design) | {"horizon": 0.01}), ("tas",))


def test_a_world_without_a_grid_is_refused():
    e = made("truth")
    flat = e._replace(card=msgspec.structs.replace(e.card, grid=None))
    with pytest.raises(CannotMeasure, match="no grid"):
        Skill().summarise(flat)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("units", [5, 30])
def test_the_correlation_is_unbiased_even_with_few_forecasts(share, units):
    # y has anomalies of variance one about an unknown mean; x shares a part of them.
    found = []
    for seed in range(8):
        y, other = draws(units, seed=seed), draws(units, seed=seed + 100)
        climate = 5 * np.random.default_rng(seed + 200).normal(size=(1, 1, 1, 16, 32))
        x = share * y + np.sqrt(1 - share**2) * other
        found.append(anomaly_correlation(table(y + climate), table(x + climate)).mean())
    assert np.mean(found) == pytest.approx(share, abs=0.02)


def test_a_plain_sample_mean_would_have_flattered():
    y, other = draws(5), draws(5, seed=1)
    # forecasts of other days that all share one lead: about the mean of five truths, both hold its error
    y[:], other[:] = y[:, :, :1], other[:, :, :1]
    area = np.broadcast_to(GRID.weights[:, None] / 32, (16, 32))
    c = y.mean(axis=0)
    a, b = other - c, y - c
    plain = (a * b * area).sum(axis=(-2, -1)) / np.sqrt(
        (a**2 * area).sum(axis=(-2, -1)) * (b**2 * area).sum(axis=(-2, -1))
    )
    fair = anomaly_correlation(table(y), table(other)).mean()
    assert abs(fair) < 0.05
    assert abs(plain.mean()) < 0.05  # the unit itself is in c, which hides it ...
    left = [(other[i] - (y.sum(axis=0) - y[i]) / 4, y[i] - (y.sum(axis=0) - y[i]) / 4) for i in range(5)]
    naive = np.mean([(p * q * area).sum(axis=(-2, -1)).mean() for p, q in left])
    assert naive == pytest.approx(0.25, abs=0.05)  # ... leaving it out shows the error that both share


def test_climatology_is_uncorrelated_and_damping_does_not_matter():
    y = draws(20)
    climate = np.zeros_like(y)
    assert (anomaly_correlation(table(y), table(climate)) == 0).all()
    assert anomaly_correlation(table(y), table(0.5 * y)).mean() == pytest.approx(1, abs=0.01)
    assert anomaly_correlation(table(y), table(-y)).mean() == pytest.approx(-1, abs=0.01)


def test_too_few_forecasts_have_no_climatology():
    m = AnomalyCorrelation(fields=("tas",))
    t = m.summarise(made("truth", units=3))
    with pytest.raises(CannotMeasure, match="climatology"):
        m.discrepancy(t, t)
