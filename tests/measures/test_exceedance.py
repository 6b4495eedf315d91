"""How long extremes last: the contract, and series whose stays are known."""

import functools

import numpy as np
import pytest
import scipy.stats

from gnomon.measures.exceedance import REACH, Exceedance, at_levels, spent, thresholds
from gnomon.testing.measures import check_measure
from gnomon.testing.synthetic_evidence import synthetic_evidence


@functools.cache
def _cached(role, **options):
    return synthetic_evidence(role, **options)


def table(x, middle=0):
    """Of series [unit, time]."""
    lengths, units = np.asarray([0, 1, 3, 6, 10, 20]), len(x)
    lowest = np.asarray([middle - REACH])
    return {
        "spent": spent(x[:, None, None], lowest, lengths),
        "lowest": np.tile(lowest, (units, 1)),
        "lengths": np.tile(lengths, (units, 1)),
        "alive": np.ones(units, bool),
    }


@pytest.mark.parametrize("kind", ["flow", "field"])
def test_contract(kind):
    check_measure(Exceedance(), make=functools.partial(_cached, kind=kind))


def test_stays_of_white_noise_are_geometric():
    found = table(np.random.default_rng(0).normal(size=(40, 2000)))
    level = thresholds(found)
    np.testing.assert_array_equal(
        level, [[3, -3]]
    )  # 1.5 has .067, 1.0 has .159: nearer to .1 in the logarithm
    p = scipy.stats.norm.sf(1.5)
    share = np.arange(1, 60) * p ** np.arange(1, 60) * (1 - p) ** 2
    exact = [p, p - share[0], p - share[:3].sum()]
    np.testing.assert_allclose(at_levels(found, level)[..., :3].mean(axis=0)[0], [exact, exact], atol=0.002)


def test_pace_size_and_offset_are_seen():
    t = np.arange(600) * 0.1
    phase = np.random.default_rng(1).uniform(0, 6, (2, 20, 1))
    truth = table(1.5 * np.sin(t + phase[0]))
    measure, wave = Exceedance(), 1.5 * np.sin(t + phase[1])
    assert abs(measure.discrepancy(truth, table(wave)).mean()) < 0.02
    assert measure.discrepancy(truth, table(1.5 * np.sin(2 * t + phase[1]))).mean() > 0.05
    assert measure.discrepancy(truth, table(1.5 * wave)).mean() > 0.05
    assert measure.discrepancy(truth, table(wave + 0.5)).mean() > 0.05


def test_a_level_out_of_reach_is_always_or_never_passed():
    truth = table(np.random.default_rng(2).normal(size=(10, 200)))
    far = table(100 + np.random.default_rng(3).normal(size=(10, 200)), middle=200)
    found = at_levels(far, thresholds(truth))
    assert (found[:, 0, 0] == 1).all()
    assert (found[:, 0, 1] == 0).all()
    low = table(-100 + np.random.default_rng(3).normal(size=(10, 200)), middle=-200)
    found = at_levels(low, thresholds(truth))
    assert (found[:, 0, 0] == 0).all()
    assert (found[:, 0, 1] == 1).all()
