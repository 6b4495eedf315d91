"""Areas of sparsification in closed form: the right order, the reverse, no order, and ties."""

from itertools import permutations

import numpy as np
import pytest

from gnomon.numerics.sparsification import sparsification
from gnomon.spec.errors import BadData

N = 1000
EVEN = np.random.default_rng(0).permutation((np.arange(N) + 0.5) / N)  # errors spread evenly over 0 ... 1


def test_the_right_order_is_the_oracle():
    got = sparsification(EVEN, EVEN**3)  # any rising function ranks alike
    assert got.ause == pytest.approx(0, abs=1e-12)
    assert got.curve == pytest.approx(1 - got.removed)
    assert got.aurg == pytest.approx(0.5 - 0.5 / N)


def test_the_reverse_order_is_the_worst():
    got = sparsification(EVEN, -EVEN)
    assert got.ause == pytest.approx(1 - 1 / N)
    assert got.aurg == pytest.approx(-(N - 1) / (2 * N))
    assert got.curve == pytest.approx(1 + got.removed)


def test_equal_spreads_are_chance_exactly():
    got = sparsification(EVEN, np.full(N, 3.0))
    assert got.curve == pytest.approx(np.ones(20), abs=1e-12)
    assert got.aurg == pytest.approx(0, abs=1e-12)
    assert got.ause == pytest.approx(0.5 - 0.5 / N)


def test_ties_are_the_mean_over_their_orders():
    error, spread = np.array([0.1, 2.0, 0.7, 1.1, 0.0, 5.0]), np.repeat([1.0, 2.0], 3)
    every = [
        sparsification(error[[*low, *high]], spread + 1e-9 * np.arange(6), shares=6).curve
        for low in permutations(range(3))
        for high in permutations(range(3, 6))
    ]
    assert sparsification(error, spread, shares=6).curve == pytest.approx(np.mean(every, axis=0), rel=1e-12)


def test_the_areas_add_up_to_what_the_errors_allow():
    rng = np.random.default_rng(2)
    sums = [sum(sparsification(EVEN, rng.random(N))[3:]) for _ in range(3)]
    assert sums == pytest.approx([0.5 - 0.5 / N] * 3)


def test_no_error_and_what_is_no_error():
    none = sparsification(np.zeros(5), np.arange(5.0))
    assert (none.ause, none.aurg) == (0, 0)
    for error, spread in (([], []), ([-1.0], [1.0]), ([np.nan], [1.0]), ([1.0], [np.inf]), ([1.0, 2], [1.0])):
        with pytest.raises(BadData):
            sparsification(np.array(error), np.array(spread))
