"""The page of attractors: a row meets the floor only with all its runs, and the figure draws what it is given."""

import numpy as np
import pytest

from docs.attractors_page import as_csv, figure, table, verdicts

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
    assert "**yes**" in lines[6]
    assert "no (0 of 1 runs)" in lines[7]


def test_runs_that_are_lost_stand_in_the_table_of_runs():
    lines = as_csv([row(run(0.05), None, fates=["lives", "exploded"])]).splitlines()
    assert lines[2].endswith("1,,,,,exploded")


def test_the_figure_stays_in_its_panels():
    drawn = figure([row(run(0.1)), row(run(0.1))])
    assert drawn.count("<path") == 4
    assert "nan" not in drawn
