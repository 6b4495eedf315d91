"""The mean of units nested in seeds: it covers with and without a scatter of seeds, and luck does not narrow it."""

import numpy as np
import pytest
from scipy import stats

from gnomon.inference.nested import nested_estimate, nested_p_value
from gnomon.spec.errors import BadData


def drawn(rng, *, between, seeds=3, units=40):
    return [between * rng.standard_normal() + rng.standard_normal(units) for _ in range(seeds)]


@pytest.mark.parametrize("between", [0.0, 0.1, 1.0])
def test_it_covers(between):
    rng = np.random.default_rng(0)
    found = [nested_estimate(drawn(rng, between=between)) for _ in range(800)]
    covered = np.mean([e.low < 0 < e.high for e in found])
    assert covered > 0.95 - 3 * np.sqrt(0.05 * 0.95 / 800)


def test_seeds_that_agree_by_luck_do_not_narrow_it():
    rng = np.random.default_rng(1)
    seeds = [x - x.mean() - 0.1 + 0.001 * n for n, x in enumerate(rng.standard_normal((3, 100)))]
    e = nested_estimate(seeds)
    within = np.sqrt(sum(x.var(ddof=1) for x in seeds) / 3 / 300)
    assert e.low == pytest.approx(e.value - stats.t.ppf(0.975, 297) * within)
    assert nested_p_value(seeds) > 0.05  # by the scatter of the seeds alone it would be 0.0001


def test_seeds_that_differ_decide_where_units_agree():
    seeds = [np.full(10, m) + 1e-3 * np.arange(10) for m in (0.1, 0.2, 0.3)]
    e = nested_estimate(seeds)
    assert e.high - e.value == pytest.approx(stats.t.ppf(0.975, 2) * 0.1 / np.sqrt(3))
    t = stats.ttest_1samp([x.mean() for x in seeds], 0)
    assert nested_p_value(seeds) == pytest.approx(t.pvalue)


def test_interval_and_test_agree():
    rng = np.random.default_rng(2)
    for shift in (0.1, 0.2, 0.3, 0.5):
        seeds = [x + shift for x in drawn(rng, between=0.1)]
        e = nested_estimate(seeds)
        assert (nested_p_value(seeds) < 0.05) == (e.low > 0)


def test_seeds_count_alike():
    e = nested_estimate([[0.0, 1e-9], np.ones(200)])
    assert e.value == pytest.approx(0.5)


def test_edges_are_named():
    assert nested_estimate([[1.0]]).reason == "one unit: its error is unknown"
    assert nested_p_value([[1.0]]) is None
    assert nested_estimate([[1.0, 1.0], [1.0, 1.0]]).reason == "no variance: every value is the same"
    assert nested_estimate([[1.0, np.nan]]).value is None
    assert nested_p_value([[1.0, np.nan]]) is None
    one = nested_estimate([[1.0, 2.0, 3.0]])
    assert one.reason == "one seed: the interval is over units alone"
    assert one.high - one.low == pytest.approx(2 * stats.t.ppf(0.975, 2) / np.sqrt(3))
    with pytest.raises(BadData):
        nested_estimate([])
    with pytest.raises(BadData):
        nested_estimate([[1.0], []])
