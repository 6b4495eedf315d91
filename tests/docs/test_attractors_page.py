"""The page of attractors: a row meets the floor only with all its runs, and the figure draws what it is given."""

import argparse
import json

import numpy as np
import pytest

from docs.attractors_page import (
    PERCENTILE,
    as_csv,
    attractor_statistics,
    check_lengths,
    figure,
    made,
    means_of,
    missing,
    rests,
    seeds_of,
    table,
    unversioned,
    verdicts,
)

PAIRS = [{"ours": x, "published": x, "spectral": 0.05, "escaped": 0.0} for x in np.linspace(0.04, 0.06, 20)]


def run(ours, spectral=0.05):
    return {"ours": ours, "published": ours, "spectral": spectral, "escaped": 0.0}


def row(*runs, fates=None):
    still = [[0.0, 0.0], [1.0, 2.0]] * 5
    return {
        "world": "lorenz63, error 5 %", "learner": "sindy", "seed": 0, "runs": list(runs),
        "fates": fates or ["lives"] * len(runs), "truth": still, "shown": still,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("runs", "met"),
    [
        ([run(0.05), run(0.055)], (True, True)),
        ([run(0.05), run(0.2)], (False, True)),
        ([run(0.05, 0.08), run(0.05, 0.08)], (True, False)),
        ([run(0.05), None], (False, False)),
        ([None, None], (False, False)),
    ],
)
def test_what_meets_the_floor(runs, met):
    found = verdicts(row(*runs), PAIRS)
    assert (found["states_met"], found["spectrum_met"]) == met


def test_the_table_has_the_floor_first_and_the_best_next():
    lines = table("lorenz63, error 5 %", [row(run(0.3)), row(run(0.05))], PAIRS).splitlines()
    assert "two truths, mean" in lines[4]
    assert "95 % of means of 1" in lines[6]
    assert "**yes**" in lines[7]
    assert "no (0 of 1 runs)" in lines[8]
    assert {line.count("|") for line in lines[2:]} == {11}


def test_runs_that_are_lost_stand_in_the_table_of_runs():
    lines = as_csv([row(run(0.05), None, fates=["lives", "exploded"])]).splitlines()
    assert lines[2].endswith("1,,,,,exploded")


def test_the_figure_stays_in_its_panels():
    drawn = figure([row(run(0.1)), row(run(0.1))])
    assert drawn.count("<path") == 4
    assert "nan" not in drawn


def test_means_of_pairs_scatter_less_than_pairs():
    """The mean of five at the 95th percentile of single pairs is not at that of means."""
    values = np.array([p["ours"] for p in PAIRS])
    ceiling = float(np.percentile(means_of(PAIRS, 5), PERCENTILE))
    expected = values.mean() + 1.645 * values.std() / np.sqrt(5)
    assert ceiling == pytest.approx(expected, rel=0.02)
    assert np.array_equal(means_of(PAIRS, 5), means_of(PAIRS, 5))
    found = verdicts(row(*[run(0.058)] * 5), PAIRS)
    assert (found["states_met"], found["means_met"]) == (True, False)


def test_what_was_not_run_is_named():
    rows = [{"name": f"{name}-0", "seed": 0} for name in attractor_statistics.ROWS if name != "sindy-exact"]
    assert missing(rows).endswith("not run yet: `sindy-exact`.")
    assert "only seed 0" in seeds_of(rows)
    assert "seeds 0, 3" in seeds_of([*rows, {"seed": 3}])


def test_the_truth_rests_below_and_beside_its_mean():
    """Of Lorenz: the origin far below the mean, the two others a standard deviation to the sides, a little above."""
    points = [[float(x) for x in p.strip("() ").split(",")] for p in rests().split(";")]
    assert len(points) == 3
    assert sorted(round(p[0]) for p in points) == [-1, 0, 1]
    assert sorted(round(p[2], 1) for p in points) == pytest.approx([-2.7, 0.4, 0.4])


def test_a_row_of_another_version_or_of_other_settings_is_run_again(tmp_path):
    place, settings = tmp_path / "sindy-0.json", attractor_statistics.ROWS["sindy"][2]
    own = attractor_statistics.made_by(attractor_statistics.learner_of("sindy"))
    whole = {"settings": settings, "runs": [None, None], "steps": 1000} | own
    asked = {"runs": 2, "steps": 1000}
    assert not attractor_statistics.is_current(place, "sindy", **asked)
    for stored, current in (
        (whole, True),
        ({k: v for k, v in whole.items() if k != "learner_version"}, False),
        (whole | {"learner_version": 0}, False),
        (whole | {"settings": {"budget": 1}}, False),
    ):
        place.write_text(json.dumps(stored))
        assert attractor_statistics.is_current(place, "sindy", **asked) is current
    place.write_text(json.dumps(whole))
    assert not attractor_statistics.is_current(place, "sindy", runs=3, steps=1000)
    assert not attractor_statistics.is_current(place, "sindy", runs=2, steps=999)
    assert made({}) == "before versions were kept"
    assert f"jax {own['jax']}" in made(own)


def test_a_floor_of_another_length_is_made_again(tmp_path, monkeypatch):
    made_of = []

    def truths_of(world, count, steps, *, seed):
        made_of.append(steps)
        return np.zeros((count, steps, 3))

    monkeypatch.setattr(attractor_statistics, "truths_of", truths_of)
    monkeypatch.setattr(
        attractor_statistics, "distances", lambda *_: attractor_statistics.Distances(0.0, 0.0, 0.0, 0.0)
    )
    for steps in (10, 10, 20, 20):
        told = argparse.Namespace(folder=tmp_path, steps=steps)
        found = attractor_statistics.floor("sindy", told)
        assert (found["steps"], len(found["pairs"])) == (steps, attractor_statistics.PAIRS)
    assert made_of == [10, 20]


def test_rows_without_a_version_are_named():
    rows = [{"name": "sindy-0"}, {"name": "nvar-0", "learner_version": 2}]
    assert "`sindy-0`." in unversioned(rows)
    assert "nvar" not in unversioned(rows)
    assert unversioned(rows[1:]) == ""


@pytest.mark.parametrize("floors", [{"lorenz63": 999}, {}])
def test_a_row_beside_a_floor_of_another_length_is_no_page(floors):
    rows = [{"name": "sindy-0", "world": "lorenz63, error 5 %", "steps": 1000}]
    check_lengths(rows, {"lorenz63": 1000})
    with pytest.raises(SystemExit, match="one length"):
        check_lengths(rows, floors)


def test_checkpoints_of_other_settings_are_not_gone_on_with(tmp_path, monkeypatch):
    place = tmp_path / "almost_linear_rnn-0.json"
    first = attractor_statistics.unfinished(place, "almost_linear_rnn")
    assert first == attractor_statistics.unfinished(place, "almost_linear_rnn")
    assert first.match("*.unfinished")
    world, learner, settings = attractor_statistics.ROWS["almost_linear_rnn"]
    monkeypatch.setitem(
        attractor_statistics.ROWS, "almost_linear_rnn", (world, learner, settings | {"rate": 1e-3})
    )
    assert attractor_statistics.unfinished(place, "almost_linear_rnn") != first
