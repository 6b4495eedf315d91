"""Counting by fours and by pairs says what counting each code says."""

import math

import numpy as np
import pytest

from gnomon.numerics import ordinal_counts
from gnomon.numerics.ordinal_counts import LONG, OF_FOUR, PIECE, codes, pattern_counts


def one_by_one(x: np.ndarray, order: int, delay: int) -> np.ndarray:
    kinds = math.factorial(order)
    return np.stack([np.bincount(codes(row, order, delay), minlength=kinds) for row in x])


def series(kind: str, shape: tuple[int, ...]) -> np.ndarray:
    random = np.random.default_rng(6)
    x = random.standard_normal(shape)
    if kind == "tied":
        return random.integers(0, 3, shape).astype(np.uint8)
    if kind == "constant":
        return np.ones(shape)
    if kind == "missing":
        return np.where(random.random(shape) < 0.02, np.nan, x)
    if kind == "endless":
        return np.where(random.random(shape) < 0.2, np.inf * np.sign(x), x).astype(np.float32)
    return x


@pytest.mark.parametrize("kind", ["random", "tied", "constant", "missing", "endless"])
@pytest.mark.parametrize("order", [3, 4, 5, 6, 7])
def test_counts_are_those_of_the_codes(kind, order):
    lengths = [LONG + 1 + extra for extra in range(4)] if order <= OF_FOUR else [LONG + 1]
    for length in [order, order + 4, *lengths, PIECE + order + 2]:
        x = series(kind, (2 if length < PIECE else 1, length))
        np.testing.assert_array_equal(pattern_counts(x, order, 1), one_by_one(x, order, 1))


@pytest.mark.parametrize(("order", "delay"), [(3, 2), (4, 7), (5, 3), (6, 2), (7, 5)])
def test_delays(order, delay):
    for shape in [(3, order * delay), (1, LONG + 3)]:
        x = series("tied", shape)
        np.testing.assert_array_equal(pattern_counts(x, order, delay), one_by_one(x, order, delay))


def test_blocks_with_and_without_missing_values(monkeypatch):
    monkeypatch.setattr(ordinal_counts, "BLOCK", 40_000)
    x = series("random", (1, 110_003))
    x[0, 50_000::1000] = np.nan  # the first block is counted by fours, the others are not
    np.testing.assert_array_equal(pattern_counts(x, 5, 1), one_by_one(x, 5, 1))
    for short in (80_004, 80_005, 80_008):  # the last block is nothing, one window, and four
        part = x[:, :short]
        np.testing.assert_array_equal(pattern_counts(part, 5, 1), one_by_one(part, 5, 1))


def test_why_missing_values_are_not_counted_by_fours():
    # 1 is not above NaN, NaN not above 0, yet 1 is above 0: what four windows say together supposes that it is not so
    x = series("missing", (4003,))
    fours = ordinal_counts._Fours(4, 1000)
    assert fours.add(x) == 4000
    assert (fours.counts() != one_by_one(x[None], 4, 1)[0]).any()
    x = np.nan_to_num(x)
    fours = ordinal_counts._Fours(4, 1000)
    fours.add(x)
    np.testing.assert_array_equal(fours.counts(), one_by_one(x[None], 4, 1)[0])


@pytest.mark.parametrize("shape", [(0, 100), (3, 5)])
def test_few_and_short_series(shape):
    assert pattern_counts(np.ones(shape), 5, 1).sum() == shape[0] * (shape[1] - 4)
