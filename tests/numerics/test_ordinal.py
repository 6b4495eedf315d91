"""Ordinal patterns whose shares are known, the sampling rule, and what the plane tells apart."""

import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.signal
from numpy.lib.stride_tricks import sliding_window_view

from gnomon.numerics.ordinal import (
    classify,
    entropy_and_complexity,
    envelope,
    ordinal_codes,
    ordinal_facts,
    ordinal_shares,
    permutation_entropy,
    regular_band,
    relative_height,
    suitable_delay,
    suitable_delays,
)
from gnomon.numerics.ordinal_counts import PIECE


@pytest.mark.parametrize("order", [3, 4, 5])
def test_every_pattern_has_its_own_code_and_ties_rise(order):
    windows = np.asarray(list(itertools.permutations(range(order))), float)
    codes = ordinal_codes(windows, order)[:, 0]
    assert sorted(codes) == list(range(math.factorial(order)))
    assert (
        ordinal_codes(np.ones((1, order)), order)[0, 0]
        == ordinal_codes(np.arange(order)[None], order)[0, 0]
        == 0
    )


def test_bandt_and_pompe_example():
    # Their paper: 4 7 9 10 6 11 3 has two rising, one 201 and two 102 and 120 patterns of order 3: 1.5219 bits
    shares = np.asarray(ordinal_shares(np.asarray([4.0, 7, 9, 10, 6, 11, 3]), 3))
    h, _ = entropy_and_complexity(shares)
    assert h * np.log2(6) == pytest.approx(1.5219, abs=1e-4)


def test_one_pattern_has_no_entropy_and_equal_shares_no_complexity():
    h, c = permutation_entropy(np.arange(50.0))
    assert (float(h), float(c)) == (0.0, 0.0)
    h, c = entropy_and_complexity(np.full(120, 1 / 120))
    assert h == pytest.approx(1)
    assert c == pytest.approx(0, abs=1e-12)


def test_batches_are_series_by_series():
    x = np.random.default_rng(0).normal(size=(2, 3, 200))
    together = permutation_entropy(x, 4, 2)
    assert together[0].shape == (2, 3)
    for i, j in np.ndindex(2, 3):
        np.testing.assert_allclose(
            [v[i, j] for v in together], permutation_entropy(x[i, j], 4, 2), rtol=1e-12
        )


@pytest.mark.parametrize("order", [3, 4, 5])
def test_every_point_lies_between_the_curves(order):
    random = np.random.default_rng(1)
    size = math.factorial(order)
    clouds = [random.dirichlet(np.full(size, a), 200) for a in (0.01, 0.1, 1.0)]
    h, c = entropy_and_complexity(np.concatenate(clouds))
    edge = envelope(order)
    assert (c >= np.interp(h, edge.entropy_low, edge.complexity_low) - 1e-4).all()
    assert (c <= np.interp(h, edge.entropy_high, edge.complexity_high) + 1e-4).all()
    assert relative_height(edge.entropy_high[::7], edge.complexity_high[::7], order)[1:-1] == pytest.approx(
        1, abs=0.01
    )
    assert (np.diff(edge.entropy_low) >= 0).all()
    assert (np.diff(edge.entropy_high) >= 0).all()


def test_the_rule_of_sampling():
    assert list(suitable_delays(0.01, 1.0)) == [8, 9, 10, 11, 12]
    assert suitable_delay(0.01, 1.0) == 10
    assert suitable_delay(1.0, 1.0) is None
    assert suitable_delay(0.01, math.inf) is None
    assert regular_band(5) == pytest.approx((0.145, 0.551), abs=5e-4)


