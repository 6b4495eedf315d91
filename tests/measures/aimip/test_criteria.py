"""Planted biases, trends, responses and spreads are found as they were planted."""

import numpy as np
import pytest

from gnomon.core.measure import CannotMeasure
from gnomon.measures.aimip.bias import Bias
from gnomon.measures.aimip.daily import Daily
from gnomon.measures.aimip.drawing import coarse
from gnomon.measures.aimip.el_nino import ElNino
from gnomon.measures.aimip.pairs import coefficient
from gnomon.measures.aimip.trend import Trend
from gnomon.measures.aimip.warmed import Warmed
from gnomon.measures.aimip.yearly import blocks_of
from tests.measures.aimip.planted import (
    COLUMNS,
    LAT,
    PATTERN,
    ROWS,
    YEARS,
    area,
    days,
    evidence,
    index,
    months,
)

ONLY = ("tas",)
SIZE = area(PATTERN**2)


def distance(measure, truth, subject):
    return measure.discrepancy(measure.summarise(truth), measure.summarise(subject))


def map_of(measure, given):
    table = measure.summarise(given)
    return coefficient(table["sum"], table["weight"]).reshape(ROWS, COLUMNS)


def free(**planted):
    return evidence(free={"tas": months(**planted)})


def test_a_planted_bias_is_found_exactly():
    truth, subject = free(), free(mean=2.0)
    season = area(np.broadcast_to(50 * np.sin(np.deg2rad(LAT))[:, None] ** 2, (ROWS, COLUMNS)))  # 10^2 / 2
    d = distance(Bias(variables=ONLY), truth, subject)
    assert len(d) == 12
    np.testing.assert_allclose(d, 4 * SIZE / season, rtol=1e-5)
    np.testing.assert_allclose(distance(Bias(variables=ONLY), truth, truth), 0, atol=1e-12)


def test_the_period_is_kept():
    wrong_late = months()
    wrong_late[-6:] += 5.0
    truth, subject = free(), evidence(free={"tas": wrong_late})
    assert distance(Bias(variables=ONLY, last=2008), truth, subject).mean() == pytest.approx(0, abs=1e-9)
    assert distance(Bias(variables=ONLY, first=2009), truth, subject).mean() > 0.1
    with pytest.raises(CannotMeasure, match=r"no whole year between 2015 and 2024.*1979-2014"):
        Bias(first=2015, last=2024).summarise(truth)
    with pytest.raises(CannotMeasure, match="only 2 whole years"):
        distance(Bias(variables=ONLY, first=2013), truth, subject)


def test_a_planted_trend_is_found_exactly():
    np.testing.assert_allclose(map_of(Trend(variables=ONLY), free(trend=0.25)), 0.25 * PATTERN, atol=1e-5)
    d = distance(Trend(variables=ONLY), free(trend=0.2), free(trend=0.3))
    np.testing.assert_allclose(
        d, 0.25, rtol=1e-4
    )  # (0.1 / 0.2)^2: without noise the size is the squared trend
    np.testing.assert_allclose(distance(Trend(variables=ONLY), free(trend=0.2), free()), 1.0, rtol=1e-4)


def test_a_planted_response_to_el_nino_is_found_exactly():
    np.testing.assert_allclose(map_of(ElNino(variables=ONLY), free(response=1.5)), 1.5 * PATTERN, atol=1e-5)
    d = distance(ElNino(variables=ONLY), free(response=1.0), free(response=1.5))
    np.testing.assert_allclose(d, 0.25, rtol=1e-4)


def test_an_index_with_a_season_fools_the_form_of_the_paper_only():
    """The mean season of the field, times that of the index, is no response."""
    ours = map_of(ElNino(variables=ONLY), free())
    paper = map_of(ElNino(variables=ONLY, deseasonalise=False), free())
    np.testing.assert_allclose(ours, 0, atol=1e-5)
    i = index() - index().mean()
    x = months()[:, 0]
    expected = np.einsum("ul,ulij->ij", i, x - x.mean(axis=(0, 1))) / (i**2).sum()
    np.testing.assert_allclose(paper, expected, atol=1e-5)
    assert np.abs(paper).max() > 0.5


def test_without_an_index_there_is_no_answer():
    with pytest.raises(CannotMeasure, match="no sea, no index"):
        ElNino().summarise(evidence(free={"tas": months()}, has_index=False))


