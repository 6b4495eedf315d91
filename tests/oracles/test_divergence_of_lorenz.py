"""State-space divergence of Lorenz-63 against recorded values: floor, Gaussian cloud, frozen mean."""

import itertools

import numpy as np
import pytest

from gnomon.measures.attractor import Attractor

pytestmark = [pytest.mark.oracle, pytest.mark.slow]

# Two true runs, 30 bins an axis: 0.036 - 0.141 with 100,000 points, 0.64 with 10,000, 8.4 with 1,000; with 100,000
# points a cloud of independent Gaussians scores 3.5 and a frozen mean 16.3. The record was sampled at a mean step of
# 0.0415 standard deviations; a floor depends on the time that is covered, so the same step is used here.
STEP = 0.0415


def lorenz(steps, copies, dt=0.0075):
    """[copy, step, 3] trajectories of Lorenz (1963) by RK4, on the attractor."""

    def rate(s):
        x, y, z = s
        return np.array([10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z])

    s = np.random.default_rng(0).normal(size=(3, copies)) + np.array([[0], [0], [25]])
    out = np.empty((steps + 1000, 3, copies))
    for t in range(steps + 1000):
        a = rate(s)
        b = rate(s + dt / 2 * a)
        c = rate(s + dt / 2 * b)
        d = rate(s + dt * c)
        s = s + dt / 6 * (a + 2 * b + 2 * c + d)
        out[t] = s
    return out[1000:].transpose(2, 0, 1)


def divergence(truth, subject):
    tables = [{"points": x[None], "alive": np.ones(1, bool)} for x in (truth, subject)]
    return Attractor().discrepancy(*tables)[0]


@pytest.fixture(scope="module")
def runs():
    return lorenz(100_000, 5)


def test_floor_falls_with_the_number_of_points(runs):
    steps = np.abs(np.diff(runs[0], axis=0) / runs[0].std(axis=0))
    assert steps.mean() == pytest.approx(STEP, rel=0.02)
    floors = {
        n: np.median([divergence(a[:n], b[:n]) for a, b in itertools.pairwise(runs)])
        for n in (1_000, 10_000, 100_000)
    }
    assert 0.036 < floors[100_000] < 0.141
    assert 0.64 / 2 < floors[10_000] < 0.64 * 2
    assert 8.4 / 2 < floors[1_000] < 8.4 * 2


def test_gaussian_cloud_and_frozen_mean(runs):
    truth = runs[0]
    random = np.random.default_rng(1)
    cloud = truth.mean(axis=0) + truth.std(axis=0) * random.normal(size=truth.shape)
    frozen = np.broadcast_to(truth.mean(axis=0), truth.shape)
    assert divergence(truth, cloud) == pytest.approx(3.5, rel=0.1)
    assert divergence(truth, frozen) == pytest.approx(16.3, rel=0.02)


def test_pooled_units_score_as_one_long_run(runs):
    truth, subject = (x.reshape(20, 5_000, 3) for x in runs[:2])
    alive = np.ones(20, bool)
    d = Attractor().discrepancy({"points": truth, "alive": alive}, {"points": subject, "alive": alive})
    whole = divergence(*runs[:2])
    assert d.mean() < whole  # the jackknife takes away most of what falls like 1/n
    assert d.mean() > -whole