def test_kinds():
    random = np.random.default_rng(2)
    t = np.arange(8000) * 0.01
    waves = np.sin(2 * np.pi * t / 1.3 + random.uniform(0, 6, (3, 1)))
    found = ordinal_facts(waves, 0.01)
    assert found.kind == "regular"
    assert found.natural == pytest.approx(1.3, rel=1e-2)
    assert 0.3 <= found.span <= 0.5
    x = np.empty((3, 4000))
    x[:, 0] = random.uniform(0.2, 0.4, 3)
    for i in range(3999):
        x[:, i + 1] = 4 * x[:, i] * (1 - x[:, i])
    assert classify(*(float(v.mean()) for v in permutation_entropy(x))) == "complex"
    for memory in (2.0, 40.0):
        a = math.exp(-1 / memory)
        noise = scipy.signal.lfilter([1.0], [1.0, -a], random.normal(size=(3, 8000)), axis=-1)
        found = ordinal_facts(noise, 1.0, delay=1)
        assert classify(found.entropy, found.complexity) == "stochastic"
        assert found.entropy_error < 0.01


def test_lorenz_is_complex():
    x = np.empty((8, 30_000, 3))
    state = np.random.default_rng(3).normal([0, 0, 20], 1.0, (8, 3))

    def f(s):
        return np.stack(
            [
                10 * (s[:, 1] - s[:, 0]),
                s[:, 0] * (28 - s[:, 2]) - s[:, 1],
                s[:, 0] * s[:, 1] - 8 / 3 * s[:, 2],
            ],
            1,
        )

    for i in range(30_000):
        state = state + 0.01 * f(state + 0.005 * f(state))
        x[:, i] = state
    found = ordinal_facts(x[:, 1000:, 0], 0.01)
    assert found.met
    assert found.kind == "complex"
    # what the rule is for: sampled a hundred times too fast everything looks regular
    assert ordinal_facts(x[:, 1000:, 0], 0.01, delay=1).kind == "undecided"
    assert float(permutation_entropy(x[:, 1000:, 0], 5, 1)[0].mean()) < 0.3


@pytest.mark.parametrize(
    ("shape", "order", "delay"), [((2, PIECE + 7), 3, 7), ((40, 900), 5, 1), ((PIECE + 12,), 6, 3)]
)
def test_numpy_in_pieces_and_jax_count_alike(shape, order, delay):
    x = np.random.default_rng(4).integers(0, 40, shape).astype(float)  # many equal values
    shares = np.asarray(ordinal_shares(x, order, delay))
    windows = sliding_window_view(x, (order - 1) * delay + 1, axis=-1)[..., ::delay]
    ranks = np.argsort(np.argsort(windows, axis=-1, kind="stable"), axis=-1, kind="stable")
    names = (ranks * order ** np.arange(order)).sum(-1)
    codes = ordinal_codes(x, order, delay)
    assert codes.dtype == np.int32
    for name, code in zip(
        names.reshape(-1, names.shape[-1]), codes.reshape(-1, codes.shape[-1]), strict=True
    ):
        pairs = np.unique(np.stack([name, code]), axis=1)  # each pattern has one code, each code one pattern
        assert len(np.unique(pairs[0])) == len(np.unique(pairs[1])) == pairs.shape[1]
    counts = [np.bincount(c, minlength=math.factorial(order)) for c in codes.reshape(-1, codes.shape[-1])]
    np.testing.assert_allclose(
        shares.reshape(len(counts), -1), np.asarray(counts) / codes.shape[-1], rtol=1e-14
    )
    np.testing.assert_allclose(ordinal_shares(jnp.asarray(x), order, delay), shares, rtol=1e-14)
    found = jax.vmap(lambda v: permutation_entropy(v, order, delay)[0])(jnp.atleast_2d(x))
    np.testing.assert_allclose(found, np.atleast_1d(permutation_entropy(x, order, delay)[0]), rtol=1e-12)


def test_lists_and_whole_numbers_are_series_too():
    assert float(permutation_entropy([4, 7, 9, 10, 6, 11, 3], 3)[0] * np.log2(6)) == pytest.approx(
        1.5219, abs=1e-4
    )
    assert permutation_entropy(np.arange(30, dtype=np.uint8).reshape(3, 10), 3)[1].shape == (3,)


def test_too_short_records_are_refused():
    with pytest.raises(ValueError, match="no pattern"):
        permutation_entropy(np.arange(8.0), 5, 2)
    with pytest.raises(ValueError, match="expected 3 to 7"):
        ordinal_codes(np.arange(80.0), 9)
