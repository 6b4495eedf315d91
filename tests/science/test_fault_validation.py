"""The check of planted faults: units are cut and dealt without overlap, and counts are what the deals give."""

import numpy as np
import pytest
import scipy.stats

from gnomon.core.runs import Observed, Runs
from gnomon.spec.errors import BadData
from gnomon.spec.registry import build, entries
from gnomon.spec.study import Ref
from validation.faults import twins
from validation.faults.__main__ import part
from validation.faults.lows import LowsPool
from validation.faults.plans import PLANS, Plan, fault
from validation.faults.pool import cut
from validation.faults.printing import rate, told
from validation.faults.shares import of_pools
from validation.faults.synthetic import SyntheticPool

PLAN = Plan(
    world=Ref(kind="none"), lanes=48, together=48, blocks=1, gap=0.0, each=10, trials={"climate": {}},
    faults=(fault("off", "damped", "climate/first", size=0.1),),
)  # fmt: skip


class Squares:
    """Squared distance of one column; the second knows nothing of the fault."""

    def __init__(self, column):
        self.column = column

    def discrepancy(self, truth, table):
        return (table["x"][:, self.column] - truth["x"][:, self.column].mean()) ** 2


@pytest.fixture
def found(monkeypatch):
    monkeypatch.setattr(twins, "measure_of", lambda name: Squares({"first": 0, "second": 1}[name]))
    x = np.random.default_rng(0).standard_normal((48, 2))
    tables = {
        twins.PERFECT: {"x": x},
        twins.NULL: {"x": x + np.array([30.0, 30.0])},
        "off": {"x": x + np.array([6.0, 0.0])},
    }
    return {twins.Cell("climate", "first", True): tables, twins.Cell("climate", "second", False): tables}


def test_a_large_fault_is_flagged_by_its_own_measure_and_a_perfect_twin_seldom(found):
    got = twins.verdicts(found, PLAN, draws=60)
    assert got.flagged["off"][:, 0].mean() > 0.95
    assert got.below["off"][:, 0].mean() > 0.9
    assert got.flagged["off"][:, 1].mean() < 0.1
    assert got.flagged[twins.PERFECT].any(axis=1).mean() < 0.1
    assert not got.failed[twins.PERFECT].any()
    text = told("none", PLAN, got, {"climate/third": "no such field"}, 1.0)
    assert "climate/first" in text
    assert "no such field" in text
    assert text.count("*") >= 2  # the fault's own measure is marked


def test_no_unit_has_two_roles(found, monkeypatch):
    seen = []
    real = twins._rows
    monkeypatch.setattr(twins, "_rows", lambda t, units: seen.append(units) or real(t, units))
    twins.verdicts(found, PLAN, draws=1)
    roles = {tuple(u) for u in seen}
    assert len(roles) == 4
    assert len(np.unique(np.concatenate([np.array(r) for r in roles]))) == 40


def test_too_small_a_pool_is_refused(found):
    with pytest.raises(BadData, match="48 units"):
        twins.verdicts(found, PLAN._replace(each=13), draws=1)


def test_blocks_are_cut_out_of_trajectories_with_gaps_and_own_starts():
    steps, gap, blocks = 3, 2, 2
    x = np.arange(10.0)[None, None] + 100 * np.arange(2)[:, None, None]
    runs = Runs(
        label="e", obs=Observed({"x": x}), time=np.arange(1.0, 11.0), forcing={"k": x[:, 0]},
        diverged=np.array([[-1], [6]]), exponents=None, initial={"x": np.array([-1.0, 99.0])}, cost={},
    )  # fmt: skip
    got = cut(runs, blocks, steps, gap)
    np.testing.assert_array_equal(
        got.obs["x"][:, 0], [[0, 1, 2], [5, 6, 7], [100, 101, 102], [105, 106, 107]]
    )
    np.testing.assert_array_equal(got.initial["x"], [-1, 4, 99, 104])
    np.testing.assert_array_equal(got.diverged[:, 0], [-1, -1, -1, 1])
    np.testing.assert_array_equal(got.time, [1, 2, 3])


