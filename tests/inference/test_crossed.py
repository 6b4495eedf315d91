"""Means over units crossed with seeds."""

import numpy as np
import pytest
from scipy import stats

from gnomon.inference.crossed import crossed_estimate
from gnomon.spec.errors import BadData

RNG = np.random.default_rng(0)


def test_without_seeds_it_is_the_ordinary_interval():
    x = RNG.standard_normal((12, 1))
    mean, error = x.mean(), x.std(ddof=1) / np.sqrt(12)
    low, high = stats.t.interval(0.95, 11, mean, error)
    for values in (x, np.repeat(x, 4, axis=1)):  # seeds that change nothing
        found = crossed_estimate(values)
        assert (found.value, found.low, found.high) == pytest.approx((mean, low, high))
    assert "one seed" in (crossed_estimate(x).reason or "")


def test_it_covers_other_units_and_other_seeds():
    hits = 0
    for _ in range(400):
        x = 1 + RNG.standard_normal((8, 1)) + 0.7 * RNG.standard_normal((1, 5))
        found = crossed_estimate(x + 0.3 * RNG.standard_normal((8, 5)))
        hits += found.low <= 1 <= found.high
    assert 0.93 < hits / 400 <= 1.0


@pytest.mark.parametrize("spread", [1.0, 3.0])
def test_two_seeds_that_differ_much_cover_less_than_is_said(spread):
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(600):
        found = crossed_estimate(rng.standard_normal((8, 1)) + spread * rng.standard_normal((1, 2)))
        hits += found.low <= 0 <= found.high
    assert 0.86 < hits / 600 < 0.94  # as its docstring tells


def test_an_interval_over_fields_alone_would_not_cover():
    hits = 0
    for _ in range(400):
        x = 1 + RNG.standard_normal((8, 1)) + 2 * RNG.standard_normal((1, 5))
        found = crossed_estimate(x.mean(axis=1, keepdims=True))
        hits += found.low <= 1 <= found.high
    assert hits / 400 < 0.85


def test_what_cannot_be_estimated_is_said():
    assert crossed_estimate(np.ones((1, 3))).low is None
    assert "no variance" in (crossed_estimate(np.ones((4, 3))).reason or "")
    assert crossed_estimate([[1.0, np.nan], [0.0, 1.0]]).value is None
    with pytest.raises(BadData, match="unit, seed"):
        crossed_estimate(np.ones(4))
