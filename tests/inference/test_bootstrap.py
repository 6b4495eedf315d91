"""The mean of one number a unit: known answers, degenerate cases, and how often the interval holds the truth."""

import numpy as np
import pytest

from gnomon.inference.bootstrap import estimate
from gnomon.inference.resample import difference_of_two, mean_of_first, pivot_quantile, studentise
from gnomon.spec.errors import BadData


def test_value_and_standard_error_are_the_textbook_ones():
    x = np.array([1.0, 2.0, 4.0, 5.0, 7.0, 9.0])
    got = estimate(x, seed=0)
    assert got.value == pytest.approx(x.mean())
    assert got.stderr == pytest.approx(x.std(ddof=1) / np.sqrt(6))
    assert got.low < got.value < got.high
    assert (got.n, got.reason) == (6, None)


def test_normal_units_give_nearly_students_interval():
    x = np.random.default_rng(1).normal(size=200)
    got = estimate(x, seed=0)
    half = 1.972 * x.std(ddof=1) / np.sqrt(200)  # t quantile, 199 degrees of freedom
    assert got.high - got.value == pytest.approx(half, rel=0.1)
    assert got.value - got.low == pytest.approx(half, rel=0.1)


def test_the_interval_leans_towards_the_long_tail():
    got = estimate(np.random.default_rng(2).lognormal(0, 1, 40), seed=0)
    assert got.high - got.value > 1.3 * (got.value - got.low)


def test_one_unit_has_no_error_bar():
    got = estimate([3.0], seed=0)
    assert (got.value, got.low, got.high, got.stderr) == (3.0, None, None, None)
    assert "one unit" in got.reason


def test_units_that_do_not_vary_have_no_error_bar():
    got = estimate([0.1] * 12, seed=0)
    assert got.value == pytest.approx(0.1)
    assert (got.low, got.high, got.stderr) == (None, None, None)
    assert "no variance" in got.reason


def test_two_units_are_too_few_for_an_interval():
    got = estimate([1.0, 2.0], seed=0)
    assert got.stderr == pytest.approx(0.5)
    assert (got.low, got.high) == (None, None)
    assert "too few" in got.reason


def test_lost_units_are_left_out_and_counted():
    got = estimate([1.0, np.nan, 2.0, np.inf, 3.0, 4.0, 5.0, 6.0], seed=0)
    assert (got.value, got.n) == (3.5, 6)
    assert got.reason == "2 of 8 units left out: not finite"
    nothing = estimate([np.nan, np.inf], seed=0)
    assert (nothing.value, nothing.n) == (None, 0)
    assert nothing.reason


@pytest.mark.parametrize("bad", [[], [[1.0, 2.0]], 3.0])
def test_anything_but_one_number_a_unit_is_refused(bad):
    with pytest.raises(BadData, match="one number a unit"):
        estimate(bad, seed=0)


@pytest.mark.parametrize("factor", [1e-200, 1e-3, 1e150])
def test_tiny_and_huge_numbers_keep_their_interval(factor):
    x = np.random.default_rng(3).lognormal(0, 0.5, 20)
    a, b = estimate(x, seed=0), estimate(x * factor, seed=0)
    for name in ("value", "low", "high", "stderr"):
        assert getattr(b, name) == pytest.approx(getattr(a, name) * factor, rel=1e-9)


def test_the_seed_decides_the_bits():
    x = np.random.default_rng(4).lognormal(0, 1, 20)
    assert estimate(x, seed=5) == estimate(x, seed=5)
    assert estimate(x, seed=5) != estimate(x, seed=6)


def test_columns_of_equal_length_share_their_resamples():
    rng = np.random.default_rng(5)
    common = rng.normal(size=30) * 10
    a, b = common + rng.normal(size=30), common + rng.normal(size=30)
    paired = studentise([a, b], difference_of_two, seed=0, level=0.95)
    alone = studentise([a, b[:29]], difference_of_two, seed=0, level=0.95)
    assert paired.stderr == pytest.approx((a - b).std(ddof=1) / np.sqrt(30))
    assert alone.stderr == pytest.approx(np.sqrt(a.var(ddof=1) / 30 + b[:29].var(ddof=1) / 29))
    assert paired.stderr < alone.stderr / 3


def test_replicates_in_blocks_are_all_filled(monkeypatch):
    monkeypatch.setattr("gnomon.inference.resample._BLOCK", 100)
    got = studentise([np.random.default_rng(6).normal(size=30)], mean_of_first, seed=0, level=0.95)
    assert len(got.pivots) == 1999
    assert np.isfinite(got.pivots).all()
    assert np.std(got.pivots) == pytest.approx(1.0, abs=0.2)


def test_an_undefined_pivot_counts_against_us_at_both_ends():
    pivots = np.concatenate([np.linspace(-2, 2, 99), [np.nan] * 10])
    assert pivot_quantile(pivots, 0.975) == np.inf
    assert pivot_quantile(pivots, 0.025) == -np.inf


@pytest.mark.parametrize(
    ("name", "n", "least"), [("chi-square", 40, 0.90), ("lognormal", 40, 0.88), ("normal", 10, 0.92)]
)
def test_coverage_of_a_mean(name, n, least):
    rng = np.random.default_rng(7)
    draws = {
        "chi-square": lambda: rng.chisquare(1, n),
        "lognormal": lambda: rng.lognormal(-0.5, 1.0, n),
        "normal": lambda: rng.normal(1, 1, n),
    }
    got = [estimate(draws[name](), seed=i) for i in range(400)]
    assert np.mean([e.low <= 1 <= e.high for e in got]) >= least
