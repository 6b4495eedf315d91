"""Ordinal patterns of free runs: the contract, and processes whose divergence is known."""

import functools

import numpy as np
import pytest

from gnomon.measures.ordinal_patterns import OrdinalPatterns, chosen_delays, divergence, shares_of
from gnomon.testing.measures import check_measure
from gnomon.testing.synthetic_evidence import synthetic_evidence


@functools.cache
def _cached(role, **options):
    return synthetic_evidence(role, **options)


@pytest.mark.parametrize("kind", ["flow", "field"])
def test_contract(kind):
    check_measure(OrdinalPatterns(), make=functools.partial(_cached, kind=kind))


def test_divergence_of_known_shares():
    p, r = np.asarray([1.0, 0, 0]), np.asarray([0, 0.5, 0.5])
    assert divergence(p, r) == pytest.approx(1.0)  # nothing in common: one bit
    assert divergence(p, p) == 0


def test_white_noise_has_equal_shares_and_a_ramp_one_pattern():
    noise = np.random.default_rng(0).normal(size=(1, 1, 1, 100_000))
    np.testing.assert_allclose(shares_of(noise, 2)[0, 0], 1 / 24, atol=0.003)
    assert shares_of(np.arange(50.0)[None, None, None], 1)[0, 0].max() == 1


def test_reversed_time_is_seen_and_size_is_not():
    random = np.random.default_rng(1)
    x = np.cumsum(random.exponential(size=(24, 1, 1, 400)) - 1, axis=-1)  # small drops, rare leaps
    x = x - np.linspace(0, 1, 400) * x[..., -1:]

    def table(x):
        units = len(x)
        return {
            "shares": shares_of(x, 1)[:, :, None],
            "natural": np.full((units, 1), 7.5),
            "delays": np.ones((units, 1), int),
            "alive": np.ones(units, bool),
        }

    same = OrdinalPatterns().discrepancy(table(x[:12]), table(100 * x[12:]))
    other = OrdinalPatterns().discrepancy(table(x[:12]), table(x[12:, ..., ::-1]))
    assert abs(same.mean()) < 3 * same.std(ddof=1) / np.sqrt(12)
    assert other.mean() > 10 * abs(same.mean()) + 0.05


def test_the_delays_are_those_of_the_rule():
    truth = {"natural": np.asarray([[30.0, 7.5], [30.0, 7.5]]), "delays": np.tile([1, 2, 3, 4, 6, 8], (2, 1))}
    np.testing.assert_array_equal(chosen_delays(truth), [[3, 5, 5], [0, 1, 3]])  # 0.4 of 30 is 12 = 3 x 4
