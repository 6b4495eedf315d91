"""Codes of attractors: fixed points of pieces, words of turns, what a symbol tells of a lobe."""

import numpy as np
import pytest

from gnomon.numerics.code_topology import (
    critical_point,
    fixed_points,
    fold_turns,
    lobe_turns,
    maxima,
    told,
    total_variation,
    transition_shares,
    word_distance,
)


def test_fixed_points_of_a_tent_are_real_in_their_own_region_only():
    s = 1.9  # x' = s x - 2 s relu(x - 1/2): rests at 0 and at s / (1 + s)
    found = fixed_points(np.zeros(2), np.array([[s, -2 * s], [s, -2 * s]]), np.array([0.0, -0.5]), 1)
    assert [p.symbol for p in found] == [0, 1]
    assert all(p.real for p in found)
    np.testing.assert_allclose([p.state[0] for p in found], [0.0, s / (1 + s)], atol=1e-12)
    np.testing.assert_allclose([p.largest for p in found], [s, s], rtol=1e-12)
    assert [p.turns for p in found] == pytest.approx([0.0, 0.5])
    gentle = fixed_points(np.zeros(2), np.array([[0.5, -1.0], [0.5, -1.0]]), np.array([0.0, -0.5]), 1)
    assert [p.real for p in gentle] == [
        True,
        False,
    ]  # x' = x / 2 below 1/2: the other piece has none of its own


def test_a_symbol_that_is_the_lobe_tells_it_and_one_drawn_apart_does_not():
    lobes = np.random.default_rng(0).integers(0, 2, 20000)
    assert told(1 - lobes, lobes) == pytest.approx(1.0)
    assert told(np.random.default_rng(1).integers(0, 4, 20000), lobes) < 1e-3
    assert told(lobes + 2 * np.random.default_rng(1).integers(0, 2, 20000), lobes) == pytest.approx(1.0)


def test_words_tell_a_coin_from_a_cycle():
    random = np.random.default_rng(2)
    coins, others, cycle = random.integers(0, 2, 50000), random.integers(0, 2, 50000), np.tile([0, 1], 25000)
    assert word_distance(coins, others, 6) < 0.03
    assert word_distance(coins, cycle, 6) > 0.9
    assert word_distance(cycle, cycle, 6) == 0.0


def test_transitions_leave_their_region():
    shares = transition_shares(np.array([0, 0, 1, 1, 2, 0]), 4)
    assert shares[0, 1] == shares[1, 2] == shares[2, 0] == pytest.approx(1 / 3)
    assert np.trace(shares) == 0
    assert total_variation(shares, shares.T) == pytest.approx(1.0)


def test_turns():
    t = np.arange(0, 60, 0.05)
    ring = np.stack([np.cos(t), np.sin(t)], axis=-1)
    assert len(maxima(ring[:, 0])) in (9, 10)
    side = np.stack([np.sign(np.sin(t / 4)), np.sin(t)], axis=-1)  # two turns on a side and more
    turns = lobe_turns(side, 0.0)
    assert set(turns) == {0, 1}
    growing = np.stack([(1 + t / 60) * np.cos(t), t], axis=-1)
    middle = float(np.median(growing[maxima(growing[:, 0]), 0]))
    assert np.all(np.diff(fold_turns(growing, middle)) >= 0)


def test_the_critical_point_of_a_tent():
    tops = np.empty(4000)
    tops[0] = 0.3137
    for n in range(1, 4000):
        tops[n] = 1.9 * min(tops[n - 1], 1 - tops[n - 1])
    x = np.zeros((8000, 2))
    x[1::2, 0] = 1 + tops
    assert critical_point(x) == pytest.approx(1.5, abs=0.005)