def test_rates_carry_wilson_intervals_and_over_pools_those_of_their_mean():
    one = np.zeros(100, int)
    assert rate(np.zeros(100, bool), one) == "  0.0 (0.0 to 3.7)"
    assert rate(np.zeros(0, bool), one[:0]) == "not asked"
    # Four pools of .1, .2, .3, .4: mean .25, standard deviation .129, t with three degrees of freedom 3.182.
    marks = np.concatenate([np.arange(10) < k for k in (1, 2, 3, 4)])
    assert rate(marks, np.repeat(np.arange(4), 10)) == " 25.0 (4.5 to 45.5)"
    # Pools that agree on nothing found are no proof of nothing: four trials, whatever is dealt from them.
    assert rate(np.zeros(40, bool), np.repeat(np.arange(4), 10)) == "  0.0 (0.0 to 60.2)"
    assert rate(np.zeros(4000, bool), np.repeat(np.arange(4), 1000)) == "  0.0 (0.0 to 60.2)"


def test_pools_that_agree_count_as_so_many_trials():
    """Clopper and Pearson's bounds have closed forms at the ends, and are the tails of a binomial between."""
    assert of_pools(0.0, 10) == (0.0, pytest.approx(1 - 0.025**0.1))
    assert of_pools(1.0, 5) == (pytest.approx(0.025**0.2), 1.0)
    low, high = of_pools(0.5, 10)
    assert scipy.stats.binom.sf(4, 10, low) == pytest.approx(0.025)
    assert scipy.stats.binom.cdf(5, 10, high) == pytest.approx(0.025)
    # The worst case: all deals of a pool say the same, and at this share ten pools are all silent once in forty times.
    rng = np.random.default_rng(0)
    silent = ~(rng.random((20_000, 10)) < of_pools(0.0, 10)[1]).any(axis=1)
    assert silent.mean() == pytest.approx(0.025, abs=0.005)


def test_pools_of_other_seeds_share_nothing_and_are_counted_together(found, tmp_path):
    plan = PLANS["lows"]._replace(lanes=4, together=4, each=1)
    first, again, other = (LowsPool(plan, seed) for seed in (0, 0, 3))
    (experiment, *_) = first.trial("climate").design(first.card)
    a, b, c = (p.runs(experiment).obs["psl"] for p in (first, again, other))
    np.testing.assert_array_equal(a, b)
    assert not any(np.array_equal(x, y) for x in a for y in c)
    got = [twins.verdicts(found, PLAN, draws=5, seed=seed) for seed in (0, 1)]
    both = twins.together(got)
    assert both.room.shape == (10, 2)
    np.testing.assert_array_equal(both.pool, [0] * 5 + [1] * 5)
    np.testing.assert_array_equal(both.flagged["off"][5:], got[1].flagged["off"])
    assert "10 resampled twins of 2 pools" in told("none", PLAN, both, {}, 1.0)


@pytest.mark.parametrize(("name", "pool"), [("synthetic", SyntheticPool), ("lows", LowsPool)])
def test_tables_of_synthetic_pools_are_kept_under_all_that_decides_them(name, pool, tmp_path):
    small = pool(PLANS[name]._replace(lanes=4, together=4, each=1))
    cell = twins.Cell(next(iter(small.plan.trials)), "mean_state", True)
    one, other = (
        twins._recipe(small, cell, build("measures", "mean_state", {}), who)
        for who in (twins.PERFECT, small.plan.faults[0].name)
    )
    made = []
    for recipe in (one, one, other):
        twins._kept(tmp_path, recipe, lambda: made.append(1) or {"x": np.zeros(3)})
    assert len(made) == 2


def test_plans_name_faults_and_measures_that_there_are():
    for plan in PLANS.values():
        assert plan.lanes % plan.together == 0
        assert plan.lanes * plan.blocks >= 4 * plan.each
        for planted in plan.faults:
            build("learners", planted.learner.kind, planted.learner.args)
            trial, measure = planted.own.split("/")
            assert trial in plan.trials
            assert measure.partition(":")[0] in entries("measures")
    assert set(part(PLANS["speedy"], ["shift"]).trials) == {"shift"}
    assert [f.name for f in part(PLANS["speedy"], ["shift"]).faults] == ["deaf upper levels"]
