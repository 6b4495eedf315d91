"""The portrait by season: days find their season, and a bias of one season alone is found there and nowhere else."""

import functools

import numpy as np
import pytest

from gnomon.measures.sphere.mean_state import MeanState
from gnomon.measures.sphere.seasons import SEASONS, season_of, seasonal_means
from gnomon.spec.errors import BadSpec
from gnomon.testing.synthetic_sphere import synthetic_sphere

NAMES = ("tas", "pr", "zg500")


@pytest.mark.parametrize(
    ("day", "season"),
    [(0, "DJF"), (58.9, "DJF"), (59, "MAM"), (150.9, "MAM"), (151, "JJA"), (243, "SON"), (334, "DJF"), (364.9, "DJF"),
     (365, "DJF"), (365 + 200, "JJA"), (730 + 60, "MAM")],
)  # fmt: skip
def test_days_find_their_season(day, season):
    assert SEASONS[int(season_of(np.array(day)))] == season


@functools.cache
def made(role):
    return synthetic_sphere(role, units=8, leads=24, truncation=5)


def year(role, bias=None):
    """Runs whose 24 observations are stretched over one year, with a bias of some kelvin in one season."""
    evidence = made(role)
    runs = evidence.runs["free"]
    runs = runs._replace(time=np.arange(1, 25) * 365.0 / 24)
    if bias:
        season, size = bias
        there = season_of(10.0 + runs.time) == SEASONS.index(season)
        x = runs.obs["tas"].copy()
        x[:, :, there] += size
        runs = runs._replace(obs=type(runs.obs)({**runs.obs, "tas": x}))
    return evidence._replace(runs={**evidence.runs, "free": runs})


def test_a_bias_of_summer_stands_in_summer_alone():
    measure = MeanState(fields=NAMES, begins=10.0)
    cast = {"truth": year("truth"), "subject": year("subject", ("JJA", 30.0))}
    tables = {r: measure.summarise(e) for r, e in cast.items()}
    portrait = next(c for c in measure.curves(tables, cast) if c.name == "bias_by_season")
    assert portrait.column_labels == ("year", *SEASONS)
    tas = np.array(portrait.rasters["subject"], float)[NAMES.index("tas")]
    summer = tas[1 + SEASONS.index("JJA")]
    others = [tas[1 + SEASONS.index(s)] for s in ("DJF", "MAM", "SON")]
    assert summer > 5 * max(others)
    assert tas[0] == pytest.approx(summer / 4, rel=0.25)  # a quarter of the year


def test_the_seasons_make_up_the_year():
    evidence = year("truth")
    runs = evidence.runs["free"]
    means = seasonal_means(runs, ("tas",), runs.time, 10.0)
    counts = np.bincount(season_of(10.0 + runs.time), minlength=4)
    whole = sum(means[s] * c for s, c in zip(SEASONS, counts, strict=True)) / counts.sum()
    plain = runs.obs["tas"][:, 0].reshape(8, 24, -1).mean(axis=1, dtype=float)
    np.testing.assert_allclose(whole[:, 0], plain, rtol=1e-6)


def test_without_a_date_nothing_changes():
    cast = {"truth": year("truth"), "subject": year("subject")}
    plain, dated = MeanState(fields=NAMES), MeanState(fields=NAMES, begins=10.0)
    tables = {m: {r: m.summarise(e) for r, e in cast.items()} for m in (plain, dated)}
    assert "bias_by_season" not in {c.name for c in plain.curves(tables[plain], cast)}
    np.testing.assert_array_equal(
        *(m.discrepancy(tables[m]["truth"], tables[m]["subject"]) for m in (plain, dated))
    )


def test_a_run_of_two_seasons_shows_two():
    evidence = year("truth")
    runs = evidence.runs["free"]
    assert list(seasonal_means(runs, ("tas",), runs.time / 2, 59.0)) == ["MAM", "JJA"]


def test_a_day_outside_the_year_is_refused():
    with pytest.raises(BadSpec, match="day of the year"):
        MeanState(begins=400.0)