def test_a_planted_response_to_warming_is_found_exactly():
    def warmed(two, four):
        base = months(noise=1.0)
        return evidence(
            control={"tas": base}, shift2={"tas": base + two * PATTERN}, shift4={"tas": base + four * PATTERN}
        )

    table = Warmed(variables=ONLY).summarise(warmed(2.0, 4.0))
    assert [str(n) for n in table["names"][0]] == ["tas +2 K", "tas +4 K"]
    b = coefficient(table["sum"], table["weight"]).reshape(2, ROWS, COLUMNS)
    np.testing.assert_allclose(b, [2 * PATTERN, 4 * PATTERN], atol=1e-4)
    d = distance(Warmed(variables=ONLY), warmed(2.0, 4.0), warmed(3.0, 2.0))
    np.testing.assert_allclose(d, 0.25, rtol=1e-4)


def test_one_warming_is_enough_and_none_is_said():
    base = {"tas": months()}
    one = evidence(control=base, shift2="the files hold no +2 K", shift4={"tas": months(mean=1.0)})
    assert [str(n) for n in Warmed().summarise(one)["names"][0]] == ["tas"]
    with pytest.raises(CannotMeasure, match=r"hold no \+2 K"):
        Warmed().summarise(evidence(control=base, shift2="the files hold no +2 K"))
    with pytest.raises(CannotMeasure, match="share none of tas"):
        Warmed(variables=("tas", "zg500")).summarise(
            evidence(control={"psl": months()}, shift2={"psl": months()})
        )


def test_spreads_within_months_and_dry_days():
    truth, other = (evidence(daily=days(seed=s)) for s in (0, 1))
    wide, drizzle = evidence(daily=days(spread=1.5, seed=2)), evidence(daily=days(wet=0.9, seed=3))
    measure = Daily(variables=("tas", "pr"))
    table = measure.summarise(truth)
    assert len(table["alive"]) == 24
    names = [str(n) for n in table["names"][0]]
    assert names == ["tas", "pr", "pr dry days"]
    b = coefficient(table["sum"], table["weight"]).reshape(3, ROWS, COLUMNS)
    assert b[0].mean() == pytest.approx(np.sqrt(1 - 1 / 30.4), rel=0.03)
    assert b[2].mean() == pytest.approx(0.5, abs=0.02)
    assert abs(distance(measure, truth, other).mean()) < 2e-3
    assert distance(measure, truth, wide).mean() == pytest.approx(0.25 / 3, rel=0.1)
    # a wet share of 0.9 makes rain vary less (0.3 against 0.5) and days drier by 0.4
    assert distance(measure, truth, drizzle).mean() == pytest.approx((0.4**2 + 0.8**2) / 3, rel=0.1)


def test_a_slow_season_is_no_daily_spread():
    seasonal = np.repeat(np.arange(24.0), 31)[:365][None, None, :, None, None] * np.ones(
        (2, 1, 1, ROWS, COLUMNS)
    )
    within = Daily(variables=ONLY).summarise(evidence(daily={"tas": seasonal * 0 + 5.0}))
    np.testing.assert_allclose(within["sum"], 0)


@pytest.mark.parametrize("measure", [Bias(variables=ONLY), Trend(variables=ONLY), ElNino(variables=ONLY)])
def test_another_draw_is_no_error_on_average(measure):
    """Over many pairs of draws the mean distance is zero, though each draw differs."""
    d = [
        distance(measure, *(free(trend=0.3, response=1.0, noise=2.0, seed=2 * k + j) for j in (0, 1))).mean()
        for k in range(40)
    ]
    assert abs(np.mean(d)) < 3.5 * np.std(d) / np.sqrt(len(d))


def test_members_are_averaged():
    both = np.concatenate([months(mean=1.0), months(mean=3.0)], axis=1)
    np.testing.assert_allclose(
        distance(Bias(variables=ONLY), free(), evidence(free={"tas": both})),
        distance(Bias(variables=ONLY), free(), free(mean=2.0)),
        rtol=1e-5,
    )


def test_a_lost_year_loses_its_block_only():
    holes = months(mean=2.0)
    holes[4, :, 3, 1, 2] = np.nan
    d = distance(Bias(variables=ONLY), free(), evidence(free={"tas": holes}))
    assert np.isinf(d[1])
    whole = distance(Bias(variables=ONLY), free(), free(mean=2.0))
    np.testing.assert_allclose(np.delete(d, 1), np.delete(whole, 1), rtol=1e-5)
    with pytest.raises(CannotMeasure, match="reference has missing values in the years from 1982"):
        distance(Bias(variables=ONLY), evidence(free={"tas": holes}), free())


