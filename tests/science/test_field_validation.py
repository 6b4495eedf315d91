"""Tables of the fields' validation commands: what they count, what they leave out, and what they write."""

import csv

import numpy as np
import pytest

from gnomon.numerics.missing_terms import MissingTerms
from validation import closures, medida


def sample(shift=0.0, runs=6, days=np.nan, seed=0):
    rng = np.random.default_rng(seed)
    numbers = 2.0 + shift + 0.1 * rng.standard_normal((runs, len(closures.NUMBERS)))
    return closures.Sample(numbers, np.exp(rng.standard_normal((runs, 2, 12))), np.full(runs, days))


def test_pairs_of_which_one_run_diverged_are_left_out_and_counted_on_each_side():
    wanted, found = sample(), sample(shift=0.2)
    found.numbers[0] = np.nan
    found.numbers[1] = 1e6  # finite and gone
    wanted.numbers[2] = np.inf
    told = closures.line("leith", found, wanted, 3.0)
    assert (told.pairs, told.lost, told.lost_truth) == (6, 2, 1)
    assert [c.n for c in told.cells[:-1]] == [3] * (1 + len(closures.NUMBERS))
    assert told.cells[1].value == pytest.approx(10.0, abs=3.0)
    assert told.cells[-1].value is None  # it forecast nothing
    assert "diverged: 2 of 6, truth 1" in closures.shown(told)
    gone = closures.line("none", closures.some(found, slice(0, 2)), closures.some(wanted, slice(0, 2)))
    assert gone.cells == ()


def test_a_run_is_no_distance_from_itself_and_the_interval_holds_the_shift():
    wanted = sample()
    still = closures.line("floor", wanted, wanted)
    assert [c.value for c in still.cells[:-1]] == [0.0] * (1 + len(closures.NUMBERS))
    moved = closures.Sample(1.1 * wanted.numbers, wanted.spectra, wanted.days)
    told = closures.line("shifted", moved, wanted).cells[1]
    assert told.low < 10.0 < told.high


def test_a_forecast_is_right_until_it_is_wrong():
    truth = np.zeros((2, 5, 2, 4, 4))
    run = truth.copy()
    run[0, 3:] = 1.0
    run[1, 1, 0] = 0.2
    assert closures.days_right(run, truth, np.array([1.0, 1.0])).tolist() == [3.0, 5.0]
    run[1, 4] = np.nan  # what is not finite is not right
    assert closures.days_right(run, truth, np.array([1.0, 1.0])).tolist() == [3.0, 4.0]


def test_closures_are_written_with_their_plan(tmp_path):
    told = closures.argparse.Namespace(points=32, fine=64, members=6, days=360, updates=400)
    lines = [closures.line("leith", sample(0.2), sample(), 3.0), closures.Line("none", None, (), 6, 5, 0)]
    closures.write(tmp_path / "a.csv", told, {"eddy": lines})
    with (tmp_path / "a.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * len(closures.COLUMNS)
    assert rows[0]["column"] == "spectra"
    assert rows[0]["days"] == "360"
    assert rows[-1]["value"] == ""
    assert rows[-1]["lost"] == "5"


def test_weights_stand_beside_the_true_ones_in_their_own_errors(capsys, tmp_path):
    """KS 1 lacks u u_x, whose coefficient is one on the left: the weight is minus one there."""
    case = medida.CASES[0]
    found = MissingTerms(
        "u", {"u u_x": -0.99, "u_xxx": 0.02}, {"u u_x": 0.005, "u_xxx": 0.02}, 1.0, 0.1, True
    )
    terms = {t.label: t for t in medida.terms_of(case, found)}
    assert list(terms) == ["u u_x", "u_xxx"]
    assert terms["u u_x"].z == pytest.approx(2.0)
    assert terms["u_xxx"].z == pytest.approx(1.0)
    missed = medida.terms_of(case, found._replace(weights={}, errors={}))
    assert [medida.told_of(t) for t in missed] == ["u u_x missed"]
    rows = medida.show("exact", {case.name: found})
    said = capsys.readouterr().out
    assert "z +2.0" in said
    assert "0 of 2 weights beyond two standard deviations" in said
    medida.write(tmp_path / "m.csv", rows)
    with (tmp_path / "m.csv").open(newline="") as file:
        read = list(csv.DictReader(file))
    assert [(r["case"], r["term"], r["wanted"]) for r in read] == [
        ("KS 1", "u u_x", "-1.0"),
        ("KS 1", "u_xxx", "0.0"),
    ]
