"""The command that counts broken columns: runs that were lost, and whether they were moist aloft before."""

import csv
import types

import numpy as np
import pytest

from validation import broken_columns
from validation.broken_columns import Broken, Truth, counted


def test_a_lost_run_counts_as_moist_only_if_it_was_seen_so():
    truth = Truth(1e-5, np.full((2, 3), 270.0))
    moist, air = np.full((4, 5, 2, 3), 1e-5), np.full((4, 5, 2, 3), 271.0)
    moist[1, 0, 1, 2] = 1e-3  # seen, and lost the day after
    moist[1, 1:] = air[1, 1:] = np.nan
    moist[2] = air[2] = np.nan  # lost before the first day that is kept
    air[3, 4, 0, 0] = 140.0
    one = counted(moist, air, np.array([-1, 1, 0, -1]), truth)
    assert (one.runs, one.lost, one.unseen, one.moist, one.both) == (4, 2, 1, 1, 1)
    assert one.peak == pytest.approx(1e-3)
    assert one.far == pytest.approx(130.0)


def test_counts_are_kept_and_those_of_other_trials_stay(monkeypatch, tmp_path):
    """The store has two trials; the second call asks for one of them."""
    case = {"world": {"kind": "speedy"}, "learner": {"kind": "column_hybrid", "label": "hybrid", "args": {}}}
    results = [types.SimpleNamespace(case=case | {"trial": {"kind": kind}}) for kind in ("shift", "climate")]
    found = {"shift": Broken(10, 2, 0, 3, 2, 1e-3, 130.0), "climate": Broken(20, 0, 0, 1, 0, 5e-4, 40.0)}

    def counts(store, result, truths):
        kind = result.case["trial"]["kind"]
        truths[kind, "free"] = Truth(1e-5, np.zeros((2, 3)))
        yield "free", found[kind]

    monkeypatch.setattr(
        broken_columns, "Store", lambda *_, **__: types.SimpleNamespace(results=lambda study: results)
    )
    monkeypatch.setattr(broken_columns, "counts", counts)
    file = tmp_path / "broken.csv"
    for more in ((), ("--trials", "shift")):
        monkeypatch.setattr("sys.argv", ["broken_columns", "store", "--csv", str(file), *more])
        broken_columns.main()
        found["shift"] = found["shift"]._replace(moist=4)
    with file.open(newline="", encoding="utf-8") as held:
        rows = list(csv.DictReader(held))
    assert list(rows[0]) == [
        "simulator", "trial", "experiment", "runs", "lost", "unseen", "moist", "both", "peak", "truth peak", "far",
    ]  # fmt: skip
    assert {(r["trial"], r["moist"]) for r in rows} == {("climate", "1"), ("shift", "4")}
    assert {float(r["truth peak"]) for r in rows} == {1e-5}
