"""Lagged correlations of free runs: the contract, and processes whose distance is known."""

import functools

import numpy as np
import pytest

from gnomon.measures.delayed_correlation import DelayedCorrelation, compared, features
from gnomon.testing.measures import check_measure
from gnomon.testing.synthetic_evidence import STEP, process, synthetic_evidence


@functools.cache
def _cached(role, **options):
    return synthetic_evidence(role, **options)


@pytest.mark.parametrize("kind", ["flow", "field"])
def test_contract(kind):
    check_measure(DelayedCorrelation(), make=functools.partial(_cached, kind=kind))


def test_correlations_are_those_of_the_process():
    # x and y are the parts of a damped rotation: r_xx = exp(-2 t) cos(turn t), r_xy(t) = exp(-2 t) sin(turn t)
    z = process(np.random.default_rng(0), 200, 400)
    evidence = synthetic_evidence("truth", units=200)
    free = evidence.runs["free"]
    obs = free.obs | {"x": z[:, None, :, 0].real, "y": z[:, None, :, 0].imag}
    table = DelayedCorrelation().summarise(evidence._replace(runs={"free": free._replace(obs=obs)}))
    time = table["lags"][0] * STEP
    decay, turn = np.exp(-2 * time), 2 * np.pi / 3 * time
    np.testing.assert_allclose(table["own"][:, 0].mean(axis=0), decay * np.cos(turn), atol=0.04)
    half = table["crossed"][:, 0, : len(time)].mean(axis=0)
    np.testing.assert_allclose(half, decay * np.sin(turn), atol=0.04)
    later = table["crossed"][:, 0, len(time) :].mean(axis=0)
    np.testing.assert_allclose(later, -(decay * np.sin(turn))[1:], atol=0.04)


def test_a_sum_of_squared_features_is_a_mean_of_squares():
    random = np.random.default_rng(1)
    table = {
        "own": random.normal(size=(3, 2, 10)),
        "crossed": random.normal(size=(3, 1, 19)),
        "lags": np.tile(np.arange(10), (3, 1)),
    }
    found = (features(table, np.arange(4)) ** 2).sum(axis=1)
    own = (table["own"][..., :4] ** 2).mean(axis=(1, 2))
    crossed = (table["crossed"][..., [0, 1, 2, 3, 10, 10 + 1, 10 + 2]] ** 2).mean(axis=(1, 2))
    assert table["crossed"].shape[-1] == 2 * 10 - 1
    np.testing.assert_allclose(found, (own + crossed) / 2)
    # a memory longer than the runs keeps every lag
    assert np.isfinite(features(table, np.arange(10))).all()


def test_lags_reach_three_memories():
    every = np.tile(np.exp(-np.arange(101) / 8.0), (2, 3, 1))
    truth = {"every": every, "lags": np.tile(np.arange(0, 101, 2), (2, 1))}
    assert truth["lags"][0][compared(truth)[-1]] == 24