def test_a_few_holes_cost_their_points_and_no_year(monkeypatch):
    monkeypatch.setattr("gnomon.measures.aimip.yearly.HOLES", 0.03)
    holes = months(mean=2.0)
    holes[4, :, 3, 1, 2] = np.nan
    d = distance(Bias(variables=ONLY), free(), evidence(free={"tas": holes}))
    assert np.isfinite(d).all()
    assert d.mean() == pytest.approx(distance(Bias(variables=ONLY), free(), free(mean=2.0)).mean(), rel=0.1)


def test_levels_below_the_ground_do_not_count():
    masked, wrong = months(mean=2.0), months(mean=2.0)
    masked[..., 2, 3] = np.nan
    wrong[..., 2, 3] += 100.0
    d = distance(Bias(variables=ONLY), evidence(free={"tas": masked}), evidence(free={"tas": wrong}))
    np.testing.assert_allclose(d, 0, atol=1e-9)


def test_a_subject_with_nothing_left_is_lost():
    holes = months()
    holes[..., :4, :] = np.nan
    for x in (holes, np.full_like(holes, np.nan)):
        d = distance(Bias(variables=ONLY), free(), evidence(free={"tas": x}))
        assert d.shape == (12,)
        assert np.isinf(d).all()


def test_missing_variables_are_named():
    with pytest.raises(CannotMeasure, match="holds none of ua250, zg500"):
        Bias(variables=("ua250", "zg500")).summarise(free())
    with pytest.raises(CannotMeasure, match="no experiment labelled 'free'"):
        Bias().summarise(evidence(control={"tas": months()}))


def test_blocks_of_years():
    assert len(set(blocks_of(36, 0))) == 12
    assert len(set(blocks_of(17, 0))) == 8
    assert list(blocks_of(10, 0)) == list(range(10))
    assert list(blocks_of(7, 3)) == [0, 0, 0, 1, 1, 1, 1]
    assert list(blocks_of(2, 3)) == [0, 0]


@pytest.mark.parametrize("measure", [Bias, Trend, ElNino])
def test_figures_hold_every_variable_and_role(measure):
    given = {
        role: evidence(
            free={n: months(noise=1.0, seed=s, trend=0.2, response=1.0, name=n) for n in ("tas", "pr")}
        )
        for s, role in enumerate(("truth", "subject", "floor", "null"))
    }
    one = measure(variables=("tas", "pr"))
    curves = one.curves({k: one.summarise(v) for k, v in given.items()}, given)
    portrait = curves[0]
    assert portrait.kind == "portrait"
    assert portrait.column_labels == ("subject", "floor", "null")
    assert [r.split(":")[0] for r in portrait.row_labels] == ["tas", "pr"]
    assert "mm/day" in portrait.row_labels[1]
    maps = [c for c in curves if c.kind == "map"]
    assert {k for m in maps for k in m.rasters} == {"truth", "subject", "difference"}


def test_coarse_maps_keep_means():
    x = np.arange(60.0).reshape(6, 10)
    assert coarse(x, 3, 5).shape == (3, 5)
    assert coarse(x, 3, 5).mean() == pytest.approx(x.mean())
    x[:2, :2] = np.nan
    assert np.isnan(coarse(x, 3, 5)[0, 0])
    assert coarse(x, 30, 50) is x


def test_years_are_read_a_few_at_a_time():
    asked = []

    class Watched(np.ndarray):
        def __getitem__(self, key):
            asked.append(len(key) if isinstance(key, np.ndarray) else key)
            return np.asarray(super().__getitem__(key))

    import gnomon.measures.aimip.yearly as yearly

    x = months(noise=1.0).view(Watched)
    before, yearly.PIECE = yearly.PIECE, 12 * ROWS * COLUMNS * 4 * 5
    try:
        table = Bias(variables=ONLY).summarise(evidence(free={"tas": x}))
    finally:
        yearly.PIECE = before
    assert max(asked) == 5
    np.testing.assert_array_equal(
        table["sum"], Bias(variables=ONLY).summarise(evidence(free={"tas": months(noise=1.0)}))["sum"]
    )
    assert len(YEARS) == 36
