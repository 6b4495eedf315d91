"""Fidelity: 1 at the floor, 0 at the null, honest in between; room; divergence; power."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon.inference.fidelity import judge, room_between, smallest_effect
from gnomon.spec.errors import BadData


def cell(seed=0, n=40, subject=1.0, null=10.0, floor=1.0, spread=0.5):
    rng = np.random.default_rng(seed)
    return [m * rng.lognormal(-(spread**2) / 2, spread, n) for m in (subject, null, floor)]


def test_the_value_is_the_ratio_of_means():
    d, null, floor = cell(subject=4.0)
    got = judge(d, null, floor, seed=0)
    assert got.status == "ok"
    assert got.reason is None
    assert got.fidelity.value == pytest.approx((null.mean() - d.mean()) / (null.mean() - floor.mean()))
    assert got.fidelity.low < got.fidelity.value < got.fidelity.high
    assert (got.n, got.diverged) == (40, 0)


def test_the_standard_error_is_that_of_the_influence_function():
    d, null, floor = cell(subject=4.0)
    gap = null.mean() - floor.mean()
    f = (null.mean() - d.mean()) / gap
    influence = ((null - d) - f * (null - floor)) / gap
    assert judge(d, null, floor, seed=0).fidelity.stderr == pytest.approx(influence.std(ddof=1) / np.sqrt(40))


def test_different_lengths_are_resampled_independently():
    d, null, floor = cell(subject=4.0)
    got = judge(d, null[:30], floor[:20], seed=0)
    gap = null[:30].mean() - floor[:20].mean()
    f = (null[:30].mean() - d.mean()) / gap
    parts = d.var(ddof=1) / 40, (1 - f) ** 2 * null[:30].var(ddof=1) / 30, f**2 * floor[:20].var(ddof=1) / 20
    assert got.fidelity.value == pytest.approx(f)
    assert got.fidelity.stderr == pytest.approx(np.sqrt(sum(parts)) / gap)


positive = st.lists(st.floats(0.5, 2.0), min_size=8, max_size=20)


@settings(max_examples=25, deadline=None)
@given(positive, st.integers(0, 2**31))
def test_the_floor_itself_scores_exactly_one_and_the_null_exactly_zero(noise, seed):
    floor = np.array(noise)
    null = 20.0 + floor[::-1]
    one, zero = judge(floor, null, floor, seed=seed), judge(null, null, floor, seed=seed)
    assert one.fidelity.value == 1.0
    assert zero.fidelity.value == 0.0
    for got in (one, zero):
        assert (got.fidelity.low, got.fidelity.high, got.fidelity.stderr) == (None, None, None)
    assert "equals the floor" in one.reason
    assert "equals the null" in zero.reason


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.floats(1e-6, 1e6))
def test_fidelity_does_not_depend_on_the_unit_of_measurement(seed, factor):
    d, null, floor = cell(seed, n=12, subject=3.0)
    a = judge(d, null, floor, seed=1)
    b = judge(factor * d, factor * null, factor * floor, seed=1)
    assert a.status == b.status
    if a.fidelity is not None and b.fidelity is not None:
        for name in ("value", "low", "high", "stderr"):
            assert getattr(b.fidelity, name) == pytest.approx(getattr(a.fidelity, name), rel=1e-6, abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.permutations(range(12)))
def test_the_order_of_units_does_not_matter_to_the_bit(seed, order):
    d, null, floor = cell(seed, n=12, subject=3.0)
    assert judge(d, null, floor, seed=1) == judge(d[order], null[order], floor[order], seed=1)


def test_diverged_units_count_as_twice_the_null():
    d, null, floor = cell(subject=2.0)
    d[:4] = np.inf
    got = judge(d, null, floor, seed=0)
    capped = np.where(np.isinf(d), 2 * null.mean(), d)
    assert (got.status, got.diverged) == ("ok", 4)
    assert got.reason == "4 of 40 units diverged and count as twice the null"
    assert got.discrepancy.value == pytest.approx(capped.mean())
    expected = (null.mean() - capped.mean()) / (null.mean() - floor.mean())
    assert got.fidelity.value == pytest.approx(expected)


def test_the_cap_carries_the_error_of_the_null():
    """All diverged: fidelity is -N / (N - L), whose error comes from N and L alone."""
    _, null, floor = cell()
    got = judge(np.full(40, np.inf), null, floor, seed=0)
    n, low = null.mean(), floor.mean()
    gradient = np.array([low, -n]) / (n - low) ** 2  # of -N / (N - L)
    stderr = np.sqrt(gradient @ np.cov(null, floor) @ gradient / 40)
    assert got.status == "diverged"
    assert got.fidelity.stderr == pytest.approx(stderr)
    assert -n / (n - low) < -1
    assert (got.fidelity.value, got.fidelity.low) == (-1.0, -1.0)  # shown no lower
    assert "below -1 is shown as -1" in got.reason
    assert "below -1 is shown as -1" in got.fidelity.reason


def test_more_than_half_diverged_is_a_divergence_with_or_without_room():
    d, null, floor = cell()
    d[:21] = np.inf
    assert judge(d, null, floor, seed=0).status == "diverged"
    d[20] = 1.0
    assert judge(d, null, floor, seed=0).status == "ok"
    d[:21] = np.inf
    got = judge(d, floor, floor, seed=0)
    assert got.status == "diverged"
    assert got.fidelity is None
    assert "21 of 40" in got.reason


def test_a_diverged_twin_is_capped_too_and_a_null_that_always_diverges_is_refused():
    d, null, floor = cell()
    floor[0] = np.inf
    got = judge(d, null, floor, seed=0)
    assert got.floor.value == pytest.approx(np.where(np.isinf(floor), 2 * null.mean(), floor).mean())
    with pytest.raises(BadData, match="every unit diverged"):
        judge(d, np.full(40, np.inf), floor, seed=0)


@pytest.mark.parametrize("bad", [np.nan, -np.inf])
@pytest.mark.parametrize("which", [0, 1, 2])
def test_nan_is_a_bug_and_is_refused(bad, which):
    arrays = cell()
    arrays[which][3] = bad
    with pytest.raises(BadData, match=("subject", "null", "floor")[which]):
        judge(*arrays, seed=0)


def test_no_room_where_null_and_floor_are_alike():
    rng = np.random.default_rng(0)
    d, null, floor = rng.lognormal(size=(3, 40))
    got = judge(d, null, floor, seed=0)
    assert got.status == "no_room"
    assert got.fidelity is None
    assert got.smallest_effect is None
    assert got.reason
    assert got.discrepancy.value == pytest.approx(d.mean())


def test_no_room_where_the_null_beats_the_floor():
    d, null, floor = cell(null=1.0, floor=10.0)
    got = judge(d, null, floor, seed=0)
    assert got.status == "no_room"
    assert "not above" in got.reason


def test_no_room_below_four_standard_errors():
    """Significant at 99 % (three standard errors), and still too close to divide by."""
    x = np.random.default_rng(1).normal(size=100)
    x = (x - x.mean()) / x.std(ddof=1)
    got = room_between(1 + x + 3.2 / 10, np.ones(100), seed=0)
    assert not got.there
    assert "standard errors" in got.reason
    assert room_between(1 + x + 4.5 / 10, np.ones(100), seed=0).there


def test_ties_leave_room_where_null_and_floor_are_completely_apart():
    floor = np.array([1.0] * 9 + [2.0])
    assert room_between(np.full(10, 9.0), floor, seed=0).there
    assert not room_between(np.full(10, 1.5), floor, seed=0).there
    assert not room_between(np.full(3, 9.0), np.array([1.0, 1.0, 1.1]), seed=0).there  # 1 order in 20: chance


def test_room_falsely_found_is_rare():
    rng = np.random.default_rng(2)
    found = sum(room_between(*rng.lognormal(size=(2, 20)), seed=i).there for i in range(400))
    assert found <= 8


def test_constants_are_told_apart_and_one_unit_is_not():
    assert room_between(np.full(6, 2.0), np.full(6, 1.0), seed=0).there
    assert not room_between(np.full(6, 2.0), np.full(6, 2.0), seed=0).there
    got = judge([1.0], [3.0], [0.5], seed=0)
    assert got.status == "no_room"
    assert "one unit" in got.reason
    assert got.discrepancy.low is None


def test_the_smallest_effect_is_detected_four_times_in_five():
    """A subject worse than the floor by the smallest effect, same noise: the interval must exclude 1 in about 80 %."""
    rng = np.random.default_rng(3)
    n, null_mean, floor_mean, noise = 40, 10.0, 2.0, 1.0
    stderr = noise * np.sqrt(2 / n) / (null_mean - floor_mean)
    effect = 2.873 * stderr  # t quantiles 0.975 and 0.8 with 39 degrees of freedom: 2.023 + 0.851
    seen, told = 0, []
    for i in range(300):
        floor, null = floor_mean + noise * rng.normal(size=n), null_mean + 0.1 * rng.normal(size=n)
        d = floor_mean + effect * (null_mean - floor_mean) + noise * rng.normal(size=n)
        told.append(smallest_effect(null, floor, n))
        got = judge(d, null, floor, seed=i).fidelity
        seen += not got.low <= 1 <= got.high
    assert np.mean(told) == pytest.approx(effect, rel=0.03)
    assert 0.72 < seen / 300 < 0.88


def test_the_smallest_effect_does_not_depend_on_the_subject():
    d, null, floor = cell()
    assert judge(d, null, floor, seed=0).smallest_effect == judge(5 * d, null, floor, seed=0).smallest_effect
    assert smallest_effect(null, np.full(40, 1.0), 40) is None
    assert smallest_effect(null, floor, 1) is None


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("fidelity", [1.0, 0.5])
def test_coverage_on_skewed_units(shared, fidelity):
    """400 cells of 40 skewed units: the 95 % interval holds the truth in at least 90 %."""
    rng = np.random.default_rng([11, shared, int(2 * fidelity)])
    means, n, held, runs = (10 - 9 * fidelity, 10.0, 1.0), 40, 0, 400
    for i in range(runs):
        start = rng.lognormal(0, 0.5, n) if shared else 1.0
        mean_start = np.exp(0.125) if shared else 1.0
        cells = [m * start / mean_start * rng.lognormal(-0.25, np.sqrt(0.5), n) for m in means]
        got = judge(*cells, seed=i).fidelity
        held += got is not None and got.low <= fidelity <= got.high
    assert 0.90 <= held / runs <= 0.99
